import { METERS } from '../../../src/contract/meters';
import { createTicket } from '../../../src/features/tickets/create-ticket';
import { getTicket } from '../../../src/features/tickets/tickets';
import { inTenant } from '../../../src/platform/context';
import { type Database, DatabaseAway } from '../../../src/platform/db/database';
import { aTicket, books, creationOf, everything, key, refusalOf, unwrap } from '../../support/acts';
import { testContext } from '../../support/database';
import { anActor, aPlan, aTenant } from '../../support/tenant';

describe.each(METERS)('%s', (meter) => {
  const create = creationOf[meter];

  test('G1 every creation counts one, and counter, ledger and records agree', async () => {
    const { ctx } = await testContext();
    const tenant = await aTenant(ctx);
    for (let index = 0; index < 5; index += 1) unwrap(await create(ctx, tenant.owner, key()));
    expect(await books(ctx, tenant.tenantId, meter)).toEqual({ counted: 5, ledger: 5, records: 5 });
  });

  test('TW-10 TW-13 creation goes on through the warning and ends exactly at the limit, with every fact', async () => {
    const { ctx } = await testContext({ now: '2026-03-10T09:00:00.000Z' });
    const tenant = await aTenant(ctx);
    await tenant.use(meter, 98);
    unwrap(await create(ctx, tenant.owner, key()));
    unwrap(await create(ctx, tenant.owner, key()));
    expect(refusalOf(await create(ctx, tenant.owner, key()))).toEqual({
      code: 'quota_exhausted',
      meter,
      limit: 100,
      used: 100,
      held: 0,
      resetsAt: '2026-04-10T00:00:00.000Z',
      draftId: expect.any(String),
    });
  });

  test('G3 a refusal writes nothing to counter, ledger or records, and is not sticky', async () => {
    const { ctx } = await testContext();
    const tenant = await aTenant(ctx, { limits: { [meter]: 1 } });
    unwrap(await create(ctx, tenant.owner, key()));
    const before = await everything(ctx, tenant.tenantId);
    expect(refusalOf(await create(ctx, tenant.owner, key('the-refused-act')))).toMatchObject({ code: 'quota_exhausted' });
    expect(await everything(ctx, tenant.tenantId)).toEqual(before);

    await tenant.changePlan(await aPlan(ctx, { [meter]: 2 }));
    expect(unwrap(await create(ctx, tenant.owner, key('the-refused-act')))).toMatchObject({ replayed: false });
    expect(await books(ctx, tenant.tenantId, meter)).toEqual({ counted: 2, ledger: 2, records: 2 });
  });

  test('G2 a retry gives back the first outcome and counts once, even at the full limit and years later', async () => {
    const { ctx, clock } = await testContext();
    const tenant = await aTenant(ctx, { limits: { [meter]: 1 } });
    const first = unwrap(await create(ctx, tenant.owner, key('once')));
    expect(first.replayed).toBe(false);
    expect(unwrap(await create(ctx, tenant.owner, key('once')))).toEqual({ record: first.record, replayed: true });
    clock.advance({ days: 3 * 365 });
    expect(unwrap(await create(ctx, tenant.owner, key('once')))).toEqual({ record: first.record, replayed: true });
    expect(await books(ctx, tenant.tenantId, meter)).toEqual({ counted: 1, ledger: 1, records: 1 });
  });

  test('G2 the same key many times at once counts once', async () => {
    const { ctx } = await testContext();
    const tenant = await aTenant(ctx, { limits: { [meter]: 3 } });
    const results = await Promise.all(Array.from({ length: 20 }, () => create(ctx, tenant.owner, key('at-once'))));
    expect(new Set(results.map((result) => unwrap(result).record.id)).size).toBe(1);
    expect(results.filter((result) => !unwrap(result).replayed)).toHaveLength(1);
    expect(await books(ctx, tenant.tenantId, meter)).toEqual({ counted: 1, ledger: 1, records: 1 });
  });

  test('G2 a key reused for other content is a conflict, at the limit too', async () => {
    const { ctx } = await testContext();
    const tenant = await aTenant(ctx, { limits: { [meter]: 1 } });
    unwrap(await create(ctx, tenant.owner, key('taken'), 'Something'));
    expect(refusalOf(await create(ctx, tenant.owner, key('taken'), 'Something else'))).toEqual({ code: 'idempotency_conflict' });
    const together = await Promise.all(['One', 'Two'].map((title) => create(ctx, tenant.owner, key('together'), title)));
    expect(together.every((result) => !result.ok)).toBe(true);
  });

  test('G2 a colleague’s key is another act', async () => {
    const { ctx } = await testContext();
    const tenant = await aTenant(ctx);
    const colleague = await tenant.member();
    const mine = unwrap(await create(ctx, tenant.owner, key('same-words')));
    const theirs = unwrap(await create(ctx, colleague, key('same-words')));
    expect(theirs.replayed).toBe(false);
    expect(theirs.record.id).not.toBe(mine.record.id);
  });

  test('G1 five at once with two places left: two are admitted, three are refused and kept', async () => {
    const { ctx } = await testContext();
    const tenant = await aTenant(ctx);
    await tenant.use(meter, 98);
    const results = await Promise.all(Array.from({ length: 5 }, () => create(ctx, tenant.owner, key())));
    expect(results.filter((result) => result.ok)).toHaveLength(2);
    const drafts = results.flatMap((result) => (result.ok ? [] : [(result.refusal as { draftId: string }).draftId]));
    expect(new Set(drafts).size).toBe(3);
    expect(await books(ctx, tenant.tenantId, meter)).toMatchObject({ counted: 100, ledger: 100, records: 2 });
  });

  test('one bad act among combined ones fails alone', async () => {
    const { ctx } = await testContext();
    const tenant = await aTenant(ctx);
    // PostgreSQL cannot store NUL; the ways in refuse it, so only a fault of ours would bring it here.
    const titles = ['first', 'second', 'bad \u0000', 'third', 'fourth'];
    const results = await Promise.allSettled(titles.map((title) => create(ctx, tenant.owner, key(), title)));
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected', 'fulfilled', 'fulfilled']);
    expect(await books(ctx, tenant.tenantId, meter)).toEqual({ counted: 4, ledger: 4, records: 4 });
  });

  test('TW-17 one meter at its limit leaves the others as they are', async () => {
    const { ctx } = await testContext();
    const tenant = await aTenant(ctx, { limits: { [meter]: 0 } });
    for (const other of METERS) {
      const result = await creationOf[other](ctx, tenant.owner, key());
      expect(result.ok).toBe(other !== meter);
    }
  });

  test('an unlimited meter is never full', async () => {
    const { ctx } = await testContext();
    const tenant = await aTenant(ctx, { limits: { [meter]: null } });
    await tenant.use(meter, 1_000_000);
    unwrap(await create(ctx, tenant.owner, key()));
  });

  test('TW-18 at the period’s end to the millisecond creation works again, with no job having run', async () => {
    const { ctx, clock } = await testContext({ now: '2026-01-31T09:00:00.000Z' });
    const tenant = await aTenant(ctx, { limits: { [meter]: 1 }, timeZone: 'Europe/Rome' });
    unwrap(await create(ctx, tenant.owner, key()));
    clock.set('2026-02-27T22:59:59.999Z');
    expect(refusalOf(await create(ctx, tenant.owner, key('next-month')))).toMatchObject({ resetsAt: '2026-02-27T23:00:00.000Z' });
    clock.advance({ ms: 1 });
    expect(unwrap(await create(ctx, tenant.owner, key('next-month')))).toMatchObject({ replayed: false });
    expect(refusalOf(await create(ctx, tenant.owner, key()))).toMatchObject({ used: 1, resetsAt: '2026-03-30T22:00:00.000Z' });
  });

  test('G4 after periods in which nobody came the next act finds the right one', async () => {
    const { ctx, clock } = await testContext({ now: '2026-01-31T09:00:00.000Z' });
    const tenant = await aTenant(ctx, { limits: { [meter]: 1 } });
    unwrap(await create(ctx, tenant.owner, key()));
    clock.set('2027-08-15T12:00:00.000Z');
    unwrap(await create(ctx, tenant.owner, key()));
    const periods = await inTenant(ctx, tenant.tenantId, ({ db }) =>
      db.query<{ period_start: Date; period_end: Date; used: number }>(
        'select period_start, period_end, used::int as used from usage_counters where tenant_id = $1 and meter = $2 order by 1',
        [tenant.tenantId, meter],
      ),
    );
    expect(periods.map(({ period_start, period_end, used }) => [period_start.toISOString(), period_end.toISOString(), used])).toEqual([
      ['2026-01-31T09:00:00.000Z', '2026-02-28T00:00:00.000Z', 1],
      ['2027-07-31T00:00:00.000Z', '2027-08-31T00:00:00.000Z', 1],
    ]);
  });

  test('TW-21 an upgrade lifts the limit at once and the use goes on: 101, not 1', async () => {
    const { ctx } = await testContext();
    const tenant = await aTenant(ctx);
    await tenant.use(meter, 100);
    expect(refusalOf(await create(ctx, tenant.owner, key()))).toMatchObject({ used: 100, limit: 100 });
    await tenant.changePlan(await aPlan(ctx, { [meter]: 500 }));
    unwrap(await create(ctx, tenant.owner, key()));
    expect(await books(ctx, tenant.tenantId, meter)).toMatchObject({ counted: 101, ledger: 101 });
  });

  test('TW-02 whoever of the organization comes first is a member and creates; a stranger’s organization has no subscription', async () => {
    const { ctx } = await testContext();
    const tenant = await aTenant(ctx);
    const newcomers = Array.from({ length: 3 }, () => anActor({ tenantId: tenant.tenantId }));
    for (const result of await Promise.all(newcomers.map((actor) => create(ctx, actor, key())))) unwrap(result);
    expect(refusalOf(await create(ctx, anActor(), key()))).toEqual({ code: 'no_subscription' });
  });

  test('a viewer, a removed member and an organization that is not Subscribed create nothing', async () => {
    const { ctx } = await testContext();
    const tenant = await aTenant(ctx);
    const removed = await tenant.member();
    unwrap(await create(ctx, removed, key('before')));
    await inTenant(ctx, tenant.tenantId, ({ db }) =>
      db.query(`update members set state = 'removed' where tenant_id = $1 and member_id = $2`, [tenant.tenantId, removed.memberId]),
    );
    const viewer = await tenant.member('viewer');
    const before = await everything(ctx, tenant.tenantId);
    expect(refusalOf(await create(ctx, viewer, key()))).toEqual({ code: 'not_allowed', needs: 'create' });
    expect(refusalOf(await create(ctx, removed, key()))).toEqual({ code: 'access_removed' });
    expect(refusalOf(await create(ctx, removed, key('before')))).toEqual({ code: 'access_removed' });
    expect(await everything(ctx, tenant.tenantId)).toEqual(before);

    await tenant.setStatus('Suspended');
    expect(refusalOf(await create(ctx, tenant.owner, key()))).toEqual({ code: 'subscription_inactive', status: 'Suspended' });
    await tenant.setStatus('Subscribed');
    unwrap(await create(ctx, tenant.owner, key()));
    await tenant.setStatus('Unsubscribed');
    expect(refusalOf(await create(ctx, tenant.owner, key()))).toEqual({ code: 'subscription_inactive', status: 'Unsubscribed' });
  });

  test('a subscription that was never activated is none', async () => {
    const { ctx } = await testContext();
    const tenant = await aTenant(ctx, { status: 'PendingFulfillmentStart' });
    expect(refusalOf(await create(ctx, tenant.owner, key()))).toEqual({ code: 'no_subscription' });
  });
});

