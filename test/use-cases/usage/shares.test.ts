import { NewTicket } from '../../../src/contract/tickets';
import { listShares, setShare } from '../../../src/features/shares/shares';
import { createTeam } from '../../../src/features/teams/create-team';
import { archiveTeam } from '../../../src/features/teams/teams';
import { createTicket } from '../../../src/features/tickets/create-ticket';
import { undoTicket } from '../../../src/features/tickets/tickets';
import type { CreationKey } from '../../../src/features/usage/creation';
import { explain } from '../../../src/features/usage/explain';
import { restartUsage } from '../../../src/features/usage/restart-usage';
import { inTenant } from '../../../src/platform/context';
import { everything, key, refusalOf, unwrap } from '../../support/acts';
import { testContext } from '../../support/database';
import { aPlanOf } from '../../support/packages';
import { aTenant } from '../../support/tenant';

async function world(allocation: 'per_team' | 'none' = 'per_team', amount = 10) {
  const { ctx, clock } = await testContext();
  const tenant = await aTenant(ctx, { plan: await aPlanOf(ctx, { quotas: { tickets: { amount, allocation } } }) });
  const team = (name: string) => createTeam(ctx, tenant.owner, key(), { name, invitations: 'all_members', discoverable: true });
  const [red, blue] = [unwrap(await team('Red')).record, unwrap(await team('Blue')).record];
  return {
    ctx,
    clock,
    tenant,
    red,
    blue,
    share: (teamId: string, units: number | null) => setShare(ctx, tenant.owner, { meter: 'tickets', teamId, amount: units }),
    ticket: (teamId?: string, named: CreationKey = key()) =>
      createTicket(ctx, tenant.owner, named, NewTicket.parse({ title: 'Printer on fire', teamId })),
    used: async () => unwrap(await explain(ctx, tenant.owner, { meter: 'tickets' })).used,
    listed: async () => {
      const { unallocated, shares } = unwrap(await listShares(ctx, tenant.owner, 'tickets'));
      return {
        unallocated,
        shares: shares.map(({ team: { name }, ...numbers }) => [name, numbers.amount, numbers.used, numbers.remaining]),
      };
    },
  };
}

test('TW-07 an act that names a team takes from the team’s share and from the organization’s quota', async () => {
  const { red, blue, share, ticket, used, listed } = await world();
  unwrap(await share(red.id, 2));
  unwrap(await share(blue.id, 3));
  unwrap(await ticket(red.id));
  unwrap(await ticket());
  expect(await used()).toBe(2);
  expect(await listed()).toEqual({
    unallocated: 5,
    shares: [
      ['Blue', 3, 0, 3],
      ['Red', 2, 1, 1],
    ],
  });
});

test('TW-07 G3 a share that is used up refuses whole: neither the team’s row nor the organization’s moves; others go on', async () => {
  const { ctx, tenant, red, blue, share, ticket, used } = await world();
  unwrap(await share(red.id, 2));
  for (let count = 0; count < 2; count += 1) unwrap(await ticket(red.id));
  const before = await everything(ctx, tenant.tenantId);
  expect(refusalOf(await ticket(red.id))).toMatchObject({
    code: 'quota_exhausted',
    teamId: red.id,
    limit: 2,
    used: 2,
    draftId: expect.any(String),
  });
  expect(await everything(ctx, tenant.tenantId)).toEqual(before);
  unwrap(await ticket(blue.id));
  unwrap(await ticket());
  expect(await used()).toBe(4);
});

test.each([
  ['reset', 'keep', 0],
  ['keep', 'reset', 2],
  ['reset', 'reset', 0],
] as const)(
  'TW-07 TW-21 G1 a change of plan (usage %s, anchor %s) moves the use of the team’s share as that of the organization',
  async (usage, anchor, left) => {
    const { ctx, clock, tenant, red, share, ticket, used, listed } = await world();
    unwrap(await share(red.id, 2));
    for (let count = 0; count < 2; count += 1) unwrap(await ticket(red.id));
    clock.advance({ days: 3 });
    await inTenant(ctx, tenant.tenantId, (tx) => restartUsage(tx, tenant.tenantId, { usage, anchor }, ctx.now()));
    expect(await used()).toBe(left);
    expect((await listed()).shares).toEqual([['Red', 2, left, 2 - left]]);
    expect((await ticket(red.id)).ok).toBe(left === 0);
    const books = await inTenant(ctx, tenant.tenantId, ({ db }) =>
      db.query<{ used: number; ledger: number }>(
        `select c.used::int as used, (select coalesce(sum(case kind when 'release' then -quantity else quantity end), 0)::int from usage_records r
                                     where r.tenant_id = $1 and r.scope_id = c.scope_id and r.meter = c.meter and r.period_start = c.period_start) as ledger
         from usage_counters c where c.tenant_id = $1 and c.meter = 'tickets'`,
        [tenant.tenantId],
      ),
    );
    for (const row of books) expect(row.used).toBe(row.ledger);
  },
);

