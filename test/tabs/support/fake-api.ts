import type { Checklist, NewChecklist } from '../../../src/contract/checklists';
import type { Draft } from '../../../src/contract/drafts';
import type { Me } from '../../../src/contract/me';
import type { Member } from '../../../src/contract/members';
import type { Meter } from '../../../src/contract/meters';
import type { NewOpportunity, Opportunity } from '../../../src/contract/opportunities';
import type { NewTicket, Ticket, TimelineEntry } from '../../../src/contract/tickets';
import type { MeterUsage, Usage } from '../../../src/contract/usage';

/** One request as the fake saw it. */
export interface Seen {
  method: string;
  path: string;
  headers: Record<string, string>;
  body: unknown;
}

export interface Answer {
  status: number;
  body?: unknown;
  headers?: Record<string, string>;
}

const uuid = (kind: number, number: number) => `0000000${kind}-0000-4000-8000-${String(number).padStart(12, '0')}`;
const NOW = '2026-11-27T09:00:00.000Z';
const RESETS = '2026-12-14T23:00:00.000Z';
const PRESENT = { class: 'active', license: null, state: 'present', locale: null, lastActiveAt: NOW, isActive: true, revision: 1 } as const;

/** `/api/v1` in memory, as the contract describes it, for what lies across the network of the tab. */
export class FakeApi {
  readonly people: Member[] = [
    { id: uuid(1, 1), name: 'Olivia Owner', role: 'owner', ...PRESENT },
    { id: uuid(1, 2), name: 'Adam Agent', role: 'agent', ...PRESENT },
    { id: uuid(1, 3), name: 'Mara Member', role: 'member', ...PRESENT },
  ];
  readonly tickets: Ticket[] = [];
  readonly timelines = new Map<string, TimelineEntry[]>();
  readonly checklists: Checklist[] = [];
  readonly opportunities: Opportunity[] = [];
  readonly drafts: (Draft & { key: string })[] = [];
  readonly seen: Seen[] = [];
  readonly limits: Record<Meter, number | null> = { tickets: 500, checklists: 50, opportunities: 100 };
  readonly used: Record<Meter, number> = { tickets: 0, checklists: 0, opportunities: 0 };
  readonly notices = new Map<Meter, NonNullable<MeterUsage['notice']>>();
  me: Me;
  /** Answers instead of the fake, once; `lost` = done, but the answer never arrives. */
  next: ((seen: Seen) => Answer | 'lost' | 'unsent' | null) | null = null;
  private readonly replies = new Map<string, { status: number; body: unknown }>();
  private count = 0;

  constructor() {
    this.me = {
      tenantId: uuid(0, 1),
      organization: 'Sample Logistics',
      timeZone: 'Europe/Berlin',
      member: this.people[0]!,
      subscription: {
        id: uuid(0, 2),
        name: 'Kontingent',
        planId: 'premium',
        planName: 'Premium',
        status: 'Subscribed',
        termUnit: 'P1M',
        termStart: '2026-11-15T00:00:00.000Z',
        termEnd: '2026-12-15T00:00:00.000Z',
        autoRenew: true,
      },
      license: null,
      may: { create: true, edit: true, manageMembers: true, managePlan: true },
      accountUrl: 'https://kontingent.example/account',
      dataDeletedAt: null,
      supportContact: 'support@kontingent.example',
    };
  }

  as(role: Member['role']): this {
    const member = this.people.find((person) => person.role === role)!;
    const manages = role === 'owner' || role === 'admin';
    this.me = { ...this.me, member, may: { ...this.me.may, manageMembers: manages, managePlan: manages } };
    return this;
  }

  /** Requests of one method whose path begins so. */
  requests(method: string, path: string): Seen[] {
    return this.seen.filter((seen) => seen.method === method && seen.path.startsWith(path));
  }

  addTicket(input: Partial<NewTicket> & { title: string }, more: Partial<Ticket> = {}): Ticket {
    this.count += 1;
    const person = (id: string | null | undefined) => {
      const found = this.people.find((candidate) => candidate.id === id);
      return found ? { id: found.id, name: found.name } : null;
    };
    const ticket: Ticket = {
      id: uuid(2, this.count),
      number: 1000 + this.count,
      title: input.title,
      description: input.description ?? '',
      status: 'open',
      priority: input.priority ?? 'normal',
      requester: person(this.me.member?.id)!,
      assignee: person(input.assigneeId),
      dueOn: input.dueOn ?? null,
      tags: input.tags ?? [],
      createdAt: NOW,
      updatedAt: NOW,
      closedAt: null,
      undoableUntil: '2026-11-27T09:01:00.000Z',
      revision: 1,
      ...more,
    };
    this.tickets.unshift(ticket);
    this.timelines.set(ticket.id, []);
    return ticket;
  }

