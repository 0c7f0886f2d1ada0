import { Checklist, ChecklistQuery } from '../../../src/contract/checklists';
import { getChecklist, listChecklists, tickItem } from '../../../src/features/checklists/checklists';
import { createChecklist } from '../../../src/features/checklists/create-checklist';
import { submitChecklist } from '../../../src/features/checklists/submit-checklist';
import { listDrafts } from '../../../src/features/drafts/drafts';
import type { Actor } from '../../../src/platform/actor';
import { type Context, inTenant } from '../../../src/platform/context';
import { aChecklist, books, creationOf, everything, key, refusalOf, unwrap } from '../../support/acts';
import { testContext } from '../../support/database';
import { aPlan, aTenant } from '../../support/tenant';

const start = async (ctx: Context, actor: Actor, given: Parameters<typeof aChecklist>[0] = {}) =>
  unwrap(await createChecklist(ctx, actor, key(), aChecklist(given))).record;
const draft = (ctx: Context, actor: Actor) => start(ctx, actor, { submit: false });
const counted = async (ctx: Context, tenantId: string) => (await books(ctx, tenantId, 'checklists')).counted;

test('TW-06 a submitted checklist counts one, however many items it has, and runs', async () => {
  const { ctx } = await testContext();
  const tenant = await aTenant(ctx);
  const agent = await tenant.member('agent', 'Agent Anna');
  const items = Array.from({ length: 12 }, (_, index) => ({ text: `Step ${index + 1}`, assigneeId: index === 3 ? agent.memberId : null }));
  const record = await start(ctx, tenant.owner, { items });
  expect(Checklist.parse(record)).toEqual(record);
  expect(record).toMatchObject({ state: 'running', createdBy: { name: 'Sample Owner' }, completedAt: null, revision: 1 });
  expect(record.startedAt).toBe(record.createdAt);
  expect(record.items.map(({ text }) => text)).toEqual(items.map(({ text }) => text));
  expect(record.items[3]!.assignee).toEqual({ id: agent.memberId, name: 'Agent Anna' });
  expect(unwrap(await getChecklist(ctx, agent, record.id))).toEqual(record);
  expect(await counted(ctx, tenant.tenantId)).toBe(1);
});

test('TW-15 a draft checklist counts nothing, also at the limit; submitting it counts it', async () => {
  const { ctx, clock } = await testContext();
  const tenant = await aTenant(ctx, { limits: { checklists: 1 } });
  await start(ctx, tenant.owner);
  const kept = await draft(ctx, tenant.owner);
  expect(kept).toMatchObject({ state: 'draft', startedAt: null });
  expect(await counted(ctx, tenant.tenantId)).toBe(1);

  const before = await everything(ctx, tenant.tenantId);
  expect(refusalOf(await submitChecklist(ctx, tenant.owner, key('submit'), kept.id))).toMatchObject({
    code: 'quota_exhausted',
    meter: 'checklists',
    draftId: null,
  });
  expect(await everything(ctx, tenant.tenantId)).toEqual(before);
  expect(unwrap(await listDrafts(ctx, tenant.owner, { limit: 10 })).items).toEqual([]);

  clock.advance({ hours: 1 });
  await tenant.changePlan(await aPlan(ctx, { checklists: 2 }));
  const submitted = unwrap(await submitChecklist(ctx, tenant.owner, key('submit'), kept.id));
  expect(submitted).toEqual({ replayed: false, record: { ...kept, state: 'running', startedAt: '2026-03-10T10:00:00.000Z', revision: 2 } });
  expect(await books(ctx, tenant.tenantId, 'checklists')).toEqual({ counted: 2, ledger: 2, records: 2 });
});

test('G2 a submission is retried at the full limit with its outcome; another submission of the same checklist is refused', async () => {
  const { ctx } = await testContext();
  const tenant = await aTenant(ctx, { limits: { checklists: 1 } });
  const kept = await draft(ctx, tenant.owner);
  const first = unwrap(await submitChecklist(ctx, tenant.owner, key('submit'), kept.id));
  expect(unwrap(await submitChecklist(ctx, tenant.owner, key('submit'), kept.id))).toEqual({ ...first, replayed: true });
  const other = { code: 'checklist_already_submitted' };
  expect(refusalOf(await submitChecklist(ctx, tenant.owner, key(), kept.id))).toEqual(other);
  await tenant.changePlan(await aPlan(ctx, { checklists: 10 }));
  expect(refusalOf(await submitChecklist(ctx, tenant.owner, key(), kept.id))).toEqual(other);
  expect(await counted(ctx, tenant.tenantId)).toBe(1);
});

