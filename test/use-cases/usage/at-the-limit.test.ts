import { ChecklistQuery } from '../../../src/contract/checklists';
import { METERS } from '../../../src/contract/meters';
import { OpportunityQuery } from '../../../src/contract/opportunities';
import type { Refusal } from '../../../src/contract/refusals';
import { NewComment, TicketQuery } from '../../../src/contract/tickets';
import * as checklists from '../../../src/features/checklists/checklists';
import { createChecklist } from '../../../src/features/checklists/create-checklist';
import * as opportunities from '../../../src/features/crm/opportunities';
import * as drafts from '../../../src/features/drafts/drafts';
import * as tickets from '../../../src/features/tickets/tickets';
import { readUsage } from '../../../src/features/usage/read-usage';
import type { Actor } from '../../../src/platform/actor';
import type { Context } from '../../../src/platform/context';
import type { Page } from '../../../src/platform/page';
import type { Result } from '../../../src/platform/result';
import { aChecklist, aTicket, books, creationOf, key, refusalOf, unwrap } from '../../support/acts';
import { testContext } from '../../support/database';
import { aPlan, aTenant } from '../../support/tenant';

interface Existing {
  ticket: { id: string; revision: number };
  checklist: { id: string; revision: number };
  opportunity: { id: string; revision: number };
  draft: { id: string; revision: number };
}

type Command = (ctx: Context, actor: Actor, existing: Existing) => Promise<Result<unknown, Refusal>>;

/** Every command of the tools that creates nothing counted; `writes` needs a Subscribed organization. */
const COMMANDS: Record<string, { writes: boolean; run: Command }> = {
  'tickets.getTicket': { writes: false, run: (ctx, actor, { ticket }) => tickets.getTicket(ctx, actor, ticket.id) },
  'tickets.listTickets': { writes: false, run: (ctx, actor) => tickets.listTickets(ctx, actor, TicketQuery.parse({ q: 'printer' })) },
  'tickets.ticketTimeline': { writes: false, run: (ctx, actor, { ticket }) => tickets.ticketTimeline(ctx, actor, ticket.id) },
  'tickets.updateTicket': {
    writes: true,
    run: (ctx, actor, { ticket }) =>
      tickets.updateTicket(
        ctx,
        actor,
        ticket.id,
        { title: 'Still on fire', status: 'closed', assigneeId: actor.memberId },
        ticket.revision,
      ),
  },
  'tickets.commentTicket': {
    writes: true,
    run: (ctx, actor, { ticket }) => tickets.commentTicket(ctx, actor, ticket.id, key(), NewComment.parse({ body: 'On my way' })),
  },
  'tickets.deleteTicket': {
    writes: true,
    run: async (ctx, actor, { ticket }) => {
      const { revision } = unwrap(await tickets.getTicket(ctx, actor, ticket.id));
      return tickets.deleteTicket(ctx, actor, ticket.id, revision);
    },
  },
  'checklists.getChecklist': { writes: false, run: (ctx, actor, { checklist }) => checklists.getChecklist(ctx, actor, checklist.id) },
  'checklists.listChecklists': { writes: false, run: (ctx, actor) => checklists.listChecklists(ctx, actor, ChecklistQuery.parse({})) },
  'checklists.tickItem': {
    writes: true,
    run: async (ctx, actor, { checklist }) => {
      const { items, revision } = unwrap(await checklists.getChecklist(ctx, actor, checklist.id));
      return checklists.tickItem(ctx, actor, checklist.id, items[0]!.id, true, revision);
    },
  },
  'checklists.createChecklist (a draft)': {
    writes: true,
    run: (ctx, actor) => createChecklist(ctx, actor, key(), aChecklist({ submit: false })),
  },
  'opportunities.getOpportunity': {
    writes: false,
    run: (ctx, actor, { opportunity }) => opportunities.getOpportunity(ctx, actor, opportunity.id),
  },
  'opportunities.listOpportunities': {
    writes: false,
    run: (ctx, actor) => opportunities.listOpportunities(ctx, actor, OpportunityQuery.parse({})),
  },
  'opportunities.updateOpportunity': {
    writes: true,
    run: (ctx, actor, { opportunity }) =>
      opportunities.updateOpportunity(ctx, actor, opportunity.id, { stage: 'won', customer: 'A customer' }, opportunity.revision),
  },
  'drafts.listDrafts': { writes: false, run: (ctx, actor) => drafts.listDrafts(ctx, actor, { limit: 10 }) },
  'drafts.getDraft': { writes: false, run: (ctx, actor, { draft }) => drafts.getDraft(ctx, actor, draft.id) },
  'drafts.editDraft': {
    writes: false,
    run: (ctx, actor, { draft }) =>
      drafts.editDraft(ctx, actor, draft.id, { meter: 'tickets', payload: aTicket({ title: 'Other words' }) }, draft.revision),
  },
  'drafts.discardDraft': {
    writes: false,
    run: (ctx, actor, { draft }) => drafts.discardDraft(ctx, actor, draft.id, draft.revision + 1),
  },
  'usage.readUsage': { writes: false, run: (ctx, actor) => readUsage(ctx, actor, async () => null) },
};

