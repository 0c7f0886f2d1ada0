import type { Refusal } from '../../contract/refusals';
import type { DecisionWord, Request, RequestKind, RequestQuery, RequestState } from '../../contract/requests';
import type { Actor } from '../../platform/actor';
import { type Context, inTenant, type TxContext } from '../../platform/context';
import { invariant } from '../../platform/invariant';
import { type Page, pageOf, readAgeCursor } from '../../platform/page';
import { ok, type Result, refuse } from '../../platform/result';
import { audit } from '../audit/audit';
import { may } from '../members/access.rules';
import { enter } from '../members/admit-member';
import { decide, stateAt } from './requests.rules';
import {
  closeRequest,
  expireRequest,
  findOpenRequest,
  findOpenSubjects,
  findRequest,
  findRequests,
  insertRequest,
  lockRequest,
  type RequestRow,
} from './requests.store';

/** What is asked for, of what, by whom. `expiresAt` null or absent: it waits until it is decided. */
export interface Asked {
  kind: RequestKind;
  subject: string;
  /** Object id. */
  requestedBy: string;
  details: Record<string, unknown>;
  expiresAt?: Date | null;
}

/** Opens a request; asked again while it is open it is the same one, whoever asks. Who may ask is the caller's question. */
export async function openRequest(tx: TxContext, tenantId: string, asked: Asked, at: Date): Promise<{ request: Request; isNew: boolean }> {
  const { kind, subject, requestedBy, details, expiresAt = null } = asked;
  await expireRequest(tx.db, tenantId, kind, subject, at);
  const requestId = tx.newId();
  const isNew = await insertRequest(tx.db, tenantId, { requestId, kind, subject, requestedBy, details, expiresAt }, at);
  if (isNew) {
    await audit(
      tx,
      tenantId,
      { actor: requestedBy, via: 'requests', action: 'request.opened', subject: requestId, details: { kind, subject } },
      at,
    );
  }
  const row = isNew ? await findRequest(tx.db, tenantId, requestId) : await findOpenRequest(tx.db, tenantId, kind, subject);
  invariant(row, 'a request that could not be opened is open already');
  return { request: toRequest(row, at), isNew };
}

/**
 * Closes a request; the same decision again is a replay and changes nothing. `decidedBy`: an object id, or who else decided.
 * What a granted request brings is the caller's business, in the same transaction and only when `replayed` is false.
 */
export async function decideRequest(
  tx: TxContext,
  tenantId: string,
  requestId: string,
  decision: DecisionWord,
  decidedBy: string,
  at: Date,
  note: string | null = null,
): Promise<Result<{ request: Request; replayed: boolean }, Refusal>> {
  const row = await lockRequest(tx.db, tenantId, requestId);
  if (!row) return refuse({ code: 'request_not_found' });
  const decided = decide(row, decision, at);
  if (!decided.ok) return decided;
  if (decided.value === 'replay') return ok({ request: toRequest(row, at), replayed: true });
  await closeRequest(tx.db, tenantId, requestId, { decision, decidedBy, note }, at);
  await audit(
    tx,
    tenantId,
    {
      actor: decidedBy,
      via: 'requests',
      action: `request.${decision}`,
      subject: requestId,
      details: { kind: row.kind, subject: row.subject, note },
    },
    at,
  );
  return ok({ request: toRequest((await findRequest(tx.db, tenantId, requestId))!, at), replayed: false });
}

/** What is asked for and not decided yet, the longest waiting first. */
export const openRequests = (
  tx: TxContext,
  tenantId: string,
  kind: RequestKind,
  at: Date,
): Promise<{ requestId: string; subject: string }[]> => findOpenSubjects(tx.db, tenantId, kind, at);

/** One request, held until the transaction ends; null for an unknown one. */
export async function holdRequest(tx: TxContext, tenantId: string, requestId: string, at: Date): Promise<Request | null> {
  const row = await lockRequest(tx.db, tenantId, requestId);
  return row && toRequest(row, at);
}

/** An organization's requests, newest first; for whoever may see them all. */
export async function requestsOf(
  tx: TxContext,
  tenantId: string,
  query: { kind?: RequestKind | undefined; state?: RequestState | undefined; cursor?: string | undefined; limit: number },
  at: Date,
  requestedBy: string | null = null,
): Promise<Page<Request>> {
  const { kind = null, state = null, limit } = query;
  const before = readAgeCursor(query.cursor);
  const rows = await findRequests(tx.db, tenantId, { requestedBy, kind, state, before, limit: limit + 1 }, at);
  return pageOf(
    rows,
    limit,
    (row) => toRequest(row, at),
    (row) => [row.createdAt.toISOString(), row.requestId],
  );
}

/** Owners and admins see all of their organization, others their own. */
export function listRequests(ctx: Context, actor: Actor, query: RequestQuery): Promise<Result<Page<Request>, Refusal>> {
  return inTenant(ctx, actor.tenantId, async (tx) => {
    const at = tx.now();
    const access = await enter(tx, actor, 'read');
    if (!access.ok) return access;
    const requestedBy = may(access.value.role, 'manage_members') ? null : actor.memberId;
    return ok(await requestsOf(tx, actor.tenantId, query, at, requestedBy));
  });
}

const toRequest = (row: RequestRow, at: Date): Request => ({
  id: row.requestId,
  kind: row.kind,
  subject: row.subject,
  state: stateAt(row, at),
  requestedBy: { id: row.requestedBy, name: row.requesterName ?? '' },
  details: row.details,
  createdAt: row.createdAt.toISOString(),
  expiresAt: row.expiresAt?.toISOString() ?? null,
  decidedBy: row.decidedBy === null ? null : { id: row.decidedBy, name: row.deciderName },
  decidedAt: row.decidedAt?.toISOString() ?? null,
  note: row.note,
});
