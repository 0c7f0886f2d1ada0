import { Explanation } from '../../../src/contract/usage';
import { createTeam } from '../../../src/features/teams/create-team';
import { archiveTeam } from '../../../src/features/teams/teams';
import { setOverride } from '../../../src/features/usage/deviate';
import { explain } from '../../../src/features/usage/explain';
import { readUsage } from '../../../src/features/usage/read-usage';
import { unlockGrants } from '../../../src/features/usage/unlock-grants';
import { type Context, inTenant } from '../../../src/platform/context';
import { creationOf, everything, key, refusalOf, unwrap } from '../../support/acts';
import { testContext } from '../../support/database';
import { aPlanOf, becomes, buys } from '../../support/packages';
import { anActor, aTenant, type TestTenant } from '../../support/tenant';

const reason = { en: 'Paid groups only.', de: 'Nur bezahlte Gruppen.', it: 'Solo gruppi pagati.' };

async function aClub(timeZone = 'UTC') {
  const { ctx, clock } = await testContext();
  const club = await aTenant(ctx, { plan: await aPlanOf(ctx, { limits: { teams: 10 }, quotas: { tickets: 5 } }), timeZone });
  clock.advance({ days: 3 });
  const addon = await aPlanOf(ctx, {
    role: 'addon',
    rank: 20,
    limits: { teams: { amount: 4, activation: 'on_payment', immediately: 1, reason } },
  });
  const packageId = await buys(ctx, club.tenantId, addon);
  return { ctx, clock, club, addon, packageId };
}

const explained = async (ctx: Context, tenant: TestTenant, meter: string, at?: Date, locale = 'en') =>
  unwrap(await explain(ctx, { ...tenant.owner, locale }, { meter, at }));

const team = (ctx: Context, tenant: TestTenant, name = 'Group') =>
  createTeam(ctx, tenant.owner, key(), { name, invitations: 'all_members', discoverable: true });

/** The sums of the grants that an explanation names. */
function sums({ grants }: Explanation) {
  const sum = (...states: string[]) =>
    grants.filter(({ state }) => states.includes(state)).reduce((total, { amount }) => total + amount!, 0);
  return { entitled: sum('active', 'pending', 'expired'), available: sum('active', 'expired') };
}

test('HO-04 HO-05 HO-06 HO-17 one answer says both numbers, each grant, why it waits and what unlocks it', async () => {
  const { ctx, club, addon } = await aClub();
  const found = await explained(ctx, club, 'teams');
  expect(Explanation.parse(found)).toEqual(found);
  expect(found).toMatchObject({
    meter: 'teams',
    name: 'teams',
    entitled: 14,
    available: 11,
    pending: 3,
    limit: 11,
    used: 0,
    remaining: 11,
    period: null,
    state: 'open',
    pendingWords: '14 entitled, 11 available, 3 pending until payment',
  });
  expect(found.words).toBe(
    '0 of 11 teams are in use, 11 are free. A place is free again as soon as one is archived or removed. 14 entitled, 11 available, 3 pending until payment.',
  );
  expect(found.grants).toMatchObject([
    { source: 'plan', name: club.plan.planId, amount: 10, state: 'active', reason: null, unlock: null },
    { source: 'addon', name: addon.planId, amount: 1, state: 'active', reason: null, unlock: null },
    {
      source: 'addon',
      name: addon.planId,
      amount: 3,
      state: 'pending',
      reason: 'Paid groups only.',
      unlock: 'Becomes available when the next invoice is paid, or earlier if support unlocks it.',
    },
  ]);
  const german = await explained(ctx, club, 'teams', undefined, 'de-AT');
  expect(german.pendingWords).toBe('14 zustehend, 11 verfügbar, 3 bis zur Zahlung ausstehend');
  expect(german.grants[2]!.reason).toBe('Nur bezahlte Gruppen.');
  expect((await explained(ctx, club, 'teams', undefined, 'it')).pendingWords).toBe(
    '14 spettanti, 11 disponibili, 3 in attesa di pagamento',
  );
});

