import type { Watch } from '../../../features/operator/marketplace';
import type { OperatorActor } from '../../../platform/actor';
import type { ApiRoute } from '../../api-route';
import { operatorBillingRoutes } from './billing';
import { operatorDeviationRoutes } from './deviations';
import { operatorMarketplaceRoutes } from './marketplace';
import { operatorMeteringRoutes } from './metering';
import { operatorTenantRoutes } from './tenants';

/** Every line of /api/operator/v1; a file of routes that is not named here does not exist. */
export const operatorRoutes = (watch: Watch): ApiRoute<OperatorActor>[] => [
  ...operatorTenantRoutes,
  ...operatorDeviationRoutes,
  ...operatorBillingRoutes,
  ...operatorMarketplaceRoutes(watch),
  ...operatorMeteringRoutes,
];
