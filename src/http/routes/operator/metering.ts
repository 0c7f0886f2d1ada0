import { z } from 'zod';
import { UsageDifference, UsageReport, UsageReportQuery } from '../../../contract/metering';
import { overseeDifferences, overseeReports, resumeMetering } from '../../../features/metering/oversee-reports';
import type { OperatorActor } from '../../../platform/actor';
import { ok } from '../../../platform/result';
import { type ApiRoute, idParams, operatorRoute } from '../../api-route';

export const operatorMeteringRoutes: ApiRoute<OperatorActor>[] = [
  operatorRoute({
    method: 'get',
    path: '/metering/reports',
    summary: 'What was reported to Microsoft as usage, the newest hour first; flagged: only what somebody should look at',
    query: UsageReportQuery,
    answer: z.object({ items: z.array(UsageReport) }),
    run: async ({ ctx, query }) => ok({ items: await overseeReports(ctx, { ...query, flagged: query.flagged === 'true' }) }),
  }),
  operatorRoute({
    method: 'get',
    path: '/metering/differences',
    summary: 'Days on which Microsoft’s account of a dimension is not ours, or rejected some of it',
    answer: z.object({ items: z.array(UsageDifference) }),
    run: async ({ ctx }) => ok({ items: await overseeDifferences(ctx) }),
  }),
  operatorRoute({
    method: 'post',
    path: '/tenants/:tenantId/metering/:subscriptionId/resume',
    summary: 'Let the meters of a subscription go on after what Microsoft refused was mended; all that is due is reported. For support',
    params: idParams('tenantId', 'subscriptionId'),
    answer: z.object({ resumed: z.array(z.string()) }),
    run: ({ ctx, actor, params, body }) => resumeMetering(ctx, actor, params, body.reason),
  }),
];
