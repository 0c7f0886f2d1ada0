import type { Checklist, NewChecklist } from '../src/contract/checklists';
import type { PersonRef } from '../src/contract/common';
import type { Draft, DraftPatch, SubmitAllResult, SubmittedDraft } from '../src/contract/drafts';
import type { Me } from '../src/contract/me';
import type { Member } from '../src/contract/members';
import type { NewOpportunity, Opportunity, OpportunityPatch } from '../src/contract/opportunities';
import type { Problem } from '../src/contract/refusals';
import type { Comment, NewComment, NewTicket, Ticket, TicketPatch, TimelineEntry } from '../src/contract/tickets';
import type { Usage } from '../src/contract/usage';

/** A page of a list; `nextCursor` is null on the last one. */
export interface Page<Item> {
  items: Item[];
  nextCursor: string | null;
}

/** The server's no, with its facts. */
export class ApiError extends Error {
  constructor(
    readonly problem: Problem,
    /** stale_revision: the record as it is now. */
    readonly current: (Record<string, unknown> & { revision: number }) | null = null,
  ) {
    super(problem.title);
    this.name = 'ApiError';
  }

  get code(): string {
    return this.problem.code;
  }
}

/** Nobody knows whether the server got the request: retry with the same Idempotency-Key. */
export class NetworkError extends Error {
  override name = 'NetworkError';
}

/** The host gave no token. */
export class SignInError extends Error {
  override name = 'SignInError';
}

/** An act's Idempotency-Key: made once, kept for every retry of that act. */
export const newActKey = (): string => crypto.randomUUID();

const ANSWER_MS = 30_000;

interface RequestOptions {
  body?: unknown;
  /** Idempotency-Key of a creating act. */
  key?: string;
  /** If-Match: the revision that is being changed. */
  revision?: number;
  signal?: AbortSignal | undefined;
}

async function token(): Promise<string> {
  const teams = await import('./teams');
  try {
    return await teams.getToken();
  } catch (cause) {
    throw new SignInError('the host gave no token', { cause });
  }
}

async function send(method: string, path: string, { body, key, revision, signal }: RequestOptions): Promise<Response> {
  const headers: Record<string, string> = { Accept: 'application/json', Authorization: `Bearer ${await token()}` };
  if (body !== undefined) headers['Content-Type'] = 'application/json';
  if (key !== undefined) headers['Idempotency-Key'] = key;
  if (revision !== undefined) headers['If-Match'] = `"${revision}"`;

  const abort = new AbortController();
  const stop = () => abort.abort();
  signal?.addEventListener('abort', stop);
  const timer = setTimeout(stop, ANSWER_MS);
  try {
    return await fetch(`/api/v1${path}`, {
      method,
      headers,
      signal: abort.signal,
      cache: 'no-store',
      credentials: 'omit',
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  } catch (cause) {
    throw new NetworkError('no answer', { cause });
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', stop);
  }
}

async function problemOf(response: Response): Promise<ApiError> {
  const requestId = response.headers.get('x-request-id');
  const parsed = (await response.json().catch(() => null)) as (Problem & { current?: { revision: number } }) | null;
  const known = parsed && typeof parsed.code === 'string';
  const problem: Problem = known
    ? parsed
    : {
        type: 'about:blank',
        title: response.statusText,
        status: response.status,
        code: response.status >= 502 ? 'unavailable' : 'internal',
      };
  if (!problem.requestId && requestId) problem.requestId = requestId;
  return new ApiError(problem, parsed?.current ?? null);
}

async function request<T>(method: string, path: string, options: RequestOptions = {}): Promise<T> {
  let response = await send(method, path, options);
  // A token may have run out between the host's cache and the server: the host renews it when asked again.
  if (response.status === 401) response = await send(method, path, options);
  if (!response.ok) throw await problemOf(response);
  if (response.status === 204) return undefined as T;
  try {
    return (await response.json()) as T;
  } catch (cause) {
    throw new NetworkError('the answer broke off', { cause });
  }
}

function query(values: Record<string, string | number | null | undefined>): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(values))
    if (value !== undefined && value !== null && value !== '') search.set(name, String(value));
  const text = search.toString();
  return text ? `?${text}` : '';
}

