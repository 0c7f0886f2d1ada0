import { randomUUID } from 'node:crypto';
import { agreeToOverage, endOverage, viewOverage } from '../../../src/features/metering/agree-to-overage';
import { closeHours } from '../../../src/features/metering/close-hours';
import { compareDays } from '../../../src/features/metering/compare-days';
import { overseeDifferences, overseeReports, resumeMetering } from '../../../src/features/metering/oversee-reports';
import { sendReports } from '../../../src/features/metering/send-reports';
import { bannerFor } from '../../../src/features/notices/banners';
import { releaseUnits } from '../../../src/features/usage/counters.store';
import { explain } from '../../../src/features/usage/explain';
import { readUsage } from '../../../src/features/usage/read-usage';
import { type Context, inTenant } from '../../../src/platform/context';
import { creationOf, key, refusalOf, unwrap } from '../../support/acts';
import { type TestClock, testContext } from '../../support/database';
import { MeteringService } from '../../support/metering-service';
import { aPlanOf } from '../../support/packages';
import { aTenant, type TestTenant } from '../../support/tenant';

const START = '2026-03-10T09:00:00.000Z';
let ctx: Context;
let clock: TestClock;
let service: MeteringService;

beforeAll(async () => {
  ({ ctx, clock } = await testContext({ now: START }));
});
/** Days apart, so that no test sees what another one left open. */
let day = 0;
beforeEach(async () => {
  clock.set(new Date(Date.parse(START) + day * 60 * 86_400_000).toISOString());
  day += 1;
  service = await MeteringService.start(clock);
  await ctx.database.query('update subscription_directory set meter_at = null');
  await ctx.database.query(`update usage_reports set state = 'expired' where state in ('queued', 'in_flight', 'unsure')`);
});
afterEach(() => service.stop());

const reporting = () => ({ metering: service.client(), realTime: clock });
const run = async (): Promise<void> => {
  await closeHours(ctx);
  await sendReports(ctx, reporting());
};
/** The next hours, each closed and reported in its time. */
async function hours(count: number, each: () => Promise<unknown> = async () => {}): Promise<void> {
  for (let hour = 0; hour < count; hour += 1) {
    await each();
    clock.advance({ hours: 1 });
    await run();
  }
}

async function aMeteredTenant({ amount = 3, cap = null as number | null, agrees = true } = {}): Promise<TestTenant> {
  const plan = await aPlanOf(ctx, { quotas: { tickets: { amount, overage: { mode: 'metered', dimension: 'extra' } } } });
  const tenant = await aTenant(ctx, { plan });
  await ctx.database.query(
    `insert into subscription_directory (source, external_id, tenant_id, subscription_id) values ('marketplace', $1::text, $2, $1::uuid)`,
    [tenant.subscriptionId, tenant.tenantId],
  );
  if (agrees) unwrap(await agreeToOverage(ctx, tenant.owner, { meter: 'tickets', cap }));
  return tenant;
}

async function use(tenant: TestTenant, count: number): Promise<void> {
  for (let one = 0; one < count; one += 1) unwrap(await creationOf.tickets(ctx, tenant.owner, key()));
}

const reportsOf = async ({ tenantId }: TestTenant) => (await overseeReports(ctx, { flagged: false, tenantId })).reverse();
const setSubscription = (tenant: TestTenant, set: string) =>
  inTenant(ctx, tenant.tenantId, ({ db }) =>
    db.query(`update subscriptions set ${set} where tenant_id = $1 and subscription_id = $2`, [tenant.tenantId, tenant.subscriptionId]),
  );
const auditOf = ({ tenantId }: TestTenant, action: string) =>
  inTenant(ctx, tenantId, ({ db }) =>
    db.query<{ details: Record<string, unknown>; actor: string }>(
      'select details, actor from audit_log where tenant_id = $1 and action = $2 order by at',
      [tenantId, action],
    ),
  );

const nextLook = async ({ subscriptionId }: TestTenant) =>
  (
    await ctx.database.query<{ at: Date | null }>('select meter_at as at from subscription_directory where subscription_id = $1', [
      subscriptionId,
    ])
  )[0]!.at;

