import { setTimeout as pause } from 'node:timers/promises';
import express, { type Router } from 'express';
import { newId } from '../platform/ids';
import type { SandboxClock } from './clock';
import { type Ledger, MarketplaceRefusal } from './marketplace-ledger';
import type { MarketplaceTraps } from './marketplace-traps';
import type { SandboxPlan } from './settings';
import { openStore } from './store';

/** The metering service, as our publisher calls it. Source: learn.microsoft.com, marketplace metering service APIs. */

interface UsageEvent {
  resourceId: string;
  quantity: number;
  dimension: string;
  effectiveStartTime: string;
  planId: string;
}

interface Booked extends UsageEvent {
  usageEventId: string;
  messageTime: string;
}

/** What is answered to one event; of a batch each has its own. */
interface Said {
  status: string;
  error?: { code: string; message: string; target?: string; additionalInfo?: { acceptedMessage: object } };
}

const DAY_MS = 86_400_000;
const MOST_EVENTS = 25;

/** What it refuses before it looks at the hour. */
type Check = [status: string, isWrong: boolean, target: string, message: string];

export async function openMetering(
  folder: string,
  deps: { clock: SandboxClock; traps: MarketplaceTraps; ledger(): Ledger; plans(): SandboxPlan[] },
): Promise<Router> {
  const { clock, traps, ledger, plans } = deps;
  const store = await openStore<{ events: Booked[] }>(folder, 'metering', { events: [] });
  const router = express.Router();

  router.post('/usageEvent', async (req, res) => {
    const said = await book(req.body as UsageEvent);
    await pause(traps.set.slowUsage);
    if (isLost()) return void res.status(503).end();
    if (said.status === 'Accepted') return void res.json(said);
    if (said.status === 'Duplicate') return void res.status(409).json(said.error);
    const { message, target } = said.error!;
    res.status(400).json({
      message: 'One or more errors have occurred.',
      target: 'usageEventRequest',
      details: [{ message, target, code: 'BadArgument' }],
      code: 'BadArgument',
    });
  });

  router.post('/batchUsageEvent', async (req, res) => {
    const { request } = req.body as { request?: UsageEvent[] };
    if (!Array.isArray(request) || request.length === 0 || request.length > MOST_EVENTS)
      throw new MarketplaceRefusal(400, `A batch holds 1 to ${MOST_EVENTS} events.`);
    const result: Said[] = [];
    for (const event of request) result.push(await book(event));
    await pause(traps.set.slowUsage);
    if (isLost()) return void res.status(503).end();
    res.json({ count: result.length, result });
  });

  router.get('/usageEvents', (req, res) => {
    const { usageStartDate, UsageEndDate, planId, dimension, offerId } = req.query as Record<string, string | undefined>;
    if (!usageStartDate) throw new MarketplaceRefusal(400, 'usageStartDate is missing.');
    const until = UsageEndDate ?? clock.now().toISOString();
    const lines = accountOf(store.current.events, ledger()).filter(
      (line) =>
        line.usageDate >= usageStartDate &&
        line.usageDate < until &&
        [line.planId, undefined].includes(planId) &&
        [line.dimension, undefined].includes(dimension) &&
        [line.offerId, undefined].includes(offerId),
    );
    res.json(lines);
  });

  return router;

  /** Booked, and nobody hears of it. */
  function isLost(): boolean {
    return traps.catches('loseAnswers');
  }

  /** Of an hour the first event counts; every other one is told what was booked. */
  function book(event: UsageEvent): Promise<Said> {
    const now = clock.now();
    return store.change((draft) => {
      const facts = { ...event, messageTime: now.toISOString() };
      const wrong = checks(event, now).find(([, isWrong]) => isWrong);
      if (wrong) {
        const [status, , target, message] = wrong;
        return { ...facts, status, error: { code: status, target, message } };
      }
      const before = draft.events.find((one) => keyOf(one) === keyOf(event));
      if (before) {
        const acceptedMessage = { ...before, status: 'Duplicate' };
        const error = { additionalInfo: { acceptedMessage }, message: 'This usage event already exist.', code: 'Conflict' };
        return { ...facts, status: 'Duplicate', error };
      }
      const booked = { ...facts, usageEventId: newId() };
      draft.events.push(booked);
      return { ...booked, status: 'Accepted' };
    });
  }

  function checks({ resourceId, quantity, dimension, effectiveStartTime, planId }: UsageEvent, now: Date): Check[] {
    const subscription = ledger().subscriptions.find(({ id }) => id === String(resourceId).toLowerCase());
    const offered = plans().filter((plan) => plan.offerId === subscription?.offerId && plan.planId === planId);
    const at = instantOf(effectiveStartTime);
    const endedAt = ledger().operations.findLast(
      (one) => one.subscriptionId === subscription?.id && one.action === 'Unsubscribe',
    )?.timeStamp;
    const isLate = endedAt !== undefined && at < Date.parse(endedAt) && now.getTime() < Date.parse(endedAt) + DAY_MS;
    const isActive = subscription?.status === 'Subscribed' || (subscription?.status === 'Unsubscribed' && isLate);
    return [
      ['ResourceNotFound', subscription === undefined, 'resourceId', 'The subscription is not found.'],
      ['ResourceNotActive', !isActive, 'resourceId', 'The subscription is not active.'],
      ['BadArgument', offered.length === 0, 'planId', 'The plan is not of this offer.'],
      [
        'InvalidDimension',
        !offered.some(({ dimensions }) => dimensions?.includes(dimension)),
        'dimension',
        'The plan has no such dimension.',
      ],
      ['InvalidQuantity', !(typeof quantity === 'number' && quantity > 0), 'quantity', 'The quantity must be above 0.'],
      ['BadArgument', Number.isNaN(at) || at > now.getTime(), 'effectiveStartTime', 'The time must not lie in the future.'],
      ['Expired', at < now.getTime() - DAY_MS, 'effectiveStartTime', 'The time is more than 24 hours ago.'],
    ];
  }
}