test('tickets are numbered from one, without gaps left by refusals, per organization', async () => {
  const { ctx } = await testContext();
  const [one, other] = [await aTenant(ctx, { limits: { tickets: 3 } }), await aTenant(ctx)];
  const numbers = [];
  for (const title of ['a', 'b', 'c']) numbers.push(unwrap(await createTicket(ctx, one.owner, key(), aTicket({ title }))).record.number);
  refusalOf(await createTicket(ctx, one.owner, key(), aTicket()));
  await one.changePlan(await aPlan(ctx, { tickets: 4 }));
  numbers.push(unwrap(await createTicket(ctx, one.owner, key(), aTicket())).record.number);
  expect(numbers).toEqual([1, 2, 3, 4]);
  expect(unwrap(await createTicket(ctx, other.owner, key(), aTicket())).record.number).toBe(1);
});

test('G2 a retry is answered as the first try, even when the person named in it has left since', async () => {
  const { ctx } = await testContext();
  const tenant = await aTenant(ctx);
  const leaver = await tenant.member();
  const input = aTicket({ assigneeId: leaver.memberId });
  const first = unwrap(await createTicket(ctx, tenant.owner, key('named'), input));
  await inTenant(ctx, tenant.tenantId, ({ db }) =>
    db.query(`update members set state = 'removed' where tenant_id = $1 and member_id = $2`, [tenant.tenantId, leaver.memberId]),
  );
  expect(unwrap(await createTicket(ctx, tenant.owner, key('named'), input))).toEqual({ record: first.record, replayed: true });
  expect(refusalOf(await createTicket(ctx, tenant.owner, key('new'), input))).toEqual({ code: 'member_not_found' });
});

