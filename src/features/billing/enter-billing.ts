import type { Refusal } from '../../contract/refusals';
import type { Actor } from '../../platform/actor';
import type { TxContext } from '../../platform/context';
import { ok, type Result } from '../../platform/result';
import { enter } from '../members/admit-member';
import { findContact } from './contacts.store';

/** Whether the actor sees bills (EC-07): owners and administrators, and the member whom they named as billing contact. */
export async function enterBilling(tx: TxContext, actor: Actor): Promise<Result<true, Refusal>> {
  const access = await enter(tx, actor, 'read_billing');
  if (access.ok || access.refusal.code !== 'not_allowed') return access.ok ? ok(true) : access;
  const { memberId } = await findContact(tx.db, actor.tenantId);
  if (memberId !== actor.memberId) return access;
  const asMember = await enter(tx, actor, 'read');
  return asMember.ok ? ok(true) : asMember;
}
