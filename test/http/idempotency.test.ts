import { type Caller, type TestApp, testApp } from '../support/app';
import { testContext } from '../support/database';
import { aTenant, type TestTenant } from '../support/tenant';

let it: TestApp;
let tenant: TestTenant;
let owner: Caller;
beforeAll(async () => {
  const { ctx } = await testContext();
  it = await testApp(ctx);
});
beforeEach(async () => {
  const { ctx } = await testContext();
  tenant = await aTenant(ctx, { limits: { tickets: 5, checklists: 5, opportunities: 5 } });
  owner = await it.as(tenant.owner);
});

const used = async (meter: string): Promise<number> =>
  (await owner.get('/usage')).body.meters.find((one: { meter: string }) => one.meter === meter).used;

const created = async (caller: Caller, path: string, body: object, key: string) => {
  const res = await caller.post(path, body, key);
  expect(res.status).toBe(201);
  return res;
};

const checklist = { title: 'Opening', items: [{ text: 'Lights on' }] };
const CREATIONS: [string, object, object][] = [
  ['/tickets', { title: 'Printer on fire' }, { title: 'Another printer' }],
  ['/checklists', checklist, { ...checklist, title: 'Closing' }],
  ['/opportunities', { title: 'New roof' }, { title: 'New door' }],
];

describe.each(CREATIONS)('POST %s', (path, body, other) => {
  const meter = path.slice(1);

  test.each([
    ['missing', undefined, 'idempotency_key_missing'],
    ['empty', '', 'idempotency_key_invalid'],
    ['too short', 'seven77', 'idempotency_key_invalid'],
    ['too long', 'k'.repeat(201), 'idempotency_key_invalid'],
    ['with a tab in it', 'key\twith-tab', 'idempotency_key_invalid'],
    ['with letters beyond ASCII', 'schlüssel-eins', 'idempotency_key_invalid'],
  ])('refuses a key that is %s and creates nothing', async (_what, key, code) => {
    const res = await owner.send('post', path, (test) => {
      test.send(body);
      return key === undefined ? test : test.set('Idempotency-Key', key);
    });
    expect([res.status, res.body.code]).toEqual([400, code]);
    expect(await used(meter)).toBe(0);
  });

  test.each(['12345678', 'a key with blanks', 'k'.repeat(200), '!"#$%&()*+,-./:;<=>?@[]^_`{|}~'])('takes the key %s', async (key) => {
    await created(owner, path, body, key);
    expect((await owner.post(path, body, key)).headers['idempotent-replayed']).toBe('true');
  });

  test('a retry gives 201 with the same record and says that it is one; it counts once', async () => {
    const first = await created(owner, path, body, 'the same key');
    expect(first.headers['idempotent-replayed']).toBeUndefined();
    const again = await created(owner, path, body, 'the same key');
    expect(again.headers['idempotent-replayed']).toBe('true');
    expect(again.body).toEqual(first.body);
    expect(again.headers.etag).toBe(first.headers.etag);
    expect(await used(meter)).toBe(1);
  });

  test('the order of fields and blanks around words are no other content', async () => {
    const first = await created(owner, path, body, 'order-of-fields');
    const turned = Object.fromEntries(Object.entries(body).reverse());
    expect((await created(owner, path, { ...turned, title: ` ${(body as { title: string }).title} ` }, 'order-of-fields')).body.id).toBe(
      first.body.id,
    );
  });

  test('the key with other content is a conflict, for ever, and changes nothing', async () => {
    const first = await created(owner, path, body, 'one-key,-two-acts');
    for (let index = 0; index < 2; index += 1) {
      const conflict = await owner.post(path, other, 'one-key,-two-acts');
      expect([conflict.status, conflict.body.code]).toEqual([409, 'idempotency_conflict']);
    }
    expect((await owner.get(`${path}/${first.body.id}`)).body).toEqual(first.body);
    expect(await used(meter)).toBe(1);
  });

  test('ten at once with one key are one', async () => {
    const answers = await Promise.all(Array.from({ length: 10 }, () => owner.post(path, body, 'ten-at-once')));
    expect(new Set(answers.map((res) => res.status))).toEqual(new Set([201]));
    expect(new Set(answers.map((res) => res.body.id)).size).toBe(1);
    expect(answers.filter((res) => !res.headers['idempotent-replayed'])).toHaveLength(1);
    expect(await used(meter)).toBe(1);
  });

  test('a colleague’s key replays nothing', async () => {
    const first = await created(owner, path, body, 'a-key-for-two-people');
    const colleague = await it.as(await tenant.member('member'));
    const second = await created(colleague, path, body, 'a-key-for-two-people');
    expect(second.headers['idempotent-replayed']).toBeUndefined();
    expect(second.body.id).not.toBe(first.body.id);
    expect(await used(meter)).toBe(2);
  });

  test('another organization’s key replays nothing', async () => {
    const { ctx } = await testContext();
    const first = await created(owner, path, body, 'a-key-for-two-organizations');
    const theirs = await it.as({ ...(await aTenant(ctx)).owner, memberId: tenant.owner.memberId });
    const second = await created(theirs, path, body, 'a-key-for-two-organizations');
    expect(second.body.id).not.toBe(first.body.id);
  });

  test('a retry of a success is answered at a full quota', async () => {
    const { ctx } = await testContext();
    const small = await aTenant(ctx, { limits: { [meter]: 1 } });
    const person = await it.as(small.owner);
    const first = await created(person, path, body, 'a-success');
    expect((await person.post(path, body, 'one-too-many')).status).toBe(402);
    const again = await created(person, path, body, 'a-success');
    expect(again.body.id).toBe(first.body.id);
  });

  test('an invalid request keeps no key: the same key can create afterwards', async () => {
    expect((await owner.post(path, { ...body, title: '' }, 'a-typo-first')).status).toBe(400);
    expect((await created(owner, path, body, 'a-typo-first')).headers['idempotent-replayed']).toBeUndefined();
  });
});

