import type { ApiRoute } from '../api-route';
import { billedPeopleRoutes } from './billed-people';
import { billingRoutes } from './billing';
import { checklistRoutes } from './checklists';
import { draftRoutes } from './drafts';
import { licenseRoutes } from './licenses';
import { memberRoutes } from './members';
import { opportunityRoutes } from './opportunities';
import { overageRoutes } from './overage';
import { planChangeRoutes } from './plan-changes';
import { planRoutes } from './plans';
import { requestRoutes } from './requests';
import { resourceRoutes } from './resources';
import { subscriptionRoutes } from './subscriptions';
import { supportRoutes } from './support';
import { teamRoutes } from './teams';
import { ticketRoutes } from './tickets';
import { upToDate } from './up-to-date';
import { usageRoutes } from './usage';
import { noteVisits } from './visits';

/** Every line of /api/v1; a file of routes that is not named here does not exist. */
export const apiRoutes = (links: Parameters<typeof memberRoutes>[0] & { mailIsOn?: boolean }): ApiRoute[] =>
  noteVisits([
    ...memberRoutes(links),
    ...usageRoutes,
    ...teamRoutes,
    ...ticketRoutes,
    ...checklistRoutes,
    ...opportunityRoutes,
    ...draftRoutes,
    ...licenseRoutes,
    ...requestRoutes,
    ...planRoutes,
    ...upToDate([...subscriptionRoutes, ...planChangeRoutes, ...resourceRoutes]),
    ...billedPeopleRoutes,
    ...billingRoutes({ supportContact: links.supportContact, mailIsOn: links.mailIsOn ?? false }),
    ...overageRoutes,
    ...supportRoutes(links),
  ]);
