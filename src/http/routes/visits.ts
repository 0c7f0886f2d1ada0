import { noteVisit } from '../../features/members/note-visit';
import type { ApiRoute } from '../api-route';

/** Whoever was answered was here. */
export const noteVisits = (routes: readonly ApiRoute[]): ApiRoute[] =>
  routes.map((one) => ({
    ...one,
    async run(call) {
      const result = await one.run(call);
      if (result.ok) await noteVisit(call.ctx, call.actor);
      return result;
    },
  }));
