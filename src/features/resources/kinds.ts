import type { TxContext } from '../../platform/context';
import { entitlementsOf } from '../entitlements/grants';
import { limitOf } from '../entitlements/limits.rules';
import { plansInForce } from '../entitlements/plans-in-force';
import type { Kinds, Room } from './resources.rules';
import { heldOfMeasure } from './resources.store';

/** The kinds of items that the plans of an organization speak of, by name. */
export async function kindsOf(tx: TxContext, tenantId: string): Promise<Kinds> {
  const plans = await plansInForce(tx, tenantId);
  return Object.assign({}, ...plans.map(({ resources }) => resources));
}

/** What admission of a meter compares with now; null = unlimited. */
export async function limitNow(tx: TxContext, tenantId: string, meter: string, at: Date): Promise<number | null> {
  const { grants, overrides } = await entitlementsOf(tx, tenantId, meter, at);
  return limitOf(grants, at, { overrides }).hardLimit;
}

/** The room there is for an item of these meters; `except` is not counted. */
export async function roomFor(tx: TxContext, tenantId: string, meters: readonly string[], except: string | null, at: Date): Promise<Room> {
  const limits = new Map<string, number | null>();
  const held = new Map<string, number>();
  for (const meter of meters) {
    limits.set(meter, await limitNow(tx, tenantId, meter, at));
    held.set(meter, (await heldOfMeasure(tx.db, tenantId, meter, except)).total);
  }
  return { limitOf: (meter) => limits.get(meter) ?? (limits.has(meter) ? null : 0), heldOf: (meter) => held.get(meter) ?? 0 };
}
