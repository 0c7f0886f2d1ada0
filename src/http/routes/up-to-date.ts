import { bringUpToDate } from '../../features/plan-changes/roll-contracts';
import type { ApiRoute } from '../api-route';

/** Lines of the API that show or change what the renewal of a contract changes: it is renewed first, if it is due. */
export const upToDate = (routes: readonly ApiRoute[]): ApiRoute[] =>
  routes.map((one) => ({
    ...one,
    async run(call) {
      await bringUpToDate(call.ctx, call.actor.tenantId);
      return one.run(call);
    },
  }));
