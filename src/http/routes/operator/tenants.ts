import { z } from 'zod';
import { TenantFound, TenantQuery } from '../../../contract/operator';
import { searchTenants } from '../../../features/operator/find-tenants';
import type { OperatorActor } from '../../../platform/actor';
import { ok } from '../../../platform/result';
import { type ApiRoute, operatorRoute } from '../../api-route';

export const operatorTenantRoutes: ApiRoute<OperatorActor>[] = [
  operatorRoute({
    method: 'get',
    path: '/tenants',
    summary: 'Organizations by a part of their name, their id, or the id of a subscription',
    query: TenantQuery,
    answer: z.object({ items: z.array(TenantFound) }),
    run: async ({ ctx, query }) => ok({ items: await searchTenants(ctx, query.q) }),
  }),
];
