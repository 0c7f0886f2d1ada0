import type { BillingContact, BillingContactPatch } from '../../contract/billing';
import type { Refusal } from '../../contract/refusals';
import type { DecisionWord } from '../../contract/requests';
import type { Actor, OperatorActor } from '../../platform/actor';
import { type Context, inTenant, type TxContext } from '../../platform/context';
import { ok, type Result, refuse } from '../../platform/result';
import { audit } from '../audit/audit';
import { enter } from '../members/admit-member';
import { memberNames } from '../members/members';
import type { DocumentsPolicy } from '../plans/policies';
import { decideRequest, holdRequest, openRequest, requestsOf } from '../requests/requests';
import { operate } from '../tenants/operate';
import { findContact, saveContact } from './contacts.store';

const KIND = 'billing_contact';
/** One mailbox of one organization: asked for another one while a request is open, it is still the same request. */
const SUBJECT = 'mailbox';

type Change = DocumentsPolicy['billingContactChange'];

export async function showContact(tx: TxContext, tenantId: string, change: Change, at: Date): Promise<BillingContact> {
  const { mailbox, address, taxId, memberId, revision } = await findContact(tx.db, tenantId);
  const [open] = (await requestsOf(tx, tenantId, { kind: KIND, state: 'open', limit: 1 }, at)).items;
  const pending = open ? { requestId: open.id, mailbox: String(open.details.mailbox), requestedAt: open.createdAt } : null;
  return { mailbox, address, taxId, memberId, change, pending, revision };
}

/**
 * Changes where and to whom bills go. Where the plan leaves the mailbox to the publisher (EC-15), another one becomes a request
 * that accounting confirms; everything else changes at once.
 */
export function changeContact(
  ctx: Context,
  actor: Actor,
  patch: BillingContactPatch,
  revision: number,
  changeOf: (tx: TxContext, tenantId: string) => Promise<Change>,
): Promise<Result<BillingContact, Refusal>> {
  const { tenantId, memberId } = actor;
  return inTenant(ctx, tenantId, async (tx) => {
    const at = tx.now();
    const access = await enter(tx, actor, 'manage_plan');
    if (!access.ok) return access;
    const change = await changeOf(tx, tenantId);
    const before = await findContact(tx.db, tenantId);
    const stale = async () => refuse({ code: 'stale_revision', current: await showContact(tx, tenantId, change, at) } as const);
    if (before.revision !== revision) return stale();
    if (patch.memberId && !(await memberNames(tx, tenantId, [patch.memberId])).has(patch.memberId))
      return refuse({ code: 'member_not_found' });

    const { mailbox = before.mailbox, ...rest } = patch;
    const isOther = mailbox !== before.mailbox;
    const isAsked = isOther && change === 'by_support';
    if (isAsked) {
      const details = { mailbox, before: before.mailbox };
      await openRequest(tx, tenantId, { kind: KIND, subject: SUBJECT, requestedBy: memberId, details }, at);
    }
    const next = { ...before, ...definedOf(rest), mailbox: isAsked ? before.mailbox : mailbox };
    if (JSON.stringify(next) !== JSON.stringify(before)) {
      if (!(await saveContact(tx.db, tenantId, next, revision, at))) return stale();
      const details = { fields: Object.keys(rest), ...(isOther && !isAsked && { mailbox, before: before.mailbox }) };
      await audit(tx, tenantId, { actor: memberId, via: actor.via, action: 'billing_contact.changed', subject: null, details }, at);
    }
    return ok(await showContact(tx, tenantId, change, at));
  });
}

const definedOf = <T extends object>(values: T): T =>
  Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as T;

/**
 * What the publisher's accounting decides about a mailbox that was asked for. Documents issued from now on go there; the same
 * decision again changes nothing.
 */
export function decideBillingContact(
  ctx: Context,
  operator: OperatorActor,
  { tenantId, requestId }: { tenantId: string; requestId: string },
  { decision, reason }: { decision: DecisionWord; reason: string },
): Promise<Result<{ mailbox: string | null }, Refusal>> {
  const act = { operator, needs: 'accounting', tenantId, action: 'billing_contact.decided', reason, details: { decision } } as const;
  return operate(ctx, act, async (tx, _tenant, at) => {
    const request = await holdRequest(tx, tenantId, requestId, at);
    if (request?.kind !== KIND) return refuse({ code: 'request_not_found' });
    const decided = await decideRequest(tx, tenantId, requestId, decision, operator.memberId, at, reason);
    if (!decided.ok) return decided;
    const before = await findContact(tx.db, tenantId);
    const { replayed } = decided.value;
    if (replayed || decision === 'refused') return ok({ value: { mailbox: before.mailbox }, subject: requestId, isNew: !replayed });
    const mailbox = String(request.details.mailbox);
    await saveContact(tx.db, tenantId, { ...before, mailbox }, before.revision, at);
    return ok({ value: { mailbox }, subject: requestId });
  });
}
