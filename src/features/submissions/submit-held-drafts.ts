import { z } from 'zod';
import { Meter } from '../../contract/meters';
import type { Context } from '../../platform/context';
import { inTenant } from '../../platform/context';
import { invariant } from '../../platform/invariant';
import { heldActs } from '../drafts/drafts';
import { enqueue, type OutboxEvent } from '../outbox/outbox';
import { ROOM_TOPIC } from '../usage/room';
import { submitDraft } from './submit-draft';

const Payload = z.object({ meter: z.string() });

/**
 * Submits what waited for room, oldest first, under the keys of the refused acts: twice at once it still creates each once. The
 * first that finds no room ends it, and is tried again when counting starts anew.
 */
export async function submitHeldDrafts(ctx: Context, event: OutboxEvent): Promise<void> {
  const { tenantId } = event;
  invariant(tenantId, 'what waits for room belongs to a tenant');
  const meter = Meter.safeParse(Payload.parse(event.payload).meter);
  // Only what counts per period keeps what was refused.
  if (!meter.success) return;
  for (const { draftId, author } of await heldActs(ctx, tenantId, meter.data)) {
    const submitted = await submitDraft(ctx, author, draftId);
    if (submitted.ok || submitted.refusal.code !== 'quota_exhausted') continue;
    const { resetsAt } = submitted.refusal;
    await inTenant(ctx, tenantId, (tx) => enqueue(tx, tenantId, ROOM_TOPIC, { meter: meter.data }, new Date(resetsAt)));
    return;
  }
}
