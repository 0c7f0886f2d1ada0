import { newId } from '../platform/ids';
import { daysAfter, termOf } from './marketplace-terms';
import type { Person } from './people';
import type { SandboxPlan } from './settings';

/**
 * What the marketplace holds, and what may happen to it: pure steps over a draft of the state. Sending webhooks and
 * waiting for answers is the work of marketplace-operations.ts. Source of the rules: SaaS fulfillment API v2.
 */

export type Status = 'PendingFulfillmentStart' | 'Subscribed' | 'Suspended' | 'Unsubscribed';
export type Action = 'Subscribe' | 'ChangePlan' | 'ChangeQuantity' | 'Renew' | 'Suspend' | 'Reinstate' | 'Unsubscribe';
export type OperationStatus = 'NotStarted' | 'InProgress' | 'Succeeded' | 'Failed';

export interface Subscription {
  id: string;
  name: string;
  offerId: string;
  planId: string;
  /** null on flat-rate plans. */
  quantity: number | null;
  termUnit: string;
  buyer: { emailId: string; objectId: string; tenantId: string; puid: string };
  /** Bought through a reseller, who alone may change and cancel it. */
  isResold?: boolean;
  isFreeTrial?: boolean;
  status: Status;
  autoRenew: boolean;
  purchasedAt: string;
  /** Anchor of the terms, and which of them runs; null before activation. */
  activatedAt: string | null;
  termIndex: number;
  suspendedAt: string | null;
  lastWebhook: { action: Action; status: number | null; at: string } | null;
}

export interface Operation {
  id: string;
  activityId: string;
  subscriptionId: string;
  offerId: string;
  action: Action;
  /** Requested values for changes, else those the subscription had. */
  planId: string;
  quantity: number | null;
  status: OperationStatus;
  source: 'Azure' | 'Partner';
  /** Sandbox time of the request. */
  timeStamp: string;
  errorMessage: string;
  /** A change back to what the publisher would not leave; not answered by yet another one. */
  isRevert: boolean;
  /** The webhook's body, fixed when it is first sent; every repetition is the same. */
  payload: object | null;
  attempts: number;
  /** What comes next and when (real time); null when all is done. */
  next: { step: 'begin' | 'deliver' | 'settle'; at: string } | null;
  /** Real time of the first delivery attempt. */
  firstSentAt: string | null;
}

export interface PurchaseToken {
  token: string;
  subscriptionId: string;
  /** Real time. */
  expiresAt: string;
}

export interface Ledger {
  subscriptions: Subscription[];
  operations: Operation[];
  tokens: PurchaseToken[];
}

/** A request the marketplace answers with an error status. */
export class MarketplaceRefusal extends Error {
  constructor(
    readonly status: 400 | 403 | 404 | 409,
    message: string,
  ) {
    super(message);
  }
}

export const PUBLISHER_ID = 'kontingent';
const RESELLER = {
  emailId: 'orders@reseller.example',
  objectId: 'dddddddd-0001-4000-8000-000000000001',
  tenantId: '77777777-7777-4777-8777-777777777777',
  puid: '1003000000000001',
};
const DAYS_TO_ACTIVATE = 30;
const DAYS_OF_GRACE = 30;

/** Only these wait for the publisher's word; of these only the first two can be refused. */
export const isChange = (action: Action) => action === 'ChangePlan' || action === 'ChangeQuantity';
export const awaitsPublisher = (action: Action) => isChange(action) || action === 'Reinstate';
export const isOpen = (operation: Operation) => operation.status === 'NotStarted' || operation.status === 'InProgress';

export function findSubscription(ledger: Ledger, id: string): Subscription {
  const found = ledger.subscriptions.find((one) => one.id === id.toLowerCase());
  if (!found) throw new MarketplaceRefusal(404, 'The subscription is not found.');
  return found;
}

export function openOperation(ledger: Ledger, subscriptionId: string): Operation | undefined {
  return ledger.operations.find((one) => one.subscriptionId === subscriptionId && isOpen(one) && one.action !== 'Subscribe');
}