/** Not commands of a person, or tested on their own. */
const ELSEWHERE = [
  'tickets.undoTicket',
  'checklists.readChecklist',
  'drafts.keepWhatWasRefused',
  'drafts.keptAct',
  'drafts.markSubmitted',
  'drafts.countDrafts',
  'drafts.heldActs',
];

/** A tenant with one record in each tool, a draft of its owner, and nothing left on any meter. */
async function exhausted(ctx: Context) {
  const tenant = await aTenant(ctx, { limits: { tickets: 1, checklists: 1, opportunities: 1 } });
  const create = async (meter: (typeof METERS)[number]) => unwrap(await creationOf[meter](ctx, tenant.owner, key())).record;
  const [ticket, checklist, opportunity] = [await create('tickets'), await create('checklists'), await create('opportunities')];
  const refusal = refusalOf(await creationOf.tickets(ctx, tenant.owner, key()));
  const draft = { id: (refusal as { draftId: string }).draftId, revision: 1 };
  return { tenant, existing: { ticket, checklist, opportunity, draft } };
}

test('TW-12 the list of commands is complete', () => {
  const exported = Object.entries({ tickets, checklists, opportunities, drafts }).flatMap(([name, module]) =>
    Object.entries(module).flatMap(([verb, value]) => (typeof value === 'function' ? [`${name}.${verb}`] : [])),
  );
  expect(exported.filter((name) => !(name in COMMANDS) && !ELSEWHERE.includes(name))).toEqual([]);
});

test('TW-12 TW-14 TW-15 TW-16 G8 with every meter at its limit, everything but creating works and counts nothing', async () => {
  const { ctx } = await testContext();
  const { tenant, existing } = await exhausted(ctx);
  for (const meter of METERS)
    expect(refusalOf(await creationOf[meter](ctx, tenant.owner, key()))).toMatchObject({ code: 'quota_exhausted' });
  for (const [name, { run }] of Object.entries(COMMANDS)) {
    expect([name, await run(ctx, tenant.owner, existing)]).toEqual([name, expect.objectContaining({ ok: true })]);
  }
  for (const meter of METERS) expect(await books(ctx, tenant.tenantId, meter)).toMatchObject({ counted: 1, ledger: 1 });
});

test('G8 far beyond a lowered limit everything but creating works', async () => {
  const { ctx } = await testContext();
  const { tenant, existing } = await exhausted(ctx);
  await tenant.changePlan(await aPlan(ctx, { tickets: 0, checklists: 0, opportunities: 0 }));
  for (const [name, { run }] of Object.entries(COMMANDS)) {
    expect([name, await run(ctx, tenant.owner, existing)]).toEqual([name, expect.objectContaining({ ok: true })]);
  }
});

test.each(['Suspended', 'Unsubscribed'] as const)('G8 %s is read-only: nothing is hidden, nothing is changed', async (status) => {
  const { ctx } = await testContext();
  const { tenant, existing } = await exhausted(ctx);
  await tenant.setStatus(status);
  for (const [name, { writes, run }] of Object.entries(COMMANDS)) {
    const result = await run(ctx, tenant.owner, existing);
    if (writes) expect([name, result]).toEqual([name, { ok: false, refusal: { code: 'subscription_inactive', status } }]);
    else expect([name, result]).toEqual([name, expect.objectContaining({ ok: true })]);
  }
  expect(refusalOf(await tickets.undoTicket(ctx, tenant.owner, existing.ticket.id))).toEqual({ code: 'subscription_inactive', status });
});

