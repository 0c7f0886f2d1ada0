import { randomUUID } from 'node:crypto';
import type { Context } from '../../src/platform/context';
import { type Caller, type TestApp, testApp } from '../support/app';
import { type TestClock, testContext } from '../support/database';
import { aPeoplePlan } from '../support/teams';
import { aTenant, type TestTenant } from '../support/tenant';

let ctx: Context;
let clock: TestClock;
let it: TestApp;
let tenant: TestTenant;
let owner: Caller;

beforeAll(async () => {
  ({ ctx, clock } = await testContext({ now: '2026-03-05T00:00:00.000Z' }));
  it = await testApp(ctx);
  tenant = await aTenant(ctx, { plan: await aPeoplePlan(ctx) });
  owner = await it.as(tenant.owner);
  const people = [await tenant.member('member', 'Mara'), await tenant.member('member', 'Ötto')];
  await owner.post('/teams', { name: 'Service', memberIds: people.map(({ memberId }) => memberId) });
  clock.set('2026-04-02T00:00:00.000Z');
  owner = await it.as(tenant.owner);
});

const codeOf = ({ status, body }: { status: number; body: { code?: string; reason?: string } }) => [status, body.code, body.reason];

test('EC-12: what is counted now', async () => {
  expect((await owner.get('/billing/units')).body).toEqual({
    asOf: '2026-04-02T00:00:00.000Z',
    timeZone: 'UTC',
    rule: { active: 'in_active_team', countRule: 'any_time' },
    teams: { active: 1, archived: 0 },
    members: { present: 3, active: 2, byClass: { active: 3, restricted: 0, blocked: 0, external: 0 } },
  });
});

test('EC-13: the list of a month that is over, page by page, and of the running one as a preview', async () => {
  const first = (await owner.get('/billing/people/2026-03?limit=1')).body;
  expect(first).toMatchObject({
    month: '2026-03',
    isFinal: true,
    count: 2,
    items: [{ name: 'Mara', teams: ['Service'], from: '2026-03-05' }],
  });
  const second = (await owner.get(`/billing/people/2026-03?limit=1&cursor=${encodeURIComponent(first.nextCursor)}`)).body;
  expect(second).toMatchObject({ items: [{ name: 'Ötto' }], nextCursor: null });
  expect((await owner.get('/billing/people/2026-04')).body).toMatchObject({ isFinal: false, count: 2 });
  expect((await owner.get('/billing/teams/2026-03')).body).toMatchObject({
    isFinal: true,
    count: 1,
    items: [{ name: 'Service', teams: [] }],
  });
  expect((await owner.get('/billing/months')).body.items.map(({ month }: { month: string }) => month)).toEqual(['2026-04', '2026-03']);
});

test.each([
  ['/billing/people/2026-03.csv', 'text/csv; charset=utf-8', 'billed-people-2026-03.csv'],
  ['/billing/people/2026-03.xlsx', 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet', 'billed-people-2026-03.xlsx'],
  ['/billing/teams/2026-03.csv', 'text/csv; charset=utf-8', 'billed-teams-2026-03.csv'],
  ['/billing/teams/2026-03.xlsx', 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet', 'billed-teams-2026-03.xlsx'],
])('EC-13: %s is saved as a file, never kept in a cache, and the same each time', async (path, type, name) => {
  const binary = (res: { on: (event: string, listener: (chunk?: Buffer) => void) => void }, done: (error: null, body: Buffer) => void) => {
    const chunks: Buffer[] = [];
    res.on('data', (chunk) => chunks.push(chunk!));
    res.on('end', () => done(null, Buffer.concat(chunks)));
  };
  const get = () =>
    owner.send('get', path, (test) =>
      test
        .set('Accept-Language', 'en')
        .buffer(true)
        .parse(binary as never),
    );
  const [once, again] = [await get(), await get()];
  expect([once.status, once.headers['content-type'], once.headers['cache-control']]).toEqual([200, type, 'no-store']);
  expect(once.headers['content-disposition']).toBe(`attachment; filename=${name}`);
  expect((again.body as Buffer).equals(once.body as Buffer)).toBe(true);
});

test('the file is in the language that is asked for', async () => {
  const res = await owner.send('get', '/billing/people/2026-03.csv', (test) => test.set('Accept-Language', 'de'));
  expect(res.headers['content-disposition']).toContain('abgerechnete-personen-2026-03.csv');
  expect(res.text.split('\r\n')[0]).toContain('Name;Adresse;Grund');
});

test('a month without a list is 404 with the reason, what is no month is 400', async () => {
  for (const ending of ['', '.csv', '.xlsx']) {
    expect(codeOf(await owner.get(`/billing/people/2026-02${ending}`))).toEqual([404, 'month_not_billed', 'before_start']);
    expect(codeOf(await owner.get(`/billing/people/2026-05${ending}`))).toEqual([404, 'month_not_billed', 'not_over']);
    for (const month of ['2026-13', '2026-00', '0000-01', '2026-3', 'x', '%00', '2026-03-01', '99999-01']) {
      expect([month, (await owner.get(`/billing/people/${month}${ending}`)).status]).toEqual([month, 400]);
    }
  }
  expect(codeOf(await owner.get('/billing/people/2026-04.csv'))).toEqual([404, 'month_not_billed', 'not_over']);
});

test('EC-07 EC-13: a member who is neither owner nor admin sees none of it', async () => {
  const member = await it.as(await tenant.member('agent'));
  for (const path of [
    '/billing/units',
    '/billing/months',
    '/billing/people/2026-03',
    '/billing/people/2026-03.csv',
    '/billing/teams/2026-03.xlsx',
  ]) {
    expect([path, (await member.get(path)).body.code]).toEqual([path, 'not_allowed']);
  }
});

test('G9 another organization’s month holds nothing of this one', async () => {
  const other = await aTenant(ctx, { plan: await aPeoplePlan(ctx) });
  const caller = await it.as(other.owner);
  clock.set('2026-05-01T00:00:00.000Z');
  const months = await caller.get('/billing/people/2026-04');
  expect([months.body.count, months.body.items]).toEqual([0, []]);
  expect((await caller.get('/billing/people/2026-04.csv')).text).not.toMatch(/Mara/u);
  const mine = (await (await it.as(tenant.owner)).get('/billing/people/2026-04?limit=1')).body.nextCursor;
  expect((await caller.get(`/billing/people/2026-04?cursor=${encodeURIComponent(mine)}`)).body.items).toEqual([]);
  expect(JSON.stringify((await caller.get(`/members?q=${randomUUID().slice(0, 4)}`)).body)).not.toMatch(/Mara/u);
});
