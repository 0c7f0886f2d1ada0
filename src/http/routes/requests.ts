import { page } from '../../contract/common';
import { Decision, Request, RequestQuery } from '../../contract/requests';
import { decideLicenseRequest } from '../../features/licenses/decide-license-request';
import { listRequests } from '../../features/requests/requests';
import { type ApiRoute, idParams, route } from '../api-route';

export const requestRoutes: ApiRoute[] = [
  route({
    method: 'get',
    path: '/requests',
    summary: 'What was asked for, newest first: owners and admins see all, others their own',
    query: RequestQuery,
    answer: page(Request),
    run: ({ ctx, actor, query }) => listRequests(ctx, actor, query),
  }),
  route({
    method: 'post',
    path: '/requests/:requestId/decision',
    summary: 'Grant or refuse a request for a license; the same decision again changes nothing. For owners and admins',
    params: idParams('requestId'),
    body: Decision,
    answer: Request,
    run: ({ ctx, actor, params, body }) => decideLicenseRequest(ctx, actor, params.requestId, body),
  }),
];
