import type { Locale } from '../contract/common';
import type { Refusal } from '../contract/refusals';
import type { Preferences } from '../features/notices/conversations';
import type { Actor } from '../platform/actor';
import type { Context } from '../platform/context';
import type { Card } from './cards/card';
import { refusalCard } from './cards/talk';
import type { Speech } from './speech';

/** One message or press of one person. */
export interface Turn {
  ctx: Context;
  actor: Actor;
  speech: Speech;
  /** The language Teams is in, for whoever has chosen none. */
  teamsLocale: Locale;
  timeZone: string;
  preferences: Preferences;
  conversationId: string;
  /** Teams' id of the message; the same when it is sent again. */
  activityId: string;
  /** A link that opens a sub page (`t/<id>`) of the tab inside Teams; null where the app's id is not known. */
  linkTo(subPage: string): string | null;
}

/** What is said in return. `summary` is what a notification on the phone shows of a card; `inPlace` replaces the pressed card. */
export type Answer = Said | Shown;
export interface Said {
  text: string;
}
export interface Shown {
  card: Card;
  summary: string;
  inPlace: boolean;
}

export const show = (card: Card, { inPlace = false } = {}): Shown => ({ card, summary: card.fallbackText ?? '', inPlace });

/** Names an act for ever: the message, or the form that was sent, in its conversation. */
export const messageKey = (turn: Turn): string => `${turn.conversationId}/${turn.activityId}`;
export const formKey = (turn: Turn, key: string): string => `${turn.conversationId}/${key}`;

/** The neutral no. At the limit the text is kept as a draft, which one press submits again; a license can be asked for by one (MI-16). */
export function refused({ ctx, speech }: Turn, refusal: Refusal, quoted: string | null = null): Shown {
  const { quotaTitle, notPossible } = speech.texts.refused;
  const reason = speech.refusal(refusal);
  if (refusal.code !== 'quota_exhausted') {
    const mayAsk = 'mayRequest' in refusal && refusal.mayRequest && refusal.openRequestId === null;
    const licenseKey = mayAsk ? ctx.newId() : null;
    return show(refusalCard(speech, { title: notPossible, reason, quoted: null, draftId: null, licenseKey }));
  }
  return show(refusalCard(speech, { title: quotaTitle, reason, quoted, draftId: refusal.draftId }));
}

/** A creation at the limit takes its form along: the text is a draft now. Any other no leaves the form as it is. */
export function refusedCreation(turn: Turn, refusal: Refusal, quoted: string, inPlace: boolean): Shown {
  return { ...refused(turn, refusal, quoted), inPlace: inPlace && refusal.code === 'quota_exhausted' };
}
