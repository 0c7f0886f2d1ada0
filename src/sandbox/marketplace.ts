import express, { type NextFunction, type Request, type Response, type Router } from 'express';
import { z } from 'zod';
import { newId } from '../platform/ids';
import { MARKETPLACE_RESOURCE } from './entra';
import { availablePlans, findSubscription, MarketplaceRefusal, type Operation, present, presentOperation } from './marketplace-ledger';
import { isReadable, type Marketplace } from './marketplace-operations';
import type { SandboxPlan, SandboxSettings } from './settings';

/** The SaaS fulfillment API, version 2, as our publisher calls it. Source: learn.microsoft.com, SaaS fulfillment subscription and operations APIs. */

const API_VERSION = '2018-08-31';
/** Microsoft allows 100 and often sends fewer; a small page makes readers follow the links. */
const PAGE_SIZE = 5;
/** Every other page holds nothing. */
const SHORT_PAGE = 0.5;

const Change = z
  .object({ planId: z.string().optional(), quantity: z.int().optional() })
  .refine(({ planId, quantity }) => (planId === undefined) !== (quantity === undefined), 'Give either planId or quantity.');
const Stated = z.object({ planId: z.string().optional(), quantity: z.int().optional() });
const Acknowledgement = z.object({ status: z.enum(['Success', 'Failure']) });

export function fulfillmentApi(
  settings: SandboxSettings,
  marketplace: Marketplace,
  isCaller: (authorization: string | undefined, clientId: string, resource: string) => Promise<boolean>,
  metering: Router,
): Router {
  const router = express.Router();
  const { traps } = marketplace;
  /** Links lead to another host name than the one called, as Microsoft's do. */
  const linkBase = () => `${settings.publicUrl}/sandbox/marketplace/api/saas/subscriptions`;
  const nextLinkBase = () => (traps.set.foreignNextLink ? 'https://pages.marketplace.invalid/api/saas/subscriptions' : linkBase());

  router.use((req, res, next) => {
    res.set('x-ms-requestid', req.get('x-ms-requestid') ?? newId());
    res.set('x-ms-correlationid', req.get('x-ms-correlationid') ?? newId());
    next();
  });
  router.use(async (req, _res, next) => {
    if (!(await isCaller(req.headers.authorization, settings.marketplace.clientId, MARKETPLACE_RESOURCE)))
      throw new MarketplaceRefusal(403, 'The token is missing, invalid, expired or of another publisher.');
    if (req.query['api-version'] !== API_VERSION) throw new MarketplaceRefusal(400, `api-version must be ${API_VERSION}.`);
    next();
  });
  router.use((_req, res, next) => {
    if (traps.catches('throttle429')) res.status(429).set('Retry-After', '1').json({ code: 'TooManyRequests' });
    else if (traps.catches('fail500')) res.status(500).json({ code: 'UnexpectedError' });
    else if (traps.catches('forbid403')) throw new MarketplaceRefusal(403, 'The subscription belongs to another application.');
    else next();
  });
  router.use(express.json({ limit: '64kb' }));
  router.use(metering);

  router.post('/saas/subscriptions/resolve', (req, res) => {
    const subscription = marketplace.resolve(req.get('x-ms-marketplace-token') ?? '');
    const { id, name, offerId, planId, quantity } = subscription;
    res.json({ id, subscriptionName: name, offerId, planId, ...(quantity !== null && { quantity }), subscription: present(subscription) });
  });

  router.get('/saas/subscriptions', (req, res) => {
    const { subscriptions } = marketplace.ledger;
    if (subscriptions.length === 0) {
      res.status(200).end();
      return;
    }
    const from = startOfPage(req.query.continuationToken);
    const to = from + (traps.set.shortPages ? SHORT_PAGE : PAGE_SIZE);
    const next = to < subscriptions.length ? continuation(to) : undefined;
    res.json({
      subscriptions: subscriptions.slice(Math.ceil(from), Math.ceil(to)).map(present),
      ...(next && { '@nextLink': `${nextLinkBase()}?continuationToken=${next}&api-version=${API_VERSION}` }),
    });
  });

  router.get('/saas/subscriptions/:id', (req, res) => {
    res.json(present(findSubscription(marketplace.ledger, req.params.id)));
  });

  router.post('/saas/subscriptions/:id/activate', async (req, res) => {
    await marketplace.activate(req.params.id, parse(Stated, req.body ?? {}));
    res.status(200).end();
  });

  router.get('/saas/subscriptions/:id/listAvailablePlans', (req, res) => {
    const subscription = findSubscription(marketplace.ledger, req.params.id);
    if (subscription.status === 'Unsubscribed') throw new MarketplaceRefusal(403, 'The subscription has ended.');
    const { planId } = req.query;
    const plans = availablePlans(marketplace.plans, subscription).filter((plan) => planId === undefined || plan.planId === planId);
    res.json({ plans: plans.map((plan) => presentPlan(plan, marketplace.plans)) });
  });

  router.patch('/saas/subscriptions/:id', refuseLocked, async (req, res) => {
    const { planId, quantity } = parse(Change, req.body);
    accepted(res, await marketplace.change(req.params.id, { planId, quantity }, 'Partner'));
  });

  router.delete('/saas/subscriptions/:id', refuseLocked, async (req, res) => {
    accepted(res, await marketplace.cancel(req.params.id, 'Partner'));
  });

  router.get('/saas/subscriptions/:id/operations', (req, res) => {
    const { id } = findSubscription(marketplace.ledger, req.params.id);
    const open = marketplace.ledger.operations.filter((one) => one.subscriptionId === id && one.status === 'InProgress');
    res.json(open.length === 0 ? {} : { operations: open.map(presentOperation) });
  });

  router.get('/saas/subscriptions/:id/operations/:operationId', (req, res) => {
    const { id } = findSubscription(marketplace.ledger, req.params.id);
    const { operations } = marketplace.ledger;
    const operation = operations.find((one) => one.id === req.params.operationId && one.subscriptionId === id && isReadable(one));
    if (traps.catches('hideOperations')) throw new MarketplaceRefusal(400, 'The operation is not found.');
    if (!operation) throw new MarketplaceRefusal(404, 'The operation is not found.');
    res.json(presentOperation(operation));
  });

  router.patch('/saas/subscriptions/:id/operations/:operationId', async (req, res) => {
    const { status } = parse(Acknowledgement, req.body);
    await marketplace.acknowledge(req.params.id, req.params.operationId, status === 'Success');
    res.status(200).end();
  });

  router.use(() => {
    throw new MarketplaceRefusal(404, 'There is no such address.');
  });
  router.use(answerRefusal);

  function refuseLocked(_req: Request<{ id: string }>, _res: Response, next: NextFunction): void {
    if (traps.catches('conflict409')) throw new MarketplaceRefusal(409, 'Another operation on this subscription is in progress.');
    next();
  }

  function accepted(res: Response, operation: Operation): void {
    if (traps.catches('loseAnswers')) {
      res.status(503).end();
      return;
    }
    const link = `${linkBase()}/${operation.subscriptionId}/operations/${operation.id}?api-version=${API_VERSION}`;
    res.status(202).set({ 'Operation-Location': link, 'Operation-Id': operation.id, 'Retry-After': '10' }).end();
  }

  return router;
}

