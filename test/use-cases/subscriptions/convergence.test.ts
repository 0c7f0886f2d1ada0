import { loadCatalog } from '../../../src/features/plans/catalog';
import { publishPlans } from '../../../src/features/plans/publish-plans';
import { applyMarketplaceEvent } from '../../../src/features/subscriptions/apply-event';
import type { MarketplaceOperation, MarketplaceSubscription } from '../../../src/features/subscriptions/marketplace.port';
import { receiveMarketplaceEvent } from '../../../src/features/subscriptions/receive-event';
import { reconcileSubscriptions } from '../../../src/features/subscriptions/reconcile';
import { type Context, inTenant } from '../../../src/platform/context';
import { testContext } from '../../support/database';
import { inRewindable, type Rewindable } from '../../support/rewind';
import { type Happening, Truth } from '../../support/truth';

let ctx: Context;

beforeAll(async () => {
  ({ ctx } = await testContext());
  await publishPlans(ctx, await loadCatalog('plans/default.yaml'));
});

const UNSOLD = 'unsold';

type Held = Pick<MarketplaceSubscription, 'status' | 'planId' | 'quantity' | 'termEnd'>;

/** One purchase, with what has happened to it so far. */
class Life {
  readonly truth = new Truth();
  readonly bought = this.truth.buy();
  happened: MarketplaceOperation[] = [];
  constructor(
    private readonly ctx: Context,
    private readonly steps: readonly Happening[],
  ) {}

  /** The marketplace goes on by itself: a change that nobody has answered is taken as accepted before anything else begins. */
  goOn(): void {
    this.truth.fallSilent(this.bought.id);
    this.happened = [...this.happened, this.truth.happen(this.bought.id, this.steps[this.happened.length]!)];
  }

  get isOver(): boolean {
    return this.happened.length === this.steps.length;
  }

  /** The webhook of a step comes, for the first time or again, and is looked into. */
  async deliver(step: number): Promise<void> {
    const { id, action, planId, quantity } = this.happened[step]!;
    const event = {
      id,
      subscriptionId: this.bought.id,
      action,
      planId,
      quantity,
      payload: { id, planId, quantity },
      requestId: null,
      correlationId: null,
    };
    const { eventId } = await receiveMarketplaceEvent(this.ctx, this.truth.selling, event);
    await applyMarketplaceEvent(this.ctx, this.truth.selling, eventId);
  }

  async ours(): Promise<Held | null> {
    const { id, beneficiary } = this.bought;
    const [row] = await inTenant(this.ctx, beneficiary.tenantId!, ({ db }) =>
      db.query<Held>(
        `select status, plan_id as "planId", quantity, term_end as "termEnd" from subscriptions where tenant_id = $1 and external_id = $2`,
        [beneficiary.tenantId, id],
      ),
    );
    return row ?? null;
  }

  theirs(): Held {
    const { status, planId, quantity, termEnd } = this.truth.subscriptions.get(this.bought.id)!;
    return { status, planId, quantity, termEnd };
  }

  /** All that decides what comes of the next webhook. */
  async state(): Promise<string> {
    const events = await this.ctx.database.query<{ event_id: string; answer: string; done: boolean }>(
      'select event_id, answer, applied_at is not null as done from marketplace_events where subscription_id = $1',
      [this.bought.id],
    );
    const told = this.happened.map(({ id }) => {
      const event = events.find(({ event_id }) => event_id === id);
      return [this.truth.operations.get(id)!.status, event?.answer, event?.done];
    });
    return JSON.stringify([await this.ours(), this.theirs(), told]);
  }
}

/**
 * The same; but what had ended before we heard of it is none of ours, and a plan that we do not sell is reported, not taken: who had
 * another one keeps it.
 */
function agree(ours: Held | null, theirs: Held): boolean {
  const isSold = theirs.planId !== UNSOLD;
  if (ours === null) return theirs.status === 'Unsubscribed' || !isSold;
  return JSON.stringify(ours) === JSON.stringify({ ...theirs, planId: isSold ? theirs.planId : ours.planId });
}

interface Explored {
  states: number;
  deliveries: number;
  diverged: { seen: string; ours: Held | null; theirs: Held }[];
}

/**
 * Walks through every state that can be reached by webhooks in any order, once, again, late, or never, while the marketplace goes
 * on: from each state every webhook comes, and until nothing new is found. In each state one cycle of repair is tried.
 */
async function explore({ ctx, andBack }: Rewindable, steps: readonly Happening[], past: number): Promise<Explored> {
  const life = new Life(ctx, steps);
  while (life.happened.length < past) life.goOn();
  const known = new Set<string>();
  const explored: Explored = { states: 0, deliveries: 0, diverged: [] };

  const tryOut = (act: () => Promise<void>) =>
    andBack(async () => {
      const [forget, happened] = [life.truth.remember(), life.happened];
      await act();
      forget();
      life.happened = happened;
    });
  async function visit(): Promise<void> {
    const seen = await life.state();
    if (known.has(seen)) return;
    known.add(seen);
    explored.states += 1;
    await tryOut(async () => {
      life.truth.fallSilent(life.bought.id);
      await reconcileSubscriptions(ctx, life.truth.selling);
      const [ours, theirs] = [await life.ours(), life.theirs()];
      if (!agree(ours, theirs)) explored.diverged.push({ seen, ours, theirs });
    });
    for (const step of life.happened.keys())
      await tryOut(async () => {
        explored.deliveries += 1;
        await life.deliver(step);
        await visit();
      });
    if (!life.isOver)
      await tryOut(async () => {
        life.goOn();
        await visit();
      });
  }
  await visit();
  return explored;
}

/** `past`: how many of the steps have happened before the first webhook comes. */
async function exploreAll(steps: readonly Happening[], past = 0): Promise<Explored> {
  let explored!: Explored;
  await inRewindable(ctx, async (world) => {
    explored = await explore(world, steps, past);
  });
  return explored;
}

const PLAN_UP: Happening = { action: 'ChangePlan', planId: 'standard' };
const PLAN_DOWN: Happening = { action: 'ChangePlan', planId: 'free' };

/** Told at any time, each state of the marketplace between the webhooks included. */
const LIVES: [string, readonly Happening[]][] = [
  ['a change, a suspension and its end', [PLAN_UP, { action: 'Suspend' }, { action: 'Reinstate' }]],
  ['a change that is refused, and its revert', [{ action: 'ChangePlan', planId: UNSOLD }, PLAN_DOWN]],
  ['more seats, a renewal, and something new', [{ action: 'ChangeQuantity', quantity: 7 }, { action: 'Renew' }, { action: 'Transfer' }]],
];

test.each(LIVES)(
  'G6: webhooks of %s, in any order, again or lost, while it goes on',
  async (_name, steps) => {
    const { states, deliveries, diverged } = await exploreAll(steps);
    expect(diverged).toEqual([]);
    expect(states).toBeGreaterThan(2 ** steps.length);
    expect(deliveries).toBeGreaterThan(states);
  },
  120_000,
);

test('G6: six webhooks that come after everything has happened, in each of the 720 orders, each again at any time or never', async () => {
  const steps = [PLAN_UP, { action: 'Renew' }, { action: 'Suspend' }, { action: 'Reinstate' }, PLAN_DOWN, { action: 'Unsubscribe' }];
  const { states, deliveries, diverged } = await exploreAll(steps, steps.length);
  expect(diverged).toEqual([]);
  // Each set of webhooks that have come is one state at least, and from it each of the six was delivered.
  expect(states).toBeGreaterThanOrEqual(2 ** 6);
  expect(deliveries).toBe(states * 6);
}, 120_000);
