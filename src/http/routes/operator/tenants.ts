import { z } from 'zod';
import { StockMeter } from '../../../contract/meters';
import { ContractEnd, ContractStart, TenantFacts, TenantFound, TenantQuery, TenantView, WaitingRequest } from '../../../contract/operator';
import { Subscription } from '../../../contract/subscriptions';
import { ExplainQuery, Explanation } from '../../../contract/usage';
import { billStart } from '../../../features/billing/bill-start';
import { endContractFor, startContractFor } from '../../../features/operator/contracts';
import { searchTenants, waitingRequests } from '../../../features/operator/search';
import { explainFor, registerTenant, viewTenant } from '../../../features/operator/tenants';
import { endOfContract } from '../../../features/plan-changes/end-of-contract';
import { bringUpToDate } from '../../../features/plan-changes/roll-contracts';
import type { OperatorActor } from '../../../platform/actor';
import { ok } from '../../../platform/result';
import { type ApiRoute, idParams, operatorRoute } from '../../api-route';

const params = idParams('tenantId');

export const operatorTenantRoutes: ApiRoute<OperatorActor>[] = [
  operatorRoute({
    method: 'get',
    path: '/tenants',
    summary: 'Organizations by a part of their name, their id, or the id of a subscription',
    query: TenantQuery,
    answer: z.object({ items: z.array(TenantFound) }),
    run: async ({ ctx, query }) => ok({ items: await searchTenants(ctx, query.q) }),
  }),
  operatorRoute({
    method: 'get',
    path: '/tenants/:tenantId',
    summary: 'One organization: its subscriptions and what it waits for. Looking is written into its audit log',
    params,
    answer: TenantView,
    run: ({ ctx, actor, params }) => viewTenant(ctx, actor, params.tenantId),
  }),
  operatorRoute({
    method: 'get',
    path: '/tenants/:tenantId/usage/:meter',
    summary: 'Everything behind a meter’s numbers, now or at an instant, as the organization sees it',
    params: params.extend({ meter: StockMeter }),
    query: ExplainQuery,
    answer: Explanation,
    run: ({ ctx, actor, params, query }) => explainFor(ctx, actor, params, query.at === undefined ? undefined : new Date(query.at)),
  }),
  operatorRoute({
    method: 'put',
    path: '/tenants/:tenantId',
    summary: 'Make an organization known, or correct what it is called. For accounting',
    params,
    body: TenantFacts,
    answer: TenantView,
    run: ({ ctx, actor, params, body: { reason, ...facts } }) => registerTenant(ctx, actor, params.tenantId, facts, reason),
  }),
  operatorRoute({
    method: 'get',
    path: '/requests',
    summary: 'What waits for the publisher’s decision, of all organizations, oldest first',
    answer: z.object({ items: z.array(WaitingRequest) }),
    run: async ({ ctx }) => ok({ items: await waitingRequests(ctx) }),
  }),
  operatorRoute({
    method: 'post',
    path: '/tenants/:tenantId/contracts',
    summary: 'Begin a contract that was agreed elsewhere; issues its first bill. For accounting',
    params,
    body: ContractStart,
    answer: Subscription,
    creates: true,
    run: ({ ctx, actor, params, key, body }) => startContractFor(ctx, actor, params.tenantId, { clientKey: key }, body, billStart),
  }),
  operatorRoute({
    method: 'post',
    path: '/tenants/:tenantId/contracts/:subscriptionId/end',
    summary: 'End a contract at once or with its term. For accounting',
    params: idParams('tenantId', 'subscriptionId'),
    body: ContractEnd,
    answer: Subscription,
    // What is over is renewed and billed first, so that an end closes the running term alone.
    async run({ ctx, actor, params, body }) {
      await bringUpToDate(ctx, params.tenantId);
      return endContractFor(ctx, actor, params, body, endOfContract);
    },
  }),
];
