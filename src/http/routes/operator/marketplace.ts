import { z } from 'zod';
import { page } from '../../../contract/common';
import {
  CallQuery,
  Drift,
  DriftQuery,
  EventParams,
  EventQuery,
  MarketplaceCallView,
  MarketplaceEventDetails,
  MarketplaceEventView,
  MarketplaceStatus,
  PendingPurchaseView,
  SelfTest,
} from '../../../contract/marketplace-log';
import { marketplaceStatus, replayEvent, showEvent, testWebhook, type Watch } from '../../../features/operator/marketplace';
import { searchCalls, searchDrift, searchEvents } from '../../../features/subscriptions/marketplace-log';
import { pendingPurchases } from '../../../features/subscriptions/pending-purchases';
import type { OperatorActor } from '../../../platform/actor';
import { ok } from '../../../platform/result';
import { type ApiRoute, operatorRoute } from '../../api-route';

export const operatorMarketplaceRoutes = (watch: Watch): ApiRoute<OperatorActor>[] => [
  operatorRoute({
    method: 'get',
    path: '/marketplace/status',
    summary: 'What of the marketplace needs somebody, with the figures behind it',
    answer: MarketplaceStatus,
    run: async ({ ctx }) => ok(await marketplaceStatus(ctx, watch)),
  }),
  operatorRoute({
    method: 'get',
    path: '/marketplace/events',
    summary: 'Webhooks of the marketplace with what became of them, newest first',
    query: EventQuery,
    answer: page(MarketplaceEventView),
    run: async ({ ctx, query }) => ok(await searchEvents(ctx, query)),
  }),
  operatorRoute({
    method: 'get',
    path: '/marketplace/events/:eventId',
    summary: 'One webhook with everything that came',
    params: EventParams,
    answer: MarketplaceEventDetails,
    run: ({ ctx, params }) => showEvent(ctx, params.eventId),
  }),
  operatorRoute({
    method: 'post',
    path: '/marketplace/events/:eventId/replay',
    summary: 'Apply an event once more, as the first time; harmless however often. For support',
    params: EventParams,
    answer: MarketplaceEventDetails,
    run: ({ ctx, actor, params, body }) => replayEvent(ctx, watch, actor, params.eventId, body.reason),
  }),
  operatorRoute({
    method: 'get',
    path: '/marketplace/calls',
    summary: 'Calls to the marketplace with their outcome and both ids, newest first; kept for 90 days',
    query: CallQuery,
    answer: page(MarketplaceCallView),
    run: async ({ ctx, query }) => ok(await searchCalls(ctx, query)),
  }),
  operatorRoute({
    method: 'get',
    path: '/marketplace/drift',
    summary: 'Subscriptions that are not, or were not, what the marketplace says: what differs, since when, mended or not',
    query: DriftQuery,
    answer: page(Drift),
    run: async ({ ctx, query }) => ok(await searchDrift(ctx, query)),
  }),
  operatorRoute({
    method: 'get',
    path: '/marketplace/pending',
    summary: 'Purchases that nobody has activated, the one that lapses first on top',
    answer: z.object({ items: z.array(PendingPurchaseView) }),
    run: async ({ ctx }) => ok({ items: await pendingPurchases(ctx) }),
  }),
  operatorRoute({
    method: 'post',
    path: '/marketplace/self-test',
    summary: 'Send a sample event to our own public address and say what arrived. For support',
    answer: SelfTest,
    run: ({ ctx, actor, body }) => testWebhook(ctx, watch, actor, body.reason),
  }),
];