test('G2 the key of a submission does not submit another checklist', async () => {
  const { ctx } = await testContext();
  const tenant = await aTenant(ctx);
  const [one, two] = [await draft(ctx, tenant.owner), await draft(ctx, tenant.owner)];
  unwrap(await submitChecklist(ctx, tenant.owner, key('same'), one.id));
  expect(refusalOf(await submitChecklist(ctx, tenant.owner, key('same'), two.id))).toEqual({ code: 'idempotency_conflict' });
});

test('a checklist submitted by many at once starts and counts once', async () => {
  const { ctx } = await testContext();
  const tenant = await aTenant(ctx);
  const kept = await draft(ctx, tenant.owner);
  const people = await Promise.all(Array.from({ length: 5 }, () => tenant.member()));
  const results = await Promise.all(people.map((actor) => submitChecklist(ctx, actor, key(), kept.id)));
  expect(results.filter((result) => result.ok)).toHaveLength(1);
  for (const result of results) if (!result.ok) expect(result.refusal).toEqual({ code: 'checklist_already_submitted' });
  expect(await counted(ctx, tenant.tenantId)).toBe(1);
});

test('G2 a draft checklist is created once per key, and its key creates no started one', async () => {
  const { ctx } = await testContext();
  const tenant = await aTenant(ctx);
  const input = aChecklist({ submit: false });
  const results = await Promise.all([1, 2, 3].map(() => createChecklist(ctx, tenant.owner, key('k'), input)));
  expect(new Set(results.map((result) => unwrap(result).record.id)).size).toBe(1);
  for (const other of [aChecklist(), aChecklist({ submit: false, title: 'Closing' })]) {
    expect(refusalOf(await createChecklist(ctx, tenant.owner, key('k'), other))).toEqual({ code: 'idempotency_conflict' });
  }
  unwrap(await creationOf.checklists(ctx, tenant.owner, key('counted')));
  expect(refusalOf(await createChecklist(ctx, tenant.owner, key('counted'), input))).toEqual({ code: 'idempotency_conflict' });
});

test('the last open item completes a checklist, an unticked one opens it again', async () => {
  const { ctx, clock } = await testContext();
  const tenant = await aTenant(ctx);
  const member = await tenant.member('member', 'Mario');
  const { id, items } = await start(ctx, tenant.owner);
  const tick = async (index: number, done: boolean, revision: number) =>
    unwrap(await tickItem(ctx, member, id, items[index]!.id, done, revision));

  clock.advance({ minutes: 1 });
  const one = await tick(1, true, 1);
  expect(one).toMatchObject({ state: 'running', completedAt: null, revision: 2 });
  expect(one.items[1]).toMatchObject({ doneAt: '2026-03-10T09:01:00.000Z', doneBy: { id: member.memberId, name: 'Mario' } });
  clock.advance({ minutes: 1 });
  expect(await tick(0, true, 2)).toMatchObject({ state: 'completed', completedAt: '2026-03-10T09:02:00.000Z', revision: 3 });
  const reopened = await tick(1, false, 3);
  expect(reopened).toMatchObject({ state: 'running', completedAt: null, revision: 4 });
  expect(reopened.items[1]).toMatchObject({ doneAt: null, doneBy: null });
  expect(await tick(1, false, 4)).toEqual(reopened);
  expect(await counted(ctx, tenant.tenantId)).toBe(1);
});