test('TW-07 the organization’s quota refuses although the share has room', async () => {
  const { red, share, ticket, listed } = await world('per_team', 2);
  unwrap(await share(red.id, 2));
  for (let count = 0; count < 2; count += 1) unwrap(await ticket());
  const refusal = refusalOf(await ticket(red.id));
  expect(refusal).toMatchObject({ code: 'quota_exhausted', limit: 2, used: 2 });
  expect(refusal).not.toHaveProperty('teamId');
  expect((await listed()).shares).toEqual([['Red', 2, 0, 2]]);
});

test('G2 a retry is a replay, when the share is full and when the team is gone', async () => {
  const { ctx, tenant, red, share, ticket, used } = await world();
  unwrap(await share(red.id, 1));
  unwrap(await ticket(red.id, key('same')));
  expect(unwrap(await ticket(red.id, key('same'))).replayed).toBe(true);
  unwrap(await archiveTeam(ctx, tenant.owner, red.id, red.revision));
  expect(unwrap(await ticket(red.id, key('same'))).replayed).toBe(true);
  expect(refusalOf(await ticket(red.id))).toMatchObject({ code: 'team_archived' });
  expect(await used()).toBe(1);
});

test('G1 thirty at once take exactly the share, and an undo gives back to both', async () => {
  const { ctx, tenant, red, share, ticket, used, listed } = await world('per_team', 100);
  unwrap(await share(red.id, 7));
  const outcomes = await Promise.all(Array.from({ length: 30 }, () => ticket(red.id)));
  expect(outcomes.filter(({ ok }) => ok)).toHaveLength(7);
  expect([await used(), (await listed()).shares]).toEqual([7, [['Red', 7, 7, 0]]]);
  const made = outcomes.find((one) => one.ok)!;
  unwrap(await undoTicket(ctx, tenant.owner, unwrap(made).record.id));
  expect([await used(), (await listed()).shares]).toEqual([6, [['Red', 7, 6, 1]]]);
  unwrap(await ticket(red.id));
  expect(refusalOf(await ticket(red.id))).toMatchObject({ teamId: red.id });
  const ledgers = await inTenant(ctx, tenant.tenantId, ({ db }) =>
    db.query(
      `select scope_id like 'team:%' as "ofTeam", sum(case kind when 'release' then -quantity else quantity end)::int as noted
         from usage_records where tenant_id = $1 and meter = 'tickets' group by 1 order by 1`,
      [tenant.tenantId],
    ),
  );
  expect(ledgers).toEqual([
    { ofTeam: false, noted: 7 },
    { ofTeam: true, noted: 7 },
  ]);
});

test('a share begins anew with the period, without anybody acting', async () => {
  const { clock, red, share, ticket, listed } = await world();
  unwrap(await share(red.id, 1));
  unwrap(await ticket(red.id));
  clock.advance({ days: 31 });
  expect((await listed()).shares).toEqual([['Red', 1, 0, 1]]);
  unwrap(await ticket(red.id));
  expect(refusalOf(await ticket(red.id))).toMatchObject({ teamId: red.id });
});

test('shares together are at most what is available; taken away they limit nothing', async () => {
  const { red, blue, share, ticket } = await world();
  unwrap(await share(red.id, 6));
  expect(refusalOf(await share(blue.id, 5))).toEqual({ code: 'allocation_too_large', meter: 'tickets', available: 10, allocated: 11 });
  unwrap(await share(red.id, 0));
  expect(refusalOf(await ticket(red.id))).toMatchObject({ teamId: red.id, limit: 0 });
  unwrap(await share(red.id, null));
  unwrap(await ticket(red.id));
});

test('where the plan knows no shares none is given, and one that was given limits nothing', async () => {
  const { ctx, tenant, red, share, ticket } = await world();
  unwrap(await share(red.id, 1));
  await tenant.changePlan(await aPlanOf(ctx, { quotas: { tickets: 10 } }));
  for (let count = 0; count < 3; count += 1) unwrap(await ticket(red.id));
  expect(refusalOf(await share(red.id, 2))).toEqual({ code: 'allocation_off', meter: 'tickets' });
});

test('only who manages the plan gives shares, only who is in a team creates for it, and another organization’s team is not there', async () => {
  const { ctx, tenant, red, ticket } = await world();
  const other = await world();
  const agent = await tenant.member('agent');
  expect(refusalOf(await setShare(ctx, agent, { meter: 'tickets', teamId: red.id, amount: 1 }))).toMatchObject({ code: 'not_allowed' });
  expect(refusalOf(await createTicket(ctx, agent, key(), NewTicket.parse({ title: 'X', teamId: red.id })))).toEqual({
    code: 'team_not_found',
  });
  expect(refusalOf(await ticket(other.red.id))).toEqual({ code: 'team_not_found' });
  expect(refusalOf(await setShare(ctx, tenant.owner, { meter: 'tickets', teamId: other.red.id, amount: 1 }))).toEqual({
    code: 'team_not_found',
  });
});
