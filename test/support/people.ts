import type { Actor } from '../../src/platform/actor';
import { type Context, inTenant } from '../../src/platform/context';

/** The role a person has in their organization; null: never seen there. */
export async function roleOf(ctx: Context, { tenantId, memberId }: Actor): Promise<string | null> {
  const [row] = await inTenant(ctx, tenantId, ({ db }) =>
    db.query<{ role: string }>('select role from members where tenant_id = $1 and member_id = $2', [tenantId, memberId]),
  );
  return row?.role ?? null;
}
