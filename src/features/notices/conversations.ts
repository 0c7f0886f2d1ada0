import type { Locale } from '../../contract/common';
import type { Actor } from '../../platform/actor';
import { type Context, inTenant } from '../../platform/context';
import { fingerprint } from '../../platform/fingerprint';
import { once } from '../usage/once';
import { operationKey } from '../usage/operation-key.rules';
import {
  type ConversationReference,
  deleteReference,
  findAddressee,
  type Preferences,
  savePreferences,
  saveReference,
} from './conversations.store';

export type { ConversationReference, Preferences } from './conversations.store';

/** By what somebody is spoken to. */
export interface Addressee extends Preferences {
  /** The language they were last seen with in the tab; null: never seen. */
  memberLocale: string | null;
  tenantLocale: string | null;
  /** IANA zone of the organization. */
  timeZone: string;
}

/** Keeps how to write to this person first, and says how to speak to them. `reference` null: this is no chat of theirs alone. */
export function meetInChat(
  ctx: Context,
  person: Pick<Actor, 'tenantId' | 'memberId'>,
  reference: ConversationReference | null,
): Promise<Addressee> {
  return inTenant(ctx, person.tenantId, async (tx) => {
    if (reference) await saveReference(tx.db, person.tenantId, person.memberId, reference, tx.now());
    const row = await findAddressee(tx.db, person.tenantId, person.memberId);
    return {
      language: row.language,
      notices: row.notices ?? true,
      memberLocale: row.member_locale,
      tenantLocale: row.tenant_locale,
      timeZone: row.time_zone ?? 'UTC',
    };
  });
}

/** The app was removed from the person's chat: nothing is sent there any more. */
export const forgetChat = (ctx: Context, person: Pick<Actor, 'tenantId' | 'memberId'>): Promise<void> =>
  inTenant(ctx, person.tenantId, ({ db }) => deleteReference(db, person.tenantId, person.memberId, null));

/** Whether this installation has not been welcomed yet. Teams tells of one twice when it gets no answer; the answer is yes once. */
export function isFirstWelcome(ctx: Context, person: Pick<Actor, 'tenantId' | 'memberId'>, installation: string): Promise<boolean> {
  return inTenant(ctx, person.tenantId, async (tx) => {
    const act = {
      key: operationKey('welcome', person.memberId, installation),
      fingerprint: fingerprint(installation),
      subject: tx.newId(),
    };
    return (await once(tx, person.tenantId, act, tx.now())).outcome === 'first';
  });
}

export const choosePreferences = (
  ctx: Context,
  person: Pick<Actor, 'tenantId' | 'memberId'>,
  change: { language?: Locale | null; notices?: boolean },
): Promise<void> => inTenant(ctx, person.tenantId, ({ db }) => savePreferences(db, person.tenantId, person.memberId, change));
