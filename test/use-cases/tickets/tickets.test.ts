import { NewComment, TicketPatch, TicketQuery } from '../../../src/contract/tickets';
import { createTicket } from '../../../src/features/tickets/create-ticket';
import { commentTicket, deleteTicket, getTicket, listTickets, ticketTimeline, updateTicket } from '../../../src/features/tickets/tickets';
import type { Actor } from '../../../src/platform/actor';
import type { Context } from '../../../src/platform/context';
import { aTicket, key, refusalOf, unwrap } from '../../support/acts';
import { testContext } from '../../support/database';
import { aTenant } from '../../support/tenant';

const create = async (ctx: Context, actor: Actor, given: Parameters<typeof aTicket>[0] = {}) =>
  unwrap(await createTicket(ctx, actor, key(), aTicket(given))).record;
const list = async (ctx: Context, actor: Actor, query: Record<string, unknown>) =>
  unwrap(await listTickets(ctx, actor, TicketQuery.parse(query)));

test('an update changes what it names, counts the revision up and keeps the rest', async () => {
  const { ctx, clock } = await testContext();
  const tenant = await aTenant(ctx);
  const agent = await tenant.member('agent', 'Agent Anna');
  const ticket = await create(ctx, tenant.owner, { tags: ['hall'], dueOn: '2026-04-01' });
  clock.advance({ minutes: 5 });
  const patch = TicketPatch.parse({ status: 'in_progress', assigneeId: agent.memberId, dueOn: null });
  expect(unwrap(await updateTicket(ctx, agent, ticket.id, patch, 1))).toEqual({
    ...ticket,
    status: 'in_progress',
    assignee: { id: agent.memberId, name: 'Agent Anna' },
    dueOn: null,
    updatedAt: '2026-03-10T09:05:00.000Z',
    revision: 2,
  });
});

test('closing notes the instant, closing again keeps it, reopening forgets it', async () => {
  const { ctx, clock } = await testContext();
  const tenant = await aTenant(ctx);
  const ticket = await create(ctx, tenant.owner);
  const closed = unwrap(await updateTicket(ctx, tenant.owner, ticket.id, { status: 'closed' }, 1));
  expect(closed.closedAt).toBe('2026-03-10T09:00:00.000Z');
  clock.advance({ hours: 1 });
  expect(unwrap(await updateTicket(ctx, tenant.owner, ticket.id, { status: 'closed', title: 'x' }, 2)).closedAt).toBe(closed.closedAt);
  expect(unwrap(await updateTicket(ctx, tenant.owner, ticket.id, { status: 'open' }, 3)).closedAt).toBeNull();
});

test('of two who edit the same revision one is refused with the current row', async () => {
  const { ctx } = await testContext();
  const tenant = await aTenant(ctx);
  const ticket = await create(ctx, tenant.owner);
  const results = await Promise.all(['One', 'Two'].map((title) => updateTicket(ctx, tenant.owner, ticket.id, { title }, 1)));
  const saved = results.flatMap((result) => (result.ok ? [result.value] : []));
  const refused = results.flatMap((result) => (result.ok ? [] : [result.refusal]));
  expect(saved).toHaveLength(1);
  expect(refused).toEqual([{ code: 'stale_revision', current: saved[0] }]);
  expect(refusalOf(await deleteTicket(ctx, tenant.owner, ticket.id, 1))).toMatchObject({
    code: 'stale_revision',
    current: { revision: 2 },
  });
});

test('an update that changes nothing leaves revision and history alone', async () => {
  const { ctx } = await testContext();
  const tenant = await aTenant(ctx);
  const ticket = await create(ctx, tenant.owner, { tags: ['a'] });
  expect(unwrap(await updateTicket(ctx, tenant.owner, ticket.id, { title: ticket.title, tags: ['a'] }, 1))).toEqual(ticket);
  expect(unwrap(await ticketTimeline(ctx, tenant.owner, ticket.id))).toEqual([]);
});

test('the list is newest first, paged without gap or repetition while tickets are added', async () => {
  const { ctx } = await testContext();
  const tenant = await aTenant(ctx);
  for (let index = 0; index < 7; index += 1) await create(ctx, tenant.owner);
  const seen: number[] = [];
  let cursor: string | undefined;
  do {
    const page = await list(ctx, tenant.owner, { limit: 3, ...(cursor && { cursor }) });
    seen.push(...page.items.map(({ number }) => number));
    await create(ctx, tenant.owner);
    cursor = page.nextCursor ?? undefined;
  } while (cursor);
  expect(seen).toEqual([7, 6, 5, 4, 3, 2, 1]);
});

test.each(['garbage', 'bnVsbA', 'WyIxIl0', 'WzFlMzAwXQ', Buffer.from('[1.5]').toString('base64url')])(
  'a cursor that is not ours (%s) begins at the beginning',
  async (cursor) => {
    const { ctx } = await testContext();
    const tenant = await aTenant(ctx);
    await create(ctx, tenant.owner);
    expect((await list(ctx, tenant.owner, { cursor })).items).toHaveLength(1);
  },
);

