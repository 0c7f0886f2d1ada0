// biome-ignore-all lint/suspicious/noExplicitAny: what comes over the wire is looked at as it is
import { textOf } from '../support/pdf-text';
import { cellsOf } from '../support/workbook';
import type { Answer } from './support/http';
import { anOrganization, anOrganizationSince, monthOf, type Organization, type Person, toDay, toNextMonth } from './support/organization';
import { startWorld, type World } from './support/world';

const PLAN = 'people';
const PRICE = 400;

const amounts = (documents: any[]): number[] => documents.map(({ totalMinor }) => totalMinor);
const names = ({ items }: any): string[] => items.map(({ name }: any) => name);
const codeOf = ({ status, body }: Answer) => [status, body.code];

let world: World;
/** Tests of one world run in its time, which goes forward. */
function inAWorld(): void {
  beforeAll(async () => {
    world = await startWorld({ preset: 'active-members', month: 4 });
  });
  afterAll(() => world.stop());
}

/** Each test has an organization of its own; those that look at bills begin with a month. */
const organization = (): Promise<Organization> => anOrganization(world, PLAN);
async function begin(): Promise<Organization> {
  await toNextMonth(world);
  return organization();
}
const export_ = ({ owner }: Organization, month: string, format: 'csv' | 'xlsx') =>
  owner.caller.download(`/billing/people/${month}.${format}`);
const preview = async ({ owner }: Organization) => (await owner.caller.get('/members/removals/preview')).body;
const remove = ({ owner }: Organization, hash: string, key?: string) => owner.caller.post('/members/removals', { hash }, key);

/** Asked for by the owner, confirmed by accounting. */
async function moveMailbox(org: Organization, mailbox: string, decision = 'granted'): Promise<Answer> {
  const { revision } = (await org.billing()).contact;
  const asked = await org.owner.caller.patch('/billing/contact', { mailbox }, revision);
  expect(asked.status).toBe(200);
  const { requestId } = asked.body.pending;
  const path = `/tenants/${org.tenantId}/billing-contact-requests/${requestId}/decision`;
  return world.operator('accounting').post(path, { decision, reason: 'The customer called' });
}

