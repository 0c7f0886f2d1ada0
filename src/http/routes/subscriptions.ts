import { z } from 'zod';
import { NewContract, PlanOffer, Subscription } from '../../contract/subscriptions';
import { listOffers } from '../../features/plans/list-offers';
import { buyContract } from '../../features/subscriptions/buy-contract';
import { mySubscriptions } from '../../features/subscriptions/list-subscriptions';
import { ok } from '../../platform/result';
import { type ApiRoute, route } from '../api-route';

export const subscriptionRoutes: ApiRoute[] = [
  route({
    method: 'get',
    path: '/plans',
    summary: 'Every plan on offer with its prices and what it grants; known before anything is bought',
    answer: z.object({ items: z.array(PlanOffer) }),
    run: async ({ ctx, actor }) => ok({ items: await listOffers(ctx, actor.locale ?? 'en') }),
  }),
  route({
    method: 'get',
    path: '/subscriptions',
    summary: 'The organization’s subscriptions, from the marketplace and direct, the best standing first',
    answer: z.object({ items: z.array(Subscription) }),
    run: ({ ctx, actor }) => mySubscriptions(ctx, actor),
  }),
  route({
    method: 'post',
    path: '/subscriptions',
    summary: 'Buy a plan that is sold directly, at the price that was shown; for owners and admins, or the first buyer of an organization',
    body: NewContract,
    answer: Subscription,
    creates: true,
    run: ({ ctx, actor, key, body }) => buyContract(ctx, actor, { clientKey: key }, body, async () => {}),
  }),
];