test('tickets are found by beginnings of words, tags, number, status and person', async () => {
  const { ctx } = await testContext();
  const tenant = await aTenant(ctx);
  const agent = await tenant.member('agent');
  const printer = await create(ctx, tenant.owner, { title: 'Drucker brennt', tags: ['halle'], assigneeId: agent.memberId });
  const lamp = await create(ctx, tenant.owner, { title: 'Lampe', description: 'flackert im Größenlager' });
  unwrap(await updateTicket(ctx, tenant.owner, lamp.id, { status: 'closed' }, 1));
  const find = async (query: Record<string, unknown>, actor = tenant.owner) =>
    (await list(ctx, actor, query)).items.map(({ id }) => (id === printer.id ? 'printer' : 'lamp'));

  expect(await find({ q: 'druck' })).toEqual(['printer']);
  expect(await find({ q: 'HALLE brennt' })).toEqual(['printer']);
  expect(await find({ q: 'größen' })).toEqual(['lamp']);
  expect(await find({ q: `T-${lamp.number}` })).toEqual(['lamp']);
  expect(await find({ q: 'lampe drucker' })).toEqual([]);
  expect(await find({ q: `%_'"\\&|!` })).toEqual(['lamp', 'printer']);
  expect(await find({ status: 'unclosed' })).toEqual(['printer']);
  expect(await find({ status: 'closed' })).toEqual(['lamp']);
  expect(await find({ assignee: 'none' })).toEqual(['lamp']);
  expect(await find({ assignee: 'me' }, agent)).toEqual(['printer']);
  expect(await find({ assignee: agent.memberId, q: 'lampe' })).toEqual([]);
});

test('comments and changes make the timeline, oldest first; notes are for the team', async () => {
  const { ctx, clock } = await testContext();
  const tenant = await aTenant(ctx);
  const [agent, member] = [await tenant.member('agent', 'Anna'), await tenant.member('member', 'Mario')];
  const ticket = await create(ctx, member);
  const comment = async (actor: Actor, body: string, kind: 'reply' | 'note' = 'reply') => {
    clock.advance({ seconds: 1 });
    return commentTicket(ctx, actor, ticket.id, key(body), NewComment.parse({ body, kind }));
  };
  unwrap(await comment(agent, 'On my way'));
  unwrap(await comment(agent, 'He set it on fire', 'note'));
  clock.advance({ seconds: 1 });
  unwrap(await updateTicket(ctx, agent, ticket.id, { assigneeId: agent.memberId }, 1));
  expect(refusalOf(await comment(member, 'Note', 'note'))).toEqual({ code: 'not_allowed', needs: 'edit' });

  const brief = async (actor: Actor) =>
    unwrap(await ticketTimeline(ctx, actor, ticket.id)).map((entry) => (entry.type === 'comment' ? entry.comment.body : entry.changes));
  expect(await brief(agent)).toEqual(['On my way', 'He set it on fire', { assignee: [null, 'Anna'] }]);
  expect(await brief(member)).toEqual(['On my way', { assignee: [null, 'Anna'] }]);
});

test('G2 a comment sent twice with one key is one comment; the key with other words is a conflict', async () => {
  const { ctx } = await testContext();
  const tenant = await aTenant(ctx);
  const ticket = await create(ctx, tenant.owner);
  const say = (body: string) => commentTicket(ctx, tenant.owner, ticket.id, key('c1'), NewComment.parse({ body }));
  const results = await Promise.all([say('Once'), say('Once'), say('Once')]);
  expect(new Set(results.map((result) => unwrap(result).record.id)).size).toBe(1);
  expect(results.filter((result) => !unwrap(result).replayed)).toHaveLength(1);
  expect(refusalOf(await say('Other'))).toEqual({ code: 'idempotency_conflict' });
  expect(unwrap(await ticketTimeline(ctx, tenant.owner, ticket.id))).toHaveLength(1);
});

test('nobody is assigned who is not a present member', async () => {
  const { ctx } = await testContext();
  const [tenant, other] = [await aTenant(ctx), await aTenant(ctx)];
  const input = aTicket({ assigneeId: other.owner.memberId });
  expect(refusalOf(await createTicket(ctx, tenant.owner, key(), input))).toEqual({ code: 'member_not_found' });
  const ticket = await create(ctx, tenant.owner);
  const patch = { assigneeId: other.owner.memberId };
  expect(refusalOf(await updateTicket(ctx, tenant.owner, ticket.id, patch, 1))).toEqual({ code: 'member_not_found' });
  expect(unwrap(await getTicket(ctx, tenant.owner, ticket.id)).assignee).toBeNull();
});

test('G2 a retry of a comment is answered as its first try was, after the ticket went and the subscription paused', async () => {
  const { ctx } = await testContext();
  const tenant = await aTenant(ctx);
  const { record } = unwrap(await createTicket(ctx, tenant.owner, key(), aTicket()));
  const comment = () => commentTicket(ctx, tenant.owner, record.id, key('said-once'), { body: 'Looking into it', kind: 'reply' });
  const first = unwrap(await comment());
  unwrap(await deleteTicket(ctx, tenant.owner, record.id, record.revision));
  expect(unwrap(await comment())).toEqual({ record: first.record, replayed: true });
  await tenant.setStatus('Suspended');
  expect(unwrap(await comment())).toEqual({ record: first.record, replayed: true });
});
