// biome-ignore-all lint/suspicious/noExplicitAny: what comes over the wire is looked at as it is
import { textOf } from '../support/pdf-text';
import type { Caller } from './support/http';
import { startWorld, type World } from './support/world';

const CONSENT = { change: true, removal: true };

/** An organization of the scheme, and the few calls that its admin makes. */
function admin(world: World) {
  const owner: Caller = world.as('owner');
  const subscription = async () => (await owner.get('/subscriptions')).body.items.find(({ parentId }: any) => parentId === null);
  const changes = async () => `/subscriptions/${(await subscription()).id}/changes`;
  const preview = async (toPlanId: string, more: object = {}) => owner.post(`${await changes()}/preview`, { toPlanId, ...more });
  const order = async (previewId: string, consent: object | undefined = CONSENT) => owner.post(await changes(), { previewId, consent });
  return {
    owner,
    subscription,
    changes,
    preview,
    order,
    async change(toPlanId: string, consent?: object): Promise<any> {
      const { status, body } = await order((await preview(toPlanId)).body.previewId, consent);
      expect({ status, code: body.code }).toEqual({ status: 201, code: undefined });
      return body;
    },
    async make(kind: string, name: string, given: object = {}): Promise<any> {
      const { status, body } = await owner.post('/resources', { kind, name, ...given });
      expect({ status, code: body.code, name }).toEqual({ status: 201, code: undefined, name });
      return body;
    },
    /** Items in use, by name. */
    async active(kind: string): Promise<any[]> {
      return (await owner.get(`/resources?kind=${kind}&limit=100`)).body.items;
    },
    async documents(kind: string): Promise<any[]> {
      await world.settle();
      return (await owner.get(`/billing/documents?kind=${kind}&limit=100`)).body.items;
    },
  };
}
type Admin = ReturnType<typeof admin>;

const names = (items: any[]): string[] => items.map(({ name }) => name);
const minor = (lines: any[]): number[] => lines.map(({ amountMinor }) => amountMinor);
const limitOf = async ({ owner }: Admin, meter: string) => {
  const { body } = await owner.get('/usage');
  return [...body.meters, ...body.limits].find((one: any) => one.meter === meter).limit;
};

