// biome-ignore-all lint/suspicious/noExplicitAny: what comes over the wire is looked at as it is
import { readFileSync } from 'node:fs';
import { type Caller, request } from './support/http';
import { startWorld, type World } from './support/world';

/** The metered example, from the purchase to Microsoft's books, over HTTP alone. */
describe('an organization on a metered plan: 50 tickets a month, more for those who agree (G11)', () => {
  let world: World;
  let owner: Caller;
  let subscription: any;

  const create = (title: string) => owner.post('/tickets', { title });
  const fill = async (count: number) => {
    for (let done = 0; done < count; done += 10) {
      const batch = Array.from({ length: Math.min(10, count - done) }, (_, index) => create(`Ticket ${done + index}`));
      for (const { status } of await Promise.all(batch)) expect(status).toBe(201);
    }
  };
  const reports = async () => (await world.operator().get('/metering/reports')).body.items;
  const trap = (traps: object) =>
    request('POST', `${world.url}/sandbox/api/marketplace/traps`, traps, { origin: world.url, 'sec-fetch-site': 'same-origin' });

  beforeAll(async () => {
    world = await startWorld({ preset: 'org-quota', edit: () => readFileSync('plans/examples/metered.yaml', 'utf8') });
    owner = world.as('owner');
    subscription = await world.buy('metered-standard');
  });

  test('nothing is metered until somebody agrees: ticket 51 is refused', async () => {
    await fill(50);
    expect(await create('one too many')).toMatchObject({ status: 402, body: { code: 'quota_exhausted', limit: 50 } });
    const { body } = await owner.get('/overage');
    expect(body.items).toMatchObject([
      { meter: 'tickets', included: 50, dimension: 'extra_ticket', agreement: null, words: expect.stringContaining('billed by Microsoft') },
      { meter: 'checklists', included: 25, agreement: null },
    ]);
    expect((await owner.put('/overage/opportunities', { agrees: true, cap: null })).body).toMatchObject({
      code: 'overage_not_possible',
      reason: 'not_in_plan',
    });
    expect((await world.as('member').put('/overage/tickets', { agrees: true, cap: null })).status).toBe(403);
  });

  test('with an agreement and a cap of 5, five more are admitted and booked at Microsoft, once, although its first answer is lost', async () => {
    expect(await owner.put('/overage/tickets', { agrees: true, cap: 5 })).toMatchObject({ status: 200, body: { agreement: { cap: 5 } } });
    await fill(5);
    expect(await create('beyond the cap')).toMatchObject({ status: 402, body: { limit: 55, used: 55 } });
    await trap({ loseAnswers: 1, slowUsage: 300 });
    await world.advance({ hours: 1, minutes: 2 });
    await world.settle();
    const items = await reports();
    expect(items).toMatchObject([
      {
        dimension: 'extra_ticket',
        planId: 'metered-standard',
        quantity: '5',
        state: 'accepted',
        accepted: '5',
        subscriptionId: subscription.id,
      },
    ]);
    expect(items[0].usageEventId).toEqual(expect.any(String));
    const { body } = await world.operator().get('/marketplace/calls');
    const told = body.items.filter(({ path }: any) => /usageEvent/iu.test(path));
    expect(told.map(({ durationMs }: any) => durationMs >= 300)).toEqual([true, true]);
    await trap({ slowUsage: 0 });
    expect((await owner.get('/overage')).body.items[0]).toMatchObject({ accepted: '5', pending: '0' });
  });

  test('an outage of days is caught up: what is older than 24 hours is carried, nothing is dropped', async () => {
    expect((await owner.put('/overage/tickets', { agrees: true, cap: null })).status).toBe(200);
    await fill(3);
    await world.advance({ days: 3 });
    await fill(1);
    await world.advance({ hours: 2 });
    await world.settle();
    const accepted = (await reports()).map(({ accepted }: any) => Number(accepted));
    expect(accepted.reduce((sum: number, one: number) => sum + one, 0)).toBe(9);
  });

  test('the days are compared with Microsoft’s account, and are equal', async () => {
    await world.advance({ days: 3 });
    await world.settle();
    expect((await world.operator().get('/metering/differences')).body.items).toEqual([]);
  });

  test('ending the agreement lets the limit refuse again', async () => {
    const { body } = await owner.send('DELETE', '/overage/tickets');
    expect(body.items[0]).toMatchObject({ agreement: null });
    expect((await create('no more')).status).toBe(402);
  });
});