describe('admission', () => {
  test('TW-03: without an agreement the limit refuses as ever', async () => {
    const tenant = await aMeteredTenant({ agrees: false });
    await use(tenant, 3);
    expect(refusalOf(await creationOf.tickets(ctx, tenant.owner, key()))).toMatchObject({ code: 'quota_exhausted', limit: 3, used: 3 });
    await hours(2);
    expect(service.calls).toEqual([]);
  });

  test('who agreed uses more, up to the cap; ending it lets the limit refuse again', async () => {
    const tenant = await aMeteredTenant({ cap: 2 });
    await use(tenant, 5);
    expect(refusalOf(await creationOf.tickets(ctx, tenant.owner, key()))).toMatchObject({ code: 'quota_exhausted', limit: 5, used: 5 });
    unwrap(await agreeToOverage(ctx, tenant.owner, { meter: 'tickets', cap: null }));
    await use(tenant, 3);
    unwrap(await endOverage(ctx, tenant.owner, 'tickets'));
    expect(refusalOf(await creationOf.tickets(ctx, tenant.owner, key()))).toMatchObject({ code: 'quota_exhausted', limit: 3, used: 8 });
  });

  test('who agrees is kept with what they were shown; only owners and admins can', async () => {
    const tenant = await aMeteredTenant({ cap: 10 });
    const [consent] = await inTenant(ctx, tenant.tenantId, ({ db }) =>
      db.query('select * from metering_consents where tenant_id = $1', [tenant.tenantId]),
    );
    expect(consent).toMatchObject({
      agreed_by: tenant.owner.memberId,
      agreed_name: 'Sample Owner',
      dimension: 'extra',
      words: expect.stringMatching(/billed by Microsoft.+After a change of plan this goes on/u),
    });
    expect(await auditOf(tenant, 'overage.agreed')).toMatchObject([{ details: { meter: 'tickets', cap: 10 } }]);
    const member = await tenant.member('member');
    expect(refusalOf(await agreeToOverage(ctx, member, { meter: 'tickets', cap: null }))).toMatchObject({ code: 'not_allowed' });
    expect(unwrap(await viewOverage(ctx, member)).items).toMatchObject([{ meter: 'tickets', included: 3, agreement: { cap: 10 } }]);
  });

  test('a plan without overage, another meter, and a free trial cannot be agreed to', async () => {
    const tenant = await aMeteredTenant({ agrees: false });
    expect(refusalOf(await agreeToOverage(ctx, tenant.owner, { meter: 'checklists', cap: null }))).toMatchObject({ reason: 'not_in_plan' });
    await setSubscription(tenant, 'is_free_trial = true');
    expect(refusalOf(await agreeToOverage(ctx, tenant.owner, { meter: 'tickets', cap: null }))).toMatchObject({ reason: 'free_trial' });
  });

  test('a change to a plan without overage ends what is admitted, without anybody doing anything', async () => {
    const tenant = await aMeteredTenant();
    await tenant.changePlan(await aPlanOf(ctx, { quotas: { tickets: 3 } }));
    await use(tenant, 3);
    expect(refusalOf(await creationOf.tickets(ctx, tenant.owner, key()))).toMatchObject({ code: 'quota_exhausted', limit: 3 });
  });
});

