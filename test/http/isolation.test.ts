import { randomUUID } from 'node:crypto';
import { issueBill } from '../../src/features/billing/issue-bill';
import { openRequest } from '../../src/features/requests/requests';
import { apiRoutes } from '../../src/http/routes/api-routes';
import { inTenant } from '../../src/platform/context';
import { everything } from '../support/acts';
import { type Caller, LINKS, type TestApp, testApp } from '../support/app';
import { testContext } from '../support/database';
import { aTenant, type TestTenant } from '../support/tenant';

/** Body that each writing route would take, so that nothing but the id decides. */
const BODIES: Record<string, object> = {
  'patch /members/:memberId': { role: 'agent' },
  'patch /teams/:teamId': { name: 'Mine now' },
  'patch /tickets/:ticketId': { title: 'Mine now' },
  'post /tickets/:ticketId/comments': { body: 'Mine now' },
  'patch /checklists/:checklistId/items/:itemId': { done: true },
  'patch /opportunities/:opportunityId': { title: 'Mine now' },
  'post /requests/:requestId/decision': { decision: 'granted' },
  'patch /resources/:resourceId': { name: 'Mine now' },
  'post /resources/:resourceId/attach': { to: randomUUID() },
  'post /subscriptions/:subscriptionId/changes/preview': { toPlanId: 'mine-now' },
  'post /subscriptions/:subscriptionId/changes/rehearse': { toPlanId: 'mine-now' },
  'post /subscriptions/:subscriptionId/changes': { previewId: 'mine-now', consent: { change: true } },
  'put /subscriptions/:subscriptionId/changes/:changeId/kept': { items: [] },
  'put /usage/:meter/shares/:teamId': { amount: 1 },
  'patch /licenses/:memberId': { license: 'restricted' },
  'patch /drafts/:draftId': { meter: 'tickets', payload: { title: 'Mine now' } },
};

/** What everybody may name: it is no record of anybody's. */
const NO_IDS = [':month', ':meter'];
const withId = apiRoutes(LINKS).filter((one) => NO_IDS.reduce((path, name) => path.replace(name, ''), one.path).includes(':'));

let it: TestApp;
let theirs: TestTenant;
let intruder: Caller;
let colleague: Caller;
/** The other organization's ids by the name of the parameter. */
const ids: Record<string, string> = {};

beforeAll(async () => {
  const { ctx } = await testContext();
  it = await testApp(ctx);
  theirs = await aTenant(ctx, { limits: { tickets: 1 } });
  const owner = await it.as(theirs.owner);
  ids.ticketId = (await owner.post('/tickets', { title: 'Secret ticket' })).body.id;
  await owner.post(`/tickets/${ids.ticketId}/comments`, { body: 'Secret comment' });
  const checklist = (await owner.post('/checklists', { title: 'Secret checklist', items: [{ text: 'Secret item' }] })).body;
  ids.checklistId = checklist.id;
  ids.itemId = checklist.items[0].id;
  ids.opportunityId = (await owner.post('/opportunities', { title: 'Secret roof' })).body.id;
  ids.draftId = (await owner.post('/tickets', { title: 'Secret draft' })).body.draftId;
  ids.memberId = theirs.owner.memberId;
  const person = (await theirs.member('member', 'Secret person')).memberId;
  ids.teamId = (await owner.post('/teams', { name: 'Secret team', memberIds: [person] })).body.id;
  BODIES['post /teams/:teamId/members'] = { memberIds: [person] };
  ids.removalId = randomUUID();
  await inTenant(ctx, theirs.tenantId, ({ db }) =>
    db.query('insert into member_removals (tenant_id, removal_id, people, removed_by, at) values ($1, $2, $3, $4, $5)', [
      theirs.tenantId,
      ids.removalId,
      [person],
      theirs.owner.memberId,
      ctx.now(),
    ]),
  );
  const asked = { kind: 'license' as const, subject: ids.memberId, requestedBy: ids.memberId, details: { why: 'Secret reason' } };
  ids.invitationId = randomUUID();
  ids.requestId = await inTenant(ctx, theirs.tenantId, async (tx) => {
    return (await openRequest(tx, theirs.tenantId, asked, ctx.now())).request.id;
  });
  const words = { en: 'Secret line', de: 'Secret line', it: 'Secret line' };
  const bill = {
    billId: 'bill',
    subscriptionId: theirs.subscriptionId,
    cause: 'start' as const,
    currency: 'EUR',
    lines: [{ words, formula: words, quantity: 1, amountMinor: 100 }],
    periodStart: new Date('2026-03-01'),
    periodEnd: new Date('2026-04-01'),
    at: ctx.now(),
  };
  const { documents } = await inTenant(ctx, theirs.tenantId, (tx) => issueBill(tx, theirs.tenantId, bill));
  ids.documentId = documents[0]!.documentId;
  ids.subscriptionId = theirs.subscriptionId;
  ids.resourceId = randomUUID();
  ids.changeId = randomUUID();
  await inTenant(ctx, theirs.tenantId, async ({ db }) => {
    await db.query(
      `insert into resources (tenant_id, resource_id, kind, name, created_by, created_at, activated_at, updated_at)
       values ($1, $2, 'boards', 'Secret board', $3, $4, $4, $4)`,
      [theirs.tenantId, ids.resourceId, theirs.owner.memberId, ctx.now()],
    );
    await db.query(
      `insert into plan_changes (tenant_id, change_id, subscription_id, cause, direction, from_plan, from_version, to_plan, to_version, effective_at,
                                 state, ordered_at)
       values ($1, $2, $3, 'ordered', 'downgrade', $4, 1, $4, 1, $5, 'scheduled', $5)`,
      [theirs.tenantId, ids.changeId, theirs.subscriptionId, theirs.plan.planId, ctx.now()],
    );
  });
  intruder = await it.as((await aTenant(ctx)).owner);
  colleague = await it.as(await theirs.member('admin'));
});