describe('upgrades, from 1 April on Basic at 29.00', () => {
  let world: World;
  let it: Admin;
  let paper: string;

  beforeAll(async () => {
    world = await startWorld({ preset: 'whole-month', month: 4 });
    it = admin(world);
    await world.buy('basic');
    await world.moveTo(new Date(Date.UTC(world.now().getUTCFullYear(), 3, 11, 10)));
  });

  test('CH-01: from the plans an upgrade is three calls, the preview and its confirmation included', async () => {
    const { body: plans } = await it.owner.get('/plans');
    expect(plans.items.map(({ planId }: any) => planId)).toEqual(['basic', 'growth', 'scale']);
    const { body: preview } = await it.preview('growth');
    expect(preview).toMatchObject({ allowed: true, direction: 'upgrade', effective: 'now', trim: [], irreversible: [] });
    const { status, body } = await it.order(preview.previewId);
    expect([status, body.state]).toEqual([201, 'applied']);
    expect((await it.subscription()).planId).toBe('growth');
  });

  test('CH-03: after 10 full days of 30 the used part and the refund are the price to the cent', async () => {
    const { body } = await it.owner.get(await it.changes());
    const { money } = body.items[0];
    expect(minor(money.refunds)).toEqual([-1933]);
    expect(money.refunds[0].formula).toBe('€29.00 less €9.67 for 10 of 30 days');
  });

  test('CH-04: the new subscription begins today at its full price, and renews in a month', async () => {
    const { termStart, termEnd } = await it.subscription();
    const year = world.now().getUTCFullYear();
    expect([termStart.slice(0, 10), termEnd]).toEqual([`${year}-04-11`, `${year}-05-11T00:00:00.000Z`]);
    expect(minor((await it.owner.get(await it.changes())).body.items[0].money.lines)).toEqual([5900]);
  });

  test('CH-05: no line is a fraction of the new plan', async () => {
    const { money } = (await it.owner.get(await it.changes())).body.items[0];
    expect(money.lines.map(({ formula, quantity }: any) => [formula, quantity])).toEqual([['€59.00', 1]]);
  });

  test('CH-02: the payment method on file is charged and refunded, once for each document', async () => {
    const invoices = await it.documents('invoice');
    const receipts = await it.documents('receipt');
    const movements = await world.payments();
    const moved = (direction: string) => movements.filter((one: any) => one.direction === direction).map((one: any) => one.amountMinor);
    expect(moved('charge').sort()).toEqual([2900, 5900]);
    expect(moved('refund')).toEqual([1933]);
    expect(new Set(movements.map((one: any) => one.documentId ?? one.key)).size).toBe(movements.length);
    expect([invoices.length, receipts.length]).toEqual([2, 2]);
    await world.advance({ hours: 1 });
    expect(await world.payments()).toHaveLength(3);
  });

  test('CH-07: the invoice shows the new plan and the amount', async () => {
    const [invoice] = await it.documents('invoice');
    expect(invoice).toMatchObject({
      planName: 'Growth',
      totalMinor: 5900,
      isEstimate: false,
      payment: { direction: 'charge', state: 'paid' },
    });
    const { type, bytes } = await it.owner.download(invoice.pdf);
    paper = await textOf(bytes);
    expect(type).toContain('application/pdf');
    for (const word of ['Growth', '59.00', invoice.number]) expect(paper).toContain(word);
    expect(paper).not.toMatch(/refund/iu);
  });

  test('CH-08: the receipt shows the new plan, the refund for the old one, and the balance', async () => {
    const [receipt] = await it.documents('receipt');
    expect(receipt).toMatchObject({ planName: 'Growth', totalMinor: 5900 - 1933 });
    const text = await textOf((await it.owner.download(receipt.pdf)).bytes);
    for (const word of ['Growth', 'Basic: refund', '19.33', '39.67']) expect(text).toContain(word);
  });

  test('CH-09: both kinds are on the billing page for good, and for nobody else', async () => {
    const [invoice] = await it.documents('invoice');
    expect(await textOf((await it.owner.download(invoice.pdf)).bytes)).toBe(paper);
    expect((await world.as('member').get('/billing/documents')).status).toBe(403);
    expect((await world.as('other').download(invoice.pdf)).status).not.toBe(200);
  });

  test('CH-06: upgraded again on the same day, charges less refunds are the used parts and the last full price', async () => {
    const applied = await it.change('scale');
    expect([minor(applied.money.lines), minor(applied.money.refunds)]).toEqual([[9900], [-5900]]);
    const movements = await world.payments();
    const sum = (direction: string) =>
      movements.filter((one: any) => one.direction === direction).reduce((total: number, one: any) => total + one.amountMinor, 0);
    expect(sum('charge') - sum('refund')).toBe(967 + 9900);
  });
});

