import type { TxContext } from '../../platform/context';
import { plansInForce } from '../entitlements/plans-in-force';
import { findLargest } from './ceilings.store';
import type { Counter } from './counter.rules';

/** A limit on every single item's amount instead of on their sum (`measure.as: each`), and the largest amount held now. */
export interface Ceiling {
  largest: number;
}

/** A counter that tells the largest; of a limit on all together the counter itself. */
export const withLargest = (counter: Counter, ceiling: Ceiling | undefined): Counter =>
  ceiling ? { ...counter, used: ceiling.largest, held: 0 } : counter;

/** The ceilings that an organization's plans speak of, by meter. */
export async function ceilingsOf(tx: TxContext, tenantId: string): Promise<Map<string, Ceiling>> {
  const kinds = (await plansInForce(tx, tenantId)).flatMap(({ resources }) => Object.entries(resources));
  const meters = new Set(kinds.flatMap(([name, { measure }]) => (measure?.as === 'each' ? [name] : [])));
  const ceilings = new Map<string, Ceiling>();
  for (const meter of meters) ceilings.set(meter, { largest: await findLargest(tx.db, tenantId, meter) });
  return ceilings;
}