describe('people and their access', () => {
  inAWorld();

  test('EC-01: the billing page begins with the mode, members, and since when', async () => {
    const org = await organization();
    await org.team(await org.crowd(2));
    const [first] = (await org.billing()).subscriptions;
    expect(first).toMatchObject({ mode: 'member', since: expect.stringMatching(`^${monthOf(world)}-`), units: 2 });
    const italian = (await org.owner.caller.get('/billing', { 'accept-language': 'it' })).body.subscriptions[0].headline;
    expect([first.headline, italian]).toEqual([
      expect.stringMatching(/^Billed by active member, since \d+ \w+ 20\d\d\.$/u),
      expect.any(String),
    ]);
    expect(italian).not.toBe(first.headline);
  });

  test('EC-08: whoever gets in is on the list of members, and who is not on it does not get in', async () => {
    const org = await organization();
    const [stays, goes, blocked] = (await org.crowd(3)) as [Person, Person, Person];
    await org.owner.caller.remove(`/members/${goes.id}`, 1);
    await org.owner.caller.patch(`/members/${blocked.id}`, { class: 'blocked' }, 1);
    const listed = (await org.owner.caller.get('/members?limit=100')).body.items;
    const mayEnter = listed.filter((one: any) => one.class !== 'blocked').map(({ id }: any) => id);
    expect(mayEnter.sort()).toEqual([org.owner.id, stays.id].sort());
    for (const { id, caller } of [org.owner, stays, goes, blocked])
      expect([id, (await caller.get('/tickets')).status]).toEqual([id, mayEnter.includes(id) ? 200 : 403]);
    const newcomer = await org.arrive('Newcomer');
    expect(names((await org.owner.caller.get('/members?limit=100')).body)).toContain(newcomer.name);
  });

  test('EC-12: page, list of members, running month, usage and headline say one number, whatever changes', async () => {
    const org = await organization();
    const people = await org.crowd(8);
    const team = await org.team(people.slice(0, 5));
    await org.team(people.slice(3, 7));
    const said = async (): Promise<number> => {
      const { body: usage } = await org.owner.caller.get('/usage');
      const figures = [
        (await org.units()).members.active,
        (await org.owner.caller.get('/members?active=true&limit=100')).body.items.length,
        (await org.billing()).subscriptions[0].units,
        usage.limits.find(({ meter }: any) => meter === 'active_members').used,
      ];
      expect(new Set(figures).size).toBe(1);
      return figures[0];
    };
    expect(await said()).toBe(7);
    expect((await org.billed('people', monthOf(world))).count).toBe(7);
    await org.owner.caller.post('/members/class', { memberIds: [people[6]!.id], class: 'external' });
    expect(await said()).toBe(6);
    await org.archive(team);
    expect(await said()).toBe(3);
    await org.owner.caller.send('DELETE', `/teams/${team.id}/members/${people[0]!.id}`);
    await org.unarchive(team);
    expect(await said()).toBe(6);
    const { hash, count } = await preview(org);
    expect((await remove(org, hash)).body.removed).toBe(count);
    expect(await said()).toBe(6);
  });

  test('EC-15: another mailbox is asked for by an admin and holds once accounting confirms it; support cannot, a refusal leaves it', async () => {
    const org = await organization();
    const person = await org.arrive();
    const { contact } = await org.billing();
    expect(contact).toMatchObject({ mailbox: org.mailbox, change: 'by_support', pending: null });
    expect(codeOf(await person.caller.patch('/billing/contact', { mailbox: 'mine@sample.example' }, contact.revision))).toEqual([
      403,
      'not_allowed',
    ]);

    const asked = await org.owner.caller.patch('/billing/contact', { mailbox: 'new@sample.example' }, contact.revision);
    expect(asked.body).toMatchObject({ mailbox: org.mailbox, pending: { mailbox: 'new@sample.example' } });
    const waiting = (await world.operator('accounting').get('/requests?kind=billing_contact')).body.items;
    expect(waiting.map(({ requestId }: any) => requestId)).toContain(asked.body.pending.requestId);
    const path = `/tenants/${org.tenantId}/billing-contact-requests/${asked.body.pending.requestId}/decision`;
    const decision = { decision: 'granted', reason: 'Confirmed by telephone' };
    expect(codeOf(await world.operator('support').post(path, decision))).toEqual([403, 'not_allowed']);
    expect((await org.billing()).contact.mailbox).toBe(org.mailbox);
    for (const _ of [1, 2]) expect((await world.operator('accounting').post(path, decision)).status).toBe(200);
    expect((await org.billing()).contact).toMatchObject({ mailbox: 'new@sample.example', pending: null });

    await moveMailbox(org, 'wrong@sample.example', 'refused');
    expect((await org.billing()).contact).toMatchObject({ mailbox: 'new@sample.example', pending: null });
  });

  test('EC-16: a removal is what its preview named, or nothing; it is undone as a whole within a day', async () => {
    const org = await organization();
    const [active, idle, late] = (await org.crowd(3)) as [Person, Person, Person];
    const team = await org.team([active, late]);
    const shown = await preview(org);
    expect(shown.people.map(({ name }: any) => name)).toEqual([idle.name]);
    await org.owner.caller.send('DELETE', `/teams/${team.id}/members/${late.id}`);
    const outdated = await remove(org, shown.hash);
    expect([...codeOf(outdated), outdated.body.count]).toEqual([409, 'removal_outdated', 2]);
    expect((await org.units()).members.present).toBe(4);
    expect(codeOf(await active.caller.get('/members/removals/preview'))).toEqual([403, 'not_allowed']);

    const { body: removal } = await remove(org, outdated.body.hash);
    expect([removal.removed, (await org.units()).members.present]).toEqual([2, 2]);
    const undo = () => org.owner.caller.post(`/members/removals/${removal.id}/undo`);
    for (const _ of [1, 2]) expect((await undo()).body).toEqual({ readmitted: 2 });
    expect((await idle.caller.get('/tickets')).status).toBe(200);
    expect((await org.units()).members.present).toBe(4);

    const { body: again } = await remove(org, (await preview(org)).hash);
    await world.advance({ hours: 24, seconds: 1 });
    expect(codeOf(await org.owner.caller.post(`/members/removals/${again.id}/undo`))).toEqual([409, 'undo_too_late']);
  });

  test('EC-17: who was removed has no access from the next request on; what they wrote stays under their name', async () => {
    const org = await organization();
    const author = await org.arrive('Quiet Author');
    const { body: ticket } = await author.caller.post('/tickets', { title: 'Old crane' });
    await remove(org, (await preview(org)).hash);
    for (const refused of [
      await author.caller.get('/tickets'),
      await author.caller.get(`/tickets/${ticket.id}`),
      await author.caller.get('/me'),
      await author.caller.post('/tickets', { title: 'Another' }),
    ])
      expect(codeOf(refused)).toEqual([403, 'access_removed']);
    const kept = (await org.owner.caller.get(`/tickets/${ticket.id}`)).body;
    expect([kept.title, JSON.stringify(kept)]).toEqual(['Old crane', expect.stringContaining('Quiet Author')]);
    expect((await org.owner.caller.post(`/members/${author.id}/readmit`)).status).toBe(200);
    expect((await author.caller.get(`/tickets/${ticket.id}`)).status).toBe(200);
  });

  test('EC-17: the bot says it to who was removed', async () => {
    await world.buy(PLAN);
    await world.say('member', 'new ticket Printer on fire');
    const owner = world.as('owner');
    const { hash } = (await owner.get('/members/removals/preview')).body;
    expect((await owner.post('/members/removals', { hash })).body.removed).toBe(1);
    await world.say('member', 'new ticket Another one');
    expect((await world.chat('member')).at(-1)).toMatch(/Your access to Kontingent was removed/u);
    expect((await owner.get('/tickets')).body.items.map(({ title }: any) => title)).toEqual(['Printer on fire']);
  });

  test('EC-18: whom to ask stands on the billing page, and a question about bills gets there', async () => {
    const org = await organization();
    const { supportContact } = await org.billing();
    const asked = await org.owner.caller.post('/support', { topic: 'billing', message: 'Who are the 63?' });
    expect([asked.status, asked.body.contact]).toEqual([201, supportContact]);
    expect((await world.mails(supportContact)).at(-1).text).toContain('Who are the 63?');
  });
});

