import type { MarketplaceEventDetails, MarketplaceStatus, SelfTest } from '../../contract/marketplace-log';
import type { Refusal } from '../../contract/refusals';
import type { OperatorActor } from '../../platform/actor';
import { type Context, inPublisher } from '../../platform/context';
import { ok, type Result, refuse } from '../../platform/result';
import { auditPublisher } from '../audit/publisher-audit';
import type { Selling } from '../subscriptions/marketplace.port';
import { marketplaceHealth, readEvent } from '../subscriptions/marketplace-log';
import { pendingPurchases } from '../subscriptions/pending-purchases';
import { applyAgain, ownerOfEvent, reopen } from '../subscriptions/replay-event';
import { operate } from '../tenants/operate';
import { showCredentials } from './credentials';
import type { Credential } from './credentials.rules';
import type { WebhookProbe } from './marketplace.port';
import { judge } from './self-test.rules';

/** What watching the marketplace needs besides the context. */
export interface Watch {
  selling: Selling;
  credentials: readonly Credential[];
  probe: WebhookProbe;
}

/** Events wait longer than this only when something is wrong. */
const EVENT_WAITS_MS = 10 * 60_000;
/** Two runs of the repair were missed. */
const REPAIR_MISSED_MS = 2 * 3_600_000 + 10 * 60_000;

/** What needs somebody, and the figures behind it. */
export async function marketplaceStatus(ctx: Context, { selling, credentials }: Watch): Promise<MarketplaceStatus> {
  const at = ctx.now();
  const now = selling.realTime.now();
  const { reconciliation, events, calls, drift } = await marketplaceHealth(ctx, now);
  const { last, whole } = reconciliation;
  const pending = (await pendingPurchases(ctx)).length;
  const shown = showCredentials(credentials, now);
  const isLate = whole === null || at.getTime() - whole.endedAt.getTime() > REPAIR_MISSED_MS;
  const waitsLong = events.oldest !== null && at.getTime() - events.oldest.getTime() > EVENT_WAITS_MS;
  const concerns = [
    ...shown.filter(({ state }) => state === 'over').map(({ name }) => `${name} is over: replace it`),
    ...shown.filter(({ state }) => state === 'ends_soon').map(({ name, daysLeft }) => `${name} ends in ${daysLeft} days: replace it`),
    ...(waitsLong ? [`events wait since ${events.oldest!.toISOString()}`] : []),
    ...(drift > 0 ? [`subscriptions that differ from the marketplace and are not mended: ${drift}`] : []),
    ...(pending > 0 ? [`purchases that nobody has activated: ${pending}`] : []),
    ...(last?.error ? [`the last repair saw only a part of the list: ${last.error}`] : []),
    ...(isLate ? ['no repair has seen the whole list for more than two hours'] : []),
  ];
  return {
    at: at.toISOString(),
    concerns,
    reconciliation: {
      last: last && { ...last, startedAt: last.startedAt.toISOString(), endedAt: last.endedAt.toISOString() },
      lastWholeAt: whole?.endedAt.toISOString() ?? null,
    },
    events: { waiting: events.waiting, oldestWaitingSince: events.oldest?.toISOString() ?? null },
    calls,
    drift,
    pendingPurchases: pending,
    credentials: shown,
  };
}

export async function showEvent(ctx: Context, eventId: string): Promise<Result<MarketplaceEventDetails, Refusal>> {
  const event = await readEvent(ctx, eventId);
  return event ? ok(event) : refuse({ code: 'event_not_found' });
}

/** Applies an event once more, by the same function as the first time; written down where its organization reads it. */
export async function replayEvent(
  ctx: Context,
  { selling }: Watch,
  operator: OperatorActor,
  eventId: string,
  reason: string,
): Promise<Result<MarketplaceEventDetails, Refusal>> {
  const owner = await ownerOfEvent(ctx, eventId);
  if (owner === undefined) return refuse({ code: 'event_not_found' });
  const action = 'event.replay';
  const reopened = owner
    ? await operate(ctx, { operator, needs: 'support', tenantId: owner, action, reason }, async (tx) => {
        await reopen(tx, selling, eventId);
        return ok({ value: true, subject: eventId });
      })
    : await actForPublisher(ctx, operator, { action, subject: eventId, reason }, (tx) => reopen(tx, selling, eventId));
  if (!reopened.ok) return reopened;
  await applyAgain(ctx, selling, eventId);
  return showEvent(ctx, eventId);
}

/** An action that no marketplace knows: it is kept and looked up, and changes nothing. */
const SAMPLE_ACTION = 'SelfTest';

/** Sends a sample event to our own public address, as the marketplace would, and says what arrived. */
export async function testWebhook(
  ctx: Context,
  { probe }: Watch,
  operator: OperatorActor,
  reason: string,
): Promise<Result<SelfTest, Refusal>> {
  const id = ctx.newId();
  const noted = await actForPublisher(ctx, operator, { action: 'webhook.self_test', subject: id, reason }, async () => {});
  if (!noted.ok) return noted;
  const answer = await probe({ id, subscriptionId: ctx.newId(), action: SAMPLE_ACTION });
  const event = await readEvent(ctx, id);
  const { url, signed, status, durationMs } = answer;
  const { payload: _payload, ...arrived } = event ?? { payload: null };
  const shown = event ? (arrived as SelfTest['event']) : null;
  return ok({ url, signed, status, durationMs, event: shown, ...judge(answer, event !== null) });
}

/** As `operate`, for what concerns no organization. */
function actForPublisher(
  ctx: Context,
  operator: OperatorActor,
  { action, subject, reason }: { action: string; subject: string; reason: string },
  work: (tx: Parameters<typeof auditPublisher>[0]) => Promise<void>,
): Promise<Result<true, Refusal>> {
  return inPublisher(ctx, async (tx) => {
    if (!operator.roles.includes('support')) return refuse({ code: 'not_allowed', needs: 'support' });
    const at = tx.now();
    await work(tx);
    await auditPublisher(tx, { actor: operator.memberId, action, subject, details: { reason, name: operator.name } }, at);
    return ok(true);
  });
}