test('one key on three routes are three acts', async () => {
  const ids = await Promise.all(CREATIONS.map(async ([path, body]) => (await created(owner, path, body, 'one-key-everywhere')).body.id));
  expect(new Set(ids).size).toBe(3);
});

describe('a replay answers the record as it is now', () => {
  test('a ticket after an edit', async () => {
    const first = await created(owner, '/tickets', { title: 'Printer on fire' }, 'edited-later');
    await owner.patch(`/tickets/${first.body.id}`, { title: 'Printer is out', status: 'closed' }, 1);
    const again = await created(owner, '/tickets', { title: 'Printer on fire' }, 'edited-later');
    expect(again.body).toMatchObject({ id: first.body.id, title: 'Printer is out', status: 'closed', revision: 2 });
    expect(again.headers.etag).toBe('"2"');
  });

  test('a ticket after it was deleted: its key creates no second one', async () => {
    const first = await created(owner, '/tickets', { title: 'Printer on fire' }, 'deleted-later');
    expect((await owner.remove(`/tickets/${first.body.id}`, 1)).status).toBe(204);
    const again = await created(owner, '/tickets', { title: 'Printer on fire' }, 'deleted-later');
    expect(again.body.id).toBe(first.body.id);
    expect(again.headers['idempotent-replayed']).toBe('true');
    expect((await owner.get('/tickets')).body.items).toEqual([]);
    expect(await used('tickets')).toBe(1);
  });

  test('a checklist after an item was ticked', async () => {
    const first = await created(owner, '/checklists', checklist, 'ticked-later');
    const { id, items } = first.body;
    await owner.patch(`/checklists/${id}/items/${items[0].id}`, { done: true }, first.body.revision);
    expect((await created(owner, '/checklists', checklist, 'ticked-later')).body).toMatchObject({ id, state: 'completed' });
  });

  test('an opportunity after it moved', async () => {
    const first = await created(owner, '/opportunities', { title: 'New roof' }, 'moved-later');
    await owner.patch(`/opportunities/${first.body.id}`, { stage: 'won' }, 1);
    expect((await created(owner, '/opportunities', { title: 'New roof' }, 'moved-later')).body).toMatchObject({
      stage: 'won',
      revision: 2,
    });
  });
});

