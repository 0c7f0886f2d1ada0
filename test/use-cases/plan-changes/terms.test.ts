import { billStart } from '../../../src/features/billing/bill-start';
import { rollContracts } from '../../../src/features/plan-changes/roll-contracts';
import { buyContract } from '../../../src/features/subscriptions/buy-contract';
import { key, unwrap } from '../../support/acts';
import { aDirectPlan, consentTo, MONTHLY } from '../../support/contracts';
import { testContext } from '../../support/database';
import { type Customer, change, ledger, preview } from '../../support/plan-changes';
import { anActor } from '../../support/tenant';

test('G5: from a month to a year the year is whole: counted from where it begins, in the preview and on the bills', async () => {
  const { ctx, clock } = await testContext({ now: '2026-01-15T09:00:00.000Z' });
  const prices = [MONTHLY, { ...MONTHLY, term: 'P1Y' as const, minor: 59000 }];
  const plan = await aDirectPlan(ctx, { prices, policies: { change: { allowed: 'any' } } });
  const owner = anActor();
  const organization = { name: 'Sample Works', contactAddress: 'office@sample.example', locale: 'en', timeZone: 'UTC' } as const;
  const wanted = { planId: plan.planId, term: 'P1M', quantity: null, consent: consentTo(plan), organization } as const;
  const { id: subscriptionId } = unwrap(await buyContract(ctx, owner, key(), wanted, billStart)).record;
  const customer = { ctx, clock, owner, subscriptionId } as Customer;
  clock.set('2026-04-02T09:00:00.000Z');
  await rollContracts(ctx);
  const toYear = { toPlanId: plan.planId, term: 'P1Y' } as const;
  expect((await preview(customer, toYear)).money).toMatchObject({
    totalMinor: 59000,
    periodStart: '2026-04-15T00:00:00.000Z',
    periodEnd: '2027-04-15T00:00:00.000Z',
  });
  expect(await change(customer, toYear)).toMatchObject({ state: 'scheduled' });
  clock.set('2027-04-15T00:00:00.000Z');
  await rollContracts(ctx);
  const billed = (await ledger(customer)).map(({ amountMinor, periodStart, periodEnd }) => [amountMinor, periodStart, periodEnd]);
  expect(billed.slice(3)).toEqual([
    [59000, '2026-04-15T00:00', '2027-04-15T00:00'],
    [59000, '2027-04-15T00:00', '2028-04-15T00:00'],
  ]);
});