describe('reports (G11)', () => {
  test('overage is told hour by hour, 60 seconds after the hour, and nothing where there was none', async () => {
    const tenant = await aMeteredTenant();
    await use(tenant, 5);
    clock.advance({ minutes: 60, seconds: 59 });
    await run();
    expect(service.calls).toEqual([]);
    clock.advance({ seconds: 1 });
    await run();
    clock.advance({ minutes: -1, seconds: -60 } as never);
    clock.advance({ hours: 1 });
    await use(tenant, 1);
    await hours(3);
    expect(service.hours.map(([, quantity]) => quantity)).toEqual([2, 1]);
    expect(service.calls[0]!.events[0]).toMatchObject({
      resourceId: tenant.subscriptionId,
      dimension: 'extra',
      planId: tenant.plan.planId,
    });
    expect(await reportsOf(tenant)).toMatchObject([
      { state: 'accepted', quantity: '2', accepted: '2', flags: [], outcome: 'Accepted' },
      { state: 'accepted', quantity: '1', flags: [] },
    ]);
  });

  test('what is undone within its minute is never told, also over the end of the hour', async () => {
    const tenant = await aMeteredTenant();
    await use(tenant, 3);
    clock.advance({ minutes: 59, seconds: 30 });
    const { record } = unwrap(await creationOf.tickets(ctx, tenant.owner, key()));
    clock.advance({ seconds: 50 });
    await inTenant(ctx, tenant.tenantId, ({ db }) =>
      releaseUnits(db, tenant.tenantId, 'tickets', record.id, tenant.owner.memberId, clock.now()),
    );
    await hours(2);
    expect(service.calls).toEqual([]);
  });

  test('an outage of hours is caught up hour by hour', async () => {
    const tenant = await aMeteredTenant({ amount: 1 });
    await use(tenant, 2);
    clock.advance({ hours: 1 });
    await use(tenant, 2);
    clock.advance({ hours: 2 });
    await use(tenant, 3);
    clock.advance({ hours: 5 });
    await run();
    expect(service.hours.map(([, quantity]) => quantity)).toEqual([1, 2, 3]);
    expect(service.calls).toHaveLength(1);
  });

  test('what is older than 24 hours is carried into an hour that is taken, and flagged', async () => {
    const tenant = await aMeteredTenant({ amount: 1 });
    await use(tenant, 5);
    clock.advance({ hours: 40 });
    await use(tenant, 1);
    clock.advance({ hours: 2 });
    await run();
    expect(service.total).toBe(5);
    expect(await reportsOf(tenant)).toMatchObject([
      { quantity: '4', flags: ['carried'] },
      { quantity: '1', flags: [] },
    ]);
  });

  test('25 events a call, and one after the other', async () => {
    await ctx.database.query(
      `insert into usage_reports (report_id, tenant_id, subscription_id, meter, resource_id, dimension, plan_id, hour, effective_at, quantity, state,
                                  next_attempt_at, created_at)
       select gen_random_uuid(), gen_random_uuid(), gen_random_uuid(), 'tickets', gen_random_uuid(), 'extra', 'standard', $1, $1, 1, 'queued', '-infinity', $1
         from generate_series(1, 27)`,
      [clock.now()],
    );
    await run();
    expect(service.calls.map(({ events }) => events.length)).toEqual([25, 2]);
    expect(service.total).toBe(27);
  });

  test('a lost answer, a dead instance and a marketplace that is away: repeated with the same hour, booked once', async () => {
    const tenant = await aMeteredTenant({ amount: 1 });
    await use(tenant, 4);
    service.troubles.push('answer lost', 'unreached', 'unreached');
    clock.advance({ hours: 1, minutes: 2 });
    await run();
    expect(await reportsOf(tenant)).toMatchObject([{ state: 'in_flight', attempts: 1, outcome: 'NoAnswer' }]);
    clock.advance({ minutes: 2 });
    await run();
    expect(await reportsOf(tenant)).toMatchObject([{ state: 'accepted', accepted: '3', attempts: 2, outcome: 'Duplicate', flags: [] }]);
    expect(new Set(service.calls.flatMap(({ events }) => events.map(({ effectiveStartTime }) => effectiveStartTime))).size).toBe(1);
    expect(service.total).toBe(3);
  });

  test.each(['before the call', 'after the booking'])(
    'an instance killed %s leaves a lease; another one finishes its work',
    async (when) => {
      const tenant = await aMeteredTenant({ amount: 1 });
      await use(tenant, 3);
      clock.advance({ hours: 1, minutes: 2 });
      await closeHours(ctx);
      const dying = {
        reportUsage: async (events: never, id: string) => {
          if (when === 'after the booking') await service.client().reportUsage(events, id);
          throw new Error('killed');
        },
      };
      await expect(sendReports(ctx, { metering: dying as never, realTime: clock })).rejects.toThrow('killed');
      await run();
      expect(await reportsOf(tenant)).toMatchObject([{ state: 'in_flight' }]);
      clock.advance({ minutes: 5 });
      await run();
      expect(await reportsOf(tenant)).toMatchObject([{ state: 'accepted', accepted: '2' }]);
      expect(service.total).toBe(2);
    },
  );

  test('two instances at once report once', async () => {
    const tenant = await aMeteredTenant({ amount: 1 });
    await use(tenant, 4);
    clock.advance({ hours: 1, minutes: 2 });
    await Promise.all([run(), run(), run()]);
    expect(service.total).toBe(3);
    expect(service.calls.flatMap(({ events }) => events)).toHaveLength(1);
    expect(await reportsOf(tenant)).toHaveLength(1);
  });

  test('409: the accepted quantity is the truth, the rest is carried, and the difference is told', async () => {
    const tenant = await aMeteredTenant({ amount: 1 });
    await use(tenant, 6);
    const hour = `${clock.now().toISOString().slice(0, 13)}:10:00Z`;
    service.bookElsewhere({
      resourceId: tenant.subscriptionId,
      dimension: 'extra',
      planId: tenant.plan.planId,
      quantity: 1.5,
      effectiveStartTime: hour,
    });
    clock.advance({ minutes: 2 });
    await hours(3);
    expect(service.hours.map(([, quantity]) => quantity)).toEqual([1.5, 3.5]);
    expect(await reportsOf(tenant)).toMatchObject([
      { quantity: '5', accepted: '1.5', flags: ['differs'] },
      { quantity: '3.5', accepted: '3.5', flags: ['carried'] },
    ]);
    expect(await auditOf(tenant, 'metering.differs')).toMatchObject([{ details: { quantity: '5', accepted: '1.5' } }]);
    expect(await overseeReports(ctx, { flagged: true, tenantId: tenant.tenantId })).toHaveLength(2);
  });

  test.each(['Expired', 'ResourceNotActive'])('%s: what it held is due again, in the next hour', async (status) => {
    const tenant = await aMeteredTenant({ amount: 1 });
    await use(tenant, 3);
    service.statuses.push(status);
    clock.advance({ minutes: 2 });
    await hours(3);
    expect(service.total).toBe(2);
    expect((await reportsOf(tenant)).map(({ state, flags }) => [state, ...flags])).toEqual([
      [status === 'Expired' ? 'expired' : 'refused'],
      ['accepted', 'carried'],
    ]);
  });

  test('Error is asked again with the same hour', async () => {
    const tenant = await aMeteredTenant({ amount: 1 });
    await use(tenant, 3);
    service.statuses.push('Error');
    clock.advance({ minutes: 2 });
    await hours(2);
    expect(await reportsOf(tenant)).toMatchObject([{ state: 'accepted', attempts: 2 }]);
  });

  test.each(['ResourceNotFound', 'ResourceNotAuthorized', 'InvalidDimension', 'InvalidQuantity', 'BadArgument'])(
    '%s stops the meter and alerts; the publisher lets it go on with all that is due',
    async (status) => {
      const tenant = await aMeteredTenant({ amount: 1 });
      await use(tenant, 3);
      service.statuses.push(status);
      clock.advance({ minutes: 2 });
      await hours(3, () => use(tenant, 1));
      expect(service.calls).toHaveLength(1);
      expect(await auditOf(tenant, 'metering.refused')).toMatchObject([{ details: { outcome: status } }]);
      const operator = { memberId: randomUUID(), name: 'Sample Support', locale: 'en', roles: ['support'] } as never;
      expect(unwrap(await resumeMetering(ctx, operator, tenant, 'mended in Partner Center'))).toEqual({ resumed: ['tickets'] });
      await hours(1);
      expect(service.total).toBe(5);
    },
  );

  test('what was sent, never answered and is too old is settled by the account of its day', async () => {
    const told = await aMeteredTenant({ amount: 1 });
    await use(told, 3);
    clock.advance({ hours: 1, minutes: 2 });
    service.troubles.push('answer lost', 'unreached', 'unreached');
    await run();
    const untold = await aMeteredTenant({ amount: 1 });
    await use(untold, 5);
    clock.advance({ hours: 1 });
    await closeHours(ctx);
    service.troubles.push('unreached', 'unreached', 'unreached');
    await sendReports(ctx, reporting());
    clock.advance({ hours: 26 });
    await run();
    expect((await reportsOf(told))[0]).toMatchObject({ state: 'unsure' });
    expect((await reportsOf(untold))[0]).toMatchObject({ state: 'unsure' });
    expect(service.total).toBe(2);
    clock.advance({ hours: 24 });
    expect(await compareDays(ctx, reporting())).toBe(1);
    expect((await reportsOf(told))[0]).toMatchObject({ state: 'accepted', accepted: '2', outcome: 'ReadBack' });
    expect((await reportsOf(untold))[0]).toMatchObject({ state: 'expired' });
    await hours(2);
    expect(service.total).toBe(6);
  });

  type Line = Record<string, unknown>;
  const each = (change: (line: Line) => Line) => (lines: Line[]) => lines.map(change);
  const without = (field: string) => each(({ [field]: _, ...line }) => line);
  test.each<[form: string, respelled: (lines: Line[]) => unknown, state: string]>([
    [
      'names the plan and the quantity shorter',
      each(({ planId: plan, submittedQuantity: quantity, ...line }) => ({ ...line, plan, quantity, planId: undefined })),
      'accepted',
    ],
    ['comes as items', (items) => ({ items }), 'accepted'],
    ['leaves out the plan', without('planId'), 'unsure'],
    ['names the plan as people do', each((line) => ({ ...line, planId: line.planName })), 'unsure'],
    ['leaves out the dimension', without('dimension'), 'unsure'],
    ['leaves out the quantity', without('submittedQuantity'), 'unsure'],
    ['leaves out the purchase', without('usageResourceId'), 'unsure'],
    ['writes days the American way', each((line) => ({ ...line, usageDate: '03/10/2026' })), 'unsure'],
    ['is a page of more', (lines) => ({ value: lines.slice(0, 1), '@nextLink': '?page=2' }), 'unsure'],
    ['is empty', () => null, 'unsure'],
    ['is no list', (lines) => ({ account: lines }), 'unsure'],
    ['lacks what was accepted too', () => [], 'unsure'],
  ])('G11: an account that %s never makes what was booked be told again', async (_form, respelled, state) => {
    const answered = await aMeteredTenant({ amount: 1 });
    await use(answered, 2);
    clock.advance({ hours: 1, minutes: 2 });
    await run();
    const tenant = await aMeteredTenant({ amount: 1 });
    await use(tenant, 3);
    clock.advance({ hours: 1 });
    service.troubles.push('answer lost', 'unreached', 'unreached');
    await run();
    clock.advance({ hours: 26 });
    await run();
    service.respelled = respelled;
    clock.advance({ hours: 24 });
    await compareDays(ctx, reporting());
    await hours(2);
    expect((await reportsOf(tenant)).map((report) => report.state)).toEqual([state]);
    expect(service.total).toBe(3);
  });

  test('what nobody can settle any more counts as told, and is alerted once', async () => {
    const tenant = await aMeteredTenant({ amount: 1 });
    await use(tenant, 3);
    clock.advance({ hours: 1, minutes: 2 });
    service.troubles.push('answer lost', 'unreached', 'unreached');
    await run();
    clock.advance({ hours: 26 });
    await run();
    await setSubscription(tenant, `status = 'Unsubscribed', ended_at = '${clock.now().toISOString()}'`);
    const unread = async (days: number) => {
      clock.advance({ days });
      await closeHours(ctx);
      service.troubles.push('unreached', 'unreached', 'unreached');
      await compareDays(ctx, reporting());
      service.troubles.length = 0;
    };
    await unread(8);
    expect(await auditOf(tenant, 'metering.unsettled')).toEqual([]);
    await unread(2);
    await unread(1);
    expect(await auditOf(tenant, 'metering.unsettled')).toMatchObject([{ details: { quantity: '2' } }]);
    expect(await reportsOf(tenant)).toMatchObject([{ state: 'unsure', quantity: '2', flags: ['unsettled'] }]);
    expect(service.total).toBe(2);
    expect(await nextLook(tenant)).toBeNull();
  });

  test('a subscription that cannot be closed does not keep the others from their turn', async () => {
    const [failing, other] = [await aMeteredTenant({ amount: 1 }), await aMeteredTenant({ amount: 1 })];
    await use(other, 3);
    clock.advance({ hours: 1, minutes: 2 });
    await inTenant(ctx, failing.tenantId, ({ db }) =>
      db.query(`update metering_marks set owed = 'NaN' where tenant_id = $1`, [failing.tenantId]),
    );
    await ctx.database.query(`update subscription_directory set meter_at = '2020-01-01' where subscription_id = $1`, [
      failing.subscriptionId,
    ]);
    expect([await closeHours(ctx, 1), await closeHours(ctx, 1)]).toEqual([1, 1]);
    await sendReports(ctx, reporting());
    expect(service.total).toBe(2);
    expect(await nextLook(failing)).toEqual(new Date(clock.now().getTime() + 15 * 60_000));
  });

  test('overage up to a change of plan is billed under the old plan, later overage under the new', async () => {
    const tenant = await aMeteredTenant({ amount: 1 });
    await use(tenant, 3);
    clock.advance({ minutes: 20 });
    const larger = await aPlanOf(ctx, { quotas: { tickets: { amount: 4, overage: { mode: 'metered', dimension: 'extra' } } } });
    const before = tenant.plan.planId;
    await tenant.changePlan(larger);
    clock.advance({ minutes: 1 });
    await use(tenant, 5);
    clock.advance({ hours: 2 });
    await run();
    const byPlan = [...service.booked.values()].map(({ planId, quantity }) => [planId, quantity]);
    // 2 under the old one; of the new one's 4 none was used before, 2 + 4 are covered, 8 − 6 are over.
    expect(new Map(byPlan as [string, number][])).toEqual(
      new Map([
        [before, 2],
        [larger.planId, 2],
      ]),
    );
  });

  test('the included amount begins anew with the marketplace’s window', async () => {
    const tenant = await aMeteredTenant({ amount: 2 });
    await use(tenant, 3);
    await hours(2);
    clock.advance({ days: 31 });
    await use(tenant, 3);
    clock.advance({ minutes: 2 });
    await hours(2);
    expect(service.hours.map(([, quantity]) => quantity)).toEqual([1, 1]);
  });

  test('while suspended nothing is told; after the reinstatement all of it', async () => {
    const tenant = await aMeteredTenant({ amount: 1 });
    await use(tenant, 3);
    await tenant.setStatus('Suspended');
    clock.advance({ minutes: 2 });
    await hours(30);
    expect(service.calls).toEqual([]);
    await tenant.setStatus('Subscribed');
    await hours(2);
    expect(service.total).toBe(2);
    expect(await reportsOf(tenant)).toMatchObject([{ flags: ['carried'] }]);
  });

  test('a trial is never metered: an agreement ends where one begins', async () => {
    const tenant = await aMeteredTenant({ amount: 1 });
    await setSubscription(tenant, 'is_free_trial = true');
    await use(tenant, 3);
    clock.advance({ minutes: 2 });
    await hours(3);
    expect(service.calls).toEqual([]);
    expect(await auditOf(tenant, 'overage.ended')).toMatchObject([{ actor: 'free trial' }]);
    expect(refusalOf(await creationOf.tickets(ctx, tenant.owner, key()))).toMatchObject({ code: 'quota_exhausted', limit: 1 });
    await setSubscription(tenant, 'is_free_trial = false');
    await hours(3);
    expect(service.calls).toEqual([]);
  });
});