const request = (caller: Caller, method: string, pattern: string, values: Record<string, string>) => {
  const path = pattern.replaceAll(/:(\w+)/gu, (_, name: string) => (name === 'meter' ? 'tickets' : values[name]!));
  return caller.send(method, path, (test) =>
    test
      .set('Idempotency-Key', randomUUID())
      .set('If-Match', '"1"')
      .send(BODIES[`${method} ${pattern}`] ?? {}),
  );
};

test('there are routes to try', () => {
  expect(withId.length).toBeGreaterThanOrEqual(16);
});

test.each(withId.map((one) => [one.method, one.path]))(
  'G9 %s %s: another organization’s id is as unknown as an invented one',
  async (method, path) => {
    const { ctx } = await testContext();
    const before = await everything(ctx, theirs.tenantId);
    const foreign = await request(intruder, method, path, ids);
    const invented = await request(intruder, method, path, Object.fromEntries(Object.keys(ids).map((name) => [name, randomUUID()])));
    const facts = (body: object) => ({ ...body, requestId: null });
    expect(foreign.status).toBe(404);
    expect([foreign.status, facts(foreign.body)]).toEqual([invented.status, facts(invented.body)]);
    const headers = ({ headers: all }: typeof foreign) =>
      Object.keys(all)
        .filter((name) => name !== 'date')
        .sort();
    expect(headers(foreign)).toEqual(headers(invented));
    expect(JSON.stringify(foreign.body)).not.toMatch(/secret/iu);
    expect(await everything(ctx, theirs.tenantId)).toEqual(before);
  },
);

test.each([
  '/tickets',
  '/tickets?q=Secret',
  '/tickets?assignee=me',
  '/checklists',
  '/opportunities',
  '/drafts',
  '/requests',
  '/resources?state=any',
  '/subscriptions',
  '/teams',
  '/members/inactive?days=1',
  '/members/removals/preview',
  '/members?q=Owner',
  '/billing',
  '/billing/documents',
])('G9 GET %s shows nothing of another organization', async (path) => {
  const { body } = await intruder.get(path);
  expect(JSON.stringify(body)).not.toMatch(/secret/iu);
  for (const id of Object.values(ids)) expect(JSON.stringify(body)).not.toContain(id);
});

test('G9 another organization’s people cannot be assigned, and its cursors show nothing', async () => {
  expect((await intruder.post('/tickets', { title: 'x', assigneeId: ids.memberId! })).body.code).toBe('member_not_found');
  const { body } = await intruder.get(`/tickets?assignee=${ids.memberId}`);
  expect(body.items).toEqual([]);
  const owner = await it.as(theirs.owner);
  await owner.post('/opportunities', { title: 'Secret door' });
  const { nextCursor } = (await owner.get('/opportunities?limit=1')).body;
  expect(nextCursor).not.toBeNull();
  expect((await intruder.get(`/opportunities?cursor=${nextCursor}`)).body).toEqual({ items: [], nextCursor: null });
});

test('a draft is its author’s: a colleague, admin or not, does not see it', async () => {
  expect((await colleague.get('/drafts')).body.items).toEqual([]);
  for (const [method, path] of [
    ['get', '/drafts/:draftId'],
    ['patch', '/drafts/:draftId'],
    ['delete', '/drafts/:draftId'],
    ['post', '/drafts/:draftId/submit'],
  ] as const) {
    expect([method, path, (await request(colleague, method, path, ids)).body.code]).toEqual([method, path, 'draft_not_found']);
  }
});

test('an internal note is not shown to members, in no answer', async () => {
  const owner = await it.as(theirs.owner);
  await owner.post(`/tickets/${ids.ticketId}/comments`, { body: 'Internal words', kind: 'note' });
  const member = await it.as(await theirs.member('member'));
  const seen = await member.get(`/tickets/${ids.ticketId}/timeline`);
  expect(JSON.stringify(seen.body)).not.toContain('Internal words');
  expect(JSON.stringify((await colleague.get(`/tickets/${ids.ticketId}/timeline`)).body)).toContain('Internal words');
  expect((await member.post(`/tickets/${ids.ticketId}/comments`, { body: 'x', kind: 'note' })).body.code).toBe('not_allowed');
});
