import { NoticeDismissal, Usage } from '../../contract/usage';
import { bannerFor, dismissBanner } from '../../features/notices/banners';
import { readUsage } from '../../features/usage/read-usage';
import { type ApiRoute, route } from '../api-route';

export const usageRoutes: ApiRoute[] = [
  route({
    method: 'get',
    path: '/usage',
    summary: 'Used, limit and grants of each meter: what admission decides by, at this instant',
    answer: Usage,
    run: ({ ctx, actor }) => readUsage(ctx, actor, bannerFor),
  }),
  route({
    method: 'post',
    path: '/usage/dismissals',
    summary: 'Take a warning off one’s own screen',
    body: NoticeDismissal,
    answer: null,
    run: ({ ctx, actor, body }) => dismissBanner(ctx, actor, body.key),
  }),
];
