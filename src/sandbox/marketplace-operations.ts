import { randomBytes } from 'node:crypto';
import type { Clock } from '../platform/clock';
import {
  type Action,
  awaitsPublisher,
  begin,
  checkChange,
  findSubscription,
  follow,
  hasDue,
  isChange,
  isOpen,
  type Ledger,
  MarketplaceRefusal,
  type Operation,
  open,
  purchase,
  refuseIfResold,
  refuseWhileLocked,
  type Stated,
  type Subscription,
  settle,
} from './marketplace-ledger';
import { type MarketplaceTraps, openTraps } from './marketplace-traps';
import { webhookCaller } from './marketplace-webhooks';
import type { Person } from './people';
import type { SandboxLog, SandboxPlan, SandboxSettings } from './settings';
import { openStore } from './store';
import { InFlight, type Timers } from './timers';

/** Time to answer a change after its webhook was received; silence accepts it. */
const ANSWER_MS = 10_000;
/** Undelivered webhooks are repeated up to 500 times over 8 hours. */
const MAX_ATTEMPTS = 500;
const MAX_RETRY_MS = 8 * 3600_000;
const MAX_PAUSE_MS = 60_000;
/** What the publisher asks for is answered at once and takes effect a little later, as at Microsoft. */
const PUBLISHER_DELAY_MS = 300;
const TOKEN_MS = 24 * 3600_000;
const FOLLOW_EVERY_MS = 60_000;

/** What a buyer may state beyond the plan; without a term it is the plan's first. */
export interface Order extends Stated {
  termUnit?: SandboxPlan['termUnit'];
}

/** The marketplace at work: purchases, changes, webhooks. Refusals are thrown as MarketplaceRefusal. */
export interface Marketplace {
  readonly ledger: Ledger;
  /** What is sold at the moment. */
  readonly plans: SandboxPlan[];
  readonly traps: MarketplaceTraps;
  buy(person: Person, planId: string, given: Order): Promise<{ subscription: Subscription; token: string }>;
  /** A fresh purchase token of a subscription. */
  tokenFor(subscriptionId: string): Promise<string>;
  resolve(token: string): Subscription;
  activate(subscriptionId: string, stated: { planId?: string; quantity?: number }): Promise<void>;
  change(subscriptionId: string, wanted: { planId?: string; quantity?: number }, source: Operation['source']): Promise<Operation>;
  cancel(subscriptionId: string, source: Operation['source']): Promise<Operation>;
  /** Renew, Suspend or Reinstate by the marketplace itself. */
  impose(subscriptionId: string, action: 'Renew' | 'Suspend' | 'Reinstate'): Promise<Operation>;
  setAutoRenew(subscriptionId: string, autoRenew: boolean): Promise<void>;
  acknowledge(subscriptionId: string, operationId: string, accepted: boolean): Promise<void>;
  /** Renews and ends what the clock has passed. */
  followClock(): Promise<void>;
  /** Resumes what a stop interrupted and starts to follow the clock. */
  start(): Promise<void>;
  close(): Promise<void>;
  idle(): Promise<void>;
}

