import { z } from 'zod';
import { meterName } from '../../contract/texts';
import { type Context, inTenant } from '../../platform/context';
import { invariant } from '../../platform/invariant';
import { fill } from '../../platform/sentences';
import type { OutboxEvent } from '../outbox/outbox';
import { USAGE_TEXTS } from '../usage/explanation.rules';
import { meterNow } from '../usage/policy-at';
import { announce } from './announce';
import type { Announcements } from './messages.port';
import { findConcerned } from './notices.store';

const Payload = z.object({ meter: z.string(), amount: z.number().int().nullable() });

/** Tells those who manage the plan that what was owed is available now (HO-07). */
export async function tellUnlocked(ctx: Context, event: OutboxEvent, ports: { messages: Announcements }): Promise<void> {
  const { tenantId } = event;
  invariant(tenantId, 'what was unlocked belongs to a tenant');
  const { meter, amount } = Payload.parse(event.payload);
  const found = await inTenant(ctx, tenantId, async (tx) => ({
    available: (await meterNow(tx, tenantId, meter, tx.now()))?.counter.granted ?? null,
    recipients: await findConcerned(tx.db, tenantId, meter, ['admins', 'owner']),
  }));
  await announce(ctx, tenantId, ports, {
    key: `unlocked/${event.id}`,
    recipients: found.recipients,
    words: ({ locale }) => {
      const { title, text, textUnlimited } = USAGE_TEXTS[locale].notice.unlocked;
      const isUnlimited = amount === null || found.available === null;
      const facts = { amount, available: found.available, meterName: meterName(meter, locale) };
      return { title: fill(title, facts, locale), text: fill(isUnlimited ? textUnlimited : text, facts, locale) };
    },
  });
}
