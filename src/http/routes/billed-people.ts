import { z } from 'zod';
import { BILLED_KINDS, BilledMonth, BilledMonths, BilledQuery, BilledUnits, Month } from '../../contract/billed-people';
import { CSV, exportBilled, XLSX } from '../../features/billed-people/export-billed';
import { listBilled, listBilledMonths, viewUnits } from '../../features/billed-people/list-billed';
import { type ApiRoute, route } from '../api-route';

const params = z.object({ month: Month });
const WORDS = { people: 'the people', teams: 'the teams' };

export const billedPeopleRoutes: ApiRoute[] = [
  route({
    method: 'get',
    path: '/billing/units',
    summary: 'What a plan may count, as of now: teams, members by class, and whom the plan calls active; for whoever sees bills',
    answer: BilledUnits,
    run: ({ ctx, actor }) => viewUnits(ctx, actor),
  }),
  route({
    method: 'get',
    path: '/billing/months',
    summary: 'The billing months of the organization, newest first; for whoever sees bills',
    answer: BilledMonths,
    run: ({ ctx, actor }) => listBilledMonths(ctx, actor),
  }),
  ...BILLED_KINDS.flatMap((kind) => [
    ...(['csv', 'xlsx'] as const).map((format) =>
      route({
        method: 'get',
        path: `/billing/${kind}/:month.${format}`,
        summary: `Export ${WORDS[kind]} billed in a month that is over, the same whenever it is asked for`,
        params,
        answer: null,
        file: [format === 'csv' ? CSV : XLSX],
        run: ({ ctx, actor, params }) => exportBilled(ctx, actor, kind, params.month, format),
      }),
    ),
    route({
      method: 'get',
      path: `/billing/${kind}/:month`,
      summary: `List ${WORDS[kind]} billed in a month; of the running one what it would be by now`,
      params,
      query: BilledQuery,
      answer: BilledMonth,
      run: ({ ctx, actor, params, query }) => listBilled(ctx, actor, kind, params.month, query),
    }),
  ]),
];
