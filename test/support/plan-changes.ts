import type { ChangeOrder, ChangeQuestion, PlanChange, Preview } from '../../src/contract/plan-changes';
import { NewResource, type Resource } from '../../src/contract/resources';
import type { Subscription } from '../../src/contract/subscriptions';
import { billStart } from '../../src/features/billing/bill-start';
import { orderChange } from '../../src/features/plan-changes/order-change';
import { previewChange } from '../../src/features/plan-changes/preview-change';
import type { Plan } from '../../src/features/plans/plans';
import { createResource } from '../../src/features/resources/create-resource';
import { buyContract } from '../../src/features/subscriptions/buy-contract';
import { mySubscriptions } from '../../src/features/subscriptions/list-subscriptions';
import type { Actor } from '../../src/platform/actor';
import { type Context, inTenant } from '../../src/platform/context';
import type { Result } from '../../src/platform/result';
import { key, unwrap } from './acts';
import { consentTo } from './contracts';
import { type TestClock, testContext } from './database';
import { publishPreset } from './presets';
import { anActor } from './tenant';

/** An organization with a contract over a plan of a preset. */
export interface Customer {
  ctx: Context;
  clock: TestClock;
  plans: Record<string, Plan>;
  owner: Actor;
  subscriptionId: string;
  /** As the API shows it now. */
  subscription(): Promise<Subscription>;
  buy(planId: string): Promise<Subscription>;
}

export async function aCustomer(
  preset: string,
  planId: string,
  { now = '2026-03-01T09:00:00.000Z', timeZone = 'UTC', term = 'P1M' as 'P1M' | 'P1Y' } = {},
): Promise<Customer> {
  const { ctx, clock } = await testContext({ now });
  const plans = await publishPreset(ctx, preset);
  const owner = anActor();
  const organization = { name: 'Sample Works', contactAddress: 'office@sample.example', locale: 'en' as const, timeZone };
  const buy = async (wanted: string) => {
    const plan = plans[wanted]!;
    const order = { planId: wanted, term, quantity: null, consent: consentTo(plan), organization };
    return unwrap(await buyContract(ctx, owner, key(), order, billStart)).record;
  };
  const { id: subscriptionId } = await buy(planId);
  const subscription = async () => unwrap(await mySubscriptions(ctx, owner)).items.find(({ id }) => id === subscriptionId)!;
  return { ctx, clock, plans, owner, subscriptionId, subscription, buy };
}

export type Allowed = Extract<Preview, { allowed: true }>;

export async function preview({ ctx, owner, subscriptionId }: Customer, wanted: ChangeQuestion): Promise<Allowed> {
  const answer = unwrap(await previewChange(ctx, owner, subscriptionId, wanted));
  if (!answer.allowed) throw new Error(`not allowed: ${JSON.stringify(answer.refusal)}`);
  return answer;
}

export const order = (
  { ctx, owner, subscriptionId }: Customer,
  previewId: string,
  consent: ChangeOrder['consent'] | null = { change: true, removal: true },
  clientKey = key(),
): Promise<Result<{ record: PlanChange; replayed: boolean }, import('../../src/contract/refusals').Refusal>> =>
  orderChange(ctx, owner, clientKey, subscriptionId, { previewId, ...(consent && { consent }) });

/** Previews and orders, agreeing to everything. */
export async function change(customer: Customer, wanted: ChangeQuestion, consent?: ChangeOrder['consent']): Promise<PlanChange> {
  return unwrap(await order(customer, (await preview(customer, wanted)).previewId, consent)).record;
}

export const item = async ({ ctx, owner }: Customer, kind: string, given: Partial<NewResource> = {}): Promise<Resource> =>
  unwrap(await createResource(ctx, owner, key(), NewResource.parse({ kind, name: `A ${kind}`, ...given }))).record;

export interface BilledLine {
  billId: string;
  cause: string;
  planId: string;
  kind: 'charge' | 'refund';
  amountMinor: number;
  formula: string;
  periodStart: string;
  periodEnd: string;
}

/** Every line that was billed, in order. */
export const ledger = ({ ctx, owner }: Pick<Customer, 'ctx' | 'owner'>): Promise<BilledLine[]> =>
  inTenant(ctx, owner.tenantId, ({ db }) =>
    db.query<BilledLine>(
      `select b.bill_id as "billId", b.cause, b.plan_id as "planId", l.kind, l.amount_minor::float8 as "amountMinor", l.formula ->> 'en' as formula,
              to_char(b.period_start at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI') as "periodStart",
              to_char(b.period_end at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI') as "periodEnd"
         from bills b join bill_lines l on l.tenant_id = b.tenant_id and l.bill_id = b.bill_id
        where b.tenant_id = $1 order by b.at, b.cause = 'start' desc, b.bill_id, l.position`,
      [owner.tenantId],
    ),
  );