describe('after the end', () => {
  test('what was used before the cancellation is told within 24 hours of it', async () => {
    const tenant = await aMeteredTenant({ amount: 1 });
    await use(tenant, 3);
    clock.advance({ minutes: 10 });
    await setSubscription(tenant, `status = 'Unsubscribed', ended_at = '${clock.now().toISOString()}'`);
    clock.advance({ hours: 5 });
    await hours(2);
    expect(service.total).toBe(2);
    expect(await nextLook(tenant)).toBeNull();
  });

  test('what cannot be told any more is recorded as lost, once, and alerted', async () => {
    const tenant = await aMeteredTenant({ amount: 1 });
    await use(tenant, 3);
    clock.advance({ minutes: 10 });
    await setSubscription(tenant, `status = 'Unsubscribed', ended_at = '${clock.now().toISOString()}'`);
    clock.advance({ hours: 30 });
    await hours(3);
    expect(service.calls).toEqual([]);
    expect(await reportsOf(tenant)).toMatchObject([{ state: 'lost', quantity: '2', flags: ['lost'] }]);
    expect(await auditOf(tenant, 'metering.lost')).toMatchObject([{ details: { quantity: '2' } }]);
  });

  test('what a stopped meter owes may be told for 24 hours once it goes on, and then is lost too', async () => {
    const tenant = await aMeteredTenant({ amount: 1 });
    await use(tenant, 3);
    service.statuses.push('InvalidDimension');
    clock.advance({ minutes: 2 });
    await hours(1);
    await setSubscription(tenant, `status = 'Unsubscribed', ended_at = '${clock.now().toISOString()}'`);
    await hours(2);
    expect(await auditOf(tenant, 'metering.lost')).toEqual([]);
    clock.advance({ hours: 24 });
    await hours(2);
    expect(await auditOf(tenant, 'metering.lost')).toMatchObject([{ details: { quantity: '2' } }]);
    expect([service.total, await nextLook(tenant)]).toEqual([0, null]);
  });
});