test('a viewer reads everything and changes nothing', async () => {
  const { ctx } = await testContext();
  const { tenant, existing } = await exhausted(ctx);
  const viewer = await tenant.member('viewer');
  for (const [name, { writes, run }] of Object.entries(COMMANDS).filter(([name]) => !/^drafts\.(get|edit|discard)/.test(name))) {
    const result = await run(ctx, viewer, existing);
    if (writes) expect([name, result]).toEqual([name, { ok: false, refusal: expect.objectContaining({ code: 'not_allowed' }) }]);
    else expect([name, result]).toEqual([name, expect.objectContaining({ ok: true })]);
  }
});

test('G9 a second organization finds none of it, by any id, and learns of no existence', async () => {
  const { ctx } = await testContext();
  const { tenant, existing } = await exhausted(ctx);
  const other = await aTenant(ctx);
  const own = await exhausted(ctx);
  const before = await Promise.all(METERS.map((meter) => books(ctx, tenant.tenantId, meter)));

  const byId: Record<string, () => Promise<Result<unknown, Refusal>>> = {
    getTicket: () => tickets.getTicket(ctx, other.owner, existing.ticket.id),
    updateTicket: () => tickets.updateTicket(ctx, other.owner, existing.ticket.id, { title: 'Mine now' }, 1),
    deleteTicket: () => tickets.deleteTicket(ctx, other.owner, existing.ticket.id, 1),
    undoTicket: () => tickets.undoTicket(ctx, other.owner, existing.ticket.id),
    ticketTimeline: () => tickets.ticketTimeline(ctx, other.owner, existing.ticket.id),
    commentTicket: () => tickets.commentTicket(ctx, other.owner, existing.ticket.id, key(), NewComment.parse({ body: 'Hello' })),
    getChecklist: () => checklists.getChecklist(ctx, other.owner, existing.checklist.id),
    tickItem: () => checklists.tickItem(ctx, other.owner, existing.checklist.id, existing.checklist.id, true, 1),
    getOpportunity: () => opportunities.getOpportunity(ctx, other.owner, existing.opportunity.id),
    updateOpportunity: () => opportunities.updateOpportunity(ctx, other.owner, existing.opportunity.id, { stage: 'lost' }, 1),
    getDraft: () => drafts.getDraft(ctx, other.owner, existing.draft.id),
    discardDraft: () => drafts.discardDraft(ctx, other.owner, existing.draft.id, 1),
  };
  for (const [name, ask] of Object.entries(byId)) {
    expect([name, (refusalOf(await ask()) as { code: string }).code]).toEqual([name, expect.stringMatching(/_not_found$/)]);
  }
  const lists: Result<Page<unknown>, Refusal>[] = [
    await tickets.listTickets(ctx, other.owner, TicketQuery.parse({})),
    await checklists.listChecklists(ctx, other.owner, ChecklistQuery.parse({})),
    await opportunities.listOpportunities(ctx, other.owner, OpportunityQuery.parse({})),
    await drafts.listDrafts(ctx, other.owner, { limit: 100 }),
  ];
  for (const list of lists) expect(unwrap(list)).toEqual({ items: [], nextCursor: null });

  // Not even as an assignee or owner of one's own records.
  const stranger = tenant.owner.memberId;
  const change = tickets.updateTicket(ctx, own.tenant.owner, own.existing.ticket.id, { assigneeId: stranger }, 1);
  expect(refusalOf(await change)).toEqual({ code: 'member_not_found' });
  const give = opportunities.updateOpportunity(ctx, own.tenant.owner, own.existing.opportunity.id, { ownerId: stranger }, 1);
  expect(refusalOf(await give)).toEqual({ code: 'member_not_found' });
  expect(await Promise.all(METERS.map((meter) => books(ctx, tenant.tenantId, meter)))).toEqual(before);
});