/** UTC also where the zone is not said. */
const instantOf = (said: string): number => Date.parse(/(Z|[+-]\d{2}:\d{2})$/iu.test(said) ? said : `${said}Z`);

const keyOf = ({ resourceId, dimension, planId, effectiveStartTime }: UsageEvent): string =>
  [resourceId.toLowerCase(), dimension, planId, Math.floor(instantOf(effectiveStartTime) / 3_600_000)].join(' ');

/** What is read back: one line a day, subscription, plan and dimension. */
function accountOf(events: readonly Booked[], { subscriptions }: Ledger) {
  const lines = new Map<string, ReturnType<typeof lineOf>>();
  for (const event of events) {
    const line = lineOf(event, subscriptions);
    const key = [line.usageDate, line.usageResourceId, line.planId, line.dimension].join(' ');
    const sum = lines.get(key);
    if (!sum) lines.set(key, line);
    else
      Object.assign(sum, {
        submittedQuantity: sum.submittedQuantity + event.quantity,
        processedQuantity: sum.processedQuantity + event.quantity,
        submittedCount: sum.submittedCount + 1,
      });
  }
  return [...lines.values()];
}

function lineOf({ resourceId, dimension, planId, effectiveStartTime, quantity }: Booked, subscriptions: Ledger['subscriptions']) {
  const offerId = subscriptions.find(({ id }) => id === resourceId.toLowerCase())?.offerId ?? '';
  return {
    usageDate: `${new Date(instantOf(effectiveStartTime)).toISOString().slice(0, 10)}T00:00:00Z`,
    usageResourceId: resourceId,
    dimension,
    planId,
    planName: planId,
    offerId,
    offerName: offerId,
    offerType: 'SaaS',
    azureSubscriptionId: '',
    reconStatus: 'Accepted',
    submittedQuantity: quantity,
    processedQuantity: quantity,
    submittedCount: 1,
  };
}
