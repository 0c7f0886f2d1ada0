import { z } from 'zod';
import { Id, type Locale } from '../../contract/common';
import de from '../../contract/locales/de/licenses.json';
import en from '../../contract/locales/en/licenses.json';
import it from '../../contract/locales/it/licenses.json';
import { LicenseKind } from '../../contract/members';
import { type Context, inTenant } from '../../platform/context';
import { invariant } from '../../platform/invariant';
import { counted, fill, instantInWords } from '../../platform/sentences';
import { announce } from '../notices/announce';
import type { Announcements } from '../notices/messages.port';
import type { OutboxEvent, OutboxHandler } from '../outbox/outbox';
import { holdRequest } from '../requests/requests';
import { dueAt, effectiveSettings, overOf } from './licenses.rules';
import { findManagers, findPool } from './licenses.store';
import { holdPool, settlePool, TOPICS } from './pool';

const TEXTS: Record<Locale, typeof en> = { en, de, it };

interface Ports {
  messages: Announcements;
}
type Handler = (ctx: Context, tenantId: string, event: OutboxEvent, ports: Ports) => Promise<void>;

/** Places changed while nobody held the pool, or the time for choosing is over. */
const settle: Handler = (ctx, tenantId) =>
  inTenant(ctx, tenantId, async (tx) => {
    await holdPool(tx, tenantId);
    await settlePool(tx, tenantId, tx.now());
  });

const Shortage = z.object({ since: z.iso.datetime() });

/** Administrators are told while it still is so, and with the numbers of the moment. */
const tellShortage: Handler = async (ctx, tenantId, event, ports) => {
  const { since } = Shortage.parse(event.payload);
  const short = await inTenant(ctx, tenantId, async ({ db }) => {
    const pool = await findPool(db, tenantId);
    if (pool?.shortSince?.toISOString() !== since) return null;
    return { over: overOf(pool), due: dueAt(pool.shortSince, pool.policy), recipients: await findManagers(db, tenantId, 'admins') };
  });
  if (!short) return;
  await announce(ctx, tenantId, ports, {
    key: `licenses/${event.id}`,
    recipients: short.recipients,
    words: ({ locale, timeZone }) => {
      const { title, ...texts } = TEXTS[locale].shortage;
      return { title, text: counted(texts, 'text', short.over, locale, { dueAt: instantInWords(short.due, locale, timeZone) }) };
    },
  });
};

const Requested = z.object({ requestId: Id });

/** Whoever the setting names is told, unless it was decided in the meantime. */
const tellRequest: Handler = async (ctx, tenantId, event, ports) => {
  const { requestId } = Requested.parse(event.payload);
  const asked = await inTenant(ctx, tenantId, async (tx) => {
    const request = await holdRequest(tx, tenantId, requestId, tx.now());
    const pool = await findPool(tx.db, tenantId);
    if (request?.state !== 'open' || !pool) return null;
    const to = effectiveSettings(pool).requests === 'owner' ? 'owner' : 'admins';
    return { request, recipients: await findManagers(tx.db, tenantId, to) };
  });
  if (!asked) return;
  const { note } = asked.request.details;
  await announce(ctx, tenantId, ports, {
    key: `licenses/${event.id}`,
    recipients: asked.recipients,
    words: ({ locale }) => {
      const { title, text, noted } = TEXTS[locale].requested;
      const { name } = asked.request.requestedBy;
      return { title: fill(title, { name }, locale), text: typeof note === 'string' ? fill(noted, { note }, locale) : text };
    },
  });
};

const Told = z.object({
  memberIds: z.array(Id),
  license: LicenseKind.nullable(),
  because: z.enum(['given', 'taken', 'granted', 'refused', 'place_free', 'stepped_down']),
});

/** People are told what became of their license, or of what they asked for. */
const tellPeople: Handler = (ctx, tenantId, event, ports) => {
  const { memberIds, license, because } = Told.parse(event.payload);
  return announce(ctx, tenantId, ports, {
    key: `licenses/${event.id}`,
    recipients: memberIds,
    words: ({ locale }) => TEXTS[locale].told[license === 'none' ? 'lost' : because],
  });
};

const HANDLERS: Record<(typeof TOPICS)[keyof typeof TOPICS], Handler> = {
  [TOPICS.due]: settle,
  [TOPICS.shortage]: tellShortage,
  [TOPICS.requested]: tellRequest,
  [TOPICS.told]: tellPeople,
};

/** What the outbox does for licenses. */
export const licenseHandlers = (ctx: Context, ports: Ports): Record<string, OutboxHandler> =>
  Object.fromEntries(
    Object.entries(HANDLERS).map(([topic, handle]) => [
      topic,
      (event: OutboxEvent) => {
        invariant(event.tenantId, 'licenses belong to a tenant');
        return handle(ctx, event.tenantId, event, ports);
      },
    ]),
  );