describe('downgrades, from Growth to Basic', () => {
  let world: World;
  let it: Admin;
  let scheduled: any;
  const boards: Record<string, any> = {};
  let edge: string;

  beforeAll(async () => {
    world = await startWorld({ preset: 'whole-month', month: 4 });
    it = admin(world);
    await world.buy('growth');
    edge = `${world.now().getUTCFullYear()}-05-01T00:00:00.000Z`;
    for (const [name, queues] of Object.entries({ Sales: 1, Support: 5, Office: 3 })) {
      boards[name] = await it.make('boards', name);
      for (let index = 1; index <= queues; index += 1) {
        await world.advance({ minutes: 1 });
        const amounts = { automation_runs: 100, intake_rate: index === 1 ? 80 : 120 };
        await it.make('queues', `${name} ${index}`, { parentId: boards[name].id, amounts });
      }
    }
    await it.make('sla_groups', 'Gold');
    await it.make('allowed_ips', '192.0.2.0/24');
    const template = await it.make('templates', 'Letter');
    const attached = await it.owner.send('POST', `/resources/${template.id}/attach`, {
      body: { to: boards.Support.id },
      headers: { 'if-match': '"1"' },
    });
    expect(attached.body.attachedTo).toBe(boards.Support.id);
    await Promise.all(Array.from({ length: 12 }, (_, index) => it.owner.post('/tickets', { title: `Ticket ${index}` })));
    await world.moveTo(edge.replace('05-01', '04-11').replace('T00', 'T10'));
  });

  test('CH-10: the way is the same: preview, then its confirmation', async () => {
    const { status, body } = await it.preview('basic');
    expect(status).toBe(200);
    expect(body).toMatchObject({ allowed: true, direction: 'downgrade', effective: 'period_end', effectiveAt: edge });
    expect([minor(body.money.lines), body.money.refunds, body.money.periodStart]).toEqual([[2900], [], edge]);
    expect(body.exceeds.map(({ meter, held, limit }: any) => [meter, held, limit])).toEqual([
      ['allowed_ips', 1, 0],
      ['automation_runs', 900, 500],
      ['boards', 3, 2],
      ['intake_rate', 120, 100],
      ['queues', 9, 2],
      ['sla_groups', 1, 0],
      ['templates', 1, 0],
    ]);
    expect(names(body.irreversible).sort()).toEqual(['192.0.2.0/24', 'Gold']);
  });

  test('a consent that is missing, half, or older than its preview is refused, and nothing is scheduled', async () => {
    const { body } = await it.preview('basic');
    expect((await it.owner.post(await it.changes(), { previewId: body.previewId })).body).toMatchObject({
      code: 'consent_missing',
      of: 'change',
    });
    expect((await it.order(body.previewId, { change: true })).body).toMatchObject({ code: 'consent_missing', of: 'removal' });
    const extra = await it.make('boards', 'Extra');
    expect((await it.order(body.previewId)).body.code).toBe('preview_outdated');
    await it.owner.remove(`/resources/${extra.id}`, 1);
    expect((await it.owner.get(await it.changes())).body.items).toEqual([]);
    expect((await it.owner.post(`${await it.changes()}/preview`, { toPlanId: 'basic', quantity: -1 })).status).toBe(400);
    expect((await it.preview('nothing')).body).toMatchObject({ allowed: false, refusal: { code: 'plan_unknown' } });
    expect((await it.preview('basic', { version: 9 })).body).toMatchObject({
      allowed: false,
      refusal: { code: 'plan_version_unavailable' },
    });
    expect((await it.preview('basic', { term: 'P1Y' })).body).toMatchObject({ allowed: false, refusal: { code: 'term_mismatch' } });
  });

  test('CH-11: until the period’s end the plan and its limits stay; the change is visible, and revocable without a trace', async () => {
    const { id } = await it.change('basic');
    await world.settle();
    const path = `${await it.changes()}/${id}`;
    expect((await it.owner.get(path)).body).toMatchObject({ state: 'scheduled', effectiveAt: edge });
    expect([await limitOf(it, 'boards'), await limitOf(it, 'tickets')]).toEqual([10, 500]);
    expect((await it.preview('scale')).body).toMatchObject({ allowed: false, refusal: { code: 'change_open', changeId: id } });
    expect((await it.owner.send('DELETE', path)).body.state).toBe('withdrawn');
    expect((await it.owner.send('DELETE', path)).body.state).toBe('withdrawn');
    expect(await limitOf(it, 'boards')).toBe(10);
    scheduled = await it.change('basic');
  });

  test('CH-13: whoever manages the plan is told when it is scheduled, a week and a day before, with the items that would go', async () => {
    const told = async () => (await world.chat('owner')).filter((text) => text.includes('Your plan changes on'));
    const first = await told();
    expect(first).toHaveLength(2);
    for (const word of ['Sales', 'Gold', 'Letter']) expect(first[1]).toContain(word);
    await world.moveTo(edge.replace('05-01T00', '04-24T00'));
    expect(await told()).toHaveLength(3);
    await world.moveTo(edge.replace('05-01T00', '04-30T00'));
    expect(await told()).toHaveLength(4);
    // Four in chat: the one that was withdrawn was told of once, and is not spoken of again. The same by mail.
    const mails = (await world.mails('@')).filter(({ subject }: any) => subject.includes('your plan changes'));
    expect(mails).toHaveLength(4);
    expect(mails.at(-1).text).toContain('Sales');
  });

  test('CH-12: the same data have the same result, rehearsed as often as one likes', async () => {
    const rehearse = async (more: object = {}) =>
      (await it.owner.post(`${await it.changes()}/rehearse`, { toPlanId: 'basic', ...more })).body;
    // A change is under way, so that another one cannot even be rehearsed.
    expect((await rehearse()).code).toBe('change_open');
    const look = async () => (await it.owner.get(`${await it.changes()}/${scheduled.id}`)).body.items;
    expect(await look()).toEqual(await look());
  });

  test('CH-14: where there is room by then, nothing is taken', async () => {
    const planned = async () => names((await it.owner.get(`${await it.changes()}/${scheduled.id}`)).body.items);
    expect(await planned()).toContain('Gold');
    const gold = (await it.active('sla_groups'))[0];
    const before = await planned();
    await it.owner.remove(`/resources/${gold.id}`, gold.revision);
    expect(await planned()).toEqual(before.filter((name) => name !== 'Gold'));
    await it.make('sla_groups', 'Silver');
  });

  describe('at the edge', () => {
    let applied: any;
    const resultOf = (name: string) => applied.items.find((item: any) => item.name === name);

    beforeAll(async () => {
      await world.moveTo(edge);
      applied = (await it.owner.get(`${await it.changes()}/${scheduled.id}`)).body;
    });

    test('CH-11: the plan is lowered, and the lower price charged for the next month', async () => {
      expect(applied).toMatchObject({ state: 'applied', endedAt: edge });
      expect((await it.subscription()).planId).toBe('basic');
      expect([await limitOf(it, 'boards'), await limitOf(it, 'tickets')]).toEqual([2, 100]);
      const [invoice] = await it.documents('invoice');
      expect(invoice).toMatchObject({ planName: 'Basic', totalMinor: 2900 });
    });

    test('CH-15: the boards with 5 and 3 queues stay, the one with 1 goes', async () => {
      expect(names(await it.active('boards')).sort()).toEqual(['Office', 'Support']);
      expect(resultOf('Sales')).toMatchObject({ result: 'cut', meter: 'boards', reversible: true, state: 'applied' });
    });

    test('CH-16: of the queues left, those activated last go', async () => {
      expect(names(await it.active('queues'))).toEqual(['Support 1', 'Support 2']);
      expect(resultOf('Office 3')).toMatchObject({ result: 'cut', meter: 'queues' });
    });

    test('CH-22: the queue of the board that went was not counted any more', async () => {
      expect(resultOf('Sales 1')).toMatchObject({ result: 'cut', meter: 'boards' });
    });

    test('CH-18: rates above 100 are capped at it, one of 80 stays', async () => {
      expect((await it.active('queues')).map(({ amounts }: any) => amounts.intake_rate)).toEqual([80, 100]);
      expect(resultOf('Support 2')).toMatchObject({ result: 'capped', before: 120, after: 100 });
    });

    test('CH-19, CH-20: what Basic does not have is removed', async () => {
      for (const kind of ['sla_groups', 'allowed_ips'])
        expect((await it.owner.get(`/resources?kind=${kind}&state=any`)).body.items).toEqual([]);
      expect(resultOf('192.0.2.0/24')).toMatchObject({ result: 'removed', reversible: false });
    });

    test('CH-21: the template exists, detached and unusable', async () => {
      const [template] = await it.active('templates');
      expect(template).toMatchObject({ name: 'Letter', attachedTo: null, detachedFrom: boards.Support.id, trimmedBy: scheduled.id });
      const again = await it.owner.send('POST', `/resources/${template.id}/attach`, {
        body: { to: boards.Support.id },
        headers: { 'if-match': `"${template.revision}"` },
      });
      expect(again.body.code).toBe('resource_not_in_plan');
    });

    test('CH-23: every ticket is there to be read, changed and closed', async () => {
      const { items } = (await it.owner.get('/tickets?limit=100')).body;
      expect(items).toHaveLength(12);
      expect((await it.owner.patch(`/tickets/${items[0].id}`, { status: 'closed' }, items[0].revision)).status).toBe(200);
    });

    test('CH-12: a second look at the edge changes nothing more', async () => {
      await world.settle();
      await world.advance({ minutes: 5 });
      expect((await it.owner.get(`${await it.changes()}/${scheduled.id}`)).body.items).toEqual(applied.items);
      expect(await it.documents('invoice')).toHaveLength(2);
    });

    test('CH-19, CH-20, CH-21: after an upgrade the removed are gone, the template hangs again, and the board can be taken back', async () => {
      await it.change('growth');
      for (const kind of ['sla_groups', 'allowed_ips'])
        expect((await it.owner.get(`/resources?kind=${kind}&state=any`)).body.items).toEqual([]);
      const [template] = await it.active('templates');
      const again = await it.owner.send('POST', `/resources/${template.id}/attach`, {
        body: { to: template.detachedFrom },
        headers: { 'if-match': `"${template.revision}"` },
      });
      expect(again.body).toMatchObject({ attachedTo: boards.Support.id, trimmedBy: null });
      expect((await it.owner.post(`/resources/${boards.Sales.id}/restore`)).body).toMatchObject({ name: 'Sales', state: 'active' });
      const { items } = (await it.owner.get(`${await it.changes()}/${scheduled.id}`)).body;
      const states = Object.fromEntries(items.map(({ name, state }: any) => [name, state]));
      expect([states.Letter, states.Sales, states['192.0.2.0/24']]).toEqual(['restored', 'restored', 'applied']);
    });
  });
});