test('what a creation answers is what is read afterwards', async () => {
  const { ctx } = await testContext();
  const tenant = await aTenant(ctx);
  const agent = await tenant.member('agent', 'Agent Anna');
  const input = aTicket({
    description: 'Smoke\nand fire',
    priority: 'urgent',
    assigneeId: agent.memberId,
    dueOn: '2026-04-01',
    tags: ['hall', 'b 2'],
  });
  const { record } = unwrap(await createTicket(ctx, tenant.owner, key(), input));
  expect(record).toMatchObject({
    description: input.description,
    tags: input.tags,
    dueOn: input.dueOn,
    priority: input.priority,
    assignee: { id: agent.memberId, name: 'Agent Anna' },
    status: 'open',
  });
  expect(unwrap(await getTicket(ctx, tenant.owner, record.id))).toEqual(record);
});

test('a changed allowance reaches the period that another instance has opened already, by a clock that is ahead', async () => {
  const { ctx, clock } = await testContext();
  const tenant = await aTenant(ctx, { limits: { tickets: 1 } });
  const edge = '2026-04-10T00:00:00.000Z';
  clock.set(edge);
  unwrap(await createTicket(ctx, tenant.owner, key(), aTicket()));
  clock.advance({ ms: -100 });
  await tenant.changePlan(await aPlan(ctx, { tickets: 3 }));
  clock.set(edge);
  for (let nth = 2; nth <= 3; nth += 1) unwrap(await createTicket(ctx, tenant.owner, key(), aTicket()));
  expect(refusalOf(await createTicket(ctx, tenant.owner, key(), aTicket()))).toMatchObject({ code: 'quota_exhausted', limit: 3, used: 3 });
});

