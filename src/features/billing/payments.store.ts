import type { PaymentState } from '../../contract/billing';
import type { Queryable } from '../../platform/db/database';

export interface PaymentRow {
  documentId: string;
  direction: 'charge' | 'refund';
  method: 'provider' | 'transfer';
  amountMinor: number;
  currency: string;
  state: PaymentState;
  attempts: number;
  reference: string | null;
  problem: string | null;
  paidAt: Date | null;
}

const SELECT = `
  select document_id as "documentId", direction, method, amount_minor::float8 as "amountMinor", currency, state, attempts, reference, problem,
         paid_at as "paidAt"
    from payments`;

export async function insertPayment(
  db: Queryable,
  tenantId: string,
  payment: Pick<PaymentRow, 'documentId' | 'direction' | 'method' | 'amountMinor' | 'currency'>,
  at: Date,
): Promise<void> {
  await db.query(
    `insert into payments (tenant_id, document_id, direction, method, amount_minor, currency, created_at) values ($1, $2, $3, $4, $5, $6, $7)`,
    [tenantId, payment.documentId, payment.direction, payment.method, payment.amountMinor, payment.currency, at],
  );
}

/** Counts a try and tells what it is for; null: nothing is to be paid under this document, or it is paid. */
export async function tryPayment(db: Queryable, tenantId: string, documentId: string): Promise<PaymentRow | null> {
  const rows = await db.query(
    `update payments set attempts = attempts + 1 where tenant_id = $1 and document_id = $2 and state <> 'paid' and method = 'provider' returning 1`,
    [tenantId, documentId],
  );
  return rows.length > 0 ? findPayment(db, tenantId, documentId) : null;
}

export async function findPayment(db: Queryable, tenantId: string, documentId: string): Promise<PaymentRow | null> {
  const [row] = await db.query<PaymentRow>(`${SELECT} where tenant_id = $1 and document_id = $2`, [tenantId, documentId]);
  return row ?? null;
}

/** As findPayment, and holds the row until the transaction ends: of two outcomes one is first. */
export async function lockPayment(db: Queryable, tenantId: string, documentId: string): Promise<PaymentRow | null> {
  const [row] = await db.query<PaymentRow>(`${SELECT} where tenant_id = $1 and document_id = $2 for update`, [tenantId, documentId]);
  return row ?? null;
}

export async function findPayments(db: Queryable, tenantId: string, documentIds: readonly string[]): Promise<PaymentRow[]> {
  return db.query<PaymentRow>(`${SELECT} where tenant_id = $1 and document_id = any ($2::uuid[])`, [tenantId, documentIds]);
}

export async function settlePayment(
  db: Queryable,
  tenantId: string,
  documentId: string,
  outcome: { state: PaymentState; reference: string | null; problem: string | null; paidAt: Date | null },
): Promise<void> {
  await db.query(
    `update payments set state = $3, reference = coalesce($4, reference), problem = $5, paid_at = $6
      where tenant_id = $1 and document_id = $2 and state <> 'paid'`,
    [tenantId, documentId, outcome.state, outcome.reference, outcome.problem, outcome.paidAt],
  );
}
