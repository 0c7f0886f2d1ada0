import { z } from 'zod';
import { Id } from '../../contract/common';
import { Meter, StockMeter } from '../../contract/meters';
import { ExplainQuery, Explanation, NoticeDismissal, ShareChange, Shares, Usage } from '../../contract/usage';
import { bannerFor, dismissBanner } from '../../features/notices/banners';
import { listShares, setShare } from '../../features/shares/shares';
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
    method: 'get',
    path: '/usage/:meter/shares',
    summary: 'Which teams have a share of a quota, and how much of it they have used',
    params: z.object({ meter: Meter }),
    answer: Shares,
    run: ({ ctx, actor, params }) => listShares(ctx, actor, params.meter),
  }),
  route({
    method: 'put',
    path: '/usage/:meter/shares/:teamId',
    summary: 'Give a team its share of a quota, where the plan lets admins do so; null takes it away',
    params: z.object({ meter: Meter, teamId: Id }),
    body: ShareChange,
    answer: Shares,
    run: ({ ctx, actor, params, body }) => setShare(ctx, actor, { ...params, ...body }),
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
