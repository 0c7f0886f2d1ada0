// biome-ignore-all lint/suspicious/noExplicitAny: what comes over the wire is looked at as it is
import type { Caller } from './support/http';
import { startWorld, type World } from './support/world';

type Meter = 'tickets' | 'checklists' | 'opportunities';

const ONE: Record<Meter, (index: number) => object> = {
  tickets: (index) => ({ title: `Ticket ${index}` }),
  checklists: (index) => ({ title: `Checklist ${index}`, items: [{ text: 'first' }, { text: 'second' }] }),
  opportunities: (index) => ({ title: `Opportunity ${index}`, customer: 'Example GmbH' }),
};
const create = (who: Caller, meter: Meter, more: object = {}) => who.post(`/${meter}`, { ...ONE[meter](1), ...more });

/** Creates so many, some at a time; all must be admitted. */
async function fill(who: Caller, meter: Meter, count: number): Promise<any[]> {
  const made: any[] = [];
  while (made.length < count) {
    const batch = Array.from({ length: Math.min(10, count - made.length) }, (_, index) =>
      who.post(`/${meter}`, ONE[meter](made.length + index)),
    );
    for (const { status, body } of await Promise.all(batch)) {
      expect({ status, code: body.code }).toEqual({ status: 201, code: undefined });
      made.push(body);
    }
  }
  return made;
}

async function usageOf(who: Caller, meter: Meter): Promise<any> {
  const { body } = await who.get('/usage');
  return body.meters.find((one: any) => one.meter === meter);
}
/** Creates until so many are used; more than that is none of its business. */
async function upTo(who: Caller, meter: Meter, count: number): Promise<void> {
  const { used } = await usageOf(who, meter);
  await fill(who, meter, Math.max(0, count - used));
}
const bought = async (who: Caller): Promise<any> => (await who.get('/subscriptions')).body.items[0];

