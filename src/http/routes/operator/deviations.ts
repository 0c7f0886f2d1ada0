import {
  NewOverride,
  NewSupportGrant,
  OperatorDecision,
  Override,
  OverrideClearance,
  Standing,
  SupportGrant,
  Unlock,
} from '../../../contract/operator';
import { Request } from '../../../contract/requests';
import { clearOverrideFor, decideUnlock, grantSupport, setOverrideFor, unlockFor } from '../../../features/operator/deviations';
import type { OperatorActor } from '../../../platform/actor';
import { type ApiRoute, idParams, operatorRoute } from '../../api-route';

const params = idParams('tenantId');

export const operatorDeviationRoutes: ApiRoute<OperatorActor>[] = [
  operatorRoute({
    method: 'post',
    path: '/tenants/:tenantId/unlocks',
    summary: 'Unlock what waits of a meter, before it is paid and for this organization alone. For support',
    params,
    body: Unlock,
    answer: Standing,
    run: ({ ctx, actor, params, body }) => unlockFor(ctx, actor, params.tenantId, body),
  }),
  operatorRoute({
    method: 'post',
    path: '/tenants/:tenantId/unlock-requests/:requestId/decision',
    summary: 'Grant or refuse an early unlock that was asked for; granting it unlocks. For support',
    params: idParams('tenantId', 'requestId'),
    body: OperatorDecision,
    answer: Request,
    run: ({ ctx, actor, params, body }) => decideUnlock(ctx, actor, params, body),
  }),
  operatorRoute({
    method: 'post',
    path: '/tenants/:tenantId/grants',
    summary: 'Give units beside the plan, for a time. For support',
    params,
    body: NewSupportGrant,
    answer: SupportGrant,
    creates: true,
    run: ({ ctx, actor, params, key, body }) => grantSupport(ctx, actor, params.tenantId, { clientKey: key }, body),
  }),
  operatorRoute({
    method: 'post',
    path: '/tenants/:tenantId/overrides',
    summary: 'Let one field of a meter’s policy be otherwise than the plan says, for a time. For support',
    params,
    body: NewOverride,
    answer: Override,
    run: ({ ctx, actor, params, body }) => setOverrideFor(ctx, actor, params.tenantId, body),
  }),
  operatorRoute({
    method: 'post',
    path: '/tenants/:tenantId/overrides/clear',
    summary: 'Let the plan’s word hold again. For support',
    params,
    body: OverrideClearance,
    answer: null,
    run: ({ ctx, actor, params, body }) => clearOverrideFor(ctx, actor, params.tenantId, body),
  }),
];
