import { randomUUID } from 'node:crypto';
import { type Caller, type TestApp, testApp } from '../support/app';
import { testContext } from '../support/database';
import { aTenant } from '../support/tenant';

const CREATE: Record<string, (title: string) => [string, object]> = {
  '/tickets': (title) => ['/tickets', { title }],
  '/checklists': (title) => ['/checklists', { title, items: [{ text: 'x' }] }],
  '/opportunities': (title) => ['/opportunities', { title }],
  '/drafts': (title) => ['/tickets', { title }],
  '/teams': (title) => ['/teams', { name: title }],
};
const LISTS = ['/tickets', '/checklists', '/opportunities', '/drafts', '/members', '/teams'];

let it: TestApp;
const owners: Record<string, Caller> = {};
beforeAll(async () => {
  const { ctx } = await testContext();
  it = await testApp(ctx);
  for (const list of LISTS) {
    const limit = list === '/drafts' ? 0 : null;
    const tenant = await aTenant(ctx, { limits: { tickets: limit, checklists: null, opportunities: null } });
    const owner = await it.as(tenant.owner);
    owners[list] = owner;
    for (let index = 0; index < 7; index += 1) {
      if (list === '/members') await tenant.member('member', index % 2 ? 'Sample Person' : `ÄÖ person ${index}`);
      else await owner.post(...CREATE[list]!(`Title ${index}`));
    }
  }
});

const sep = (path: string) => (path.includes('?') ? '&' : '?');
async function walk(owner: Caller, list: string, limit: number, between?: (page: number) => Promise<unknown>): Promise<string[]> {
  const ids: string[] = [];
  let cursor: string | null = null;
  for (let page = 0; page < 50; page += 1) {
    const { status, body }: { status: number; body: { items: { id: string }[]; nextCursor: string | null } } = await owner.get(
      `${list}${sep(list)}limit=${limit}${cursor ? `&cursor=${encodeURIComponent(cursor)}` : ''}`,
    );
    expect(status).toBe(200);
    expect(body.items.length).toBeLessThanOrEqual(limit);
    ids.push(...body.items.map((item) => item.id));
    cursor = body.nextCursor;
    if (!cursor) return ids;
    await between?.(page);
  }
  throw new Error('the list never ends');
}

