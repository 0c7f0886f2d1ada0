import { z } from 'zod';
import type { Refusal } from '../../contract/refusals';
import type { TxContext } from '../../platform/context';
import { ok, type Result, refuse } from '../../platform/result';
import { LimitItem, QuotaItem } from '../plans/policies';
import { endOverride, insertGrant, insertOverride, type OverrideRow, overridesInForce } from './grants.store';

export type { OverrideRow } from './grants.store';

/**
 * How one tenant departs from its plan: by a grant of its own, or by one field of a meter's policy for a time. Everything else
 * is the plan's. Refresh the counters afterwards.
 */

/** The fields that may be otherwise: what decides day by day, not what a grant was made of. */
const FIELDS = ['enforcement', 'tolerance', 'onExhausted', 'releaseOn', 'countEvent', 'rollover', 'allocation'] as const;

const Path = z.string().regex(/^[a-z][a-z0-9_]{0,39}\.[a-zA-Z]+(\.[a-zA-Z]+)?$/u);

/** `<meter>.<field>` or `<meter>.notice.<field>`; the value as a catalog would write it. */
export function checkOverride(path: string, value: unknown, isQuota: boolean): Result<unknown, Refusal> {
  const invalid = (message: string) => refuse({ code: 'override_invalid' as const, path, message });
  if (!Path.safeParse(path).success) return invalid('must be <meter>.<field>');
  const [, field, inner] = path.split('.') as [string, string, string | undefined];
  const shape: Record<string, z.ZodType> = (isQuota ? QuotaItem : LimitItem).shape;
  const isNotice = field === 'notice' && inner !== undefined;
  const isField = inner === undefined && (FIELDS as readonly string[]).includes(field);
  const schema = isNotice ? noticeField(inner) : isField ? shape[field] : undefined;
  if (!schema) return invalid('is no field that can be set');
  const checked = schema.safeParse(value);
  return checked.success && checked.data !== undefined ? ok(checked.data) : invalid(checked.error?.issues[0]?.message ?? 'is missing');
}

function noticeField(name: string): z.ZodType | undefined {
  const item = QuotaItem.shape.notice as unknown as { unwrap(): { shape: Record<string, z.ZodType> } };
  return item.unwrap().shape[name];
}

/** Replaces what the tenant had otherwise on the same path. */
export async function insertDeviation(tx: TxContext, tenantId: string, override: OverrideRow): Promise<void> {
  await endOverride(tx.db, tenantId, override.path, override.setAt);
  await insertOverride(tx.db, tenantId, tx.newId(), override);
}

/** False: there was nothing otherwise on this path. */
export const endDeviation = (tx: TxContext, tenantId: string, path: string, at: Date): Promise<boolean> =>
  endOverride(tx.db, tenantId, path, at);

/** What a tenant has otherwise than its plan says. */
export const deviationsOf = (tx: TxContext, tenantId: string, at: Date): Promise<OverrideRow[]> => overridesInForce(tx.db, tenantId, at);

/** Units beside the plan, for a time. */
export async function insertGoodwill(
  tx: TxContext,
  tenantId: string,
  given: { meter: string; amount: number; effectiveAt: Date; expiresAt: Date; reason: string; actor: string },
  at: Date,
): Promise<string> {
  const grantId = tx.newId();
  const { meter, amount, effectiveAt, expiresAt, reason, actor } = given;
  await insertGrant(
    tx.db,
    tenantId,
    {
      grantId,
      meter,
      source: 'support',
      sourceId: actor,
      amount,
      priority: 0,
      policy: {},
      effectiveAt,
      expiresAt,
      activation: 'now',
      reason,
    },
    at,
  );
  return grantId;
}
