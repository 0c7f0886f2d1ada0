import { randomUUID } from 'node:crypto';
import { type Caller, type TestApp, testApp } from '../support/app';
import { testContext } from '../support/database';
import { anActor, aTenant, type TestTenant } from '../support/tenant';

let it: TestApp;
let tenant: TestTenant;
let owner: Caller;
beforeAll(async () => {
  const { ctx } = await testContext();
  it = await testApp(ctx);
  tenant = await aTenant(ctx, { limits: { tickets: null, checklists: null, opportunities: null } });
  owner = await it.as(tenant.owner);
});

const createTicket = async (title = 'Printer on fire') => (await owner.post('/tickets', { title })).body;
const codeOf = (res: { status: number; body: { code?: string } }) => [res.status, res.body.code];

describe('problems', () => {
  test('are problem details in the reader’s language, with the request’s own id', async () => {
    const res = await owner.send('get', `/tickets/${randomUUID()}`, (test) =>
      test.set('Accept-Language', 'de-CH, de;q=0.9').set('X-Request-Id', 'mine'),
    );
    expect(res.status).toBe(404);
    expect(res.headers['content-type']).toBe('application/problem+json; charset=utf-8');
    expect(res.body).toMatchObject({
      type: 'urn:kontingent:problem:ticket_not_found',
      title: 'ticket not found',
      status: 404,
      code: 'ticket_not_found',
      requestId: res.headers['x-request-id'],
    });
    expect(res.body.requestId).not.toBe('mine');
    const english = await owner.get(`/tickets/${randomUUID()}`);
    expect(english.body.detail).not.toBe(res.body.detail);
  });

  test.each(['*', '', 'xx', 'de;q=nonsense', `${'de,'.repeat(500)}it`])('a strange Accept-Language (%s) does no harm', async (language) => {
    const res = await owner.send('get', '/tickets', (test) => test.set('Accept-Language', language));
    expect(res.status).toBe(200);
  });
});