export async function openMarketplace(
  folder: string,
  settings: SandboxSettings,
  parts: { clock: Clock; timers: Timers; webhookToken(): Promise<string>; log: SandboxLog },
): Promise<Marketplace> {
  const { clock, timers, log } = parts;
  const store = await openStore<Ledger>(folder, 'marketplace', { subscriptions: [], operations: [], tokens: [] });
  const inFlight = new InFlight();
  const waiting = new Map<string, () => void>();
  const stop = new AbortController();
  const traps = openTraps();
  const callWebhook = webhookCaller(settings, { webhookToken: parts.webhookToken, traps, signal: stop.signal });
  let webhooks = 0;
  let isRunning = false;

  const realNow = () => timers.now().getTime();
  const inMs = (ms: number) => new Date(realNow() + ms).toISOString();

  const plansSold = (): SandboxPlan[] => {
    const unannounced = settings.plans.slice(0, 1).map((plan) => ({ ...plan, planId: 'unannounced', name: 'Unannounced' }));
    return traps.set.unannouncedPlan ? [...settings.plans, ...unannounced] : settings.plans;
  };

  // —— steps of an operation ——

  /** Sets timers for what is due next on these operations. */
  function arm(...operations: (Operation | undefined)[]): void {
    for (const operation of operations) {
      if (!operation) continue;
      waiting.get(operation.id)?.();
      waiting.delete(operation.id);
      if (!isRunning || !operation.next) continue;
      const ms = Math.max(0, Date.parse(operation.next.at) - realNow());
      waiting.set(
        operation.id,
        timers.after(ms, () => {
          waiting.delete(operation.id);
          inFlight.track(step(operation.id)).catch((error: unknown) => log.error({ err: error }, 'sandbox marketplace operation failed'));
        }),
      );
    }
  }

  async function step(operationId: string): Promise<void> {
    const operation = store.current.operations.find(({ id }) => id === operationId);
    switch (operation?.next?.step) {
      case 'begin':
        arm(await store.change((draft) => beginIn(draft, operationId)));
        break;
      case 'deliver':
        await deliver(operation);
        break;
      case 'settle':
        await settleAs(operationId, true);
        break;
    }
  }

  function beginIn(draft: Ledger, operationId: string): Operation {
    const operation = operationIn(draft, operationId);
    if (operation.action === 'Subscribe' && traps.catches('failActivation')) failActivation(operation);
    operation.next = begin(draft, operation, clock.now()) ? { step: 'deliver', at: inMs(delay()) } : null;
    return operation;
  }

  /** How much later a webhook is sent than it could be. */
  function delay(): number {
    webhooks += 1;
    return webhooks % 2 === 1 ? traps.set.reorderWebhooks : 0;
  }

  /** False when somebody settled it before. */
  async function settleAs(operationId: string, accepted: boolean, reason?: string): Promise<boolean> {
    const changed = await store.change((draft) => {
      const operation = operationIn(draft, operationId);
      if (operation.status !== 'InProgress') return undefined;
      const { ignoreRefusal, revertAfterRefusal } = traps.set;
      const revert = settle(draft, operation, accepted || ignoreRefusal, clock.now(), { reason, isReverted: revertAfterRefusal });
      if (revert) beginIn(draft, revert.id);
      return [operation, revert];
    });
    if (!changed) return false;
    arm(...changed);
    await followClock();
    return true;
  }

  /** Sends the webhook once and decides what its answer means. */
  async function deliver({ id, payload, action }: Operation): Promise<void> {
    const status = await callWebhook(payload!);
    if (status === null && stop.signal.aborted) return; // not the publisher's fault: the next start delivers it
    log.info({ action, operationId: id, status }, 'sandbox marketplace called the webhook');
    const received = status !== null && status < 300;
    const refused = status !== null && status >= 400 && status < 500 && isChange(action);

    const operation = await store.change((draft) => {
      const operation = operationIn(draft, id);
      operation.attempts += 1;
      operation.firstSentAt ??= inMs(0);
      findSubscription(draft, operation.subscriptionId).lastWebhook = { action, status, at: clock.now().toISOString() };
      if (received) operation.next = awaitsAnswer(operation) ? { step: 'settle', at: inMs(traps.set.slowPatchWindow || ANSWER_MS) } : null;
      else if (operation.next && !refused) retryLater(operation);
      return operation;
    });
    if (refused) await settleAs(id, false, `The publisher answered ${status}.`);
    else arm(operation);
  }

  function retryLater(operation: Operation): void {
    const isOver = operation.attempts >= MAX_ATTEMPTS || realNow() - Date.parse(operation.firstSentAt!) > MAX_RETRY_MS;
    operation.next = isOver ? null : { step: 'deliver', at: inMs(Math.min(MAX_PAUSE_MS, 1000 * 2 ** (operation.attempts - 1))) };
    if (isOver && operation.status === 'InProgress') {
      operation.status = 'Failed';
      operation.errorMessage = 'The webhook could not be delivered.';
    }
  }

  async function followClock(): Promise<void> {
    if (!hasDue(store.current, clock.now())) return;
    const opened = await store.change((draft) => {
      const operations = follow(draft, clock.now());
      for (const operation of operations) operation.next = { step: 'deliver', at: inMs(delay()) };
      return operations;
    });
    arm(...opened);
  }

  /** Opens an operation that begins now (the marketplace or its customer asks) or shortly (the publisher asks). */
  async function request(
    subscriptionId: string,
    action: Action,
    source: Operation['source'],
    check: (draft: Ledger, subscription: Subscription) => void,
    wanted: { planId?: string; quantity?: number } = {},
  ): Promise<Operation> {
    const operation = await store.change((draft) => {
      const subscription = findSubscription(draft, subscriptionId);
      check(draft, subscription);
      const operation = open(draft, subscription, action, source, clock.now(), wanted);
      if (source === 'Azure') return beginIn(draft, operation.id);
      operation.next = { step: 'begin', at: inMs(PUBLISHER_DELAY_MS + traps.set.operationNotStarted) };
      return operation;
    });
    arm(operation);
    return operation;
  }

  function issueToken(draft: Ledger, subscriptionId: string): string {
    draft.tokens = draft.tokens.filter(({ expiresAt }) => Date.parse(expiresAt) > realNow());
    const token = opaqueToken();
    draft.tokens.push({ token, subscriptionId, expiresAt: inMs(TOKEN_MS) });
    return token;
  }

  async function watchClock(): Promise<void> {
    await followClock();
    if (!isRunning) return;
    waiting.set(
      'clock',
      timers.after(FOLLOW_EVERY_MS, () => {
        inFlight.track(watchClock()).catch((error: unknown) => log.error({ err: error }, 'sandbox marketplace cannot follow the clock'));
      }),
    );
  }

  return {
    get ledger() {
      return store.current;
    },
    get plans() {
      return plansSold();
    },
    traps,
    buy: (person, planId, given) =>
      store.change((draft) => {
        const plan = plansSold().find((one) => one.planId === planId && [one.termUnit, undefined].includes(given.termUnit));
        if (!plan) throw new MarketplaceRefusal(400, 'The plan is not sold here.');
        const subscription = purchase(draft, plan, person, given, clock.now());
        return { subscription, token: issueToken(draft, subscription.id) };
      }),
    tokenFor: (subscriptionId) => store.change((draft) => issueToken(draft, findSubscription(draft, subscriptionId).id)),
    resolve(token) {
      const found = store.current.tokens.find((one) => one.token === token && Date.parse(one.expiresAt) > realNow());
      if (!found) throw new MarketplaceRefusal(400, 'The purchase token is missing, malformed, invalid or expired.');
      return findSubscription(store.current, found.subscriptionId);
    },
    async activate(subscriptionId, stated) {
      const operation = await store.change((draft) => {
        const subscription = findSubscription(draft, subscriptionId);
        checkActivation(subscription, stated);
        if (draft.operations.some((one) => one.subscriptionId === subscription.id && one.action === 'Subscribe' && isOpen(one)))
          return undefined;
        const operation = open(draft, subscription, 'Subscribe', 'Partner', clock.now());
        operation.next = { step: 'begin', at: inMs(PUBLISHER_DELAY_MS) };
        return operation;
      });
      arm(operation);
    },
    change: (subscriptionId, wanted, source) =>
      request(
        subscriptionId,
        wanted.planId === undefined ? 'ChangeQuantity' : 'ChangePlan',
        source,
        (draft, subscription) => checkChange(draft, plansSold(), subscription, wanted),
        wanted,
      ),
    cancel: (subscriptionId, source) =>
      request(subscriptionId, 'Unsubscribe', source, (draft, subscription) => {
        if (subscription.status === 'Unsubscribed') throw new MarketplaceRefusal(404, 'The subscription has ended.');
        if (source === 'Partner') refuseIfResold(subscription);
        refuseWhileLocked(draft, subscription);
      }),
    impose: (subscriptionId, action) =>
      request(subscriptionId, action, 'Azure', (draft, subscription) => {
        const needed = action === 'Reinstate' ? 'Suspended' : 'Subscribed';
        if (subscription.status !== needed) throw new MarketplaceRefusal(400, `The subscription must be ${needed}.`);
        if (action === 'Reinstate') refuseWhileLocked(draft, subscription);
      }),
    setAutoRenew: (subscriptionId, autoRenew) =>
      store.change((draft) => {
        findSubscription(draft, subscriptionId).autoRenew = autoRenew;
      }),
    async acknowledge(subscriptionId, operationId, accepted) {
      const { id } = findSubscription(store.current, subscriptionId);
      const operation = store.current.operations.find((one) => one.id === operationId && one.subscriptionId === id);
      if (!operation || !isReadable(operation)) throw new MarketplaceRefusal(404, 'The operation is not found.');
      const settled = new MarketplaceRefusal(409, 'The operation has been settled already.');
      if (operation.status !== 'InProgress') throw settled;
      if (!accepted && !isChange(operation.action)) throw new MarketplaceRefusal(400, 'This operation cannot be refused.');
      if (!(await settleAs(operationId, accepted, 'The publisher refused the change.'))) throw settled;
    },
    followClock,
    async start() {
      isRunning = true;
      arm(...store.current.operations);
      await watchClock();
    },
    async close() {
      isRunning = false;
      stop.abort();
      for (const cancel of waiting.values()) cancel();
      waiting.clear();
      await inFlight.idle();
    },
    idle: () => inFlight.idle(),
  };
}

