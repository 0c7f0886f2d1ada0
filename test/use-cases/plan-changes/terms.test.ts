import { billStart } from '../../../src/features/billing/bill-start';
import { endContractFor, startContractFor } from '../../../src/features/operator/contracts';
import { endOfContract } from '../../../src/features/plan-changes/end-of-contract';
import { rollContracts } from '../../../src/features/plan-changes/roll-contracts';
import { buyContract } from '../../../src/features/subscriptions/buy-contract';
import { inTenant } from '../../../src/platform/context';
import { key, unwrap } from '../../support/acts';
import { ACCOUNTING } from '../../support/billing';
import { aDirectPlan, consentTo, MONTHLY } from '../../support/contracts';
import { testContext } from '../../support/database';
import { type Customer, change, ledger, preview } from '../../support/plan-changes';
import { aTeam } from '../../support/teams';
import { anActor, aTenant } from '../../support/tenant';

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

describe('from a counted year to months', () => {
  const yearToMonths = async (timeZone = 'UTC') => {
    const { ctx, clock } = await testContext({ now: '2025-03-15T09:00:00.000Z' });
    const perTeam = { ...MONTHLY, minor: 3100, per: 'active_team' as const };
    const prices = [perTeam, { ...perTeam, term: 'P1Y' as const, minor: 36500 }];
    const plan = await aDirectPlan(ctx, { prices, policies: { change: { allowed: 'any' } } });
    const owner = anActor();
    const organization = { name: 'Sample Works', contactAddress: 'office@sample.example', locale: 'en', timeZone } as const;
    const wanted = { planId: plan.planId, term: 'P1Y', quantity: null, consent: consentTo(plan, 'P1Y'), organization } as const;
    const { id: subscriptionId } = unwrap(await buyContract(ctx, owner, key(), wanted, billStart)).record;
    await aTeam(ctx, owner);
    const customer = { ctx, clock, owner, subscriptionId } as Customer;
    clock.set('2026-03-10T09:00:00.000Z');
    expect(await change(customer, { toPlanId: plan.planId, term: 'P1M' })).toMatchObject({ state: 'scheduled' });
    const billedAt = async (at: string) => {
      clock.set(at);
      await rollContracts(ctx);
      return (await ledger(customer)).slice(1).map(({ amountMinor, formula }) => [amountMinor, formula.replace('1 active team × ', '')]);
    };
    const end = async (when: 'now' | 'term_end') =>
      unwrap(
        await endContractFor(ctx, ACCOUNTING, { tenantId: owner.tenantId, subscriptionId }, { when, reason: 'Agreed' }, endOfContract),
      );
    return { ctx, clock, owner, plan, customer, billedAt, end };
  };
  const march = [1700, '€31.00 × 17/31 days'];
  const april = [3100, '€31.00'];
  const may = [1400, '€31.00 × 14/31 days'];

  test('G5, EC-11: every day is billed once: the first month from where the year ended, the last one to where the contract does', async () => {
    const { billedAt, end } = await yearToMonths();
    expect(await billedAt('2026-05-14T00:00:00.000Z')).toEqual([march]);
    await end('term_end');
    expect(await billedAt('2026-07-16T00:00:00.000Z')).toEqual([march, april, may]);
  });

  test('G5: ended within a month, what no term has billed is billed', async () => {
    const { billedAt, end } = await yearToMonths();
    expect(await billedAt('2026-05-05T09:00:00.000Z')).toEqual([march]);
    await end('now');
    expect(await billedAt('2026-07-16T00:00:00.000Z')).toEqual([march, april, [400, '€31.00 × 4/31 days']]);
  });

  test('G5: and back to a year, the days until it begins', async () => {
    const { customer, plan, billedAt } = await yearToMonths();
    expect(await billedAt('2026-05-05T09:00:00.000Z')).toEqual([march]);
    await change(customer, { toPlanId: plan.planId, term: 'P1Y' });
    expect(await billedAt('2027-05-16T00:00:00.000Z')).toEqual([march, april, may, [36500, '€365.00']]);
  });

  test.each(['America/Los_Angeles', 'Pacific/Kiritimati'])('G5: and on to %s, no day is billed twice', async (zone) => {
    const { ctx, owner, billedAt } = await yearToMonths('Europe/Berlin');
    expect(await billedAt('2026-03-20T09:00:00.000Z')).toEqual([]);
    await inTenant(ctx, owner.tenantId, ({ db }) =>
      db.query('update tenants set time_zone = $2 where tenant_id = $1', [owner.tenantId, zone]),
    );
    const [first, second] = await billedAt('2026-05-17T00:00:00.000Z');
    expect(first![1]).toMatch(/^€31.00 × 1[78]\/31 days$/u);
    expect(second).toEqual(april);
  });
});

test('HO-10: a contract that is entered late is not charged for a term that began before its plan charges', async () => {
  const { ctx } = await testContext({ now: '2026-07-05T09:00:00.000Z' });
  const plan = await aDirectPlan(ctx, {
    policies: {
      transition: { announceAt: '2026-01-01T00:00:00Z', enforceFrom: '2026-01-01T00:00:00Z', chargeFrom: '2026-07-01T00:00:00Z' },
    },
  });
  const { tenantId } = await aTenant(ctx);
  for (const [startsAt, amount] of [
    ['2026-06-15T00:00:00.000Z', 0],
    ['2026-07-02T00:00:00.000Z', 5900],
  ] as const) {
    const order = { planId: plan.planId, term: 'P1M', quantity: null, startsAt, reason: 'Agreed on paper' } as const;
    const { record } = unwrap(await startContractFor(ctx, ACCOUNTING, tenantId, key(), order, billStart));
    const lines = await ledger({ ctx, owner: anActor({ tenantId }) });
    expect(lines.filter(({ billId }) => billId.startsWith(record.id)).map(({ amountMinor }) => amountMinor)).toEqual([amount]);
  }
});