  addChecklist(input: NewChecklist, more: Partial<Checklist> = {}): Checklist {
    this.count += 1;
    const by = { id: this.me.member!.id, name: this.me.member!.name };
    const checklist: Checklist = {
      id: uuid(3, this.count),
      title: input.title,
      state: input.submit ? 'running' : 'draft',
      items: input.items.map((item, index) => ({
        id: uuid(4, this.count * 1000 + index),
        text: item.text,
        assignee: null,
        doneAt: null,
        doneBy: null,
      })),
      createdBy: by,
      createdAt: NOW,
      startedAt: input.submit ? NOW : null,
      completedAt: null,
      revision: 1,
      ...more,
    };
    this.checklists.unshift(checklist);
    return checklist;
  }

  addOpportunity(input: Partial<NewOpportunity> & { title: string }, more: Partial<Opportunity> = {}): Opportunity {
    this.count += 1;
    const owner = this.people.find((person) => person.id === input.ownerId) ?? this.me.member!;
    const opportunity: Opportunity = {
      id: uuid(5, this.count),
      title: input.title,
      customer: input.customer ?? null,
      stage: 'new',
      value: input.value ?? null,
      closesOn: input.closesOn ?? null,
      owner: { id: owner.id, name: owner.name },
      createdAt: NOW,
      updatedAt: NOW,
      revision: 1,
      ...more,
    };
    this.opportunities.unshift(opportunity);
    return opportunity;
  }

  usage(): Usage {
    const meters: Meter[] = ['tickets', 'checklists', 'opportunities'];
    return {
      asOf: NOW,
      timeZone: this.me.timeZone,
      meters: meters.map((meter) => {
        const limit = this.limits[meter];
        const used = this.used[meter];
        return {
          meter,
          counts: 'all',
          entitled: limit,
          available: limit,
          limit,
          used,
          held: 0,
          remaining: limit === null ? null : Math.max(0, limit - used),
          periodStart: '2026-11-14T23:00:00.000Z',
          resetsAt: RESETS,
          state: limit === null ? 'open' : used >= limit ? 'exhausted' : used * 100 >= limit * 80 ? 'warning' : 'open',
          notice: this.notices.get(meter) ?? null,
          pendingWords: null,
          grants: [{ source: 'plan', amount: limit, state: 'active', reason: null }],
        };
      }),
      limits: [],
      advice: [],
    };
  }

  answer(seen: Seen): Answer | 'lost' | 'unsent' {
    this.seen.push(seen);
    const planned = this.next?.(seen) ?? null;
    if (planned) {
      this.next = null;
      if (planned === 'lost') this.route(seen);
      return planned;
    }
    return this.route(seen);
  }

  private route(seen: Seen): Answer {
    const [path = '', search = ''] = seen.path.split('?');
    const parts = path.split('/').filter((part) => part !== '');
    const query = new URLSearchParams(search);
    const [collection, id, action, itemId] = parts;
    if (!seen.headers.authorization) return problem(401, 'token_missing');
    if (!this.me.subscription && collection !== 'me') return problem(403, 'no_subscription');
    if (collection === 'me') return ok(this.me);
    if (collection === 'usage') {
      if (seen.method === 'GET') return ok(this.usage());
      for (const [meter, notice] of this.notices) if (notice.key === (seen.body as { key: string }).key) this.notices.delete(meter);
      return { status: 204 };
    }
    if (collection === 'members') {
      const q = (query.get('q') ?? '').toLowerCase();
      return page(this.people.filter((person) => person.name.toLowerCase().includes(q)));
    }
    if (collection === 'tickets') return this.ticketRoute(seen, query, id, action);
    if (collection === 'checklists') return this.checklistRoute(seen, query, id, action, itemId);
    if (collection === 'opportunities') return this.opportunityRoute(seen, query, id);
    if (collection === 'drafts') return this.draftRoute(seen, id, action);
    return problem(404, 'not_found');
  }