test('HO-06 the list of all meters and the refusal say the same', async () => {
  const { ctx, club } = await aClub();
  for (let count = 1; count <= 11; count += 1) unwrap(await team(ctx, club));
  const refusal = refusalOf(await team(ctx, club));
  expect(refusal).toMatchObject({ code: 'limit_reached', limit: 11, used: 11, pending: { entitled: 14, available: 11, until: 'payment' } });
  const listed = unwrap(await readUsage(ctx, club.owner, async () => null)).limits.find(({ meter }) => meter === 'teams')!;
  const { entitled, available, used, held, remaining, limit, state, pendingWords } = await explained(ctx, club, 'teams');
  expect(listed).toMatchObject({ entitled, available, used, held, remaining, limit, state, pendingWords });
});

test('G10 an instant of the past is told as it was told then: grants, use, holds of now change nothing about it', async () => {
  const { ctx, clock, club, packageId } = await aClub('Europe/Rome');
  const said: { at: Date; meter: string; told: Explanation }[] = [];
  const note = async () => {
    for (const meter of ['teams', 'tickets']) said.push({ at: ctx.now(), meter, told: await explained(ctx, club, meter) });
    clock.advance({ hours: 30 });
  };
  await note();
  const made = unwrap(await team(ctx, club)).record;
  for (let count = 1; count <= 4; count += 1) unwrap(await creationOf.tickets(ctx, club.owner, key()));
  await note();
  await inTenant(ctx, club.tenantId, (tx) => unlockGrants(tx, club.tenantId, { meter: 'teams', actor: 'support' }, ctx.now()));
  await note();
  unwrap(await archiveTeam(ctx, club.owner, made.id, made.revision));
  await note();
  await becomes(ctx, club.tenantId, packageId, { status: 'Suspended' });
  await note();
  await becomes(ctx, club.tenantId, packageId, { status: 'Unsubscribed' });
  await club.changePlan(await aPlanOf(ctx, { quotas: { tickets: 2 }, limits: { teams: 3 } }));
  await note();
  clock.advance({ days: 70 });
  unwrap(await creationOf.tickets(ctx, club.owner, key()));
  await note();
  for (const { at, meter, told } of said) {
    const { forecast: _told, ...before } = told;
    const { forecast, ...now } = await explained(ctx, club, meter, at);
    expect(now).toEqual(before);
    expect(forecast).toBeNull();
  }
});

test('G10 at every instant the grants named sum to what is entitled and available', async () => {
  const { ctx, clock, club } = await aClub();
  await inTenant(ctx, club.tenantId, ({ db, newId }) =>
    db.query(
      `insert into grants (tenant_id, grant_id, meter, source, source_id, amount, effective_at, expires_at, activated_at, state, reason, created_at)
       values ($1, $2, 'tickets', 'support', 'desk', 20, $3, $4, $3, 'active', 'Sorry for the wait', $5)`,
      [club.tenantId, newId(), '2026-03-20T00:00:00Z', '2026-03-25T00:00:00Z', ctx.now()],
    ),
  );
  await club.changePlan(club.plan);
  for (let count = 1; count <= 4; count += 1) unwrap(await creationOf.tickets(ctx, club.owner, key()));
  clock.set('2026-03-21T00:00:00.000Z');
  for (let count = 1; count <= 6; count += 1) unwrap(await creationOf.tickets(ctx, club.owner, key()));
  const instants = ['2026-03-14', '2026-03-20', '2026-03-24', '2026-03-25', '2026-04-09', '2026-04-10', '2027-01-01'];
  const seen = [];
  for (const day of instants) {
    for (const meter of ['tickets', 'teams']) {
      const found = await explained(ctx, club, meter, new Date(`${day}T00:00:00Z`));
      expect(sums(found)).toEqual({ entitled: found.entitled, available: found.available });
      if (meter === 'tickets') seen.push([day, found.available, found.used]);
    }
  }
  // The goodwill is used first: what was used of it stays when it ends.
  expect(seen).toEqual([
    ['2026-03-14', 5, 4],
    ['2026-03-20', 25, 4],
    ['2026-03-24', 25, 10],
    ['2026-03-25', 15, 10],
    ['2026-04-09', 15, 10],
    ['2026-04-10', 5, 0],
    ['2027-01-01', 5, 0],
  ]);
  const [goodwill] = (await explained(ctx, club, 'tickets', new Date('2026-03-26T00:00:00Z'))).grants.filter(
    ({ source }) => source === 'support',
  );
  expect(goodwill).toMatchObject({ name: 'Goodwill', amount: 10, state: 'expired', reason: 'Sorry for the wait' });
  expect(goodwill!.unlock).toMatch(/^Ended on 25 Mar 2026/u);
});