/** What a buyer may state beyond the plan. */
export interface Stated {
  name?: string;
  quantity?: number;
  isResold?: boolean;
  isFreeTrial?: boolean;
}

export function purchase(ledger: Ledger, plan: SandboxPlan, person: Person, given: Stated, at: Date) {
  const quantity = plan.seats ? (given.quantity ?? plan.seats.min) : null;
  if (plan.seats && (quantity! < plan.seats.min || quantity! > plan.seats.max))
    refuse(400, 'The quantity is outside the limits of the plan.');
  const subscription: Subscription = {
    id: newId(),
    name: given.name ?? `${plan.name} – ${person.organization}`,
    offerId: plan.offerId,
    planId: plan.planId,
    quantity,
    termUnit: plan.termUnit,
    buyer: {
      emailId: person.address,
      objectId: person.objectId,
      tenantId: person.tenantId,
      puid: `1003${person.objectId.replace(/-/g, '').slice(-12)}`,
    },
    isResold: given.isResold ?? false,
    isFreeTrial: given.isFreeTrial ?? false,
    status: 'PendingFulfillmentStart',
    autoRenew: true,
    purchasedAt: at.toISOString(),
    activatedAt: null,
    termIndex: 0,
    suspendedAt: null,
    lastWebhook: null,
  };
  ledger.subscriptions.push(subscription);
  return subscription;
}

/** Plans the customer may move to, and the current one: those of the same offer, term and pricing model. */
export function availablePlans(plans: SandboxPlan[], subscription: Subscription): SandboxPlan[] {
  return plans.filter(
    (plan) =>
      plan.offerId === subscription.offerId &&
      plan.termUnit === subscription.termUnit &&
      Boolean(plan.seats) === (subscription.quantity !== null),
  );
}

/** Opens an operation; `source` Partner means the publisher asked for it. */
export function open(
  ledger: Ledger,
  subscription: Subscription,
  action: Action,
  source: Operation['source'],
  at: Date,
  requested: { planId?: string; quantity?: number } = {},
): Operation {
  const operation: Operation = {
    id: newId(),
    activityId: newId(),
    subscriptionId: subscription.id,
    offerId: subscription.offerId,
    action,
    planId: requested.planId ?? subscription.planId,
    quantity: requested.quantity ?? subscription.quantity,
    status: 'NotStarted',
    source,
    timeStamp: at.toISOString(),
    errorMessage: '',
    isRevert: false,
    payload: null,
    attempts: 0,
    next: null,
    firstSentAt: null,
  };
  ledger.operations.push(operation);
  return operation;
}

export function refuseWhileLocked(ledger: Ledger, subscription: Subscription): void {
  if (openOperation(ledger, subscription.id)) refuse(409, 'Another operation on this subscription is in progress.');
}

/** Only the reseller changes and cancels what was bought there, and neither over this API. */
export function refuseIfResold({ isResold }: Subscription): void {
  if (isResold) refuse(400, 'The operation is not among the allowed customer operations.');
}

/** The checks of a plan or quantity change, for the customer as for the publisher. */
export function checkChange(
  ledger: Ledger,
  plans: SandboxPlan[],
  subscription: Subscription,
  wanted: { planId?: string; quantity?: number },
): void {
  if (subscription.status !== 'Subscribed') refuse(400, 'Only a subscribed subscription can be changed.');
  refuseIfResold(subscription);
  refuseWhileLocked(ledger, subscription);
  if (wanted.planId !== undefined) {
    if (wanted.planId === subscription.planId) refuse(400, 'This is the current plan.');
    if (!availablePlans(plans, subscription).some(({ planId }) => planId === wanted.planId)) refuse(400, 'The plan is not available.');
    return;
  }
  const { seats } = availablePlans(plans, subscription).find(({ planId }) => planId === subscription.planId) ?? {};
  if (!seats || subscription.quantity === null) refuse(400, 'The plan is not sold per seat.');
  if (wanted.quantity === subscription.quantity) refuse(400, 'This is the current quantity.');
  if (wanted.quantity! < seats.min || wanted.quantity! > seats.max) refuse(400, 'The quantity is outside the limits of the plan.');
}

