// biome-ignore-all lint/suspicious/noExplicitAny: what comes over the wire is looked at as it is
import { textOf } from '../support/pdf-text';
import type { Answer } from './support/http';
import { anOrganization, monthOf, type Organization, toDay, toNextMonth } from './support/organization';
import { startWorld, type World } from './support/world';

const PLAN = 'team';
const PRICE = 1200;

let world: World;
beforeAll(async () => {
  world = await startWorld({ preset: 'team-units', month: 4 });
});

/** Each test has an organization of its own; those that look at bills begin with a month. */
const organization = (): Promise<Organization> => anOrganization(world, PLAN);
async function begin(): Promise<Organization> {
  await toNextMonth(world);
  return organization();
}
const amounts = (documents: any[]): number[] => documents.map(({ totalMinor }) => totalMinor);
const codeOf = ({ status, body }: Answer) => [status, body.code];
const stateOf = async ({ owner }: Organization, team: { id: string }) =>
  (await owner.caller.get(`/teams/${team.id}`)).body.archivedAt === null ? 'active' : 'archived';

test('EC-01: the billing page begins with the mode, teams, and since when', async () => {
  const org = await begin();
  const [first] = (await org.billing()).subscriptions;
  expect(first).toMatchObject({ mode: 'team', since: expect.stringMatching(`^${monthOf(world)}-01T`), units: 0 });
  expect(first.headline).toMatch(/^Billed by active team, since 1 \w+ 20\d\d\.$/u);
  const german = (await org.owner.caller.get('/billing', { 'accept-language': 'de' })).body.subscriptions[0].headline;
  expect(german).toMatch(/^Abgerechnet nach aktiven Teams, seit dem 1\. /u);
});

test('EC-02: a license is a team’s: all that is sold is priced per active team, and a new subscription gets it', async () => {
  const org = await organization();
  const { items } = (await org.owner.caller.get('/plans')).body;
  expect(items.map(({ planId }: any) => planId)).toEqual(['team', 'team-plus']);
  expect(new Set(items.flatMap(({ prices }: any) => prices.map(({ per }: any) => per)))).toEqual(new Set(['active_team']));
  const people = await org.crowd(3);
  await org.team(people);
  expect((await org.billing()).subscriptions).toMatchObject([{ mode: 'team', units: 1 }]);
});

test('EC-04 EC-06: 7 teams, 2 of them archived, are 5 units on the page, on the list and on the bill of the months that follow', async () => {
  const org = await begin();
  const person = await org.arrive();
  const teams: any[] = [];
  for (let index = 1; index <= 7; index += 1) teams.push(await org.team([person], `Crew ${index}`));
  for (const team of teams.slice(5)) await org.archive(team);
  expect((await org.units()).teams).toEqual({ active: 5, archived: 2 });
  expect((await org.billing()).subscriptions[0].units).toBe(5);
  const second = await toNextMonth(world);
  await toNextMonth(world);
  const list = await org.billed('teams', second);
  expect([list.isFinal, list.count, list.items.map(({ name }: any) => name)]).toEqual([
    true,
    5,
    ['Crew 1', 'Crew 2', 'Crew 3', 'Crew 4', 'Crew 5'],
  ]);
  // The first month had all seven for some hours: any_time.
  expect(amounts(await org.documents())).toEqual([5 * PRICE, 7 * PRICE]);
});

test('EC-05: an archived team is read-only for everybody and comes back as it was', async () => {
  const org = await organization();
  const [inside, outside] = await org.crowd(2);
  const team = await org.team([inside!], 'Harbor');
  expect(codeOf(await inside!.caller.send('POST', `/teams/${team.id}/archive`, { headers: { 'if-match': '"1"' } }))).toEqual([
    403,
    'not_allowed',
  ]);
  expect((await org.archive(team)).body.archivedAt).not.toBeNull();
  expect((await inside!.caller.get(`/teams/${team.id}`)).body).toMatchObject({ name: 'Harbor', memberCount: 1, isMember: true });
  expect((await inside!.caller.get(`/teams/${team.id}/members`)).body.items).toMatchObject([{ id: inside!.id }]);
  const { revision } = (await inside!.caller.get(`/teams/${team.id}`)).body;
  for (const refused of [
    await org.owner.caller.patch(`/teams/${team.id}`, { name: 'Other' }, revision),
    await outside!.caller.post(`/teams/${team.id}/join`),
    await org.owner.caller.post(`/teams/${team.id}/members`, { memberIds: [outside!.id] }),
    await inside!.caller.send('DELETE', `/teams/${team.id}/members/${inside!.id}`),
  ])
    expect(codeOf(refused)).toEqual([409, 'team_archived']);
  // What its people made in the organization stays theirs: nothing is switched off with the team.
  expect((await inside!.caller.post('/tickets', { title: 'Crane is stuck' })).status).toBe(201);

  expect((await org.unarchive(team)).body).toMatchObject({ id: team.id, name: 'Harbor', archivedAt: null, memberCount: 1 });
  expect((await outside!.caller.post(`/teams/${team.id}/join`)).body).toMatchObject({ isMember: true, memberCount: 2 });
});

