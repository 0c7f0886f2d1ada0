import type { Queryable } from '../../platform/db/database';

export interface ContactRow {
  mailbox: string | null;
  address: string;
  taxId: string | null;
  memberId: string | null;
  revision: number;
}

/** The contact as it was agreed; before anybody did, the address that the organization gave when it began. */
export async function findContact(db: Queryable, tenantId: string): Promise<ContactRow> {
  const [row] = await db.query<ContactRow>(
    `select case when c.tenant_id is null then t.contact_address else c.mailbox end as mailbox, coalesce(c.address, '') as address,
            c.tax_id as "taxId", c.member_id as "memberId", coalesce(c.revision, 1) as revision
       from tenants t left join billing_contacts c on c.tenant_id = t.tenant_id
      where t.tenant_id = $1`,
    [tenantId],
  );
  return row ?? { mailbox: null, address: '', taxId: null, memberId: null, revision: 1 };
}

/** False: somebody else has changed it since. */
export async function saveContact(
  db: Queryable,
  tenantId: string,
  contact: Omit<ContactRow, 'revision'>,
  revision: number,
  at: Date,
): Promise<boolean> {
  const rows = await db.query(
    `insert into billing_contacts (tenant_id, mailbox, address, tax_id, member_id, updated_at, revision)
     select $1, $2, $3, $4, $5, $6, $7::int + 1 where $7 = 1 or exists (select from billing_contacts where tenant_id = $1)
     on conflict (tenant_id)
     do update set mailbox = excluded.mailbox, address = excluded.address, tax_id = excluded.tax_id, member_id = excluded.member_id,
                   updated_at = excluded.updated_at, revision = excluded.revision
             where billing_contacts.revision = $7
     returning 1`,
    [tenantId, contact.mailbox, contact.address, contact.taxId, contact.memberId, at, revision],
  );
  return rows.length > 0;
}