/**
 * Begins an operation: notices take effect now, changes wait for the publisher. Fixes the webhook's body, which shows
 * the subscription before a change and after everything else. Answers whether there is a webhook to send.
 */
export function begin(ledger: Ledger, operation: Operation, at: Date): boolean {
  const subscription = findSubscription(ledger, operation.subscriptionId);
  operation.status = 'InProgress';
  if (!awaitsPublisher(operation.action)) {
    if (!takeEffect(subscription, operation, at)) {
      fail(operation, 'The subscription is no longer in a state that allows this.');
      return false;
    }
    operation.status = 'Succeeded';
  }
  operation.payload = webhookBody(subscription, operation);
  return true;
}

/** Ends an open change as accepted or refused. A customer's refused change is followed by a change back, returned here. */
export function settle(
  ledger: Ledger,
  operation: Operation,
  accepted: boolean,
  at: Date,
  { reason = '', isReverted = true }: { reason?: string | undefined; isReverted?: boolean } = {},
): Operation | undefined {
  const subscription = findSubscription(ledger, operation.subscriptionId);
  operation.next = null;
  if (accepted && takeEffect(subscription, operation, at)) {
    operation.status = 'Succeeded';
    return undefined;
  }
  fail(operation, accepted ? 'The subscription is no longer in a state that allows this.' : reason);
  const goesBack = isReverted && !accepted && isChange(operation.action) && operation.source === 'Azure' && !operation.isRevert;
  if (!goesBack || subscription.status !== 'Subscribed') return undefined;
  const revert = open(ledger, subscription, operation.action, 'Azure', at);
  revert.isRevert = true;
  return revert;
}

/** Whether `follow` would find anything to do. */
export function hasDue(ledger: Ledger, now: Date): boolean {
  return ledger.subscriptions.some((subscription) => {
    const due = dueEvent(subscription);
    return due !== undefined && due.at <= now;
  });
}

/** What the passing of time brings by `now`: renewals, ends of terms, of grace and of purchases nobody activated. */
export function follow(ledger: Ledger, now: Date): Operation[] {
  const opened: Operation[] = [];
  for (const subscription of ledger.subscriptions) {
    for (let due = dueEvent(subscription); due && due.at <= now; due = dueEvent(subscription)) {
      const operation = open(ledger, subscription, due.action, 'Azure', due.at);
      begin(ledger, operation, due.at);
      opened.push(operation);
    }
  }
  return opened;
}

function dueEvent(subscription: Subscription): { action: 'Renew' | 'Unsubscribe'; at: Date } | undefined {
  const { status, suspendedAt, activatedAt } = subscription;
  if (status === 'PendingFulfillmentStart')
    return { action: 'Unsubscribe', at: daysAfter(new Date(subscription.purchasedAt), DAYS_TO_ACTIVATE) };
  if (status === 'Suspended' && suspendedAt) return { action: 'Unsubscribe', at: daysAfter(new Date(suspendedAt), DAYS_OF_GRACE) };
  if (status === 'Subscribed' && activatedAt) {
    const { next } = termOf(new Date(activatedAt), subscription.termUnit, subscription.termIndex);
    return { action: subscription.autoRenew ? 'Renew' : 'Unsubscribe', at: next };
  }
  return undefined;
}

