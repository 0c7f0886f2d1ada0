import type { Context } from '../../platform/context';
import { applyMarketplaceEvent } from './apply-event';
import type { Selling } from './marketplace.port';

/** Applies events beside the request that brought them. What a stop or a fault leaves undone the sweep takes up. */
export interface EventRunner {
  applySoon(eventId: string): void;
  /** Resolves when nothing is being applied. */
  idle(): Promise<void>;
}

/** While the marketplace is slow, a storm of events must not take the database and the sockets from whoever waits for an answer. */
const MOST_AT_ONCE = 32;

export function createEventRunner(ctx: Context, selling: Selling): EventRunner {
  const running = new Set<Promise<void>>();
  const waiting: string[] = [];

  function begin(eventId: string): void {
    const run = applyMarketplaceEvent(ctx, selling, eventId)
      .catch((error: unknown) => ctx.log.error({ err: error, eventId }, 'a marketplace event could not be applied'))
      .finally(() => {
        running.delete(run);
        const next = waiting.shift();
        if (next !== undefined) begin(next);
      });
    running.add(run);
  }

  return {
    applySoon: (eventId) => (running.size < MOST_AT_ONCE ? begin(eventId) : void waiting.push(eventId)),
    async idle() {
      while (running.size > 0) await Promise.all(running);
    },
  };
}