test('of two who tick with the same revision one is refused with the current checklist', async () => {
  const { ctx } = await testContext();
  const tenant = await aTenant(ctx);
  const { id, items } = await start(ctx, tenant.owner);
  const results = await Promise.all(items.map((item) => tickItem(ctx, tenant.owner, id, item.id, true, 1)));
  const current = unwrap(await getChecklist(ctx, tenant.owner, id));
  expect(results.filter((result) => result.ok)).toHaveLength(1);
  expect(results.find((result) => !result.ok)).toEqual({ ok: false, refusal: { code: 'stale_revision', current } });
  expect(current).toMatchObject({ state: 'running', revision: 2 });
});

test('a draft checklist is not ticked, an unknown item or checklist is not found', async () => {
  const { ctx } = await testContext();
  const tenant = await aTenant(ctx);
  const kept = await draft(ctx, tenant.owner);
  expect(refusalOf(await tickItem(ctx, tenant.owner, kept.id, kept.items[0]!.id, true, 1))).toEqual({ code: 'checklist_not_running' });
  const notFound = { code: 'checklist_not_found' };
  expect(refusalOf(await tickItem(ctx, tenant.owner, kept.id, kept.id, true, 1))).toEqual(notFound);
  expect(refusalOf(await getChecklist(ctx, tenant.owner, tenant.tenantId))).toEqual(notFound);
  expect(refusalOf(await submitChecklist(ctx, tenant.owner, key(), tenant.tenantId))).toEqual(notFound);
});

test('the list is newest first, by state, paged, each checklist with its own items', async () => {
  const { ctx, clock } = await testContext();
  const tenant = await aTenant(ctx);
  for (let index = 0; index < 5; index += 1) {
    if (index % 2 === 0) clock.advance({ minutes: 1 });
    await start(ctx, tenant.owner, {
      title: `List ${index}`,
      items: [{ text: `Item of ${index}`, assigneeId: null }],
      submit: index !== 2,
    });
  }
  const list = async (query: Record<string, unknown>) => unwrap(await listChecklists(ctx, tenant.owner, ChecklistQuery.parse(query)));
  const seen: string[] = [];
  let cursor: string | undefined;
  do {
    const page = await list({ limit: 2, ...(cursor && { cursor }) });
    seen.push(...page.items.map(({ title, items }) => `${title}: ${items.map(({ text }) => text)}`));
    cursor = page.nextCursor ?? undefined;
  } while (cursor);
  expect(seen).toEqual([4, 3, 2, 1, 0].map((index) => `List ${index}: Item of ${index}`));
  expect((await list({ state: 'draft' })).items.map(({ title }) => title)).toEqual(['List 2']);
  for (const values of [['x', 'y'], ['2026-03-10T09:00:00.000Z', 'y'], ['2026-99-99T00:00:00Z', tenant.tenantId], [1, 2], {}]) {
    expect((await list({ cursor: Buffer.from(JSON.stringify(values)).toString('base64url') })).items).toHaveLength(5);
  }
});

test('nobody is named on an item who is not a present member; a retry survives that someone left', async () => {
  const { ctx } = await testContext();
  const tenant = await aTenant(ctx);
  const leaver = await tenant.member();
  const input = aChecklist({ items: [{ text: 'x', assigneeId: leaver.memberId }] });
  const first = unwrap(await createChecklist(ctx, tenant.owner, key('named'), input));
  await inTenant(ctx, tenant.tenantId, ({ db }) =>
    db.query(`update members set state = 'removed' where tenant_id = $1 and member_id = $2`, [tenant.tenantId, leaver.memberId]),
  );
  expect(unwrap(await createChecklist(ctx, tenant.owner, key('named'), input))).toEqual({ ...first, replayed: true });
  expect(refusalOf(await createChecklist(ctx, tenant.owner, key(), input))).toEqual({ code: 'member_not_found' });
});

test('G2 one key makes one checklist, started or as a draft, whichever of the two comes first', async () => {
  const { ctx } = await testContext();
  const tenant = await aTenant(ctx);
  for (let round = 0; round < 10; round += 1) {
    const same = key();
    const results = await Promise.all([true, false].map((submit) => createChecklist(ctx, tenant.owner, same, { ...aChecklist(), submit })));
    expect(results.filter((result) => result.ok)).toHaveLength(1);
    expect(results.find((result) => !result.ok)).toMatchObject({ refusal: { code: 'idempotency_conflict' } });
  }
});