test('HO-10 a rule that is to come is visible as coming and limits nothing before', async () => {
  const { ctx, clock } = await testContext({ now: '2026-03-10T09:00:00.000Z' });
  const transition = { announceAt: '2026-03-15T00:00:00Z', enforceFrom: '2026-04-01T00:00:00Z', chargeFrom: '2026-06-30T00:00:00Z' };
  const club = await aTenant(ctx, { plan: await aPlanOf(ctx, { limits: { teams: 2 }, policies: { transition } }) });
  expect((await explained(ctx, club, 'teams')).grants.map(({ state }) => state)).toEqual(['active']);
  clock.set('2026-03-20T00:00:00.000Z');
  for (let count = 1; count <= 4; count += 1) unwrap(await team(ctx, club));
  expect(await explained(ctx, club, 'teams')).toMatchObject({
    limit: null,
    state: 'open',
    grants: [
      { source: 'transition', amount: null, state: 'active', unlock: 'Ends on 1 Apr 2026.' },
      { source: 'plan', amount: 2, state: 'upcoming', unlock: 'Begins on 1 Apr 2026.' },
    ],
  });
  clock.set('2026-04-01T00:00:00.000Z');
  expect(await explained(ctx, club, 'teams')).toMatchObject({ limit: 2, used: 4, state: 'exhausted' });
  expect(refusalOf(await team(ctx, club))).toMatchObject({ code: 'limit_reached', limit: 2, used: 4 });
});

test('an override holds for its time, at once and on every surface', async () => {
  const { ctx, clock, club } = await aClub();
  const until = new Date('2026-03-20T00:00:00Z');
  const set = (path: string, value: unknown) =>
    inTenant(ctx, club.tenantId, (tx) =>
      setOverride(tx, club.tenantId, { path, value, reason: 'Fair', actor: 'support', expiresAt: until }, ctx.now()),
    );
  for (let count = 1; count <= 5; count += 1) unwrap(await creationOf.tickets(ctx, club.owner, key()));
  expect(refusalOf(await creationOf.tickets(ctx, club.owner, key()))).toMatchObject({ limit: 5 });
  unwrap(await set('tickets.tolerance', 2));
  unwrap(await creationOf.tickets(ctx, club.owner, key()));
  expect(await explained(ctx, club, 'tickets')).toMatchObject({ available: 5, limit: 7, used: 6, remaining: 1 });
  unwrap(await set('tickets.enforcement', 'soft'));
  for (let count = 1; count <= 4; count += 1) unwrap(await creationOf.tickets(ctx, club.owner, key()));
  expect(await explained(ctx, club, 'tickets')).toMatchObject({ limit: 5, used: 10, state: 'over', enforcement: 'soft' });
  clock.set('2026-03-20T00:00:00.000Z');
  expect(await explained(ctx, club, 'tickets')).toMatchObject({ limit: 5, used: 10, state: 'exhausted' });
  expect(refusalOf(await creationOf.tickets(ctx, club.owner, key()))).toMatchObject({ limit: 5, used: 10 });

  for (const [path, value] of [
    ['tickets.tolerance', -1],
    ['tickets.tolerance', 1.5],
    ['tickets.activation', 'now'],
    ['tickets.notice.thresholds', [0]],
    ['tickets', 1],
    ['teams.rollover', { cap: 1 }],
    ['tickets.notice.unknown', 1],
  ] as const)
    expect(refusalOf(await set(path, value))).toMatchObject({ code: 'override_invalid', path });
});

test('explaining writes nothing; an unknown meter, and another tenant’s, are not there', async () => {
  const { ctx, club } = await aClub();
  await explained(ctx, club, 'teams');
  const before = await everything(ctx, club.tenantId);
  await explained(ctx, club, 'teams');
  await explained(ctx, club, 'tickets', new Date('2026-03-10T10:00:00Z'));
  expect(await everything(ctx, club.tenantId)).toEqual(before);
  expect(refusalOf(await explain(ctx, club.owner, { meter: 'boards' }))).toEqual({ code: 'meter_not_found', meter: 'boards' });
  expect(refusalOf(await explain(ctx, anActor(), { meter: 'tickets' }))).toEqual({ code: 'no_subscription' });
});