const one = (collection: string, id: string) => `/${collection}/${encodeURIComponent(id)}`;

export interface TicketFilter {
  status?: string;
  assignee?: string;
  q?: string;
}

/** The calls of `/api/v1`, one line each. `key` is the act's Idempotency-Key, `revision` the record's as last seen. */
export const api = {
  me: (signal?: AbortSignal) => request<Me>('GET', '/me', { signal }),
  usage: (signal?: AbortSignal) => request<Usage>('GET', '/usage', { signal }),
  dismissNotice: (noticeKey: string) => request<void>('POST', '/usage/dismissals', { body: { key: noticeKey }, key: newActKey() }),
  members: (q: string, signal?: AbortSignal) => request<Page<Member>>('GET', `/members${query({ q, limit: 20 })}`, { signal }),

  tickets: (filter: TicketFilter, cursor: string | null, signal?: AbortSignal) =>
    request<Page<Ticket>>('GET', `/tickets${query({ ...filter, cursor })}`, { signal }),
  ticket: (id: string, signal?: AbortSignal) => request<Ticket>('GET', one('tickets', id), { signal }),
  createTicket: (body: NewTicket, key: string) => request<Ticket>('POST', '/tickets', { body, key }),
  changeTicket: (id: string, body: TicketPatch, revision: number) => request<Ticket>('PATCH', one('tickets', id), { body, revision }),
  deleteTicket: (id: string, revision: number) => request<void>('DELETE', one('tickets', id), { revision }),
  undoTicket: (id: string) => request<void>('POST', `${one('tickets', id)}/undo`, { key: newActKey() }),
  timeline: (id: string, signal?: AbortSignal) => request<{ items: TimelineEntry[] }>('GET', `${one('tickets', id)}/timeline`, { signal }),
  comment: (id: string, body: NewComment, key: string) => request<Comment>('POST', `${one('tickets', id)}/comments`, { body, key }),

  checklists: (state: string, cursor: string | null, signal?: AbortSignal) =>
    request<Page<Checklist>>('GET', `/checklists${query({ state, cursor })}`, { signal }),
  checklist: (id: string, signal?: AbortSignal) => request<Checklist>('GET', one('checklists', id), { signal }),
  createChecklist: (body: NewChecklist, key: string) => request<Checklist>('POST', '/checklists', { body, key }),
  startChecklist: (id: string, key: string) => request<Checklist>('POST', `${one('checklists', id)}/submit`, { key }),
  tickItem: (id: string, itemId: string, done: boolean, revision: number) =>
    request<Checklist>('PATCH', `${one('checklists', id)}/items/${encodeURIComponent(itemId)}`, { body: { done }, revision }),

  opportunities: (stage: string, cursor: string | null, signal?: AbortSignal) =>
    request<Page<Opportunity>>('GET', `/opportunities${query({ stage, cursor, limit: 100 })}`, { signal }),
  opportunity: (id: string, signal?: AbortSignal) => request<Opportunity>('GET', one('opportunities', id), { signal }),
  createOpportunity: (body: NewOpportunity, key: string) => request<Opportunity>('POST', '/opportunities', { body, key }),
  changeOpportunity: (id: string, body: OpportunityPatch, revision: number) =>
    request<Opportunity>('PATCH', one('opportunities', id), { body, revision }),

  drafts: (signal?: AbortSignal) => request<Page<Draft>>('GET', '/drafts', { signal }),
  draft: (id: string, signal?: AbortSignal) => request<Draft>('GET', one('drafts', id), { signal }),
  changeDraft: (id: string, body: DraftPatch, revision: number) => request<Draft>('PATCH', one('drafts', id), { body, revision }),
  discardDraft: (id: string, revision: number) => request<void>('DELETE', one('drafts', id), { revision }),
  submitDraft: (id: string, key: string) => request<SubmittedDraft>('POST', `${one('drafts', id)}/submit`, { key }),
  submitAllDrafts: (key: string) => request<SubmitAllResult>('POST', '/drafts/submit-all', { key }),
};

export type { PersonRef };
