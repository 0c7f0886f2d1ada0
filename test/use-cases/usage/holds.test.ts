import { randomUUID } from 'node:crypto';
import { explain } from '../../../src/features/usage/explain';
import { confirmHold, openHold, releaseHold } from '../../../src/features/usage/hold-units';
import { type Context, inTenant } from '../../../src/platform/context';
import { creationOf, key, refusalOf, unwrap } from '../../support/acts';
import { testContext } from '../../support/database';
import { aTenant, type TestTenant } from '../../support/tenant';

const create = creationOf.tickets;

async function world(limit = 5) {
  const { ctx, clock } = await testContext();
  const tenant = await aTenant(ctx, { limits: { tickets: limit } });
  const open = (quantity: number, minutes = 10, name: string = randomUUID()) =>
    inTenant(ctx, tenant.tenantId, (tx) =>
      openHold(
        tx,
        tenant.tenantId,
        {
          meter: 'tickets',
          quantity,
          key: name,
          fingerprint: String(quantity),
          actor: tenant.owner.memberId,
          expiresAt: new Date(ctx.now().getTime() + minutes * 60_000),
        },
        ctx.now(),
      ),
    );
  const confirm = (holdId: string, subject: string = randomUUID()) =>
    inTenant(ctx, tenant.tenantId, (tx) => confirmHold(tx, tenant.tenantId, holdId, subject, ctx.now()));
  const free = (holdId: string) => inTenant(ctx, tenant.tenantId, (tx) => releaseHold(tx, tenant.tenantId, holdId, ctx.now()));
  return { ctx, clock, tenant, open, confirm, free, shown: (at?: Date) => numbers(ctx, tenant, at) };
}

async function numbers(ctx: Context, tenant: TestTenant, at?: Date) {
  const { used, held, remaining } = unwrap(await explain(ctx, tenant.owner, { meter: 'tickets', at }));
  return { used, held, remaining };
}

const ledger = (ctx: Context, tenant: TestTenant) =>
  inTenant(ctx, tenant.tenantId, ({ db }) =>
    db.query(
      `select (select sum(used)::int from usage_counters where tenant_id = $1 and meter = 'tickets') as used,
              (select coalesce(sum(quantity), 0)::int from usage_records where tenant_id = $1 and meter = 'tickets') as noted`,
      [tenant.tenantId],
    ),
  );

test('G1 what is held counts against the limit; confirmed it is used, once, and released it is free', async () => {
  const { ctx, tenant, open, confirm, free, shown } = await world();
  const one = unwrap(await open(3)).holdId;
  const two = unwrap(await open(2)).holdId;
  expect(await shown()).toEqual({ used: 0, held: 5, remaining: 0 });
  expect(refusalOf(await create(ctx, tenant.owner, key()))).toMatchObject({ code: 'quota_exhausted', used: 0, held: 5 });
  expect(refusalOf(await open(1))).toMatchObject({ code: 'limit_reached', held: 5 });
  unwrap(await confirm(one));
  unwrap(await confirm(one));
  unwrap(await free(two));
  unwrap(await free(two));
  expect(await shown()).toEqual({ used: 3, held: 0, remaining: 2 });
  expect(refusalOf(await free(one))).toEqual({ code: 'hold_closed', state: 'confirmed' });
  expect(refusalOf(await confirm(two))).toEqual({ code: 'hold_closed', state: 'released' });
  expect(refusalOf(await confirm(randomUUID()))).toEqual({ code: 'hold_not_found' });
  expect(await ledger(ctx, tenant)).toEqual([{ used: 3, noted: 3 }]);
});

test('G2 the same key is the same hold; with other content it is a conflict', async () => {
  const { open, shown } = await world();
  const first = unwrap(await open(2, 10, 'mine'));
  expect(unwrap(await open(2, 10, 'mine'))).toEqual(first);
  expect(refusalOf(await open(3, 10, 'mine'))).toEqual({ code: 'idempotency_conflict' });
  expect(await shown()).toMatchObject({ held: 2 });
});

test('a hold whose time has run out blocks nobody, though no job has run, and cannot be confirmed', async () => {
  const { ctx, clock, tenant, open, confirm, shown } = await world();
  const { holdId } = unwrap(await open(5, 10));
  clock.advance({ minutes: 10, ms: -1 });
  expect(refusalOf(await create(ctx, tenant.owner, key()))).toMatchObject({ held: 5 });
  clock.advance({ ms: 1 });
  expect(await shown()).toEqual({ used: 0, held: 0, remaining: 5 });
  expect(refusalOf(await confirm(holdId))).toEqual({ code: 'hold_closed', state: 'expired' });
  unwrap(await create(ctx, tenant.owner, key()));
  expect(await shown()).toEqual({ used: 1, held: 0, remaining: 4 });
  // What was held then is still told of then.
  expect(await shown(new Date(ctx.now().getTime() - 1000))).toMatchObject({ held: 5 });
});

test('a hold counts in the period it was opened in, whenever it is confirmed', async () => {
  const { ctx, clock, tenant, open, confirm, shown } = await world();
  const opened = ctx.now();
  const { holdId } = unwrap(await open(4, 60 * 24 * 60));
  clock.advance({ days: 40 });
  expect(await shown()).toEqual({ used: 0, held: 0, remaining: 5 });
  for (let count = 0; count < 5; count += 1) unwrap(await create(ctx, tenant.owner, key()));
  unwrap(await confirm(holdId));
  expect(await shown()).toEqual({ used: 5, held: 0, remaining: 0 });
  const rows = await inTenant(ctx, tenant.tenantId, ({ db }) =>
    db.query<{ used: number; held: number }>(
      `select used::int as used, held::int as held from usage_counters where tenant_id = $1 and meter = 'tickets' order by period_start`,
      [tenant.tenantId],
    ),
  );
  expect(rows).toEqual([
    { used: 4, held: 0 },
    { used: 5, held: 0 },
  ]);
  expect(await shown(opened)).toMatchObject({ used: 0, held: 4 });
});

test('many at once hold exactly what there is', async () => {
  const { open, shown } = await world(7);
  const outcomes = await Promise.all(Array.from({ length: 12 }, () => open(1)));
  expect(outcomes.filter(({ ok }) => ok)).toHaveLength(7);
  expect(await shown()).toEqual({ used: 0, held: 7, remaining: 0 });
});