describe('who is billed in a month', () => {
  inAWorld();

  test('EC-09 EC-16: 100 members, 63 active: 63 are billed; one click removes the other 37, a second one nobody', async () => {
    const org = await begin();
    const month = monthOf(world);
    const people = await org.crowd(99);
    const [active, idle] = [people.slice(0, 62), people.slice(62)];
    await org.team([org.owner, ...active]);
    expect((await org.units()).members).toMatchObject({ present: 100, active: 63 });

    const shown = await preview(org);
    expect([shown.count, shown.people.map(({ id }: any) => id).sort()]).toEqual([37, idle.map(({ id }) => id).sort()]);
    const removed = await remove(org, shown.hash, 'the one click');
    expect([removed.status, removed.body.removed]).toEqual([200, 37]);
    expect((await org.units()).members).toMatchObject({ present: 63, active: 63 });
    expect((await remove(org, shown.hash, 'the one click')).body).toEqual(removed.body);
    const second = await preview(org);
    expect([second.count, (await remove(org, second.hash)).body]).toEqual([0, { id: null, removed: 0, undoableUntil: null }]);

    await toNextMonth(world);
    expect((await org.billed('people', month)).count).toBe(63);
    expect(amounts(await org.documents())).toEqual([63 * PRICE]);
  });

  test('EC-10: in a team and an archived one, active; in archived ones alone, not; in three teams, once', async () => {
    const org = await begin();
    const month = monthOf(world);
    const [mixed, old, three, none] = (await org.crowd(4)) as [Person, Person, Person, Person];
    const archived = await org.team([mixed, old], 'Archived');
    await org.archive(archived);
    await org.team([mixed, three], 'A');
    for (const name of ['B', 'C']) await org.team([three], name);
    await toNextMonth(world);
    const next = monthOf(world);
    const active = (await org.owner.caller.get('/members?active=true&limit=100')).body;
    expect(names(active)).toEqual([mixed.name, three.name]);
    expect((await preview(org)).people.map(({ name }: any) => name)).toEqual([old.name, none.name]);
    expect((await org.billed('people', next)).items.map(({ name, teams }: any) => [name, teams])).toEqual([
      [mixed.name, ['A']],
      [three.name, ['A', 'B', 'C']],
    ]);
    // In the month of the archiving its people had been active for some hours.
    expect(names(await org.billed('people', month))).toEqual([mixed.name, old.name, three.name]);
    await toNextMonth(world);
    expect(amounts(await org.documents())).toEqual([2 * PRICE, 3 * PRICE]);
  });

  test('EC-11: a team archived on the 10th: its people are on this month’s list and bill, and not on the next', async () => {
    const org = await begin();
    const first = monthOf(world);
    const [stays, ...others] = (await org.crowd(5)) as [Person, ...Person[]];
    const team = await org.team(others, 'Ends');
    await org.team([stays, others[0]!], 'Goes on');
    await toDay(world, 10);
    await org.archive(team);
    const second = await toNextMonth(world);
    await toNextMonth(world);
    const list = await org.billed('people', first);
    expect(list.items.map(({ until }: any) => until.slice(8)).filter((day: string) => day === '10')).toHaveLength(3);
    expect(list.count).toBe(5);
    expect(names(await org.billed('people', second))).toEqual([stays.name, others[0]!.name]);
    expect(amounts(await org.documents())).toEqual([2 * PRICE, 5 * PRICE]);
  });

  test('EC-13: the export names exactly the people on the bill, with teams and days, as CSV and XLSX, for those who see bills', async () => {
    const org = await begin();
    const month = monthOf(world);
    const people = (await org.crowd(3)) as [Person, Person, Person];
    const night = await org.team([people[0], people[1]], 'Night');
    await org.team([people[1]], 'Day');
    await toDay(world, 10);
    await org.archive(night);
    expect(codeOf(await org.owner.caller.get(`/billing/people/${month}.csv`))).toEqual([404, 'month_not_billed']);
    await toNextMonth(world);

    const last = String(new Date(Date.UTC(Number(month.slice(0, 4)), Number(month.slice(5)), 0)).getUTCDate());
    const csv = await export_(org, month, 'csv');
    expect([csv.status, csv.type]).toEqual([200, expect.stringContaining('text/csv')]);
    expect(csv.bytes.toString('utf8').split('\r\n')).toEqual([
      '\uFEFFName,Address,Reason,Teams,From,Until,Id',
      `${people[0].name},${people[0].id.slice(0, 8)}@sample.example,Member of an active team,Night,${month}-01,${month}-10,${people[0].id}`,
      `${people[1].name},${people[1].id.slice(0, 8)}@sample.example,Member of an active team,"Day, Night",${month}-01,${month}-${last},${people[1].id}`,
      '',
    ]);
    const xlsx = await export_(org, month, 'xlsx');
    const { rows } = cellsOf(xlsx.bytes);
    expect(rows.map(([name]) => name)).toEqual(['Name', people[0].name, people[1].name]);
    expect(amounts(await org.documents())).toEqual([(rows.length - 1) * PRICE]);
    expect((await people[0].caller.download(`/billing/people/${month}.csv`)).status).toBe(403);
  });

  test('EC-19: a team brought back on the 20th makes its people billable in that month', async () => {
    const org = await begin();
    const people = await org.crowd(2);
    const team = await org.team(people);
    await org.archive(team);
    const second = await toNextMonth(world);
    await toDay(world, 20);
    await org.unarchive(team);
    await toNextMonth(world);
    expect((await org.billed('people', second)).items).toMatchObject(people.map(({ name }) => ({ name, from: `${second}-20` })));
    expect(amounts(await org.documents())).toEqual([2 * PRICE, 2 * PRICE]);
  });
});

