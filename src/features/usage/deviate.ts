import { isPeriodMeter } from '../../contract/meters';
import type { Refusal } from '../../contract/refusals';
import type { TxContext } from '../../platform/context';
import { ok, type Result, refuse } from '../../platform/result';
import { checkOverride, endDeviation, insertDeviation, insertGoodwill } from '../entitlements/deviations';
import { refreshCounter } from './refresh-counters';

/** Who departs from the plan for this tenant, why and until when. The caller writes it into the audit log. */
interface Deviation {
  reason: string;
  actor: string;
  expiresAt: Date;
}

/** Lets one field of a meter's policy be otherwise for a time: `tickets.tolerance`, `tickets.notice.thresholds`. */
export async function setOverride(
  tx: TxContext,
  tenantId: string,
  { path, value, reason, actor, expiresAt }: Deviation & { path: string; value: unknown },
  at: Date,
): Promise<Result<{ path: string; value: unknown }, Refusal>> {
  const meter = path.split('.')[0]!;
  const checked = checkOverride(path, value, isPeriodMeter(meter));
  if (!checked.ok) return checked;
  if (expiresAt <= at) return refuse({ code: 'override_invalid', path, message: 'must end in the future' });
  await insertDeviation(tx, tenantId, { path, value: checked.value, reason, actor, setAt: at, expiresAt });
  await refreshCounter(tx, tenantId, meter, at);
  return ok({ path, value: checked.value });
}

/** Lets the plan's word hold again. Refused when it does already. */
export async function clearOverride(tx: TxContext, tenantId: string, path: string, at: Date): Promise<Result<{ path: string }, Refusal>> {
  if (!(await endDeviation(tx, tenantId, path, at))) return refuse({ code: 'override_not_found' });
  await refreshCounter(tx, tenantId, path.split('.')[0]!, at);
  return ok({ path });
}

/** Gives units beside the plan, for a time. */
export async function giveGoodwill(
  tx: TxContext,
  tenantId: string,
  given: Deviation & { meter: string; amount: number; effectiveAt?: Date },
  at: Date,
): Promise<Result<{ grantId: string }, Refusal>> {
  const effectiveAt = given.effectiveAt ?? at;
  if (given.expiresAt <= effectiveAt || effectiveAt < at)
    return refuse({ code: 'override_invalid', path: given.meter, message: 'must begin now or later and end after that' });
  const grantId = await insertGoodwill(tx, tenantId, { ...given, effectiveAt }, at);
  await refreshCounter(tx, tenantId, given.meter, at);
  return ok({ grantId });
}
