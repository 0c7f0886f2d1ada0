import { z } from 'zod';
import { StockMeter } from '../../contract/meters';
import { ExplainQuery, Explanation, NoticeDismissal, Usage } from '../../contract/usage';
import { bannerFor, dismissBanner } from '../../features/notices/banners';
import { explain } from '../../features/usage/explain';
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
    method: 'get',
    path: '/usage/:meter',
    summary: 'Everything behind a meter’s numbers at an instant: each grant, its state, reason and unlock rule, in words',
    params: z.object({ meter: StockMeter }),
    query: ExplainQuery,
    answer: Explanation,
    run: ({ ctx, actor, params, query }) =>
      explain(ctx, actor, { meter: params.meter, at: query.at === undefined ? undefined : new Date(query.at) }),
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