describe('creations that count nothing', () => {
  test('a comment is created once per key', async () => {
    const { id } = (await created(owner, '/tickets', { title: 'Printer on fire' }, 'a-ticket')).body;
    const to = `/tickets/${id}/comments`;
    const first = await created(owner, to, { body: 'On my way' }, 'a-comment');
    const again = await created(owner, to, { body: 'On my way' }, 'a-comment');
    expect(again.headers['idempotent-replayed']).toBe('true');
    expect(again.body).toEqual(first.body);
    expect((await owner.post(to, { body: 'Something else' }, 'a-comment')).body.code).toBe('idempotency_conflict');
    expect((await owner.send('post', to, (test) => test.send({ body: 'x' }))).body.code).toBe('idempotency_key_missing');
    expect((await owner.get(`/tickets/${id}/timeline`)).body.items).toHaveLength(1);
  });

  test('the key of a comment on one ticket is a conflict on another, never the first one’s comment', async () => {
    const [one, two] = await Promise.all(
      ['ticket-one', 'ticket-two'].map(async (key) => (await created(owner, '/tickets', { title: 'T' }, key)).body.id),
    );
    await created(owner, `/tickets/${one}/comments`, { body: 'Here' }, 'a-comment');
    expect((await owner.post(`/tickets/${two}/comments`, { body: 'Here' }, 'a-comment')).body.code).toBe('idempotency_conflict');
    expect((await owner.get(`/tickets/${two}/timeline`)).body.items).toEqual([]);
  });

  test('a checklist kept as a draft is created once per key, and started once', async () => {
    const draft = { ...checklist, submit: false };
    const first = await created(owner, '/checklists', draft, 'a-draft-checklist');
    expect((await created(owner, '/checklists', draft, 'a-draft-checklist')).headers['idempotent-replayed']).toBe('true');
    expect((await owner.get('/checklists')).body.items).toHaveLength(1);
    expect(await used('checklists')).toBe(0);

    const start = (key?: string) => owner.post(`/checklists/${first.body.id}/submit`, {}, key);
    expect((await start('start-it')).body).toMatchObject({ state: 'running' });
    const again = await start('start-it');
    expect([again.status, again.headers['idempotent-replayed'], again.body.state]).toEqual([200, 'true', 'running']);
    expect((await start()).body.code).toBe('checklist_already_submitted');
    expect(await used('checklists')).toBe(1);
  });
});

test('a creation refused for lack of quota keeps one draft under its key, whose submission is the same act', async () => {
  const { ctx } = await testContext();
  const small = await aTenant(ctx, { limits: { tickets: 1 } });
  const person = await it.as(small.owner);
  await created(person, '/tickets', { title: 'The last one' }, 'the-last-one');
  const refused = await person.post('/tickets', { title: 'Kept' }, 'kept-for-later');
  expect(refused.status).toBe(402);
  expect(refused.body).toMatchObject({
    code: 'quota_exhausted',
    type: 'urn:kontingent:problem:quota_exhausted',
    meter: 'tickets',
    limit: 1,
    used: 1,
    held: 0,
    resetsAt: '2026-04-10T00:00:00.000Z',
    draftId: expect.any(String),
  });
  const again = await person.post('/tickets', { title: 'Kept' }, 'kept-for-later');
  expect([again.status, again.body.draftId]).toEqual([402, refused.body.draftId]);
  expect((await person.get('/drafts')).body.items).toHaveLength(1);

  await small.changePlan((await aTenant(ctx, { limits: { tickets: 3 } })).plan);
  const submitted = await person.send('post', `/drafts/${refused.body.draftId}/submit`);
  expect([submitted.status, submitted.body.record.title]).toEqual([201, 'Kept']);
  const retried = await created(person, '/tickets', { title: 'Kept' }, 'kept-for-later');
  expect(retried.body.id).toBe(submitted.body.record.id);
  const twice = await person.send('post', `/drafts/${refused.body.draftId}/submit`);
  expect([twice.status, twice.headers['idempotent-replayed'], twice.body.record.id]).toEqual([201, 'true', submitted.body.record.id]);
  expect((await person.get('/drafts')).body.items).toEqual([]);
});
