import type { PaymentState } from '../../contract/billing';
import type { Queryable } from '../../platform/db/database';

export interface PaymentRow {
  documentId: string;
  direction: 'charge' | 'refund';
  method: 'provider' | 'transfer';
  amountMinor: number;
  /** Set off against another payment; the rest is what moves. */
  creditedMinor: number;
  currency: string;
  state: PaymentState;
  attempts: number;
  reference: string | null;
  problem: string | null;
  paidAt: Date | null;
}

const SELECT = `
  select p.document_id as "documentId", p.direction, p.method, p.amount_minor::float8 as "amountMinor",
         p.credited_minor::float8 as "creditedMinor", p.currency, p.state, p.attempts, p.reference, p.problem, p.paid_at as "paidAt"
    from payments p`;

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

/** Counts a try and tells what it is for; null: nothing is to move under this document any more. A refused one is open again. */
export async function tryPayment(db: Queryable, tenantId: string, documentId: string): Promise<PaymentRow | null> {
  const rows = await db.query(
    `update payments set attempts = attempts + 1, state = case state when 'failed' then 'open' else state end
      where tenant_id = $1 and document_id = $2 and state not in ('paid', 'credited') and method = 'provider' returning 1`,
    [tenantId, documentId],
  );
  return rows.length > 0 ? findPayment(db, tenantId, documentId) : null;
}

export async function findPayment(db: Queryable, tenantId: string, documentId: string): Promise<PaymentRow | null> {
  const [row] = await db.query<PaymentRow>(`${SELECT} where p.tenant_id = $1 and p.document_id = $2`, [tenantId, documentId]);
  return row ?? null;
}

/** As findPayment, and holds the row until the transaction ends: of two outcomes one is first. */
export async function lockPayment(db: Queryable, tenantId: string, documentId: string): Promise<PaymentRow | null> {
  const [row] = await db.query<PaymentRow>(`${SELECT} where p.tenant_id = $1 and p.document_id = $2 for update`, [tenantId, documentId]);
  return row ?? null;
}

export async function findPayments(db: Queryable, tenantId: string, documentIds: readonly string[]): Promise<PaymentRow[]> {
  return db.query<PaymentRow>(`${SELECT} where p.tenant_id = $1 and p.document_id = any ($2::uuid[])`, [tenantId, documentIds]);
}

export async function settlePayment(
  db: Queryable,
  tenantId: string,
  documentId: string,
  outcome: { state: PaymentState; reference: string | null; problem: string | null; paidAt: Date | null },
): Promise<void> {
  await db.query(
    `update payments set state = $3, reference = coalesce($4, reference), problem = $5, paid_at = $6
      where tenant_id = $1 and document_id = $2 and state not in ('paid', 'credited')`,
    [tenantId, documentId, outcome.state, outcome.reference, outcome.problem, outcome.paidAt],
  );
}

/** What other bills of the same subscription ask for and did not get, the latest first; held until the transaction ends. */
export async function lockUnpaidCharges(db: Queryable, tenantId: string, documentId: string): Promise<PaymentRow[]> {
  return db.query<PaymentRow>(
    `${SELECT}
      join billing_documents d on d.tenant_id = p.tenant_id and d.document_id = p.document_id
      join bills b on b.tenant_id = d.tenant_id and b.bill_id = d.bill_id
     where p.tenant_id = $1 and p.direction = 'charge' and p.state not in ('paid', 'credited')
       and (b.subscription_id, b.currency) = (
         select c.subscription_id, c.currency from billing_documents e join bills c on c.tenant_id = e.tenant_id and c.bill_id = e.bill_id
          where e.tenant_id = $1 and e.document_id = $2)
       and d.bill_id <> (select bill_id from billing_documents where tenant_id = $1 and document_id = $2)
     order by p.created_at desc, p.document_id for update of p`,
    [tenantId, documentId],
  );
}

/** Sets a part of a payment off; nothing of it is left: it is settled. */
export async function creditPayment(db: Queryable, tenantId: string, documentId: string, minor: number): Promise<void> {
  await db.query(
    `update payments set credited_minor = credited_minor + $3,
                         state = case when credited_minor + $3 = amount_minor then 'credited' else state end
      where tenant_id = $1 and document_id = $2`,
    [tenantId, documentId, minor],
  );
}
