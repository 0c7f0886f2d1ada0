import { Help, HelpQuery } from '../../contract/help';
import { Request } from '../../contract/requests';
import { NewSupportMessage, NewUnlockRequest, SupportMessage } from '../../contract/support';
import { explainPlans } from '../../features/help/explain-plans';
import { askEarlyUnlock } from '../../features/support/ask-early-unlock';
import { contactSupport } from '../../features/support/contact-support';
import { type ApiRoute, route } from '../api-route';

export const supportRoutes = ({ supportContact }: { supportContact: string }): ApiRoute[] => [
  route({
    method: 'get',
    path: '/help/plans',
    summary:
      'How one’s own plans work, in the reader’s language: what counts, what happens at the limit, when it resets, what a change costs',
    query: HelpQuery,
    answer: Help,
    run: ({ ctx, actor, query }) => explainPlans(ctx, actor, query.meter ?? null, supportContact),
  }),
  route({
    method: 'post',
    path: '/support',
    summary: 'Ask the publisher; the organization’s id and how every meter stands go along',
    body: NewSupportMessage,
    answer: SupportMessage,
    creates: true,
    run: ({ ctx, actor, key, body }) => contactSupport(ctx, actor, { clientKey: key }, body, supportContact),
  }),
  route({
    method: 'post',
    path: '/unlock-requests',
    summary: 'Ask the publisher to unlock early what waits for a payment; asked again it is the same request. For owners and admins',
    body: NewUnlockRequest,
    answer: Request,
    run: ({ ctx, actor, body }) => askEarlyUnlock(ctx, actor, body.meter, supportContact),
  }),
];