test('EC-06 EC-19: archiving frees at once and is felt on the next bill; a team brought back is billed again, and is one unit', async () => {
  const org = await begin();
  const team = await org.team([], 'Seasonal');
  await org.team([], 'Always');
  await toDay(world, 10);
  await org.archive(team);
  expect((await org.units()).teams).toEqual({ active: 1, archived: 1 });
  await toNextMonth(world);
  const third = await toNextMonth(world);
  await toDay(world, 20);
  const key = `bring ${team.id} back`;
  for (const _ of [1, 2]) await org.owner.caller.post(`/teams/${team.id}/unarchive`, {}, key);
  expect(await stateOf(org, team)).toBe('active');
  await org.archive(team);
  await org.unarchive(team);
  await toNextMonth(world);
  expect((await org.billed('teams', third)).items.map(({ name, from, until }: any) => [name, from.slice(8), until.slice(8)])).toEqual([
    ['Always', '01', expect.any(String)],
    ['Seasonal', '20', expect.any(String)],
  ]);
  expect(amounts(await org.documents())).toEqual([2 * PRICE, PRICE, 2 * PRICE]);
});

test('EC-07: owner and admins download every past invoice, others none; nothing is mailed', async () => {
  const org = await begin();
  const [person, agent, admin] = [
    await org.arrive(),
    await org.arrive('Agent', { roles: ['agent'] }),
    await org.arrive('Admin', { roles: ['admin'] }),
  ];
  const team = await org.team([person], 'Downloaders');
  for (const _ of [1, 2]) await toNextMonth(world);
  const invoices = await org.documents();
  expect(invoices).toHaveLength(2);
  expect((await org.billing()).delivery).toBe('download');
  for (const { caller } of [org.owner, admin]) {
    expect((await caller.get('/billing/documents?kind=invoice')).body.items).toEqual(invoices);
    for (const { pdf, number } of invoices) {
      const { status, type, bytes } = await caller.download(pdf);
      expect([status, type]).toEqual([200, expect.stringContaining('application/pdf')]);
      const words = await textOf(bytes);
      for (const word of [number, '1 active team', '12.00']) expect(words).toContain(word);
    }
  }
  for (const { caller } of [person, agent]) {
    expect(codeOf(await caller.get('/billing/documents'))).toEqual([403, 'not_allowed']);
    expect((await caller.download(invoices[0].pdf)).status).toBe(403);
  }
  const other = await organization();
  expect((await other.owner.caller.download(invoices[0].pdf)).status).toBe(404);
  expect(invoices.map(({ mail }) => mail)).toEqual([null, null]);
  expect(await world.mails(org.mailbox)).toEqual([]);
  expect(await stateOf(org, team)).toBe('active');
});

test('EC-07: a billing contact whom the owner names downloads too, and changes nothing', async () => {
  const org = await begin();
  const person = await org.arrive('Bookkeeper');
  await org.team([person]);
  const { revision } = (await org.billing()).contact;
  expect((await org.owner.caller.patch('/billing/contact', { memberId: person.id }, revision)).status).toBe(200);
  await toNextMonth(world);
  const [invoice] = await org.documents();
  expect((await person.caller.download(invoice.pdf)).status).toBe(200);
  const month = invoice.from.slice(0, 7);
  expect((await person.caller.download(`/billing/teams/${month}.csv`)).status).toBe(200);
  expect(codeOf(await person.caller.patch('/billing/contact', { taxId: 'X' }, revision + 1))).toEqual([403, 'not_allowed']);
});

test('EC-13: the teams on a month’s bill are exported, and the export stays the same', async () => {
  const org = await begin();
  const month = monthOf(world);
  const team = await org.team([], 'North');
  await org.team([], '=cmd|calc');
  expect(codeOf(await org.owner.caller.get(`/billing/teams/${month}.csv`))).toEqual([404, 'month_not_billed']);
  await toNextMonth(world);
  const first = await org.owner.caller.download(`/billing/teams/${month}.csv`);
  const lines = first.bytes.toString('utf8').split('\r\n');
  expect(lines.slice(1, -1).map((line) => line.split(',')[0])).toEqual(["'=cmd|calc", 'North']);
  await org.owner.caller.patch(`/teams/${team.id}`, { name: 'South' }, 1);
  await org.archive(team);
  await toNextMonth(world);
  const again = await org.owner.caller.download(`/billing/teams/${month}.csv`);
  expect(again.bytes.equals(first.bytes)).toBe(true);
});

test('EC-18: whom to ask stands on the billing page, and a question about bills gets there', async () => {
  const org = await organization();
  const { supportContact } = await org.billing();
  const { status, body } = await org.owner.caller.post('/support', { topic: 'billing', message: 'Why five teams and not four?' });
  expect([status, body.topic, body.contact]).toEqual([201, 'billing', supportContact]);
  expect((await world.mails(supportContact)).at(-1).text).toContain('Why five teams and not four?');
});

test('EC-19: with cut_off a team brought back on the 20th is billed from the next month on', async () => {
  const world = await startWorld({
    preset: 'team-units',
    month: 4,
    edit: (yaml) => yaml.replace('countRule: any_time', 'countRule: cut_off'),
  });
  const org = await anOrganization(world, PLAN);
  const team = await org.team([], 'Seasonal');
  await toDay(world, 2);
  await org.archive(team);
  const may = await toNextMonth(world);
  await toDay(world, 20);
  await org.unarchive(team);
  const june = await toNextMonth(world);
  await toNextMonth(world);
  expect((await org.billed('teams', may)).count).toBe(0);
  expect((await org.billed('teams', june)).items).toMatchObject([{ name: 'Seasonal' }]);
  expect(amounts(await org.documents())).toEqual([PRICE]);
});
