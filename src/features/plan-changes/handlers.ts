import type { Context } from '../../platform/context';
import type { Announcements } from '../notices/messages.port';
import type { OutboxHandler } from '../outbox/outbox';
import type { Selling } from '../subscriptions/marketplace.port';
import { SUBSCRIPTION_CHANGED } from '../subscriptions/subscription-changed';
import { CHANGE_NOTICE, tellChange } from './change-notices';
import { followMarketplace, SEND_CHANGE, sendChange } from './marketplace-changes';

/** What the outbox does for plan changes. */
export const planChangeHandlers = (ctx: Context, { selling, messages }: { selling: Selling; messages: Announcements }) =>
  ({
    [CHANGE_NOTICE]: (event) => tellChange(ctx, event, { messages }),
    [SEND_CHANGE]: (event) => sendChange(ctx, selling, event),
    [SUBSCRIPTION_CHANGED]: (event) => followMarketplace(ctx, event),
  }) satisfies Record<string, OutboxHandler>;
