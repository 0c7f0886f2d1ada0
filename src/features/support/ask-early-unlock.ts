import { localeFor } from '../../contract/common';
import type { Refusal } from '../../contract/refusals';
import type { Request } from '../../contract/requests';
import { meterName } from '../../contract/texts';
import type { Actor } from '../../platform/actor';
import { type Context, inTenant } from '../../platform/context';
import { ok, type Result, refuse } from '../../platform/result';
import { fill } from '../../platform/sentences';
import { enter } from '../members/admit-member';
import { openRequest } from '../requests/requests';
import { type MeterStanding, standingsAt } from '../usage/read-usage';
import { writeMessage } from './contact-support';
import { supportTexts } from './support-mail';

/** Asks the publisher to unlock what waits for a payment, for this organization (HO-08, HO-09). Asked again it is the same request. */
export function askEarlyUnlock(ctx: Context, actor: Actor, meter: string, contact: string): Promise<Result<Request, Refusal>> {
  return inTenant(ctx, actor.tenantId, async (tx) => {
    const at = tx.now();
    const access = await enter(tx, actor, 'manage_plan');
    if (!access.ok) return access;
    const standing = (await standingsAt(tx, actor.tenantId, at)).find((one) => one.meter === meter);
    if (!standing || !isPending(standing)) return refuse({ code: 'nothing_to_unlock' });
    const { entitled, available } = standing;
    const asked = { kind: 'early_unlock', subject: meter, requestedBy: actor.memberId, details: { entitled, available } } as const;
    const { request, isNew } = await openRequest(tx, actor.tenantId, asked, at);
    if (isNew) {
      const locale = localeFor(actor.locale);
      const message = fill(supportTexts[locale].early_unlock, { meter: meterName(meter, locale) }, locale);
      await writeMessage(tx, actor, { messageId: tx.newId(), topic: 'early_unlock', message, meter }, contact, at);
    }
    return ok(request);
  });
}

/** Whether more is granted than may be used now. */
const isPending = ({ entitled, available }: MeterStanding): boolean => available !== null && (entitled === null || entitled > available);