describe('an organization on Premium: 100 tickets, 50 checklists, 50 opportunities', () => {
  let world: World;
  let owner: Caller;
  let agent: Caller;
  let member: Caller;
  let agentId: string;
  const all = async (path: string): Promise<any[]> => (await owner.get(path)).body.items;

  beforeAll(async () => {
    world = await startWorld({ preset: 'org-quota', month: 4 });
    [owner, agent, member] = [world.as('owner'), world.as('agent'), world.as('member')];
    await world.buy('premium');
    agentId = (await agent.get('/me')).body.member.id;
    await create(agent, 'tickets', { assigneeId: agentId });
  });

  test('TW-01: one license for the organization: five hundred people join, and quota, price and licenses stay as they are', async () => {
    const before = await owner.get('/usage');
    const plan = await bought(owner);
    for (let joined = 0; joined < 500; joined += 50) {
      const arrivals = await Promise.all(Array.from({ length: 50 }, () => world.as(world.someone()).get('/me')));
      expect(arrivals.every(({ status, body }) => status === 200 && body.member.role === 'member' && body.may.create)).toBe(true);
    }
    expect((await owner.get('/members?limit=100')).body.nextCursor).not.toBeNull();
    const after = await owner.get('/usage');
    expect({ ...after.body, asOf: null }).toEqual({ ...before.body, asOf: null });
    expect(await bought(owner)).toEqual(plan);
    expect((await owner.get('/me')).body.license).toBeNull();
  });

  test('TW-02: anybody of the directory opens the app and creates, without an extra cost', async () => {
    const stranger = world.as(world.someone({ name: 'New Colleague' }));
    const { status, body } = await create(stranger, 'tickets');
    expect({ status, requester: body.requester.name }).toEqual({ status: 201, requester: 'New Colleague' });
  });

  test('TW-03: what is paid is the price of the plan; nothing is admitted, and so nothing charged, beyond it', async () => {
    const { items } = (await owner.get('/plans')).body;
    const premium = items.find(({ planId }: any) => planId === 'premium');
    expect(premium.prices).toEqual([
      { term: 'P1M', currency: 'EUR', minor: 5900, per: 'subscription', words: '€59.00 per month' },
      { term: 'P1Y', currency: 'EUR', minor: 59000, per: 'subscription', words: '€590.00 per year' },
    ]);
    expect((await usageOf(owner, 'tickets')).limit).toBe(100);
  });

  test('TW-04: no yearly contract is needed: every plan is sold by the month', async () => {
    const { items } = (await owner.get('/plans')).body;
    expect(items.length).toBeGreaterThan(2);
    for (const { prices } of items) expect(prices.map(({ term }: any) => term)).toContain('P1M');
  });

  test('TW-05: each service has a quota of its own', async () => {
    const { meters } = (await owner.get('/usage')).body;
    expect(meters.map(({ meter, limit }: any) => [meter, limit])).toEqual([
      ['tickets', 100],
      ['checklists', 50],
      ['opportunities', 50],
    ]);
    const before = meters.map(({ used }: any) => used);
    await create(owner, 'opportunities');
    const { meters: after } = (await owner.get('/usage')).body;
    expect(after.map(({ used }: any) => used)).toEqual([before[0], before[1], before[2] + 1]);
  });

  test('TW-07: what each plan limits is known to everybody before a purchase', async () => {
    const { body } = await world.as('other').get('/plans');
    expect(body.yours).toBeNull();
    const amounts = Object.fromEntries(
      body.items.map(({ planId, grants }: any) => [
        planId,
        grants.filter(({ kind }: any) => kind === 'metered').map(({ amount }: any) => amount),
      ]),
    );
    expect(amounts).toEqual({ ticketing: [50, 0, 0], standard: [50, 25, 25], premium: [100, 50, 50], professional: [500, 250, 250] });
  });

  test('TW-22: Professional stands above Premium by rank', async () => {
    const { items } = (await member.get('/plans')).body;
    const of = (planId: string) => items.find((one: any) => one.planId === planId);
    expect(of('premium').rank).toBeLessThan(of('professional').rank);
    expect(of('professional').comparison.direction).toBe('larger');
    expect(of('standard').comparison.direction).toBe('smaller');
  });

  test('TW-08: at the threshold everybody concerned is told once, however much is created afterwards', async () => {
    await upTo(owner, 'tickets', 79);
    const told = async () => (await world.chat('owner')).filter((words) => /80/u.test(words) && /tickets/iu.test(words));
    expect(await told()).toHaveLength(0);
    await fill(owner, 'tickets', 1);
    expect((await usageOf(owner, 'tickets')).used).toBe(80);
    expect(await told()).toHaveLength(1);
    await fill(owner, 'tickets', 5);
    expect(await told()).toHaveLength(1);
  });

  test('TW-09: whoever is in charge of an open ticket, admins and the owner see the warning; others do not', async () => {
    await upTo(owner, 'tickets', 80);
    for (const concerned of [owner, agent]) expect((await usageOf(concerned, 'tickets')).notice).toMatchObject({ threshold: 80 });
    expect(await world.chat('agent')).toEqual(expect.arrayContaining([expect.stringMatching(/80/u)]));
    expect((await usageOf(member, 'tickets')).notice).toBeNull();
    expect((await world.chat('member')).filter((words) => /80 of 100|80 %/u.test(words))).toEqual([]);
    const { body: someone } = await member.get('/me');
    const { body: people } = await owner.get('/members?q=Mara');
    const { revision } = people.items.find(({ id }: any) => id === someone.member.id);
    const admin = await owner.patch(`/members/${someone.member.id}`, { role: 'admin' }, revision);
    expect(admin.status).toBe(200);
    expect((await usageOf(member, 'tickets')).notice).toMatchObject({ threshold: 80 });
    await owner.patch(`/members/${someone.member.id}`, { role: 'member' }, admin.body.revision);
  });

  test('TW-10: while the warning is up, everything can be created and changed', async () => {
    for (const [meter, count] of [
      ['tickets', 80],
      ['checklists', 40],
      ['opportunities', 40],
    ] as const) {
      await upTo(owner, meter, count);
      expect((await usageOf(owner, meter)).state).toBe('warning');
      expect((await create(owner, meter)).status).toBe(201);
    }
    const [ticket] = await all('/tickets');
    expect((await owner.patch(`/tickets/${ticket.id}`, { status: 'in_progress' }, ticket.revision)).status).toBe(200);
    const [opportunity] = await all('/opportunities');
    expect((await owner.patch(`/opportunities/${opportunity.id}`, { stage: 'offer' }, opportunity.revision)).status).toBe(200);
  });

  test('TW-11: the first warning came before the limit', async () => {
    const { items } = (await owner.get('/plans')).body;
    const { details } = items
      .find(({ planId }: any) => planId === 'premium')
      .grants.find(({ entitlement }: any) => entitlement === 'tickets');
    expect(details.join(' ')).toMatch(/at 80 %, at 100 %, and when it will run out within 14 days/u);
    await upTo(owner, 'tickets', 80);
    expect((await world.chat('owner')).join('\n')).toMatch(/80 of 100 tickets/u);
    expect((await usageOf(owner, 'tickets')).remaining).toBeGreaterThan(0);
  });

  test('TW-13, TW-14: at the limit a new ticket is refused with used and limit, when it goes on, and what can be done', async () => {
    await upTo(owner, 'tickets', 100);
    const { resetsAt } = await usageOf(owner, 'tickets');
    const refused = await create(agent, 'tickets', { title: 'One too many' });
    expect(refused.status).toBe(402);
    expect(refused.body).toMatchObject({ code: 'quota_exhausted', meter: 'tickets', used: 100, limit: 100, resetsAt });
    expect(refused.body.draftId).toMatch(/^[0-9a-f-]{36}$/u);
    expect((await usageOf(owner, 'tickets')).used).toBe(100);
    expect((await agent.get(`/drafts/${refused.body.draftId}`)).body.payload.title).toBe('One too many');
  });

  test('TW-19: who is refused is told what still works and what does not', async () => {
    await upTo(owner, 'tickets', 100);
    const { body } = await create(agent, 'tickets');
    expect(body.detail).toMatch(/100 of 100 tickets/u);
    expect(body.detail).toMatch(/Everything that exists can still be edited, and the other tools are not affected/u);
    const [said] = await world.say('agent', 'new ticket printer on fire');
    expect(said).toContain('printer on fire');
    expect(said).toMatch(/100 of 100 tickets/u);
    expect(said).toMatch(/Everything that exists can still be edited, and the other tools are not affected/u);
  });

  test('TW-12: at the limit everything that creates nothing goes on working', async () => {
    for (const meter of ['tickets', 'checklists', 'opportunities'] as const) await upTo(owner, meter, meter === 'tickets' ? 100 : 50);
    const { paths } = (await owner.get('/openapi.json')).body;
    const operations = Object.entries<any>(paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method} ${path.replace('/api/v1', '')}`),
    );
    const [ticket, other] = (await all('/tickets')) as [any, any];
    const [checklist] = await all('/checklists?state=running');
    const [opportunity] = await all('/opportunities');
    const fresh = async (path: string): Promise<any> => (await owner.get(path)).body;
    /** Every operation of the three tools, and what it is done with; null creates something counted. */
    const acts: Record<string, (() => Promise<{ status: number }>) | null> = {
      'get /tickets': () => owner.get('/tickets?q=Ticket'),
      'post /tickets': null,
      'get /tickets/{ticketId}': () => owner.get(`/tickets/${ticket.id}`),
      'patch /tickets/{ticketId}': () =>
        owner.patch(`/tickets/${ticket.id}`, { assigneeId: agentId, status: 'closed', title: 'Edited' }, ticket.revision),
      'delete /tickets/{ticketId}': async () => owner.remove(`/tickets/${other.id}`, (await fresh(`/tickets/${other.id}`)).revision),
      'post /tickets/{ticketId}/undo': async () => owner.post(`/tickets/${other.id}/undo`),
      'get /tickets/{ticketId}/timeline': () => owner.get(`/tickets/${ticket.id}/timeline`),
      'post /tickets/{ticketId}/comments': () => agent.post(`/tickets/${ticket.id}/comments`, { body: 'On my way' }),
      'get /checklists': () => owner.get('/checklists'),
      'post /checklists': () => owner.post('/checklists', { ...ONE.checklists(1), submit: false }),
      'get /checklists/{checklistId}': () => owner.get(`/checklists/${checklist.id}`),
      'post /checklists/{checklistId}/submit': null,
      'patch /checklists/{checklistId}/items/{itemId}': async () =>
        owner.patch(`/checklists/${checklist.id}/items/${checklist.items[0].id}`, { done: true }, checklist.revision),
      'get /opportunities': () => owner.get('/opportunities'),
      'post /opportunities': null,
      'get /opportunities/{opportunityId}': () => owner.get(`/opportunities/${opportunity.id}`),
      'patch /opportunities/{opportunityId}': () =>
        owner.patch(`/opportunities/${opportunity.id}`, { stage: 'won', customer: 'Another GmbH' }, opportunity.revision),
    };
    const ofTools = operations.filter((one) => /^\w+ \/(?:tickets|checklists|opportunities)/u.test(one));
    expect(Object.keys(acts).sort()).toEqual(ofTools.sort());
    for (const [name, act] of Object.entries(acts)) {
      if (!act) continue;
      const { status } = await act();
      // Undo came later than its minute, and was not refused for the limit.
      expect({ name, status }).toEqual({ name, status: name.endsWith('/undo') ? 404 : status < 300 ? status : 'refused' });
    }
    expect((await usageOf(owner, 'tickets')).used).toBe(100);
  });

  test('TW-15: at the limit no checklist can be submitted, and a running one can be completed', async () => {
    await upTo(owner, 'checklists', 50);
    const draft = await owner.post('/checklists', { ...ONE.checklists(51), submit: false });
    expect(draft.status).toBe(201);
    const refused = await owner.post(`/checklists/${draft.body.id}/submit`);
    expect([refused.status, refused.body.code, refused.body.meter]).toEqual([402, 'quota_exhausted', 'checklists']);
    let running = (await all('/checklists?state=running'))[1];
    for (const { id } of running.items)
      running = (await owner.patch(`/checklists/${running.id}/items/${id}`, { done: true }, running.revision)).body;
    expect(running.state).toBe('completed');
  });

  test('TW-16: at the limit there is no new opportunity, and those that exist go on with their customers', async () => {
    await upTo(owner, 'opportunities', 50);
    const refused = await create(owner, 'opportunities');
    expect([refused.status, refused.body.meter, refused.body.used]).toEqual([402, 'opportunities', 50]);
    const [{ id, revision }] = (await all('/opportunities?stage=new')) as [any];
    const changed = await owner.patch(`/opportunities/${id}`, { customer: 'A new customer', stage: 'qualified' }, revision);
    expect(changed.body).toMatchObject({ customer: 'A new customer', stage: 'qualified' });
  });

  test('TW-18: with the next usage period creation works again, at its first instant, without anybody acting', async () => {
    await upTo(owner, 'tickets', 100);
    const { resetsAt } = await usageOf(owner, 'tickets');
    await world.moveTo(new Date(Date.parse(resetsAt) - 60_000));
    expect((await create(owner, 'tickets')).status).toBe(402);
    await world.moveTo(resetsAt);
    for (const meter of ['tickets', 'checklists', 'opportunities'] as const) expect((await create(owner, meter)).status).toBe(201);
    expect(await usageOf(owner, 'tickets')).toMatchObject({ used: 1, limit: 100, periodStart: resetsAt, state: 'open', notice: null });
  });

  test('TW-17: an exhausted service blocks no other', async () => {
    await upTo(owner, 'checklists', 50);
    expect((await create(owner, 'checklists')).status).toBe(402);
    expect((await create(owner, 'tickets')).status).toBe(201);
    expect((await create(owner, 'opportunities')).status).toBe(201);
  });

  test('TW-31: whoever asks the vendor sends the organization and its usage along', async () => {
    const { used } = await usageOf(owner, 'tickets');
    const asked = await member.post('/support', { topic: 'quota', message: 'Which plan suits us?', meter: 'tickets' });
    expect(asked.status).toBe(201);
    expect(asked.body.contact).toBe('support@kontingent.example');
    expect((await member.get('/me')).body.supportContact).toBe('support@kontingent.example');
    const [mail] = await world.mails('support@kontingent.example');
    expect(mail.text).toContain('Which plan suits us?');
    expect(mail.text).toContain((await member.get('/me')).body.tenantId);
    expect(mail.text).toContain(`tickets: ${used} used of 100`);
  });

  test('TW-33: plans, refusals and the chat speak the reader’s language', async () => {
    await upTo(owner, 'tickets', 100);
    const languages = [
      ['en', /The limit is reached/u, /At the limit new ones are kept as drafts/u],
      ['de', /Das Kontingent ist erreicht/u, /An der Grenze werden neue als Entwurf behalten/u],
      ['it', /Limite raggiunto/u, /Al limite i nuovi elementi restano come bozze/u],
    ] as const;
    for (const [language, refusal, plan] of languages) {
      const refused = await owner.send('POST', '/tickets', {
        body: { title: 'x' },
        headers: { 'accept-language': language, 'idempotency-key': `language-${language}` },
      });
      expect(refused.body.detail).toMatch(refusal);
      const { body } = await owner.get('/plans', { 'accept-language': language });
      expect(JSON.stringify(body)).toMatch(plan);
    }
  });
});

describe('changing plans', () => {
  let world: World;
  let owner: Caller;
  const dateOf = (monthsOn: number, day: number) =>
    new Date(Date.UTC(world.now().getUTCFullYear(), world.now().getUTCMonth() + monthsOn, day, 9));
  const toDay = (day: number) => world.moveTo(dateOf(0, day));
  const preview = async (who: Caller, toPlanId: string, more: object = {}): Promise<any> => {
    const { id } = await bought(who);
    const { status, body } = await who.post(`/subscriptions/${id}/changes/preview`, { toPlanId, ...more });
    expect({ status, code: body.code }).toEqual({ status: 200, code: undefined });
    return body;
  };
  const change = async (who: Caller, toPlanId: string): Promise<any> => {
    const { previewId } = await preview(who, toPlanId);
    const { id } = await bought(who);
    const ordered = await who.post(`/subscriptions/${id}/changes`, { previewId, consent: { change: true } });
    expect({ status: ordered.status, code: ordered.body.code }).toEqual({ status: 201, code: undefined });
    await world.settle();
    return (await who.get(`/subscriptions/${id}/changes/${ordered.body.id}`)).body;
  };

  const ensure = async (planId: string): Promise<void> => {
    if ((await bought(owner)).planId !== planId) await change(owner, planId);
  };

  beforeAll(async () => {
    // April has thirty days.
    world = await startWorld({ preset: 'org-quota', month: 4 });
    owner = world.as('owner');
    await world.buy('premium');
  });

  test('TW-28, TW-29: after twenty days of Premium, Professional costs 20/30 of the one and 10/30 of the other', async () => {
    await toDay(21);
    const { allowed, direction, effective, money } = await preview(owner, 'professional');
    expect({ allowed, direction, effective }).toEqual({ allowed: true, direction: 'upgrade', effective: 'now' });
    expect(money.lines.map(({ amountMinor }: any) => amountMinor)).toEqual([3933, 3300]);
    expect(money.lines.map(({ formula }: any) => formula)).toEqual([expect.stringMatching(/20.*30/u), expect.stringMatching(/10.*30/u)]);
    expect(money.lines.reduce((sum: number, { amountMinor }: any) => sum + amountMinor, 0)).toBe(7233);
    expect(money.isEstimate).toBe(true);
  });

  test('TW-21: an upgrade takes the interruption away at once, and what was used stays used', async () => {
    await upTo(owner, 'tickets', 100);
    expect((await create(owner, 'tickets')).status).toBe(402);
    expect(await change(owner, 'professional')).toMatchObject({ state: 'applied', cause: 'ordered', direction: 'upgrade' });
    expect((await create(owner, 'tickets')).status).toBe(201);
    expect(await usageOf(owner, 'tickets')).toMatchObject({ used: 101, limit: 500 });
    for (const meter of ['checklists', 'opportunities'] as const) expect((await usageOf(owner, meter)).limit).toBe(250);
  });

  test('TW-26: it was from monthly to monthly', async () => {
    expect((await bought(owner)).termUnit).toBe('P1M');
    await ensure('professional');
    expect(await bought(owner)).toMatchObject({ planId: 'professional', termUnit: 'P1M', status: 'Subscribed' });
  });

  test('TW-30: downwards the same rule holds, at once', async () => {
    await ensure('professional');
    await world.moveTo(dateOf(1, 1));
    await toDay(21);
    const days = new Date(Date.UTC(world.now().getUTCFullYear(), world.now().getUTCMonth() + 1, 0)).getUTCDate();
    const { direction, effective, money } = await preview(owner, 'premium');
    expect({ direction, effective }).toEqual({ direction: 'downgrade', effective: 'now' });
    const [professional, premium] = money.lines.map(({ amountMinor }: any) => amountMinor);
    expect(professional).toBe(Math.round((9900 * 20) / days));
    expect(professional + premium).toBe(Math.round((9900 * 20 + 5900 * (days - 20)) / days));
    await change(owner, 'premium');
    expect(await bought(owner)).toMatchObject({ planId: 'premium', status: 'Subscribed' });
    expect((await usageOf(owner, 'tickets')).limit).toBe(100);
  });

  test('TW-25: it can be changed at any time, also twice in one period', async () => {
    await ensure('premium');
    await toDay(22);
    await change(owner, 'professional');
    await toDay(23);
    await change(owner, 'standard');
    expect(await bought(owner)).toMatchObject({ planId: 'standard', termUnit: 'P1M' });
  });

  test('TW-27: between monthly and yearly there is no change, in either direction, and the refusal says what can be done', async () => {
    expect(await preview(owner, 'professional', { term: 'P1Y' })).toMatchObject({ allowed: false, refusal: { code: 'term_mismatch' } });
    await world.buy('premium', { by: 'other', term: 'P1Y' });
    const other = world.as('other');
    expect(await preview(other, 'professional', { term: 'P1M' })).toMatchObject({ allowed: false, refusal: { code: 'term_mismatch' } });
    expect((await preview(other, 'professional')).allowed).toBe(true);
  });
});

describe('seeing it come', () => {
  test('TW-11: whoever creates so fast that the limit will be reached is told before any percentage', async () => {
    const world = await startWorld({ preset: 'org-quota', month: 4 });
    const owner = world.as('owner');
    await world.buy('premium');
    for (let day = 1; day <= 8; day += 1) {
      await fill(owner, 'tickets', 9);
      await world.advance({ days: 1 });
    }
    await fill(owner, 'tickets', 1);
    await world.settle();
    expect(await usageOf(owner, 'tickets')).toMatchObject({ used: 73, notice: { kind: 'forecast' } });
    expect((await world.chat('owner')).filter((words) => /tickets/iu.test(words) && /run out|will be reached/iu.test(words))).toHaveLength(
      1,
    );
  });

  test('TW-20: whoever reached the limit in two of the last three periods is advised of a larger plan, once in a period', async () => {
    const world = await startWorld({ preset: 'org-quota', month: 4 });
    const [owner, member] = [world.as('owner'), world.as('member')];
    await world.buy('standard');
    await member.get('/me');
    const adviceFor = async (who: Caller) => (await who.get('/usage')).body.advice.map(({ meter }: any) => meter);
    await fill(owner, 'opportunities', 25);
    expect((await create(owner, 'opportunities')).status).toBe(402);
    expect(await adviceFor(owner)).toEqual([]);
    const advised = async () =>
      (await world.chat('owner')).filter((words) => /larger plan/iu.test(words) && /opportunities/iu.test(words)).length;
    expect(await advised()).toBe(0);
    await world.moveTo((await usageOf(owner, 'opportunities')).resetsAt);
    await fill(owner, 'opportunities', 25);
    expect((await create(owner, 'opportunities')).status).toBe(402);
    expect(await adviceFor(owner)).toEqual(['opportunities']);
    expect(await adviceFor(member)).toEqual([]);
    expect(await advised()).toBe(1);
    await world.advance({ days: 1 });
    expect((await create(owner, 'opportunities')).status).toBe(402);
    expect(await advised()).toBe(1);
  });
});

describe('leaving', () => {
  let world: World;
  let owner: Caller;
  let purchasedAt: number;
  const offerAfter = async (hours: number, seconds = 0) => {
    await world.moveTo(new Date(purchasedAt + (hours * 3600 + seconds) * 1000));
    return (await bought(owner)).cancellation;
  };
  beforeAll(async () => {
    world = await startWorld({ preset: 'org-quota' });
    owner = world.as('owner');
    purchasedAt = Date.parse((await world.buy('premium')).purchasedAt);
  });

  test('TW-23: for 72 hours from the purchase leaving is refunded: at 71 h 59 m it is, at 72 h and one second it is not', async () => {
    const refundableUntil = new Date(purchasedAt + 72 * 3_600_000).toISOString();
    expect((await bought(owner)).cancellation).toEqual({ refundableUntil, offer: 'cancel_with_refund' });
    expect(await offerAfter(71, 59 * 60)).toEqual({ refundableUntil, offer: 'cancel_with_refund' });
    expect(await offerAfter(72, 1)).toEqual({ refundableUntil, offer: 'renewal_off' });
  });

  test('TW-24: afterwards no cancelling is offered, and turning the renewal off is, until it is off', async () => {
    const { id } = (await owner.get('/subscriptions')).body.items[0];
    expect((await offerAfter(100)).offer).toBe('renewal_off');
    const [{ id: marketId }] = await world.purchases('owner');
    await world.market('auto-renew', marketId, { autoRenew: false });
    await world.moveTo(new Date(world.now().getTime() + 3_700_000));
    const seen = (await owner.get('/subscriptions')).body.items.find((one: any) => one.id === id);
    expect(seen.autoRenew).toBe(false);
    expect(seen.cancellation.offer).toBeNull();
  });
});

describe('what counts, and what is held', () => {
  test('TW-06: a submitted checklist of twelve tasks counts one, or twelve where the plan counts tasks', async () => {
    const twelve = { title: 'Move-in', items: Array.from({ length: 12 }, (_, index) => ({ text: `Task ${index + 1}` })) };
    const counts: number[] = [];
    for (const countEvent of ['submitted', 'per_task']) {
      const world = await startWorld({
        preset: 'org-quota',
        edit: (yaml) => yaml.replace('countEvent: submitted', `countEvent: ${countEvent}`),
      });
      await world.buy('premium');
      expect((await world.as('owner').post('/checklists', twelve)).status).toBe(201);
      counts.push((await usageOf(world.as('owner'), 'checklists')).used);
    }
    expect(counts).toEqual([1, 12]);
  });

  test('TW-32: an organization may hold one service, two or all three', async () => {
    const world = await startWorld({ preset: 'org-quota' });
    const owner = world.as('owner');
    await world.buy('ticketing');
    expect((await create(owner, 'tickets')).status).toBe(201);
    for (const meter of ['checklists', 'opportunities'] as const) {
      const refused = await create(owner, meter);
      expect([refused.status, refused.body.code, refused.body.limit]).toEqual([402, 'quota_exhausted', 0]);
    }
    await world.buy('standard', { by: 'other' });
    for (const meter of ['tickets', 'checklists', 'opportunities'] as const)
      expect((await create(world.as('other'), meter)).status).toBe(201);
  });
});