describe('the account of a day', () => {
  test('equal days are read once; a difference is kept, shown, and looked at again until it is gone', async () => {
    const tenant = await aMeteredTenant({ amount: 1 });
    await use(tenant, 3);
    clock.advance({ minutes: 2 });
    await hours(1);
    const [[booked]] = service.hours as [[string, number]];
    service.accountOf.set(booked.slice(0, 10), 7);
    clock.advance({ days: 3 });
    expect(await compareDays(ctx, reporting())).toBe(1);
    const mine = async () => (await overseeDifferences(ctx)).filter(({ resourceId }) => resourceId === tenant.subscriptionId);
    expect(await mine()).toMatchObject([{ submitted: '7', ours: '2', dimension: 'extra' }]);
    service.accountOf.clear();
    expect(await compareDays(ctx, reporting())).toBe(1);
    expect(await mine()).toEqual([]);
    expect(await compareDays(ctx, reporting())).toBe(0);
  });

  test('usage of the publisher’s other offers is none of ours; usage of our own purchases that we never sent is', async () => {
    const tenant = await aMeteredTenant({ amount: 1 });
    await use(tenant, 3);
    clock.advance({ minutes: 2 });
    await hours(1);
    const [one] = service.booked.values();
    const elsewhere = randomUUID();
    service.bookElsewhere({ ...one!, resourceId: elsewhere });
    service.bookElsewhere({ ...one!, resourceId: tenant.subscriptionId.toUpperCase(), dimension: 'never-sent' });
    clock.advance({ days: 3 });
    expect(await compareDays(ctx, reporting())).toBe(1);
    const found = (await overseeDifferences(ctx)).filter(({ resourceId }) => [elsewhere, tenant.subscriptionId].includes(resourceId));
    expect(found).toMatchObject([{ resourceId: tenant.subscriptionId, dimension: 'never-sent', submitted: '2', ours: '0' }]);
  });
});

test('explain says that overage was agreed to and what it comes to', async () => {
  const tenant = await aMeteredTenant({ cap: 10 });
  await use(tenant, 5);
  const explained = unwrap(await explain(ctx, tenant.owner, { meter: 'tickets' }));
  const overage = {
    units: 2,
    admits: 10,
    billedBy: 'Microsoft',
    words: expect.stringContaining('2 beyond the 3 included tickets are billed by Microsoft'),
  };
  expect(explained).toMatchObject({ used: 5, available: 3, limit: 13, overage, words: expect.stringContaining('billed by Microsoft') });
  const usage = unwrap(await readUsage(ctx, tenant.owner, bannerFor));
  expect(usage.meters.map((one) => [one.meter, one.overage?.units])).toEqual([
    ['tickets', 2],
    ['checklists', undefined],
    ['opportunities', undefined],
  ]);
  const german = unwrap(await explain(ctx, { ...tenant.owner, locale: 'de' }, { meter: 'tickets' }));
  expect(german.overage!.words).toContain('rechnet Microsoft ab');
});