  private ticketRoute(seen: Seen, query: URLSearchParams, id?: string, action?: string): Answer {
    if (!id && seen.method === 'POST') return this.create('tickets', seen, (payload) => this.addTicket(payload as NewTicket));
    if (!id) {
      const q = (query.get('q') ?? '').toLowerCase();
      const status = query.get('status') ?? 'any';
      const assignee = query.get('assignee');
      const found = this.tickets.filter(
        (ticket) =>
          (status === 'any' || (status === 'unclosed' ? ticket.status !== 'closed' : ticket.status === status)) &&
          (!assignee || (assignee === 'me' ? ticket.assignee?.id === this.me.member?.id : ticket.assignee === null)) &&
          `${ticket.title} ${ticket.description} ${ticket.tags.join(' ')} t-${ticket.number}`.toLowerCase().includes(q),
      );
      const from = Number(query.get('cursor') ?? 0);
      return ok({ items: found.slice(from, from + 50), nextCursor: found.length > from + 50 ? String(from + 50) : null });
    }
    const ticket = this.tickets.find((candidate) => candidate.id === id);
    if (!ticket) return problem(404, 'ticket_not_found');
    if (action === 'timeline') return ok({ items: this.timelines.get(id!) ?? [] });
    if (action === 'undo') {
      this.tickets.splice(this.tickets.indexOf(ticket), 1);
      this.used.tickets -= 1;
      return { status: 204 };
    }
    if (action === 'comments')
      return this.replayable(seen, () => {
        const input = seen.body as { body: string; kind: 'reply' | 'note' };
        this.count += 1;
        const author = { id: this.me.member!.id, name: this.me.member!.name };
        const comment = { id: uuid(6, this.count), author, body: input.body, kind: input.kind, createdAt: NOW };
        this.timelines.get(ticket.id)!.push({ type: 'comment', at: NOW, comment });
        return { status: 201, body: comment };
      });
    if (seen.method === 'GET') return ok(ticket);
    if (seen.method === 'DELETE') {
      this.tickets.splice(this.tickets.indexOf(ticket), 1);
      return { status: 204 };
    }
    return this.change(seen, ticket, (patch) => {
      const before = { ...ticket };
      const { assigneeId, ...rest } = patch as { assigneeId?: string | null };
      Object.assign(ticket, rest);
      if (assigneeId !== undefined) {
        const person = this.people.find((candidate) => candidate.id === assigneeId);
        ticket.assignee = person ? { id: person.id, name: person.name } : null;
      }
      const shown = (record: Ticket, field: string) =>
        field === 'assigneeId' ? (record.assignee?.name ?? null) : String((record as unknown as Record<string, unknown>)[field] ?? '');
      const changes = Object.fromEntries(
        Object.keys(patch).map((field) => [field, [shown(before, field), shown(ticket, field)] as [string | null, string | null]]),
      );
      this.timelines
        .get(ticket.id)!
        .push({ type: 'change', at: NOW, actor: { id: this.me.member!.id, name: this.me.member!.name }, changes });
    });
  }

  private checklistRoute(seen: Seen, query: URLSearchParams, id?: string, action?: string, itemId?: string): Answer {
    if (!id && seen.method === 'POST') {
      const input = seen.body as NewChecklist;
      if (!input.submit) return { status: 201, body: this.addChecklist(input) };
      return this.create('checklists', seen, (payload) => this.addChecklist(payload as NewChecklist));
    }
    if (!id) {
      const state = query.get('state') ?? 'any';
      return page(this.checklists.filter((checklist) => state === 'any' || checklist.state === state));
    }
    const checklist = this.checklists.find((candidate) => candidate.id === id);
    if (!checklist) return problem(404, 'checklist_not_found');
    if (action === 'submit') {
      if (this.isFull('checklists')) return this.refused('checklists', null);
      this.used.checklists += 1;
      Object.assign(checklist, { state: 'running', startedAt: NOW, revision: checklist.revision + 1 });
      return ok(checklist);
    }
    if (action === 'items')
      return this.change(seen, checklist, (patch) => {
        const item = checklist.items.find((candidate) => candidate.id === itemId)!;
        const done = (patch as { done: boolean }).done;
        item.doneAt = done ? NOW : null;
        item.doneBy = done ? { id: this.me.member!.id, name: this.me.member!.name } : null;
        checklist.state = checklist.items.every((one) => one.doneAt) ? 'completed' : 'running';
      });
    return ok(checklist);
  }

  private opportunityRoute(seen: Seen, query: URLSearchParams, id?: string): Answer {
    if (!id && seen.method === 'POST')
      return this.create('opportunities', seen, (payload) => this.addOpportunity(payload as NewOpportunity));
    if (!id) {
      const stage = query.get('stage') ?? 'any';
      return page(
        this.opportunities.filter(
          (one) => stage === 'any' || one.stage === stage || (stage === 'open' && one.stage !== 'won' && one.stage !== 'lost'),
        ),
      );
    }
    const opportunity = this.opportunities.find((candidate) => candidate.id === id);
    if (!opportunity) return problem(404, 'opportunity_not_found');
    if (seen.method === 'GET') return ok(opportunity);
    return this.change(seen, opportunity, (patch) => void Object.assign(opportunity, patch));
  }

