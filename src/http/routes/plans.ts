import { PlanList } from '../../contract/plans';
import { showPlans } from '../../features/subscriptions/show-plans';
import { type ApiRoute, route } from '../api-route';

export const planRoutes: ApiRoute[] = [
  route({
    method: 'get',
    path: '/plans',
    summary:
      'Every plan on offer with its prices, what it grants and what holds for it, beside the plan one has; known before anything is bought',
    answer: PlanList,
    run: ({ ctx, actor }) => showPlans(ctx, actor),
  }),
];
