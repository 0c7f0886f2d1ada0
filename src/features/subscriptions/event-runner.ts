import type { Context } from '../../platform/context';
import { applyMarketplaceEvent } from './apply-event';
import type { Selling } from './marketplace.port';

/** Applies events beside the request that brought them. What a stop or a fault leaves undone the sweep takes up. */
export interface EventRunner {
  applySoon(eventId: string): void;
  /** Resolves when nothing is being applied. */
  idle(): Promise<void>;
}

export function createEventRunner(ctx: Context, selling: Selling): EventRunner {
  const running = new Set<Promise<void>>();
  return {
    applySoon(eventId) {
      const run = applyMarketplaceEvent(ctx, selling, eventId)
        .catch((error: unknown) => ctx.log.error({ err: error, eventId }, 'a marketplace event could not be applied'))
        .finally(() => running.delete(run));
      running.add(run);
    },
    async idle() {
      while (running.size > 0) await Promise.all(running);
    },
  };
}