/** Applies an action to the subscription; false when its status does not allow it. */
function takeEffect(subscription: Subscription, { action, planId, quantity }: Operation, at: Date): boolean {
  const { status } = subscription;
  switch (action) {
    case 'Subscribe':
      if (status !== 'PendingFulfillmentStart') return false;
      subscription.status = 'Subscribed';
      subscription.activatedAt = at.toISOString();
      return true;
    case 'ChangePlan':
    case 'ChangeQuantity':
      if (status !== 'Subscribed') return false;
      subscription.planId = planId;
      subscription.quantity = quantity;
      return true;
    case 'Renew': {
      if (status !== 'Subscribed') return false;
      subscription.isFreeTrial = false;
      const { next } = termOf(new Date(subscription.activatedAt!), subscription.termUnit, subscription.termIndex);
      if (at >= next) {
        subscription.termIndex += 1;
      } else {
        // Renewed by hand before its time: the new term begins today.
        subscription.activatedAt = at.toISOString();
        subscription.termIndex = 0;
      }
      return true;
    }
    case 'Suspend':
      if (status !== 'Subscribed') return false;
      subscription.status = 'Suspended';
      subscription.suspendedAt = at.toISOString();
      return true;
    case 'Reinstate':
      if (status !== 'Suspended') return false;
      subscription.status = 'Subscribed';
      subscription.suspendedAt = null;
      return true;
    case 'Unsubscribe':
      if (status === 'Unsubscribed') return false;
      subscription.status = 'Unsubscribed';
      return true;
  }
}

function fail(operation: Operation, reason: string): void {
  operation.status = 'Failed';
  operation.errorMessage = reason;
  operation.next = null;
}

function refuse(status: 400 | 404 | 409, message: string): never {
  throw new MarketplaceRefusal(status, message);
}

/** A subscription as the API shows it (section "subscription object" of the contract). */
export function present(subscription: Subscription): object {
  const { buyer, quantity, activatedAt, termUnit, termIndex } = subscription;
  const term = activatedAt ? termOf(new Date(activatedAt), termUnit, termIndex) : undefined;
  return {
    id: subscription.id,
    name: subscription.name,
    publisherId: PUBLISHER_ID,
    offerId: subscription.offerId,
    planId: subscription.planId,
    ...(quantity !== null && { quantity }),
    beneficiary: buyer,
    purchaser: subscription.isResold ? RESELLER : buyer,
    term: { termUnit, ...(term && { startDate: wholeSeconds(term.start), endDate: wholeSeconds(term.lastDay) }), chargeDuration: null },
    autoRenew: subscription.autoRenew,
    isTest: false,
    isFreeTrial: subscription.isFreeTrial ?? false,
    allowedCustomerOperations: subscription.isResold ? ['Read'] : ['Delete', 'Update', 'Read'],
    sandboxType: 'None',
    sessionMode: 'None',
    saasSubscriptionStatus: subscription.status,
    created: ticks(subscription.purchasedAt),
    lastModified: '0001-01-01T00:00:00',
  };
}

/** An operation as the API shows it. */
export function presentOperation(operation: Operation): object {
  const { quantity, status } = operation;
  return {
    id: operation.id,
    activityId: operation.activityId,
    subscriptionId: operation.subscriptionId,
    publisherId: PUBLISHER_ID,
    offerId: operation.offerId,
    planId: operation.planId,
    ...(quantity !== null && { quantity }),
    action: operation.action,
    timeStamp: ticks(operation.timeStamp).replace('Z', ''),
    status,
    operationRequestSource: operation.source,
    errorStatusCode: status === 'Failed' ? '400' : '',
    errorMessage: operation.errorMessage,
  };
}

function webhookBody(subscription: Subscription, operation: Operation): object {
  const { quantity } = operation;
  return {
    id: operation.id,
    activityId: operation.activityId,
    publisherId: PUBLISHER_ID,
    offerId: operation.offerId,
    planId: operation.planId,
    ...(quantity !== null && { quantity }),
    subscriptionId: subscription.id,
    timeStamp: ticks(operation.timeStamp),
    action: operation.action,
    status: operation.status,
    operationRequestSource: operation.source,
    subscription: present(subscription),
    purchaseToken: null,
  };
}

/** The marketplace counts in units of 100 ns; readers must cope with seven digits. */
const ticks = (iso: string) => iso.replace('Z', '4937Z');
const wholeSeconds = (date: Date) => date.toISOString().replace('.000Z', 'Z');