/** Operations of notices are not kept for reading, except of cancellations. */
export const isReadable = ({ action }: Operation) => awaitsPublisher(action) || action === 'Unsubscribe';

const awaitsAnswer = (operation: Operation) => operation.status === 'InProgress' && awaitsPublisher(operation.action);

function operationIn(ledger: Ledger, id: string): Operation {
  return ledger.operations.find((one) => one.id === id)!;
}

/** What was accepted as an activation ends the purchase instead. */
function failActivation(operation: Operation): void {
  operation.action = 'Unsubscribe';
  operation.source = 'Azure';
}

function checkActivation(subscription: Subscription, stated: { planId?: string; quantity?: number }): void {
  const { status } = subscription;
  if (status === 'Unsubscribed') throw new MarketplaceRefusal(404, 'The subscription has ended.');
  if (status !== 'PendingFulfillmentStart') throw new MarketplaceRefusal(400, `The subscription is ${status}.`);
  if (stated.planId !== undefined && stated.planId !== subscription.planId)
    throw new MarketplaceRefusal(400, 'This is not the purchased plan.');
  if (stated.quantity !== undefined && stated.quantity !== subscription.quantity)
    throw new MarketplaceRefusal(400, 'This is not the purchased quantity.');
}

/** Base64 that always holds both characters which a careless URL decoder breaks. */
function opaqueToken(): string {
  const word = () => randomBytes(48).toString('base64');
  let token = word();
  while (!(token.includes('+') && token.includes('/'))) token = word();
  return token;
}
