import { METERS } from '../../../src/contract/meters';
import { Usage } from '../../../src/contract/usage';
import { type BannerFor, readUsage } from '../../../src/features/usage/read-usage';
import { inTenant } from '../../../src/platform/context';
import { creationOf, everything, key, refusalOf, unwrap } from '../../support/acts';
import { testContext } from '../../support/database';
import { anActor, aPlan, aTenant } from '../../support/tenant';

const noBanner: BannerFor = async () => null;
const putAway: BannerFor = async () => ({ key: 'any', kind: 'threshold', threshold: 80, isDismissed: true });

test('every meter is shown with its limit, use, period, grant and standing, as the contract describes', async () => {
  const { ctx } = await testContext({ now: '2026-01-31T09:00:00.000Z' });
  const tenant = await aTenant(ctx, { limits: { tickets: 100, checklists: 5, opportunities: null }, timeZone: 'Europe/Rome' });
  await tenant.use('tickets', 80);
  await tenant.use('checklists', 5);
  const usage = unwrap(await readUsage(ctx, tenant.owner, putAway));
  const unconcerned = unwrap(await readUsage(ctx, tenant.owner, noBanner));
  expect(unconcerned.meters.map(({ state }) => state)).toEqual(['open', 'exhausted', 'open']);
  expect(Usage.parse(usage)).toEqual(usage);
  expect(usage).toMatchObject({ asOf: '2026-01-31T09:00:00.000Z', timeZone: 'Europe/Rome' });
  const grants = (amount: number | null) => [{ source: 'plan', amount, state: 'active', reason: tenant.plan.planId }];
  const period = {
    periodStart: '2026-01-31T09:00:00.000Z',
    resetsAt: '2026-02-27T23:00:00.000Z',
    held: 0,
    notice: null,
    pendingWords: null,
  };
  expect(usage.meters).toEqual([
    {
      meter: 'tickets',
      entitled: 100,
      available: 100,
      limit: 100,
      used: 80,
      remaining: 20,
      counts: 'all',
      state: 'warning',
      grants: grants(100),
      ...period,
    },
    {
      meter: 'checklists',
      entitled: 5,
      available: 5,
      limit: 5,
      used: 5,
      remaining: 0,
      counts: 'all',
      state: 'exhausted',
      grants: grants(5),
      ...period,
    },
    {
      meter: 'opportunities',
      entitled: null,
      available: null,
      limit: null,
      used: 0,
      remaining: null,
      counts: 'all',
      state: 'open',
      grants: grants(null),
      ...period,
    },
  ]);
});

test.each(METERS)('G10 what is shown of %s is what the next act is decided by, through a whole year of changes', async (meter) => {
  const { ctx, clock } = await testContext({ now: '2026-01-31T09:00:00.000Z' });
  const tenant = await aTenant(ctx, { limits: { [meter]: 3 }, timeZone: 'America/New_York' });
  const steps = [{ days: 0 }, { days: 5 }, { days: 22, hours: 19, minutes: 59 }, { minutes: 1 }, { days: 100 }, { days: 40 }];
  for (const [index, step] of steps.entries()) {
    clock.advance(step);
    if (index === 1) await tenant.changePlan(await aPlan(ctx, { [meter]: 7 }));
    if (index === 4) await tenant.changePlan(await aPlan(ctx, { [meter]: 2 }));
    for (;;) {
      const shown = unwrap(await readUsage(ctx, tenant.owner, noBanner)).meters.find((one) => one.meter === meter)!;
      const result = await creationOf[meter](ctx, tenant.owner, key());
      expect(result.ok).toBe(shown.remaining! > 0);
      if (result.ok) continue;
      expect(result.refusal).toMatchObject({ limit: shown.limit, used: shown.used, held: shown.held, resetsAt: shown.resetsAt });
      expect(shown.state).toBe('exhausted');
      break;
    }
  }
});