  private draftRoute(seen: Seen, id?: string, action?: string): Answer {
    if (!id) return page(this.drafts.map(({ key: _, ...draft }) => draft));
    if (id === 'submit-all') {
      const submitted: unknown[] = [];
      const refused: unknown[] = [];
      const full = new Set<Meter>();
      for (const draft of [...this.drafts]) {
        if (full.has(draft.meter)) continue;
        if (this.isFull(draft.meter)) {
          full.add(draft.meter);
          refused.push({ draftId: draft.id, problem: this.refused(draft.meter, draft.id).body });
        } else submitted.push(this.submit(draft));
      }
      return ok({ submitted, refused, remaining: this.drafts.length });
    }
    const draft = this.drafts.find((candidate) => candidate.id === id);
    if (!draft) return problem(404, 'draft_not_found');
    if (action === 'submit') {
      if (this.isFull(draft.meter)) return this.refused(draft.meter, draft.id);
      return { status: 201, body: this.submit(draft) };
    }
    if (seen.method === 'GET') return ok(draft);
    if (seen.method === 'DELETE') {
      this.drafts.splice(this.drafts.indexOf(draft), 1);
      return { status: 204 };
    }
    return this.change(seen, draft, (patch) => void Object.assign(draft, patch));
  }

  private submit(draft: Draft & { key: string }): unknown {
    this.drafts.splice(this.drafts.indexOf(draft), 1);
    this.used[draft.meter] += 1;
    const record =
      draft.meter === 'tickets'
        ? this.addTicket(draft.payload)
        : draft.meter === 'checklists'
          ? this.addChecklist(draft.payload)
          : this.addOpportunity(draft.payload);
    return { draftId: draft.id, meter: draft.meter, record };
  }

  private isFull(meter: Meter): boolean {
    const limit = this.limits[meter];
    return limit !== null && this.used[meter] >= limit;
  }

  private create(meter: Meter, seen: Seen, add: (payload: unknown) => unknown): Answer {
    if (!this.me.may.create) return problem(403, 'not_allowed');
    return this.replayable(seen, () => {
      if (this.isFull(meter)) {
        const key = seen.headers['idempotency-key']!;
        let draft = this.drafts.find((candidate) => candidate.key === key);
        if (!draft) {
          this.count += 1;
          draft = { meter, payload: seen.body, id: uuid(7, this.count), createdAt: NOW, updatedAt: NOW, revision: 1, key } as Draft & {
            key: string;
          };
          this.drafts.push(draft);
        }
        return this.refused(meter, draft.id);
      }
      this.used[meter] += 1;
      return { status: 201, body: add(seen.body) };
    });
  }

  private refused(meter: Meter, draftId: string | null): Answer {
    return problem(402, 'quota_exhausted', {
      meter,
      limit: this.limits[meter],
      used: this.used[meter],
      held: 0,
      resetsAt: RESETS,
      draftId,
    });
  }

  /** Keeps successes for ever, refusals never. */
  private replayable(seen: Seen, act: () => Answer): Answer {
    const key = seen.headers['idempotency-key'];
    if (!key) return problem(400, 'idempotency_key_missing');
    const known = this.replies.get(key);
    if (known) return { ...known, headers: { 'idempotent-replayed': 'true' } };
    const answer = act();
    if (answer.status === 201) this.replies.set(key, { status: 201, body: answer.body });
    return answer;
  }

  private change(seen: Seen, record: { revision: number }, apply: (patch: object) => void): Answer {
    const match = seen.headers['if-match'];
    if (!match) return problem(428, 'if_match_missing');
    if (match !== `"${record.revision}"`) return problem(412, 'stale_revision', { current: record });
    apply(seen.body as object);
    record.revision += 1;
    return ok(record);
  }
}

const ok = (body: unknown): Answer => ({ status: 200, body: structuredClone(body) });
const page = (items: unknown[]): Answer => ok({ items, nextCursor: null });

export function problem(status: number, code: string, facts: object = {}): Answer {
  return {
    status,
    body: structuredClone({ type: `urn:kontingent:problem:${code}`, title: code, status, code, requestId: 'req-1', ...facts }),
    headers: { 'content-type': 'application/problem+json', 'x-request-id': 'req-1' },
  };
}
