import express, { type Request, type RequestHandler, type Response, Router } from 'express';
import { z } from 'zod';
import { line } from '../../contract/common';
import type { ProblemCode } from '../../contract/refusals';
import type { EventRunner } from '../../features/subscriptions/event-runner';
import type { Selling } from '../../features/subscriptions/marketplace.port';
import { receiveMarketplaceEvent } from '../../features/subscriptions/receive-event';
import type { Context } from '../../platform/context';
import { parse } from '../parse';
import { localeOf, sendProblem, toProblem } from '../respond';
import type { createMarketplaceVerifier } from '../verify-marketplace-token';

export interface WebhookDeps {
  ctx: Context;
  selling: Selling;
  events: EventRunner;
  verify: ReturnType<typeof createMarketplaceVerifier>;
}

const BODY_LIMIT = '256kb';

/** Ids become keys and parts of paths. */
const EventId = z
  .string()
  .trim()
  .regex(/^[A-Za-z0-9][\w-]{0,99}$/u, 'must be an id');

/** Only these may be assumed; the rest grows and is kept as it comes. Source: SaaS fulfillment API v2, webhook. */
const Webhook = z.looseObject({
  id: EventId,
  subscriptionId: EventId,
  action: line(100),
  planId: z.unknown().optional(),
  quantity: z.unknown().optional(),
});

/** `POST /webhook`: the marketplace announces. Verified before anything is read; answered before any other system is asked. */
export function marketplaceWebhookRoutes({ ctx, selling, events, verify }: WebhookDeps): Router {
  const callerOf = async (header: string | undefined) => {
    if (!header) return 'token_missing';
    const token = /^Bearer +([\w-]+\.[\w-]+\.[\w-]+)$/iu.exec(header.trim())?.[1];
    return token ? verify(token) : 'token_invalid';
  };
  /** Answered here, so that the metric of refused webhooks has the route's name. */
  const authenticate: RequestHandler = async (req, res, next) => {
    const caller = await callerOf(req.get('authorization'));
    if (caller === 'genuine') next();
    else sendProblem(req, res, caller);
  };

  const router = Router();
  router.post('/webhook', authenticate, express.json({ limit: BODY_LIMIT, type: () => true }), async (req, res) => {
    const body = parse(Webhook, eventOf(req.body ?? null));
    const { eventId, answer, refusal } = await receiveMarketplaceEvent(ctx, selling, {
      id: body.id,
      subscriptionId: body.subscriptionId,
      action: body.action,
      planId: typeof body.planId === 'string' ? body.planId.trim() || null : null,
      quantity: numberOf(body.quantity),
      payload: body,
      requestId: idOf(req.get('x-ms-requestid')),
      correlationId: idOf(req.get('x-ms-correlationid')),
    });
    if (answer === 'refuse') refuse(req, res, refusal ?? { code: 'plan_unknown', planId: body.planId });
    else res.status(200).json({});
    events.applySoon(eventId);
  });
  router.all('/webhook', (_req, res, next) => {
    res.setHeader('Allow', 'POST');
    res.locals.knownPath = true;
    next();
  });
  return router;
}

const OF_EVENT = ['id', 'subscriptionId', 'action', 'planId', 'quantity', 'subscription'];
const OF_SUBSCRIPTION = ['planId', 'quantity'];

type Fields = Record<string, unknown>;
const isRecord = (value: unknown): value is Fields => value !== null && typeof value === 'object' && !Array.isArray(value);

/** A webhook with what we read of it under the names we read; all else as it came. */
function eventOf(body: unknown): unknown {
  if (!isRecord(body)) return body;
  const event = spelled(body, OF_EVENT);
  return isRecord(event.subscription) ? { ...event, subscription: spelled(event.subscription, OF_SUBSCRIPTION) } : event;
}

/** Without regard to case and to what joins the words of a name. */
function spelled(fields: Fields, names: readonly string[]): Fields {
  const said = new Map(Object.entries(fields).map(([name, value]) => [name.toLowerCase().replace(/[-_\s]/gu, ''), value]));
  const known = names.filter((name) => said.has(name.toLowerCase()));
  return { ...fields, ...Object.fromEntries(known.map((name) => [name, said.get(name.toLowerCase())])) };
}

/** Only this status is documented as a refusal. */
function refuse(req: Request, res: Response, { code, ...facts }: { code: ProblemCode; [fact: string]: unknown }): void {
  const problem = toProblem(code, facts, localeOf(req), undefined);
  res
    .status(400)
    .type('application/problem+json')
    .send(JSON.stringify({ ...problem, status: 400 }));
}

/** A number that may come as text. */
function numberOf(said: unknown): number | null {
  const number = typeof said === 'string' && said.trim() !== '' ? Number(said) : said;
  return typeof number === 'number' && Number.isSafeInteger(number) ? number : null;
}

/** An id of theirs for our logs, when it is one. */
const idOf = (header: string | undefined): string | null => (header && /^[\w-]{1,100}$/u.test(header) ? header : null);
