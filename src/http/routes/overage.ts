import { z } from 'zod';
import { Overage, OverageAgreement } from '../../contract/metering';
import { Meter } from '../../contract/meters';
import { agreeToOverage, endOverage, viewOverage } from '../../features/metering/agree-to-overage';
import { type ApiRoute, route } from '../api-route';

const params = z.object({ meter: Meter });

export const overageRoutes: ApiRoute[] = [
  route({
    method: 'get',
    path: '/overage',
    summary: 'Meters of which more than the included amount can be used, billed by Microsoft, and whether this organization agreed',
    answer: z.object({ items: z.array(Overage) }),
    run: ({ ctx, actor }) => viewOverage(ctx, actor),
  }),
  route({
    method: 'put',
    path: '/overage/:meter',
    summary: 'Agree to be billed by Microsoft beyond the included amount, up to a cap, or change the cap; for owners and admins',
    params,
    body: OverageAgreement,
    answer: Overage,
    run: ({ ctx, actor, params, body }) => agreeToOverage(ctx, actor, { meter: params.meter, cap: body.cap }),
  }),
  route({
    method: 'delete',
    path: '/overage/:meter',
    summary: 'End the agreement: the limit refuses again, and what was used until now is billed; for owners and admins',
    params,
    answer: z.object({ items: z.array(Overage) }),
    run: ({ ctx, actor, params }) => endOverage(ctx, actor, params.meter),
  }),
];