describe('capacities and limits of other numbers', () => {
  test('CH-17: over the total they shrink in proportion, to exactly the total', async () => {
    const world = await startWorld({
      preset: 'whole-month',
      month: 4,
      edit: (yaml) => yaml.replace('queues: 2, automation_runs: 500', 'queues: 6, automation_runs: 100'),
    });
    const it = admin(world);
    await world.buy('growth');
    const board = await it.make('boards', 'Board');
    for (const [name, runs] of [
      ['a', 333],
      ['b', 333],
      ['c', 334],
    ] as const) {
      await world.advance({ minutes: 1 });
      await it.make('queues', name, { parentId: board.id, amounts: { automation_runs: runs } });
    }
    const rehearsed = await it.owner.post(`${await it.changes()}/rehearse`, { toPlanId: 'basic' });
    expect(rehearsed.body.items.map(({ name, result, after }: any) => [name, result, after])).toEqual([
      ['Board', 'kept', null],
      ['a', 'scaled', 33],
      ['b', 'scaled', 33],
      ['c', 'scaled', 34],
    ]);
    await it.change('basic');
    await world.moveTo((await it.subscription()).termEnd);
    expect((await it.active('queues')).map(({ amounts }: any) => amounts.automation_runs)).toEqual([33, 33, 34]);
  });

  test('CH-11, CH-23: weeks in which nothing ran are made up for, month by month; records above the limit only wait', async () => {
    const world = await startWorld({
      preset: 'whole-month',
      month: 4,
      edit: (yaml) => yaml.replace('quotas: { tickets: 100, checklists: 50', 'quotas: { tickets: 10, checklists: 50'),
    });
    const it = admin(world);
    await world.buy('growth');
    await Promise.all(Array.from({ length: 15 }, (_, index) => it.owner.post('/tickets', { title: `Ticket ${index}` })));
    await it.change('basic');
    const year = world.now().getUTCFullYear();
    await world.moveTo(`${year}-07-03T12:00:00.000Z`);
    expect((await it.documents('invoice')).map(({ from, totalMinor }: any) => [from, totalMinor])).toEqual([
      [`${year}-07-01`, 2900],
      [`${year}-06-01`, 2900],
      [`${year}-05-01`, 2900],
      [`${year}-04-01`, 5900],
    ]);
    expect((await it.owner.get('/tickets?limit=100')).body.items).toHaveLength(15);
    expect(await limitOf(it, 'tickets')).toBe(10);
  });

  test('what the customer would rather keep is kept', async () => {
    const world = await startWorld({ preset: 'whole-month', month: 4 });
    const it = admin(world);
    await world.buy('growth');
    const made = [];
    for (const name of ['a', 'b', 'c']) {
      await world.advance({ minutes: 1 });
      made.push(await it.make('boards', name));
    }
    const change = await it.change('basic');
    const kept = `${await it.changes()}/${change.id}/kept`;
    expect((await it.owner.put(kept, { items: made.map(({ id }) => id) })).body).toMatchObject({
      code: 'too_many_kept',
      limit: 2,
      chosen: 3,
    });
    expect((await it.owner.put(kept, { items: [made[2].id] })).status).toBe(200);
    await world.moveTo((await it.subscription()).termEnd);
    expect(names(await it.active('boards'))).toEqual(['a', 'c']);
  });
});
