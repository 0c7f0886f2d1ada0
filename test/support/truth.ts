import { randomUUID } from 'node:crypto';
import type { SubscriptionStatus } from '../../src/contract/subscriptions';
import type {
  Marketplace,
  MarketplaceOperation,
  MarketplaceSubscription,
  Selling,
} from '../../src/features/subscriptions/marketplace.port';

/** One thing that happens to a purchase at the marketplace, as its webhook will name it. */
export interface Happening {
  action: string;
  planId?: string;
  quantity?: number;
}

/**
 * The marketplace as a state machine in this process: what is true of each purchase, and which operations there were. Changes wait
 * for an answer, or for silence; everything else has happened before it is told.
 */
export class Truth {
  readonly subscriptions = new Map<string, MarketplaceSubscription>();
  readonly operations = new Map<string, MarketplaceOperation>();
  /** Every answer given to an operation. */
  readonly answers: [operationId: string, outcome: string][] = [];
  /** Another operation is under way: nothing new is taken. */
  isBusy = false;
  /** What is asked for is taken, and nothing comes of it. */
  isDeaf = false;
  /** Further with every look: no two answers are of one instant, and nobody looks twice in one breath. */
  private time = Date.parse('2026-03-10T09:00:00.000Z');

  constructor(private readonly secondsALook = 20) {}

  get selling(): Selling {
    const marketplace = this.marketplace();
    return { marketplace, realTime: { now: () => this.look() }, pause: async () => {} };
  }

  private look(): Date {
    this.time += this.secondsALook * 1_000;
    return new Date(this.time);
  }

  buy(given: Partial<MarketplaceSubscription> = {}): MarketplaceSubscription {
    const buyer = { tenantId: randomUUID(), objectId: randomUUID(), address: null };
    const bought: MarketplaceSubscription = {
      id: randomUUID(),
      name: 'A purchase',
      offerId: 'kontingent',
      planId: 'free',
      quantity: null,
      status: 'Subscribed',
      purchaser: buyer,
      beneficiary: buyer,
      termUnit: 'P1M',
      termStart: new Date('2026-03-10T00:00:00.000Z'),
      termEnd: new Date('2026-04-09T00:00:00.000Z'),
      autoRenew: true,
      isFreeTrial: false,
      allowedOperations: ['Delete', 'Read', 'Update'],
      purchasedAt: new Date('2026-03-10T08:00:00.000Z'),
      ...given,
    };
    this.subscriptions.set(bought.id, bought);
    return bought;
  }

  /** As it is now, to come back to. */
  remember(): () => void {
    const [subscriptions, operations] = [structuredClone(this.subscriptions), structuredClone(this.operations)];
    return () => {
      this.subscriptions.clear();
      for (const [id, one] of structuredClone(subscriptions)) this.subscriptions.set(id, one);
      this.operations.clear();
      for (const [id, one] of structuredClone(operations)) this.operations.set(id, one);
    };
  }

  /** It happens; the answer is what the webhook tells. */
  happen(subscriptionId: string, { action, planId, quantity }: Happening, source = 'Azure'): MarketplaceOperation {
    const subscription = this.subscriptions.get(subscriptionId)!;
    const waits = action === 'ChangePlan' || action === 'ChangeQuantity' || action === 'Reinstate';
    const operation: MarketplaceOperation = {
      id: randomUUID(),
      subscriptionId,
      action,
      status: waits ? 'InProgress' : 'Succeeded',
      planId: planId ?? subscription.planId,
      quantity: quantity ?? subscription.quantity,
      source,
    };
    this.operations.set(operation.id, operation);
    if (!waits && !this.isDeaf) this.takeEffect(operation);
    return operation;
  }

  /** Ten seconds of silence: what waited is accepted. */
  fallSilent(subscriptionId: string): void {
    for (const operation of this.operations.values())
      if (operation.subscriptionId === subscriptionId && operation.status === 'InProgress') this.settle(operation, true);
  }

  private settle(operation: MarketplaceOperation, isAccepted: boolean): void {
    operation.status = isAccepted ? 'Succeeded' : 'Failed';
    if (isAccepted) this.takeEffect(operation);
  }

  private takeEffect({ subscriptionId, action, planId, quantity }: MarketplaceOperation): void {
    const subscription = this.subscriptions.get(subscriptionId)!;
    if (subscription.status === 'Unsubscribed') return;
    const becomes: Partial<Record<string, SubscriptionStatus>> = {
      Subscribe: 'Subscribed',
      Suspend: 'Suspended',
      Reinstate: 'Subscribed',
      Unsubscribe: 'Unsubscribed',
    };
    subscription.status = becomes[action] ?? subscription.status;
    if (action === 'ChangePlan') subscription.planId = planId!;
    if (action === 'ChangeQuantity') subscription.quantity = quantity;
    if (action === 'Renew' && subscription.termEnd) {
      subscription.termStart = new Date(subscription.termEnd.getTime() + 86_400_000);
      subscription.termEnd = new Date(subscription.termEnd.getTime() + 30 * 86_400_000);
    }
  }

  private marketplace(): Marketplace {
    const told = <T extends object>(one: T | undefined): T | null => (one ? structuredClone(one) : null);
    const marketplace = {
      correlated: () => marketplace,
      resolve: async () => null,
      getSubscription: async (id: string) => told(this.subscriptions.get(id)),
      listSubscriptions: async function* (this: Marketplace) {
        for (const id of subscriptions.keys()) yield (await this.getSubscription(id))!;
      },
      activate: async () => 'accepted' as const,
      getOperation: async (_subscriptionId: string, id: string) => told(this.operations.get(id)),
      listOperations: async (subscriptionId: string) =>
        [...this.operations.values()].filter((one) => one.subscriptionId === subscriptionId && one.status === 'InProgress'),
      listPlans: async () => [],
      change: async (id: string, wanted: { planId: string } | { quantity: number }) => ({
        operationId: this.happen(id, { action: 'planId' in wanted ? 'ChangePlan' : 'ChangeQuantity', ...wanted }, 'Partner').id,
      }),
      cancel: async (id: string) => (this.isBusy ? 'busy' : { operationId: this.happen(id, { action: 'Unsubscribe' }, 'Partner').id }),
      acknowledge: async (_subscriptionId: string, id: string, outcome: 'Success' | 'Failure') => {
        const operation = this.operations.get(id);
        if (!operation) return 'unknown' as const;
        if (operation.status !== 'InProgress') return 'settled' as const;
        this.answers.push([id, outcome]);
        this.settle(operation, outcome === 'Success');
        return 'noted' as const;
      },
    };
    const { subscriptions } = this;
    return marketplace as unknown as Marketplace;
  }
}
