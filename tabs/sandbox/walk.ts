import type { Usage } from '../../src/contract/usage';
import type { Subscription } from './sandbox-api';

/** The newcomer's walk, in its order. */
export const STEPS = ['look', 'buy', 'create', 'limit', 'upgrade', 'clock', 'kill'] as const;
export type Step = (typeof STEPS)[number];

/** What the host can see from outside. */
export interface Sighting {
  /** Something but the defaults has been chosen: person, theme, client or language. */
  switched: boolean;
  /** Purchases, and contracts, which no webhook tells of. */
  subscriptions: Pick<Subscription, 'status' | 'lastWebhook'>[];
  usage: Usage | null;
  /** The sandbox's clock, ISO 8601. */
  now: string;
  /** When the period that was seen first ends, ISO 8601. */
  firstReset: string | null;
  /** The server was gone and is back. */
  cameBack: boolean;
}

/** Which steps are recognizably done. A sighting is a moment; whoever asks keeps the ticks. */
export function stepsSeen(sighting: Sighting): Step[] {
  const { switched, subscriptions, usage, now, firstReset, cameBack } = sighting;
  const meters = usage?.meters ?? [];
  const done: Record<Step, boolean> = {
    look: switched,
    buy: subscriptions.some(({ status }) => status === 'Subscribed'),
    create: meters.some(({ used }) => used > 0),
    limit: meters.some(({ state }) => state === 'exhausted'),
    upgrade: subscriptions.some(({ lastWebhook }) => lastWebhook?.action === 'ChangePlan' && lastWebhook.status === 200),
    clock: firstReset !== null && Date.parse(now) >= Date.parse(firstReset),
    kill: cameBack,
  };
  return STEPS.filter((step) => done[step]);
}

const KEY = 'kontingent.sandbox.walk';

export interface Kept {
  done: Step[];
  firstReset: string | null;
}

const NOTHING: Kept = { done: [], firstReset: null };

export function readWalk(): Kept {
  try {
    return { ...NOTHING, ...(JSON.parse(localStorage.getItem(KEY) ?? '{}') as Partial<Kept>) };
  } catch {
    return NOTHING;
  }
}

export function keepWalk(kept: Kept): void {
  try {
    localStorage.setItem(KEY, JSON.stringify(kept));
  } catch {
    // Without storage the ticks last as long as the page.
  }
}