test('G10 grants that begin, end, wait or do not count: the grants shown sum to what is entitled and available', async () => {
  const { ctx, clock } = await testContext({ now: '2026-03-10T09:00:00.000Z' });
  const tenant = await aTenant(ctx, { limits: { tickets: 1 } });
  const grant = (state: string, amount: number, effectiveAt: string, expiresAt: string | null) =>
    inTenant(ctx, tenant.tenantId, ({ db, newId }) =>
      db.query(
        `insert into grants (tenant_id, grant_id, meter, source, source_id, amount, effective_at, expires_at, state, reason, created_at)
         values ($1, $2, 'tickets', 'support', 'desk', $3, $4, $5, $6, 'goodwill', $4)`,
        [tenant.tenantId, newId(), amount, effectiveAt, expiresAt, state],
      ),
    );
  await grant('active', 10, '2026-03-20T00:00:00.000Z', '2026-03-25T00:00:00.000Z');
  await grant('pending', 100, '2026-03-12T00:00:00.000Z', null);
  await tenant.changePlan(tenant.plan);

  const seen = [];
  for (const at of ['2026-03-10T10:00:00.000Z', '2026-03-12T00:00:00.000Z', '2026-03-20T00:00:00.000Z', '2026-03-25T00:00:00.000Z']) {
    clock.set(at);
    const { entitled, available, grants } = unwrap(await readUsage(ctx, tenant.owner, noBanner)).meters[0]!;
    const sum = (states: string[]) =>
      grants.filter(({ state }) => states.includes(state)).reduce((total, { amount }) => total + amount!, 0);
    expect([entitled, available]).toEqual([sum(['active', 'pending']), sum(['active'])]);
    seen.push([entitled, available]);
  }
  expect(seen).toEqual([
    [1, 1],
    [101, 1],
    [111, 11],
    [101, 1],
  ]);
});

test('G10 reading writes nothing, not even at a new period', async () => {
  const { ctx, clock } = await testContext();
  const tenant = await aTenant(ctx);
  await tenant.use('tickets', 90);
  clock.advance({ days: 40 });
  // That somebody was here is noted once an hour.
  unwrap(await readUsage(ctx, tenant.owner, noBanner));
  const before = await everything(ctx, tenant.tenantId);
  const { meters } = unwrap(await readUsage(ctx, tenant.owner, noBanner));
  expect(meters[0]).toMatchObject({ used: 0, state: 'open', periodStart: '2026-04-10T00:00:00.000Z' });
  expect(await everything(ctx, tenant.tenantId)).toEqual(before);
});

test('TW-09 the banner is what its owner of the matter says of the counter shown', async () => {
  const { ctx } = await testContext();
  const tenant = await aTenant(ctx);
  await tenant.use('tickets', 85);
  const { meters } = unwrap(
    await readUsage(ctx, tenant.owner, async (_tx, actor, meter, { used }) =>
      actor.memberId === tenant.owner.memberId && used > 80
        ? { key: meter, kind: 'threshold' as const, threshold: 80, isDismissed: false }
        : null,
    ),
  );
  expect(meters.map(({ notice }) => notice)).toEqual([{ key: 'tickets', kind: 'threshold', threshold: 80 }, null, null]);
});

test('viewers and organizations whose subscription ended still see their use; without one there is none to see', async () => {
  const { ctx } = await testContext();
  const tenant = await aTenant(ctx);
  unwrap(await readUsage(ctx, await tenant.member('viewer'), noBanner));
  for (const status of ['Suspended', 'Unsubscribed'] as const) {
    await tenant.setStatus(status);
    expect(unwrap(await readUsage(ctx, tenant.owner, noBanner)).meters[0]).toMatchObject({ limit: 0, state: 'exhausted' });
  }
  const pending = await aTenant(ctx, { status: 'PendingFulfillmentStart' });
  expect(refusalOf(await readUsage(ctx, pending.owner, noBanner))).toEqual({ code: 'no_subscription' });
  expect(refusalOf(await readUsage(ctx, anActor(), noBanner))).toEqual({ code: 'no_subscription' });
});