function answerRefusal(error: unknown, _req: Request, res: Response, next: NextFunction): void {
  const status = error instanceof MarketplaceRefusal ? error.status : (error as { status?: unknown }).status;
  if (typeof status !== 'number' || status >= 500) {
    next(error);
    return;
  }
  const code = { 400: 'BadArgument', 403: 'Forbidden', 404: 'NotFound', 409: 'Conflict' }[status] ?? 'BadArgument';
  res.status(status).json({ code, message: (error as Error).message });
}

function parse<T>(schema: z.ZodType<T>, body: unknown): T {
  const parsed = schema.safeParse(body);
  if (!parsed.success) throw new MarketplaceRefusal(400, `The body is not valid: ${z.prettifyError(parsed.error)}`);
  return parsed.data;
}

/** A plan with all the terms it is sold at. */
function presentPlan(plan: SandboxPlan, plans: SandboxPlan[]): object {
  const terms = plans.filter(({ planId }) => planId === plan.planId);
  return {
    planId: plan.planId,
    displayName: plan.name,
    description: plan.description,
    isPrivate: false,
    ...(plan.seats && { minQuantity: plan.seats.min, maxQuantity: plan.seats.max }),
    hasFreeTrials: false,
    isPricePerSeat: Boolean(plan.seats),
    isStopSell: false,
    market: 'DE',
    planComponents: {
      recurrentBillingTerms: terms.map(({ currency, priceMinor, termUnit }) => ({
        currency,
        price: priceMinor / 100,
        termUnit,
        termDescription: termUnit === 'P1Y' ? '1 Year Subscription' : '1 Month Subscription',
        meteredQuantityIncluded: [],
      })),
      meteringDimensions: [],
    },
    sourceOffers: [],
  };
}

/** Continuation tokens are escaped JSON, like the real ones: opaque, and broken by a reader that escapes them again. */
function continuation(from: number): string {
  return encodeURIComponent(JSON.stringify({ token: `+RID:~${from}`, from })).toLowerCase();
}

function startOfPage(token: unknown): number {
  if (token === undefined || token === '') return 0;
  try {
    const { from } = JSON.parse(String(token)) as { from?: unknown };
    if (typeof from === 'number' && from >= 0) return from;
  } catch {
    // falls through to the refusal
  }
  throw new MarketplaceRefusal(400, 'The continuation token is not valid.');
}
