import type { LicenseKind } from '../../contract/members';
import type { TxContext } from '../../platform/context';
import { audit } from '../audit/audit';
import { enqueue } from '../outbox/outbox';
import { decideRequest, openRequests } from '../requests/requests';
import { lockTenant } from '../tenants/tenants';
import { dueAt, effectiveSettings, freeOf, lackingOf, overOf, whoStepsDown } from './licenses.rules';
import {
  changeInvitations,
  findPool,
  findWaiting,
  fullHolders,
  invitedToFull,
  markShort,
  type PoolRow,
  setLicenses,
} from './licenses.store';

/** What the outbox carries out for this feature. */
export const TOPICS = {
  /** Places changed, or a time for choosing is over: the pool is to be settled. */
  due: 'licenses.due',
  /** More is taken than bought: administrators are told. */
  shortage: 'licenses.shortage',
  /** Somebody asks for a license: who decides is told. */
  requested: 'licenses.requested',
  /** Somebody's license changed, or their request was refused: they are told. */
  told: 'licenses.told',
} as const;

/** Why somebody's license is another one now. */
export type Because = 'given' | 'taken' | 'granted' | 'refused' | 'place_free' | 'stepped_down';

/** The pool as it is, for whoever only reads; null: no licenses are assigned here. */
export const poolOf = (tx: TxContext, tenantId: string): Promise<PoolRow | null> => findPool(tx.db, tenantId);

/** The pool, with everybody else who gives places kept waiting until the transaction ends; null: no licenses are assigned here. */
export async function holdPool(tx: TxContext, tenantId: string): Promise<PoolRow | null> {
  await lockTenant(tx.db, tenantId);
  return findPool(tx.db, tenantId);
}

/** Gives members another license and tells them why; a full one grants what they asked for. */
export async function giveLicenses(
  tx: TxContext,
  tenantId: string,
  memberIds: readonly string[],
  license: LicenseKind,
  { because, ...by }: { actor: string; via: string; because: Because },
  at: Date,
): Promise<void> {
  if (memberIds.length === 0) return;
  const licenses = memberIds.map((memberId) => ({ memberId, license }));
  await setLicenses(tx.db, tenantId, licenses, at);
  await audit(tx, tenantId, { ...by, action: 'license.changed', subject: null, details: { memberIds, license, because } }, at);
  await enqueue(tx, tenantId, TOPICS.told, { memberIds, license, because }, at);
  const asked = license === 'full' ? await openRequests(tx, tenantId, 'license', at) : [];
  for (const { requestId, subject } of asked)
    if (memberIds.includes(subject)) await decideRequest(tx, tenantId, requestId, 'granted', by.actor, at);
}

const AUTOMATIC = { actor: 'automatic', via: 'licenses' };
const DAY_MS = 86_400_000;
const REMINDED_DAYS_BEFORE = [7, 1];

/**
 * What follows from the places as they are now. Too many taken: administrators are told and have their days to choose, then the
 * default choice is made. Free ones go to who waits, in order, then to requests where they are granted by themselves. Safe at any
 * time, any number of times; the caller holds the pool.
 */
export async function settlePool(tx: TxContext, tenantId: string, at: Date): Promise<void> {
  const pool = await findPool(tx.db, tenantId);
  if (!pool) return;
  const over = overOf(pool);
  if (over === 0) {
    if (pool.shortSince) await markShort(tx.db, tenantId, null);
    await fillPlaces(tx, tenantId, pool, at);
    return;
  }
  const since = pool.shortSince ?? at;
  const due = dueAt(since, pool.policy);
  if (!pool.shortSince) await announceShortage(tx, tenantId, since, due, at);
  if (due > at) return;
  await stepDown(tx, tenantId, pool, over, at);
  await markShort(tx.db, tenantId, null);
}

async function announceShortage(tx: TxContext, tenantId: string, since: Date, due: Date, at: Date): Promise<void> {
  await markShort(tx.db, tenantId, since);
  const reminders = REMINDED_DAYS_BEFORE.map((days) => new Date(due.getTime() - days * DAY_MS)).filter((when) => when > at);
  for (const when of due > at ? [at, ...reminders] : []) await enqueue(tx, tenantId, TOPICS.shortage, { since, due }, when);
  await enqueue(tx, tenantId, TOPICS.due, {}, due);
}

/** Places that nobody has used yet go first: open invitations, the latest of them first. */
async function stepDown(tx: TxContext, tenantId: string, pool: PoolRow, over: number, at: Date): Promise<void> {
  const invited = await invitedToFull(tx.db, tenantId, over);
  await changeInvitations(tx.db, tenantId, invited, pool.policy.onShortage === 'waitlist' ? 'waiting' : 'restricted');
  const people = whoStepsDown(await fullHolders(tx.db, tenantId), over - invited.length);
  await giveLicenses(tx, tenantId, people, lackingOf(pool.policy), { ...AUTOMATIC, because: 'stepped_down' }, at);
}

async function fillPlaces(tx: TxContext, tenantId: string, pool: PoolRow, at: Date): Promise<void> {
  const free = freeOf(pool);
  if (free === 0) return;
  const waiting = await findWaiting(tx.db, tenantId, free);
  await changeInvitations(
    tx.db,
    tenantId,
    waiting.flatMap(({ invitationId, memberId }) => (memberId === null ? invitationId : [])),
    'full',
  );
  const members = waiting.flatMap(({ memberId }) => memberId ?? []);
  await giveLicenses(tx, tenantId, members, 'full', { ...AUTOMATIC, because: 'place_free' }, at);
  if (effectiveSettings(pool).requests !== 'automatic_while_free') return;
  const asked = await openRequests(tx, tenantId, 'license', at);
  const granted = asked.slice(0, free === null ? asked.length : free - waiting.length).map(({ subject }) => subject);
  await giveLicenses(tx, tenantId, granted, 'full', { ...AUTOMATIC, because: 'granted' }, at);
}