describe('bodies', () => {
  const postRaw = (body: string, type = 'application/json') =>
    owner.send('post', '/tickets', (test) => test.set('Idempotency-Key', randomUUID()).set('Content-Type', type).send(body));

  test.each([
    ['cut off', '{"title":"x"'],
    ['a word', 'title'],
    ['a bare string', '"title"'],
    ['a bare number', '1'],
    ['null', 'null'],
    ['a trailing comma', '{"title":"x",}'],
    ['two values', '{"title":"x"}{"title":"y"}'],
  ])('400 malformed_json for JSON that is %s', async (_what, body) => {
    expect(codeOf(await postRaw(body))).toEqual([400, 'malformed_json']);
  });

  test.each([
    ['nothing', ''],
    ['a list', '[]'],
    ['no fields', '{}'],
  ])('400 invalid_input for %s', async (_what, body) => {
    expect(codeOf(await postRaw(body))).toEqual([400, 'invalid_input']);
  });

  test.each(['text/plain', 'application/xml', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x', 'application/jsonx'])(
    '415 for %s',
    async (type) => {
      expect(codeOf(await postRaw('title=x', type))).toEqual([415, 'unsupported_media_type']);
    },
  );

  test.each(['application/json; charset=latin1', 'application/json; charset=nonsense'])('415 for %s', async (type) => {
    expect(codeOf(await postRaw('{"title":"x"}', type))).toEqual([415, 'unsupported_media_type']);
  });

  test('415 for an encoding nobody knows, 400 for one that does not hold what it says', async () => {
    const encoded = (encoding: string) =>
      owner.send('post', '/tickets', (test) =>
        test
          .set('Idempotency-Key', randomUUID())
          .set('Content-Type', 'application/json')
          .set('Content-Encoding', encoding)
          .send('{"title":"x"}'),
      );
    expect(codeOf(await encoded('snappy'))).toEqual([415, 'unsupported_media_type']);
    expect((await encoded('gzip')).status).toBe(400);
  });

  test('256 kB are read, one byte more is 413', async () => {
    const sized = (bytes: number) => {
      const frame = JSON.stringify({ title: 'x', description: '' }).length;
      return JSON.stringify({ title: 'x', description: 'd'.repeat(bytes - frame) });
    };
    expect(codeOf(await postRaw(sized(256 * 1024)))).toEqual([400, 'invalid_input']);
    expect(codeOf(await postRaw(sized(256 * 1024 + 1)))).toEqual([413, 'body_too_large']);
  });

  test('a small packed body that unpacks to megabytes is 413', async () => {
    const { gzipSync } = await import('node:zlib');
    const res = await owner.send('post', '/tickets', (test) =>
      test
        .set('Idempotency-Key', randomUUID())
        .set('Content-Type', 'application/json')
        .set('Content-Encoding', 'gzip')
        .serialize((body) => body as never)
        .send(gzipSync(JSON.stringify({ title: 'x', description: 'd'.repeat(5_000_000) })) as never),
    );
    expect(codeOf(res)).toEqual([413, 'body_too_large']);
  });

  test('very deep nesting does no harm', async () => {
    const res = await postRaw(`{"title":${'['.repeat(100_000)}${']'.repeat(100_000)}}`);
    expect(codeOf(res)).toEqual([400, 'invalid_input']);
  });

  test('an acted-on prototype stays untouched', async () => {
    const res = await postRaw('{"title":"x","__proto__":{"admin":true},"constructor":{"prototype":{"admin":true}}}');
    expect(res.status).toBe(400);
    expect(({} as { admin?: boolean }).admin).toBeUndefined();
  });

  test('a body where none is asked for is passed over', async () => {
    expect((await owner.send('get', '/tickets', (test) => test.send({ some: 'thing' }))).status).toBe(200);
  });
});

describe('fields', () => {
  const NUL = '\u0000';
  test.each<[string, object, string]>([
    ['an unknown field', { title: 'x', tenantId: randomUUID() }, ''],
    ['the field of another record', { title: 'x', revision: 7 }, ''],
    ['no title', {}, 'title'],
    ['an empty title', { title: '' }, 'title'],
    ['a title of blanks', { title: ' \u2003 ' }, 'title'],
    ['a title too long', { title: 'x'.repeat(201) }, 'title'],
    ['a title with NUL', { title: `a${NUL}b` }, 'title'],
    ['a title of two lines', { title: 'a\nb' }, 'title'],
    ['a title with half a character', { title: 'a\ud83d' }, 'title'],
    ['a title that is a number', { title: 7 }, 'title'],
    ['a title that is a list', { title: ['x'] }, 'title'],
    ['a title that is null', { title: null }, 'title'],
    ['a description with NUL', { title: 'x', description: NUL }, 'description'],
    ['a description with half a character', { title: 'x', description: '\udc00' }, 'description'],
    ['a description too long', { title: 'x', description: 'd'.repeat(20_001) }, 'description'],
    ['an unknown priority', { title: 'x', priority: 'panic' }, 'priority'],
    ['an assignee that is no id', { title: 'x', assigneeId: 'olivia' }, 'assigneeId'],
    ['an assignee with SQL in it', { title: 'x', assigneeId: `${randomUUID()}'; drop table tickets` }, 'assigneeId'],
    ['a date that does not exist', { title: 'x', dueOn: '2026-02-30' }, 'dueOn'],
    ['a date of year 0', { title: 'x', dueOn: '0000-01-01' }, 'dueOn'],
    ['an instant for a date', { title: 'x', dueOn: '2026-03-10T00:00:00Z' }, 'dueOn'],
    ['too many tags', { title: 'x', tags: Array(21).fill('tag') }, 'tags'],
    ['an empty tag', { title: 'x', tags: [''] }, 'tags.0'],
    ['a tag that is an object', { title: 'x', tags: [{}] }, 'tags.0'],
  ])('a ticket with %s is 400 and names the field', async (_what, body, path) => {
    const res = await owner.post('/tickets', body);
    expect(codeOf(res)).toEqual([400, 'invalid_input']);
    expect(res.body.errors).toContainEqual({ path, message: expect.any(String) });
    expect(JSON.stringify(res.body)).not.toContain('stack');
  });

  test.each<[string, string, object]>([
    ['/checklists', 'no items', { title: 'x', items: [] }],
    ['/checklists', 'too many items', { title: 'x', items: Array(201).fill({ text: 'x' }) }],
    ['/checklists', 'an item with an unknown field', { title: 'x', items: [{ text: 'x', doneAt: '2026-01-01T00:00:00Z' }] }],
    ['/checklists', 'NUL in an item', { title: 'x', items: [{ text: NUL }] }],
    ['/checklists', 'submit as a word', { title: 'x', items: [{ text: 'x' }], submit: 'yes' }],
    ['/opportunities', 'a value below nothing', { title: 'x', value: { minor: -1, currency: 'EUR' } }],
    ['/opportunities', 'a value with a fraction', { title: 'x', value: { minor: 1.5, currency: 'EUR' } }],
    ['/opportunities', 'a value too large', { title: 'x', value: { minor: 1e20, currency: 'EUR' } }],
    ['/opportunities', 'a currency in small letters', { title: 'x', value: { minor: 1, currency: 'eur' } }],
    ['/opportunities', 'a value without currency', { title: 'x', value: { minor: 1 } }],
    ['/opportunities', 'NUL in the customer', { title: 'x', customer: NUL }],
    ['/usage/dismissals', 'no key', {}],
    ['/usage/dismissals', 'a key too long', { key: 'k'.repeat(201) }],
  ])('POST %s with %s is 400', async (path, _what, body) => {
    expect(codeOf(await owner.post(path, body))).toEqual([400, 'invalid_input']);
  });

  test('a dismissal of what does not exist does no harm', async () => {
    for (const key of ['no such notice', NUL, 'a\ud83d', `tickets/${'9'.repeat(100)}/80`]) {
      expect([key, (await owner.post('/usage/dismissals', { key })).status]).toEqual([key, 204]);
    }
  });

  test.each([
    'Ünïcödé 😀',
    '日本語のタイトル',
    'العربية',
    "Robert'); DROP TABLE tickets;--",
    '<script>alert(1)</script>',
    '$1 %s {{x}} \\u0000',
  ])('the title %s comes back as it was typed', async (title) => {
    const { body } = await owner.post('/tickets', { title });
    expect(body.title).toBe(title);
    expect((await owner.get(`/tickets/${body.id}`)).body.title).toBe(title);
  });

  test('an assignee nobody knows is 422 and creates nothing', async () => {
    const before = (await owner.get('/usage')).body.meters[0].used;
    for (const [path, body] of [
      ['/tickets', { title: 'x', assigneeId: randomUUID() }],
      ['/checklists', { title: 'x', items: [{ text: 'x', assigneeId: randomUUID() }] }],
      ['/opportunities', { title: 'x', ownerId: randomUUID() }],
    ] as const) {
      expect([path, ...codeOf(await owner.post(path, body))]).toEqual([path, 422, 'member_not_found']);
    }
    expect((await owner.get('/usage')).body.meters[0].used).toBe(before);
  });
});

describe('ids in the path', () => {
  const NOT_IDS = [
    '1',
    'x',
    '-',
    'null',
    'undefined',
    '%00',
    '%2e%2e%2f',
    "';--",
    '0'.repeat(5000),
    '{}',
    randomUUID().slice(1),
    `${randomUUID()}%00`,
  ];
  const PATHS: [string, string][] = [
    ['get', '/tickets/:id'],
    ['patch', '/tickets/:id'],
    ['delete', '/tickets/:id'],
    ['post', '/tickets/:id/undo'],
    ['get', '/tickets/:id/timeline'],
    ['post', '/tickets/:id/comments'],
    ['get', '/checklists/:id'],
    ['post', '/checklists/:id/submit'],
    ['patch', `/checklists/:id/items/${randomUUID()}`],
    ['patch', `/checklists/${randomUUID()}/items/:id`],
    ['get', '/opportunities/:id'],
    ['patch', '/opportunities/:id'],
    ['get', '/drafts/:id'],
    ['patch', '/drafts/:id'],
    ['delete', '/drafts/:id'],
    ['post', '/drafts/:id/submit'],
    ['patch', '/members/:id'],
    ['delete', '/members/:id'],
    ['post', '/members/:id/readmit'],
    ['post', '/members/removals/:id/undo'],
    ['get', '/teams/:id'],
    ['patch', '/teams/:id'],
    ['post', '/teams/:id/archive'],
    ['post', '/teams/:id/unarchive'],
    ['post', '/teams/:id/join'],
    ['get', '/teams/:id/members'],
    ['post', '/teams/:id/members'],
    ['delete', `/teams/${randomUUID()}/members/:id`],
  ];

  test.each(PATHS)('%s %s: what is no id is 400', async (method, path) => {
    for (const id of NOT_IDS) {
      const res = await owner.send(method, path.replace(':id', id), (test) =>
        test.set('Idempotency-Key', randomUUID()).set('If-Match', '"1"').send({ title: 'x', body: 'x', done: true, role: 'agent' }),
      );
      expect([id, ...codeOf(res)]).toEqual([id, 400, 'invalid_input']);
    }
  });

  test('an id in capitals is the same record', async () => {
    const { id } = await createTicket();
    expect((await owner.get(`/tickets/${id.toUpperCase()}`)).body.id).toBe(id);
  });

  test.each(['%', '%zz', '%c0%ae', '%ff'])('a path with a broken escape (%s) is 400', async (broken) => {
    expect((await owner.get(`/tickets/${broken}`)).status).toBe(400);
  });
});

describe('routes and methods', () => {
  test.each(['/nothing', '/tickets/x/y/z', '/Tickets%20', '/../health/live/x', '//'])('404 not_found for %s', async (path) => {
    expect(codeOf(await owner.get(path))).toEqual([404, 'not_found']);
  });

  test.each([
    ['put', '/tickets', 'GET, POST'],
    ['delete', '/tickets', 'GET, POST'],
    ['patch', '/me', 'GET'],
    ['post', `/tickets/${randomUUID()}`, 'GET, PATCH, DELETE'],
    ['put', `/tickets/${randomUUID()}`, 'GET, PATCH, DELETE'],
    ['get', `/tickets/${randomUUID()}/undo`, 'POST'],
    ['get', `/members/${randomUUID()}`, 'PATCH, DELETE'],
    ['delete', '/usage/dismissals', 'POST'],
  ])('405 with Allow for %s %s', async (method, path, allow) => {
    const res = await owner.send(method, path);
    expect(codeOf(res)).toEqual([405, 'method_not_allowed']);
    expect(res.headers.allow).toBe(allow);
  });

  test('HEAD answers like GET without a body', async () => {
    const res = await (await import('supertest'))
      .default(it.app)
      .head('/api/v1/tickets')
      .set('Authorization', `Bearer ${await it.token(tenant.owner)}`);
    expect([res.status, res.text]).toEqual([200, undefined]);
  });
});

describe('revisions', () => {
  const RECORDS: [string, () => Promise<{ id: string; revision: number }>, object][] = [
    ['/tickets', () => createTicket(), { title: 'Printer is out' }],
    ['/opportunities', async () => (await owner.post('/opportunities', { title: 'New roof' })).body, { title: 'New door' }],
  ];

  describe.each(RECORDS)('PATCH %s/:id', (path, create, patch) => {
    test('428 without If-Match, and nothing changes', async () => {
      const { id } = await create();
      const res = await owner.send('patch', `${path}/${id}`, (test) => test.send(patch));
      expect(codeOf(res)).toEqual([428, 'if_match_missing']);
      expect((await owner.get(`${path}/${id}`)).body.revision).toBe(1);
    });

    test.each(['1', '*', 'W/"1"', '"one"', '""', '"1", "2"', '"1.0"', '"-1"', '" 1"', '"99999999999999999999"', '"1'])(
      '400 for If-Match %s',
      async (tag) => {
        const { id } = await create();
        expect(codeOf(await owner.patch(`${path}/${id}`, patch, tag))).toEqual([400, 'if_match_invalid']);
      },
    );

    test('412 with the current row when it is stale', async () => {
      const { id } = await create();
      const changed = await owner.patch(`${path}/${id}`, patch, 1);
      expect([changed.status, changed.headers.etag]).toEqual([200, '"2"']);
      for (const stale of [1, 3, 0, 999_999_999]) {
        const res = await owner.patch(`${path}/${id}`, { title: 'Another title' }, stale);
        expect(codeOf(res)).toEqual([412, 'stale_revision']);
        expect(res.body.current).toEqual(changed.body);
      }
    });

    test('of ten changes on one revision exactly one wins', async () => {
      const { id } = await create();
      const answers = await Promise.all(
        Array.from({ length: 10 }, (_, index) => owner.patch(`${path}/${id}`, { title: `Title ${index}` }, 1)),
      );
      expect(answers.map((res) => res.status).sort()).toEqual([200, ...Array(9).fill(412)]);
      expect((await owner.get(`${path}/${id}`)).body.revision).toBe(2);
    });

    test('400 for a change of nothing or of what cannot be changed', async () => {
      const { id } = await create();
      for (const body of [{}, { id: randomUUID() }, { revision: 1 }, { createdAt: '2026-01-01T00:00:00.000Z' }]) {
        expect(codeOf(await owner.patch(`${path}/${id}`, body, 1))).toEqual([400, 'invalid_input']);
      }
    });
  });

  test('DELETE needs If-Match, refuses a stale one, then the ticket is gone', async () => {
    const { id } = await createTicket();
    expect(codeOf(await owner.send('delete', `/tickets/${id}`))).toEqual([428, 'if_match_missing']);
    expect(codeOf(await owner.remove(`/tickets/${id}`, 7))).toEqual([412, 'stale_revision']);
    expect((await owner.remove(`/tickets/${id}`, 1)).status).toBe(204);
    expect(codeOf(await owner.remove(`/tickets/${id}`, 1))).toEqual([404, 'ticket_not_found']);
    expect(codeOf(await owner.get(`/tickets/${id}`))).toEqual([404, 'ticket_not_found']);
  });

  test('undo works for 60 seconds and once', async () => {
    const { clock } = await testContext();
    const usedNow = async () => (await owner.get('/usage')).body.meters.find((one: { meter: string }) => one.meter === 'tickets').used;
    const before = await usedNow();
    const [one, two] = [await createTicket(), await createTicket()];
    expect(await usedNow()).toBe(before + 2);
    expect((await owner.send('post', `/tickets/${one.id}/undo`)).status).toBe(204);
    expect((await owner.send('post', `/tickets/${one.id}/undo`)).status).toBe(204);
    expect(await usedNow()).toBe(before + 1);
    expect(clock.now().toISOString()).toBe('2026-03-10T09:00:00.000Z');
    expect((await owner.get(`/tickets/${two.id}`)).body.undoableUntil).toBe('2026-03-10T09:01:00.000Z');
  });

  test('items of a checklist go by the checklist’s revision', async () => {
    const { id, items, revision } = (await owner.post('/checklists', { title: 'Opening', items: [{ text: 'a' }, { text: 'b' }] })).body;
    const to = `/checklists/${id}/items/${items[0].id}`;
    expect(codeOf(await owner.send('patch', to, (test) => test.send({ done: true })))).toEqual([428, 'if_match_missing']);
    const ticked = await owner.patch(to, { done: true }, revision);
    expect([ticked.status, ticked.headers.etag]).toEqual([200, `"${revision + 1}"`]);
    const stale = await owner.patch(`/checklists/${id}/items/${items[1].id}`, { done: true }, revision);
    expect([stale.status, stale.body.current]).toEqual([412, ticked.body]);
    expect(codeOf(await owner.patch(`/checklists/${id}/items/${randomUUID()}`, { done: true }, revision + 1))).toEqual([
      404,
      'checklist_not_found',
    ]);
  });

  test('drafts', async () => {
    const { ctx } = await testContext();
    const full = await it.as((await aTenant(ctx, { limits: { tickets: 0 } })).owner);
    const { draftId } = (await full.post('/tickets', { title: 'Kept' })).body;
    const words = { meter: 'tickets', payload: { title: 'Other words' } };
    expect(codeOf(await full.send('patch', `/drafts/${draftId}`, (test) => test.send(words)))).toEqual([428, 'if_match_missing']);
    const changed = await full.patch(`/drafts/${draftId}`, words, 1);
    expect(changed.body).toMatchObject({ revision: 2, payload: { title: 'Other words', tags: [] } });
    const stale = await full.patch(`/drafts/${draftId}`, words, 1);
    expect([stale.status, stale.body.current]).toEqual([412, changed.body]);
    expect(codeOf(await full.patch(`/drafts/${draftId}`, { meter: 'tickets', payload: { title: '' } }, 2))).toEqual([400, 'invalid_input']);
    expect(codeOf(await full.send('post', `/drafts/${draftId}/submit`))).toEqual([402, 'quota_exhausted']);
    expect((await full.post('/drafts/submit-all')).body).toMatchObject({
      submitted: [],
      remaining: 1,
      refused: [{ draftId, problem: { code: 'quota_exhausted', status: 402 } }],
    });
    expect((await full.remove(`/drafts/${draftId}`, 2)).status).toBe(204);
    expect(codeOf(await full.get(`/drafts/${draftId}`))).toEqual([404, 'draft_not_found']);
  });

  test('roles', async () => {
    const person = await tenant.member('member');
    const { revision } = (await owner.get('/members?limit=100')).body.items.find((one: { id: string }) => one.id === person.memberId);
    const changed = await owner.patch(`/members/${person.memberId}`, { role: 'agent' }, revision);
    expect([changed.status, changed.body.role, changed.headers.etag]).toEqual([200, 'agent', `"${revision + 1}"`]);
    const stale = await owner.patch(`/members/${person.memberId}`, { role: 'viewer' }, revision);
    expect([stale.status, stale.body.current]).toEqual([412, changed.body]);
    expect(codeOf(await owner.patch(`/members/${tenant.owner.memberId}`, { role: 'member' }, 1))).toEqual([409, 'last_owner']);
    expect(codeOf(await (await it.as(person)).patch(`/members/${person.memberId}`, { role: 'owner' }, revision + 1))).toEqual([
      403,
      'not_allowed',
    ]);
    expect(codeOf(await owner.patch(`/members/${randomUUID()}`, { role: 'agent' }, 1))).toEqual([404, 'member_not_found']);
  });
});

describe('subscriptions', () => {
  const WRITES: [string, string, object][] = [
    ['post', '/tickets', { title: 'x' }],
    ['post', '/checklists', { title: 'x', items: [{ text: 'x' }] }],
    ['post', '/checklists', { title: 'x', items: [{ text: 'x' }], submit: false }],
    ['post', '/opportunities', { title: 'x' }],
  ];

  test('an organization that bought nothing: me answers with nulls, the rest is 403 no_subscription', async () => {
    const stranger = await it.as(anActor());
    expect((await stranger.get('/me')).body).toMatchObject({ member: null, subscription: null, may: { create: false, edit: false } });
    for (const path of ['/usage', '/tickets', '/members', '/checklists', '/opportunities', '/drafts', `/tickets/${randomUUID()}`]) {
      expect([path, ...codeOf(await stranger.get(path))]).toEqual([path, 403, 'no_subscription']);
    }
    for (const [method, path, body] of WRITES) {
      const res = await stranger.send(method, path, (test) => test.set('Idempotency-Key', randomUUID()).send(body));
      expect([path, ...codeOf(res)]).toEqual([path, 403, 'no_subscription']);
    }
  });

  test.each(['Suspended', 'Unsubscribed'] as const)('%s: reading goes on, every write is 403 subscription_inactive', async (status) => {
    const { ctx } = await testContext();
    const other = await aTenant(ctx);
    const person = await it.as(other.owner);
    const ticket = (await person.post('/tickets', { title: 'Before' }, 'before-the-end')).body;
    const checklist = (await person.post('/checklists', { title: 'Before', items: [{ text: 'x' }] })).body;
    const opportunity = (await person.post('/opportunities', { title: 'Before' })).body;
    await other.setStatus(status);

    for (const path of [
      '/me',
      '/usage',
      '/tickets',
      `/tickets/${ticket.id}`,
      `/tickets/${ticket.id}/timeline`,
      '/checklists',
      `/checklists/${checklist.id}`,
      '/opportunities',
      `/opportunities/${opportunity.id}`,
      '/drafts',
      '/members',
    ]) {
      expect([path, (await person.get(path)).status]).toEqual([path, 200]);
    }
    const writes: [string, string, object][] = [
      ...WRITES,
      ['patch', `/tickets/${ticket.id}`, { title: 'After' }],
      ['delete', `/tickets/${ticket.id}`, {}],
      ['post', `/tickets/${ticket.id}/undo`, {}],
      ['post', `/tickets/${ticket.id}/comments`, { body: 'After' }],
      ['patch', `/checklists/${checklist.id}/items/${checklist.items[0].id}`, { done: true }],
      ['patch', `/opportunities/${opportunity.id}`, { title: 'After' }],
      ['patch', `/members/${other.owner.memberId}`, { role: 'admin' }],
    ];
    for (const [method, path, body] of writes) {
      const res = await person.send(method, path, (test) => test.set('Idempotency-Key', randomUUID()).set('If-Match', '"1"').send(body));
      expect([path, ...codeOf(res), res.body.subscriptionStatus]).toEqual([path, 403, 'subscription_inactive', status]);
    }
    expect((await person.get(`/tickets/${ticket.id}`)).body).toEqual(ticket);
    expect((await person.get('/drafts')).body.items).toEqual([]);
  });

  test('a viewer reads and is refused every write', async () => {
    const viewer = await it.as(await tenant.member('viewer'));
    const ticket = await createTicket();
    expect((await viewer.get(`/tickets/${ticket.id}`)).status).toBe(200);
    for (const [method, path, body] of [...WRITES, ['patch', `/tickets/${ticket.id}`, { title: 'x' }] as const]) {
      const res = await viewer.send(method, path, (test) => test.set('Idempotency-Key', randomUUID()).set('If-Match', '"1"').send(body));
      expect([path, ...codeOf(res)]).toEqual([path, 403, 'not_allowed']);
    }
  });
});
