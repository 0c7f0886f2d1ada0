import { page } from '../../contract/common';
import { NewOpportunity, Opportunity, OpportunityPatch, OpportunityQuery } from '../../contract/opportunities';
import { createOpportunity } from '../../features/crm/create-opportunity';
import { getOpportunity, listOpportunities, updateOpportunity } from '../../features/crm/opportunities';
import { type ApiRoute, idParams, route } from '../api-route';

const params = idParams('opportunityId');

export const opportunityRoutes: ApiRoute[] = [
  route({
    method: 'get',
    path: '/opportunities',
    summary: 'Opportunities, newest first',
    query: OpportunityQuery,
    answer: page(Opportunity),
    run: ({ ctx, actor, query }) => listOpportunities(ctx, actor, query),
  }),
  route({
    method: 'post',
    path: '/opportunities',
    summary: 'Create an opportunity; counts one of the opportunities meter',
    body: NewOpportunity,
    answer: Opportunity,
    creates: true,
    run: ({ ctx, actor, key, body }) => createOpportunity(ctx, actor, { clientKey: key }, body),
  }),
  route({
    method: 'get',
    path: '/opportunities/:opportunityId',
    summary: 'One opportunity',
    params,
    answer: Opportunity,
    run: ({ ctx, actor, params }) => getOpportunity(ctx, actor, params.opportunityId),
  }),
  route({
    method: 'patch',
    path: '/opportunities/:opportunityId',
    summary: 'Change an opportunity or move it to another stage; works at the limit',
    params,
    body: OpportunityPatch,
    answer: Opportunity,
    changes: true,
    run: ({ ctx, actor, params, body, revision }) => updateOpportunity(ctx, actor, params.opportunityId, body, revision),
  }),
];
