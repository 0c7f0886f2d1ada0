import type { TxContext } from '../../platform/context';
import { type Capability, rolesThatMay } from './access.rules';

/** The present members whose role allows something, for telling them. */
export async function membersWhoMay(tx: TxContext, tenantId: string, capability: Capability): Promise<string[]> {
  const rows = await tx.db.query<{ member_id: string }>(
    `select member_id from members where tenant_id = $1 and state = 'present' and role = any ($2::text[]) order by created_at, member_id`,
    [tenantId, rolesThatMay(capability)],
  );
  return rows.map(({ member_id }) => member_id);
}
