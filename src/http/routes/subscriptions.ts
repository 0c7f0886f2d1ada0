import { z } from 'zod';
import { NewContract, Subscription } from '../../contract/subscriptions';
import { billStart } from '../../features/billing/bill-start';
import { buyContract } from '../../features/subscriptions/buy-contract';
import { exportData } from '../../features/subscriptions/export-data';
import { mySubscriptions } from '../../features/subscriptions/list-subscriptions';
import { type ApiRoute, route } from '../api-route';

export const subscriptionRoutes: ApiRoute[] = [
  route({
    method: 'get',
    path: '/export',
    summary:
      'Everything that is stored of the organization, as one JSON file; also after the subscription has ended, as long as data is kept',
    answer: null,
    file: ['application/json'],
    run: ({ ctx, actor }) => exportData(ctx, actor),
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
    run: ({ ctx, actor, key, body }) => buyContract(ctx, actor, { clientKey: key }, body, billStart),
  }),
];