describe.each(LISTS)('GET %s', (list) => {
  test('pages of every size add up to the whole, each item once, in the same order', async () => {
    const whole = await walk(owners[list]!, list, 100);
    expect(whole.length).toBeGreaterThanOrEqual(7);
    expect(new Set(whole).size).toBe(whole.length);
    for (const limit of [1, 2, 3, whole.length]) expect(await walk(owners[list]!, list, limit)).toEqual(whole);
  });

  test('the last full page says that it is the last', async () => {
    const { length } = await walk(owners[list]!, list, 100);
    expect((await owners[list]!.get(`${list}?limit=${length}`)).body.nextCursor).toBeNull();
  });

  test.each(['0', '-1', '101', '1.5', 'ten', '1e9', '', ' ', '0x1x', 'NaN', 'Infinity'])('400 for limit=%s', async (limit) => {
    const res = await owners[list]!.get(`${list}?limit=${encodeURIComponent(limit)}`);
    expect([res.status, res.body.code]).toEqual([400, 'invalid_input']);
  });

  test('400 for a parameter given twice or with brackets', async () => {
    for (const query of ['limit=1&limit=2', 'cursor=a&cursor=b']) {
      expect([query, (await owners[list]!.get(`${list}?${query}`)).status]).toEqual([query, 400]);
    }
    expect((await owners[list]!.get(`${list}?limit[]=1&__proto__[x]=1`)).status).toBe(200);
  });

  const values: [string, unknown][] = [
    ['no list', { a: 1 }],
    ['null', null],
    ['an empty list', []],
    ['words', ['x', 'y', 'z']],
    ['nested lists', [[[]]]],
    ['a huge number', [1e300, randomUUID()]],
    ['the largest safe number', [Number.MAX_SAFE_INTEGER, randomUUID()]],
    ['the smallest safe number', [Number.MIN_SAFE_INTEGER, randomUUID()]],
    ['a fraction', [1.5, randomUUID()]],
    ['NUL', ['\u0000', randomUUID()]],
    ['half a character', ['\ud83d', randomUUID()]],
    ['an instant of year 0', ['0000-01-01T00:00:00.000Z', randomUUID()]],
    ['the 30th of February', ['2026-02-30T00:00:00.000Z', randomUUID()]],
    ['hour 24', ['2026-02-03T24:00:00.000Z', randomUUID()]],
    ['hour 25', ['2026-02-03T25:00:00.000Z', randomUUID()]],
    ['an instant with nine digits', ['2026-02-03T12:00:00.123456789Z', randomUUID()]],
    ['an instant and no id', ['2026-03-10T09:00:00.000Z', 'x']],
    ['an instant and NUL', ['2026-03-10T09:00:00.000Z', '\u0000']],
    ['infinity', ['infinity', randomUUID()]],
    ['a name and SQL', ["x'; drop table members; --", randomUUID()]],
  ];
  test.each(values)('a cursor that holds %s is none of ours and does no harm', async (_what, value) => {
    const cursor = Buffer.from(JSON.stringify(value)).toString('base64url');
    const res = await owners[list]!.get(`${list}?cursor=${cursor}`);
    expect([200, 400]).toContain(res.status);
  });

  test.each(['x', '%00', '====', '..%2f..%2fetc', 'null', 'W10', '%F0%9F%98%80', 'a'.repeat(2000)])(
    'the cursor %s does no harm',
    async (cursor) => {
      const res = await owners[list]!.get(`${list}?cursor=${cursor}`);
      expect([200, 400]).toContain(res.status);
    },
  );

  test('a cursor too long is 400', async () => {
    expect((await owners[list]!.get(`${list}?cursor=${'a'.repeat(2001)}`)).status).toBe(400);
  });
});

test.each(['/tickets', '/opportunities', '/checklists'])(
  'GET %s: what is created while paging moves nothing that was there',
  async (list) => {
    const owner = owners[list]!;
    const before = await walk(owner, list, 100);
    const seen = await walk(owner, list, 2, (page) => owner.post(...CREATE[list]!(`New ${page}`)));
    expect(seen).toEqual(before);
  },
);

test('people with one name are all on some page', async () => {
  const { ctx } = await testContext();
  const tenant = await aTenant(ctx);
  const ids = await Promise.all(Array.from({ length: 5 }, async () => (await tenant.member('member', 'Same Name')).memberId));
  const seen = await walk(await it.as(tenant.owner), '/members?q=same', 1);
  expect([...seen].sort()).toEqual([...ids].sort());
});

test('names of 320 characters beyond ASCII can be paged', async () => {
  const { ctx } = await testContext();
  const tenant = await aTenant(ctx);
  for (let index = 0; index < 3; index += 1) await tenant.member('member', `${'漢'.repeat(319)}${index}`);
  expect(await walk(await it.as(tenant.owner), '/members', 1)).toHaveLength(4);
});

test.each(['%', '_', '\\', "'", 'a%20%26%20b', '!()|&:*', '<->', '%F0%9F%98%80', 'x'.repeat(200)])(
  'a search for %s is answered',
  async (q) => {
    for (const list of ['/members', '/tickets']) expect([list, (await owners[list]!.get(`${list}?q=${q}`)).status]).toEqual([list, 200]);
  },
);

test('a search for NUL finds nothing or is 400', async () => {
  expect((await owners['/members']!.get('/members?q=%00')).status).toBe(400);
  expect((await owners['/tickets']!.get('/tickets?q=%00')).status).toBe(200);
});
