import type { Context } from '../../platform/context';
import type { OutboxHandler } from '../outbox/outbox';
import { UNLOCKED_TOPIC } from '../usage/unlock-grants';
import { deliverQuotaNotice, type NoticePorts } from './deliver-quota-notice';
import { tellUnlocked } from './tell-unlocked';

/** What is told of quotas and limits after it was decided. */
export const noticeHandlers = (ctx: Context, ports: NoticePorts): Record<string, OutboxHandler> => ({
  'quota.notice': (event) => deliverQuotaNotice(ctx, event, ports),
  [UNLOCKED_TOPIC]: (event) => tellUnlocked(ctx, event, ports),
});
