import type { OpportunityQuery, Stage } from '../../contract/opportunities';
import type { Queryable } from '../../platform/db/database';

export interface OpportunityRow {
  opportunity_id: string;
  title: string;
  customer: string | null;
  stage: Stage;
  value_minor: number | null;
  currency: string | null;
  closes_on: string | null;
  owner: string;
  owner_name: string;
  created_at: Date;
  updated_at: Date;
  revision: number;
}

const SELECT = `
  select o.opportunity_id, o.title, o.customer, o.stage, o.value_minor::float8 as value_minor, o.currency, o.closes_on::text as closes_on,
         o.owner, coalesce(m.name, '') as owner_name, o.created_at, o.updated_at, o.revision
    from opportunities o
    left join members m on m.tenant_id = o.tenant_id and m.member_id = o.owner`;

export async function findOpportunityRow(db: Queryable, tenantId: string, opportunityId: string): Promise<OpportunityRow | null> {
  const [row] = await db.query<OpportunityRow>(`${SELECT} where o.tenant_id = $1 and o.opportunity_id = $2`, [tenantId, opportunityId]);
  return row ?? null;
}

/** Newest first; `open` is every stage that is neither won nor lost. */
export async function findOpportunityRows(
  db: Queryable,
  tenantId: string,
  query: { stage: OpportunityQuery['stage']; before: { at: string; id: string } | null; limit: number },
): Promise<OpportunityRow[]> {
  return db.query<OpportunityRow>(
    `${SELECT}
      where o.tenant_id = $1 and ($2 = 'any' or o.stage = $2 or ($2 = 'open' and o.stage not in ('won', 'lost')))
        and ($3::timestamptz is null or (o.created_at, o.opportunity_id) < ($3, $4::uuid))
      order by o.created_at desc, o.opportunity_id desc limit $5`,
    [tenantId, query.stage, query.before?.at ?? null, query.before?.id ?? null, query.limit],
  );
}

/** False when the revision is not the current one. */
export async function updateOpportunityRow(
  db: Queryable,
  tenantId: string,
  row: OpportunityRow,
  revision: number,
  at: Date,
): Promise<boolean> {
  const rows = await db.query(
    `update opportunities set title = $4, customer = $5, stage = $6, value_minor = $7, currency = $8, closes_on = $9::date, owner = $10,
                              updated_at = $11, revision = revision + 1
      where tenant_id = $1 and opportunity_id = $2 and revision = $3
      returning 1`,
    [
      tenantId,
      row.opportunity_id,
      revision,
      row.title,
      row.customer,
      row.stage,
      row.value_minor,
      row.currency,
      row.closes_on,
      row.owner,
      at,
    ],
  );
  return rows.length > 0;
}
