import type { BillingMode } from '../../contract/billing';
import type { Plan } from '../plans/plans';
import type { PriceItem } from '../plans/policies';

/** What a price per something bills by. */
export const modeOf = (per: PriceItem['per']): BillingMode =>
  (({ subscription: 'organization', active_team: 'team', active_member: 'member', full_license: 'license' }) as const)[per];

/** Whether a price multiplies what is known only when a term is over: it is billed then, and not when the term begins. */
export const isInArrears = ({ per }: Pick<PriceItem, 'per'>): boolean => per === 'active_team' || per === 'active_member';

const NO_PRICE: PriceItem = { term: 'P1M', currency: 'EUR', minor: 0, per: 'subscription' };

/** The price of a plan for this term; the first one where the term is not priced, and nothing where no price is known. */
export const priceOf = ({ prices }: Pick<Plan, 'prices'>, termUnit: string | null): PriceItem =>
  prices.find(({ term }) => term === termUnit) ?? prices[0] ?? NO_PRICE;