describe('creations of several organizations at once', () => {
  /** A context that notes under which names statements ran. */
  async function watched() {
    const { ctx, clock } = await testContext();
    const names: (string | undefined)[] = [];
    const database: Database = {
      engine: ctx.database.engine,
      query: (text, values, name) => {
        names.push(name);
        return ctx.database.query(text, values, name);
      },
      transaction: (tenantId, work) => ctx.database.transaction(tenantId, work),
      close: () => ctx.database.close(),
    };
    return { ctx: { ...ctx, database }, clock, names };
  }

  test.each(METERS)(
    'G1 G9 %s of many organizations share one statement, and each has its own records, numbers and count',
    async (meter) => {
      const { ctx, names } = await watched();
      const tenants = await Promise.all(Array.from({ length: 6 }, () => aTenant(ctx)));
      const acts = tenants.flatMap((tenant, index) =>
        Array.from({ length: index + 1 }, (_, act) => ({ tenant, title: `${index} ${act}` })),
      );
      names.length = 0;
      const made = await Promise.all(acts.map(({ tenant, title }) => creationOf[meter](ctx, tenant.owner, key(), title)));
      const statements = names.filter(Boolean);
      expect(new Set(statements)).toEqual(new Set(['create_for_many']));
      expect(statements.length).toBeLessThan(acts.length);
      made.forEach((result, index) => {
        expect(unwrap(result)).toMatchObject({ replayed: false, record: { title: acts[index]!.title } });
      });
      for (const [index, tenant] of tenants.entries()) {
        expect(await books(ctx, tenant.tenantId, meter)).toEqual({ counted: index + 1, ledger: index + 1, records: index + 1 });
        const rows = await inTenant(ctx, tenant.tenantId, ({ db }) =>
          db.query<{ title: string }>(`select title from ${meter} order by title`),
        );
        expect(rows.map(({ title }) => title)).toEqual(acts.filter((act) => act.tenant === tenant).map(({ title }) => title));
      }
      // The statement forgets its tenants.
      expect(await ctx.database.query(`select 1 from ${meter}`)).toEqual([]);
    },
  );

  test('G2 G3 each gets its own outcome: admitted, replayed, in conflict, full, first of its period, suspended, unknown, a fault', async () => {
    const { ctx, names } = await watched();
    const [plain, full, rolled, suspended, joined, faulty] = await Promise.all(Array.from({ length: 6 }, () => aTenant(ctx)));
    unwrap(await createTicket(ctx, plain!.owner, key('again'), aTicket()));
    await full!.use('tickets', 100);
    await suspended!.setStatus('Suspended');
    await inTenant(ctx, rolled!.tenantId, ({ db }) =>
      db.query(`update usage_counters set valid_until = period_start where meter = 'tickets'`),
    );
    names.length = 0;
    const outcomes = await Promise.allSettled([
      createTicket(ctx, plain!.owner, key('again'), aTicket()),
      createTicket(ctx, plain!.owner, key('again'), aTicket({ title: 'Another' })),
      createTicket(ctx, plain!.owner, key(), aTicket()),
      createTicket(ctx, full!.owner, key(), aTicket()),
      createTicket(ctx, rolled!.owner, key(), aTicket()),
      createTicket(ctx, suspended!.owner, key(), aTicket()),
      createTicket(ctx, anActor({ tenantId: joined!.tenantId }), key(), aTicket()),
      creationOf.tickets(ctx, faulty!.owner, key(), 'bad \u0000'),
      createTicket(ctx, faulty!.owner, key(), aTicket()),
    ]);
    expect(names[0]).toBe('create_for_many');
    const said = outcomes.map((outcome) => {
      if (outcome.status === 'rejected') return 'fault';
      return outcome.value.ok ? (outcome.value.value.replayed ? 'replayed' : 'made') : outcome.value.refusal.code;
    });
    expect(said).toEqual([
      'replayed',
      'idempotency_conflict',
      'made',
      'quota_exhausted',
      'made',
      'subscription_inactive',
      'made',
      'fault',
      'made',
    ]);
    for (const [tenant, used] of [
      [plain, 2],
      [rolled, 1],
      [suspended, 0],
      [joined, 1],
      [faulty, 1],
    ] as const)
      expect(await books(ctx, tenant!.tenantId, 'tickets')).toEqual({ counted: used, ledger: used, records: used });
    expect(await books(ctx, full!.tenantId, 'tickets')).toMatchObject({ counted: 100, records: 0 });
  });

  test('when the shared statement fails as a whole each organization’s acts are made by themselves', async () => {
    const { ctx, names } = await watched();
    const tenants = await Promise.all(Array.from({ length: 3 }, () => aTenant(ctx)));
    const { query } = ctx.database;
    ctx.database.query = (text, values, name) =>
      name === 'create_for_many' ? Promise.reject(new Error('the connection broke')) : query(text, values, name);
    names.length = 0;
    const made = await Promise.all(tenants.map((tenant) => createTicket(ctx, tenant.owner, key(), aTicket())));
    expect(made.every(({ ok }) => ok)).toBe(true);
    expect(names.filter(Boolean)).toEqual(['create_tickets', 'create_tickets', 'create_tickets']);
  });

  test('a database that is away is asked once for an organization’s acts, not once for each', async () => {
    const { ctx, names } = await watched();
    const tenant = await aTenant(ctx);
    ctx.database.query = (_text, _values, name) => {
      names.push(name);
      return Promise.reject(new DatabaseAway(new Error('no route')));
    };
    names.length = 0;
    const sent = await Promise.allSettled(Array.from({ length: 20 }, () => createTicket(ctx, tenant.owner, key(), aTicket())));
    expect(sent.every((one) => one.status === 'rejected' && one.reason instanceof DatabaseAway)).toBe(true);
    expect(names).toEqual(['create_for_many', 'create_tickets']);
  });
});
