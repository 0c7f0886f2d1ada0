import express, { type Router } from 'express';
import { z } from 'zod';

const times = z.int().min(0).max(1000).describe('for how many calls');
const ms = z.int().min(0).max(3600_000).describe('how long, in milliseconds');

/** What the marketplace does to publishers now and then, to be switched on. All are off but the one that is its custom. */
const Traps = z.strictObject({
  /** Next links name a host that is nobody's. */
  foreignNextLink: z.boolean(),
  /** A page holds one entry, and every other page none. */
  shortPages: z.boolean(),
  /** So many calls are answered 429 with Retry-After … */
  throttle429: times,
  /** … or 500 … */
  fail500: times,
  /** … or 403. */
  forbid403: times,
  /** So many changes and cancellations by the publisher find the subscription locked … */
  conflict409: times,
  /** … or happen, and are answered 503. */
  loseAnswers: times,
  /** Usage is booked at once, and answered that much later. */
  slowUsage: ms,
  /** So many looks at an operation are answered 400, as if there were none. */
  hideOperations: times,
  /** What the publisher asks for stays NotStarted that much longer. */
  operationNotStarted: ms,
  /** So many activations are accepted and then fail. */
  failActivation: times,
  /** So many webhooks are never sent, and count as received. */
  loseWebhooks: times,
  /** Every webhook arrives twice at once. */
  doubleWebhooks: z.boolean(),
  /** Every other webhook arrives that much later. */
  reorderWebhooks: ms,
  /** Webhooks say what happened to what, and nothing more. */
  minimalWebhooks: z.boolean(),
  /** A change has this long to be answered instead of ten seconds. */
  slowPatchWindow: ms,
  /** A plan is sold that the app's catalog does not know. */
  unannouncedPlan: z.boolean(),
  /** A refused change is announced back to the old value; the marketplace's custom. */
  revertAfterRefusal: z.boolean(),
  /** A refused change happens all the same. */
  ignoreRefusal: z.boolean(),
});

export type Traps = z.infer<typeof Traps>;
type Counted = { [K in keyof Traps]: Traps[K] extends number ? K : never }[keyof Traps];

const NONE: Traps = {
  foreignNextLink: false,
  shortPages: false,
  throttle429: 0,
  fail500: 0,
  forbid403: 0,
  conflict409: 0,
  loseAnswers: 0,
  slowUsage: 0,
  hideOperations: 0,
  operationNotStarted: 0,
  failActivation: 0,
  loseWebhooks: 0,
  doubleWebhooks: false,
  reorderWebhooks: 0,
  minimalWebhooks: false,
  slowPatchWindow: 0,
  unannouncedPlan: false,
  revertAfterRefusal: true,
  ignoreRefusal: false,
};

export interface MarketplaceTraps {
  readonly set: Readonly<Traps>;
  /** Whether a trap that was set for some calls catches this one. */
  catches(trap: Counted): boolean;
  /** GET shows them, POST sets those it names, DELETE sets all as they are at the start. */
  readonly router: Router;
}

/** A start of the sandbox begins without traps. */
export function openTraps(): MarketplaceTraps {
  const set = { ...NONE };
  const router = express.Router();
  router.get('/', (_req, res) => void res.json(set));
  router.post('/', (req, res) => void res.json(Object.assign(set, Traps.partial().parse(req.body))));
  router.delete('/', (_req, res) => void res.json(Object.assign(set, NONE)));
  return {
    set,
    router,
    catches(trap) {
      if (set[trap] === 0) return false;
      set[trap] -= 1;
      return true;
    },
  };
}
