import type { Refusal } from '../../contract/refusals';
import type { Actor } from '../../platform/actor';
import { type Context, inTenant } from '../../platform/context';
import type { StreamedDownload } from '../../platform/download';
import { ok, type Result, refuse } from '../../platform/result';
import { audit } from '../audit/audit';
import { may } from '../members/access.rules';
import { enter } from '../members/admit-member';
import { rowsAfter, type TenantTable, tenantTables } from './export.store';

const ROWS_AT_ONCE = 500;

/**
 * Everything that is stored of an organization, as one JSON file, while the subscription lives and for as long as data is kept after
 * it. Read in portions while it is sent: no portion is older than the instant at which it was asked for. For owners and administrators.
 */
export function exportData(ctx: Context, actor: Actor): Promise<Result<StreamedDownload, Refusal>> {
  const { tenantId, memberId, via } = actor;
  return inTenant(ctx, tenantId, async (tx) => {
    const at = tx.now();
    const access = await enter(tx, actor, 'read');
    if (!access.ok) return access;
    if (!may(access.value.role, 'manage_plan')) return refuse({ code: 'not_allowed', needs: 'manage_plan' });
    await audit(tx, tenantId, { actor: memberId, via, action: 'data.exported', subject: null, details: {} }, at);
    const tables = await tenantTables(tx.db);
    const name = `kontingent-${at.toISOString().slice(0, 10)}.json`;
    return ok({ name, mediaType: 'application/json', portions: written(ctx, tenantId, tables, at) });
  });
}

async function* written(ctx: Context, tenantId: string, tables: readonly TenantTable[], at: Date): AsyncGenerator<string> {
  yield `{"organization":${JSON.stringify(tenantId)},"exportedAt":${JSON.stringify(at)},"data":{`;
  for (const [place, table] of tables.entries()) {
    yield `${place === 0 ? '' : ','}\n${JSON.stringify(table.name)}:[`;
    let last: object | null = null;
    for (;;) {
      const rows: object[] = await inTenant(ctx, tenantId, ({ db }) => rowsAfter(db, tenantId, table, last, ROWS_AT_ONCE));
      if (rows.length > 0) yield `${last === null ? '' : ','}\n${rows.map((row) => JSON.stringify(row)).join(',\n')}`;
      if (rows.length < ROWS_AT_ONCE) break;
      last = rows.at(-1)!;
    }
    yield ']';
  }
  yield '}}\n';
}
