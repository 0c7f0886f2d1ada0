import type { DocumentKind } from '../../contract/billing';
import type { Queryable } from '../../platform/db/database';
import type { DocumentContent, DocumentPayment } from './document.rules';

export interface DocumentRow {
  documentId: string;
  billId: string;
  subscriptionId: string;
  kind: DocumentKind;
  number: number;
  content: DocumentContent;
  payment: DocumentPayment | null;
  issuedAt: Date;
}

/** The next number of this kind, without gaps: it is given back when the transaction is rolled back. Taken last, because others wait. */
export async function takeNumber(db: Queryable, kind: 'invoice' | 'receipt'): Promise<number> {
  const [row] = await db.query<{ number: number }>(
    `insert into document_numbers (kind, last) values ($1, 1)
     on conflict (kind) do update set last = document_numbers.last + 1 returning last::float8 as number`,
    [kind],
  );
  return row!.number;
}

/** Statements are numbered in each organization for itself: nobody learns how many there are. */
export async function takeStatementNumber(db: Queryable, tenantId: string): Promise<number> {
  const [row] = await db.query<{ number: number }>(
    `insert into tenant_sequences (tenant_id, name, last) values ($1, 'statement', 1)
     on conflict (tenant_id, name) do update set last = tenant_sequences.last + 1 returning last::float8 as number`,
    [tenantId],
  );
  return row!.number;
}

export async function insertDocument(db: Queryable, tenantId: string, document: Omit<DocumentRow, 'subscriptionId'>): Promise<void> {
  await db.query(
    `insert into billing_documents (tenant_id, document_id, bill_id, kind, number, content, payment, issued_at)
     values ($1, $2, $3, $4, $5, $6, $7, $8)`,
    [
      tenantId,
      document.documentId,
      document.billId,
      document.kind,
      document.number,
      JSON.stringify(document.content),
      document.payment && JSON.stringify(document.payment),
      document.issuedAt,
    ],
  );
}

const SELECT = `
  select d.document_id as "documentId", d.bill_id as "billId", b.subscription_id as "subscriptionId", d.kind, d.number::float8 as number,
         d.content, d.payment, d.issued_at as "issuedAt"
    from billing_documents d
    join bills b on b.tenant_id = d.tenant_id and b.bill_id = d.bill_id`;

export async function findDocument(db: Queryable, tenantId: string, documentId: string): Promise<DocumentRow | null> {
  const [row] = await db.query<DocumentRow>(`${SELECT} where d.tenant_id = $1 and d.document_id = $2`, [tenantId, documentId]);
  return row ?? null;
}

export async function findDocumentsOfBill(db: Queryable, tenantId: string, billId: string): Promise<DocumentRow[]> {
  return db.query<DocumentRow>(`${SELECT} where d.tenant_id = $1 and d.bill_id = $2 order by d.issued_at, d.kind`, [tenantId, billId]);
}

/** Newest first. */
export async function findDocuments(
  db: Queryable,
  tenantId: string,
  query: { kind: DocumentKind | null; before: { at: string; id: string } | null; limit: number },
): Promise<DocumentRow[]> {
  return db.query<DocumentRow>(
    `${SELECT}
      where d.tenant_id = $1 and ($2::text is null or d.kind = $2)
        and ($3::timestamptz is null or (d.issued_at, d.document_id) < ($3, $4::uuid))
      order by d.issued_at desc, d.document_id desc limit $5`,
    [tenantId, query.kind, query.before?.at ?? null, query.before?.id ?? null, query.limit],
  );
}

/** Keeps what became of the payment first; what came later changes nothing that was printed. */
export async function settleDocument(db: Queryable, tenantId: string, documentId: string, payment: DocumentPayment): Promise<boolean> {
  const rows = await db.query(
    'update billing_documents set payment = $3 where tenant_id = $1 and document_id = $2 and payment is null returning 1',
    [tenantId, documentId, JSON.stringify(payment)],
  );
  return rows.length > 0;
}