describe('lists and invoices, months later', () => {
  inAWorld();

  test('EC-13: exported again months later it is the same to the byte, whoever was renamed, removed or moved since', async () => {
    const org = await begin();
    const month = monthOf(world);
    const [person, gone] = (await org.crowd(2)) as [Person, Person];
    const team = await org.team([person, gone], 'Before');
    await toNextMonth(world);
    const first = { csv: await export_(org, month, 'csv'), xlsx: await export_(org, month, 'xlsx') };
    await org.owner.caller.patch(`/teams/${team.id}`, { name: 'After' }, 1);
    await org.arrive('Married Name', { id: person.id });
    await org.owner.caller.remove(`/members/${gone.id}`, 1);
    await org.owner.caller.post('/members/class', { memberIds: [person.id], class: 'external' });
    await org.archive(team);
    await toNextMonth(world);
    for (const format of ['csv', 'xlsx'] as const) expect((await export_(org, month, format)).bytes.equals(first[format].bytes)).toBe(true);
    expect(first.csv.bytes.toString('utf8')).toContain('Before');
  });

  test('EC-13: nothing in an export is computed: names that begin like a formula are text', async () => {
    const org = await begin();
    const month = monthOf(world);
    const evil = ['=HYPERLINK("http://evil.example","x")', '+1+1', '-2+3', '@SUM(A1)', '\u0009=1', 'Plain'];
    const people: Person[] = [];
    for (const name of evil) people.push(await org.arrive(name));
    await org.team(people, '=1+1');
    await toNextMonth(world);
    const text = (await export_(org, month, 'csv')).bytes.toString('utf8');
    const cells = text
      .split('\r\n')
      .slice(1, -1)
      .flatMap((line) => line.split(/,(?=(?:[^"]*"[^"]*")*[^"]*$)/u));
    for (const cell of cells) expect(cell.replace(/^"/u, '')).not.toMatch(/^[=+\-@\t\r]/u);
    const { formulas, rows } = cellsOf((await export_(org, month, 'xlsx')).bytes);
    expect([formulas, rows.length]).toEqual([0, evil.length + 1]);
  });

  test('EC-14: each invoice is mailed once as PDF, to the mailbox that was agreed when it was issued', async () => {
    const org = await begin();
    await org.team(await org.crowd(3));
    expect((await org.billing()).delivery).toBe('email');
    await toNextMonth(world);
    const [invoice] = await org.documents();
    const about = async (mailbox: string, { number }: any) =>
      (await world.mails(mailbox)).filter(({ attachments }: any) => attachments.some(({ name }: any) => name === `${number}.pdf`));
    expect(await about(org.mailbox, invoice)).toHaveLength(1);
    expect(invoice.mail).toMatchObject({ to: org.mailbox, state: 'sent' });
    expect(await textOf((await org.owner.caller.download(invoice.pdf)).bytes)).toContain('3 active members');

    const other = 'accounts@sample.example';
    await moveMailbox(org, other);
    await toNextMonth(world);
    const [later] = await org.documents();
    expect([(await about(other, later)).length, (await about(org.mailbox, later)).length]).toEqual([1, 0]);
    expect((await about(org.mailbox, invoice)).length).toBe(1);
    expect((await org.documents()).map(({ mail }) => mail.to)).toEqual([other, org.mailbox]);
  });

  test('EC-14: a mail that comes back is said in the list of documents, and told to the administrators', async () => {
    const org = await begin();
    await org.team([org.owner]);
    await moveMailbox(org, 'bounce@sample.example');
    await toNextMonth(world);
    const [invoice] = await org.documents();
    expect(invoice.mail).toMatchObject({
      to: 'bounce@sample.example',
      state: expect.stringMatching(/given_up|failed/u),
      problem: expect.any(String),
    });
    const own = `${org.owner.id.slice(0, 8)}@sample.example`;
    expect((await world.mails(own)).some(({ text }: any) => text.includes(invoice.number))).toBe(true);

    await moveMailbox(org, 'full@sample.example');
    await toNextMonth(world);
    const [second] = await org.documents();
    expect(second.mail.state).toBe('sent');
    const path = `/tenants/${org.tenantId}/documents/${second.id}/bounce`;
    const bounce = { problem: '552 mailbox full', reason: 'Came back to accounting' };
    for (const _ of [1, 2]) expect((await world.operator('accounting').post(path, bounce)).status).toBe(200);
    expect((await org.documents())[0].mail).toMatchObject({ state: 'bounced', problem: '552 mailbox full' });
    expect((await world.mails(own)).filter(({ text }: any) => text.includes(second.number))).toHaveLength(1);
  });
});

test('EC-11 EC-19: with cut_off a month bills who is active when it begins: archived on the 10th, until the next; brought back on the 20th, from the next', async () => {
  const world = await startWorld({
    preset: 'active-members',
    month: 4,
    edit: (yaml) => yaml.replace('countRule: any_time }', 'countRule: cut_off }'),
  });
  const org = await anOrganization(world, PLAN);
  const [person] = await org.crowd(1);
  const team = await org.team([person!]);
  const may = await toNextMonth(world);
  await toDay(world, 10);
  await org.archive(team);
  const june = await toNextMonth(world);
  await toDay(world, 20);
  await org.unarchive(team);
  const july = await toNextMonth(world);
  await toNextMonth(world);
  const counts = [];
  for (const month of [may, june, july]) counts.push((await org.billed('people', month)).count);
  expect(counts).toEqual([1, 0, 1]);
  expect(amounts(await org.documents())).toEqual([PRICE, PRICE]);
});

/** What the publisher did in March 2023: the same plans, by team from now on. */
const byTeam = (yaml: string): string =>
  yaml
    .replace('license: { scope: user, full: unlimited }', 'license: { scope: team }')
    .replace('delivery: email, billingContactChange: by_support', 'delivery: download, billingContactChange: self')
    .replaceAll('per: active_member', 'per: active_team')
    .replaceAll('minor: 400,', 'minor: 1200,');

test('EC-02 EC-03: who began before the new price list stays billed by members through every renewal; who comes after it is billed by team', async () => {
  const world = await startWorld({ preset: 'active-members', month: 4 });
  const old = await anOrganizationSince(world, PLAN, '2022-06-01T00:00:00.000Z');
  await old.team(await old.crowd(3));
  const before = (await old.billing()).subscriptions[0];
  expect(before).toMatchObject({ mode: 'member', since: '2022-06-01T00:00:00.000Z', units: 3 });
  expect(before.headline).toBe('Billed by active member, since 1 Jun 2022.');

  await world.publish(byTeam);
  const fresh = await anOrganization(world, PLAN);
  await fresh.team(await fresh.crowd(3));
  expect((await fresh.billing()).subscriptions[0]).toMatchObject({ mode: 'team', units: 1 });

  for (const _ of [1, 2]) await toNextMonth(world);
  expect((await old.billing()).subscriptions[0]).toEqual(before);
  expect([(await old.billing()).delivery, (await fresh.billing()).delivery]).toEqual(['email', 'download']);
  expect(amounts(await old.documents())).toEqual([3 * PRICE, 3 * PRICE]);
  expect(amounts(await fresh.documents())).toEqual([1200, 1200]);

  const changes = `/subscriptions/${before.subscriptionId}/changes`;
  const { body: offer } = await old.owner.caller.post(`${changes}/preview`, { toPlanId: 'people-enterprise' });
  expect(codeOf(await old.owner.caller.post(changes, { previewId: offer.previewId }))).toEqual([409, 'consent_missing']);
  expect((await old.billing()).subscriptions[0]).toMatchObject({ mode: 'member' });
  const ordered = await old.owner.caller.post(changes, { previewId: offer.previewId, consent: { change: true, removal: true } });
  expect(ordered.status).toBe(201);
  await toNextMonth(world);
  const after = (await old.billing()).subscriptions[0];
  expect([after.mode, after.since > before.since]).toEqual(['team', true]);
});
