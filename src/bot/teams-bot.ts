import {
  type Activity,
  type AdaptiveCardInvokeResponse,
  type AdaptiveCardInvokeValue,
  CardFactory,
  type InvokeResponse,
  TeamsActivityHandler,
  TurnContext,
} from 'botbuilder';
import { noteVisit } from '../features/members/note-visit';
import { forgetChat, isFirstWelcome, meetInChat } from '../features/notices/conversations';
import type { Actor } from '../platform/actor';
import type { Context } from '../platform/context';
import { actorOf } from './actor';
import { welcomeCard } from './cards/talk';
import { answerPress, answerText, knowsAct } from './commands/answer';
import { localeAmong, type Speech, speechFor } from './speech';
import { type Answer, type Shown, show, type Turn } from './turn';

export interface TeamsBotSettings {
  ctx: Context;
  linkTo: Turn['linkTo'];
  /** Until “typing” is shown when the answer is not there yet. */
  typingAfterMs: number;
}

const CARD = 'application/vnd.microsoft.card.adaptive';
const MESSAGE = 'application/vnd.microsoft.activity.message';

/** Translates activities to commands and answers to activities; it decides nothing. */
export class TeamsBot extends TeamsActivityHandler {
  constructor(private readonly settings: TeamsBotSettings) {
    super();
    this.onMessage(async (context, next) => {
      await this.withTyping(context, () => this.answerMessage(context));
      await next();
    });
    this.onInstallationUpdateAdd(async (context, next) => {
      await this.install(context);
      await next();
    });
    this.onInstallationUpdateRemove(async (context, next) => {
      const person = actorOf(context.activity, null);
      if (person.ok && isPersonal(context.activity)) await forgetChat(settings.ctx, person.value);
      await next();
    });
  }

  private async answerMessage(context: TurnContext): Promise<Answer> {
    const turn = await this.begin(context);
    if ('text' in turn) return turn;
    const { value } = context.activity;
    const verb = (value as { verb?: unknown } | undefined)?.verb;
    if (knowsAct(verb)) return (await answerPress(turn, verb, value))!;
    TurnContext.removeRecipientMention(context.activity);
    return answerText(turn, typeof context.activity.text === 'string' ? context.activity.text : '');
  }

  /** A press without an action is no press; the SDK would stumble over it. */
  protected override async onInvokeActivity(context: TurnContext): Promise<InvokeResponse> {
    const { name, value } = context.activity;
    const action = (value as { action?: unknown } | null | undefined)?.action;
    if (name === 'adaptiveCard/action' && (typeof action !== 'object' || action === null)) return { status: 400 };
    return super.onInvokeActivity(context);
  }

  /** A press on Action.Execute: the card in the answer replaces the pressed one, a sentence is shown beside it. */
  protected override async onAdaptiveCardInvoke(
    context: TurnContext,
    { action }: AdaptiveCardInvokeValue,
  ): Promise<AdaptiveCardInvokeResponse> {
    const turn = await this.begin(context);
    const data = action.data as { verb?: unknown } | null | undefined;
    const verb = action.verb || data?.verb;
    const answer = 'text' in turn ? turn : await answerPress(turn, String(verb), data);
    if (answer === null) throw new Error('NotImplemented');
    if ('text' in answer) return { statusCode: 200, type: MESSAGE, value: answer.text as never };
    return { statusCode: 200, type: CARD, value: answer.card as never };
  }

  /** Teams tells of a personal installation twice; this is the one that is answered. */
  private async install(context: TurnContext): Promise<void> {
    const { activity } = context;
    if (!isPersonal(activity)) return;
    const turn = await this.begin(context);
    if ('text' in turn || activity.action !== 'add') return;
    const installation = `${turn.conversationId}/${turn.activityId}`;
    if (await isFirstWelcome(turn.ctx, turn.actor, installation)) await reply(context, show(welcomeCard(turn.speech)));
  }

  /** Who speaks and how they are spoken to; a sentence instead where that cannot be known. */
  private async begin(context: TurnContext): Promise<Turn | { text: string }> {
    const { ctx, linkTo } = this.settings;
    const { activity } = context;
    const inTeams = localeAmong(activity.locale);
    const person = actorOf(activity, inTeams);
    if (!person.ok) return { text: speechFor(inTeams ?? 'en', 'UTC').texts.identity[person.refusal] };
    const met = await meetInChat(ctx, person.value, isPersonal(activity) ? referenceOf(activity) : null);
    await noteVisit(ctx, person.value);
    const teamsLocale = inTeams ?? localeAmong(met.memberLocale, met.tenantLocale) ?? 'en';
    return {
      ctx,
      actor: person.value satisfies Actor,
      speech: speechFor(met.language ?? teamsLocale, met.timeZone) satisfies Speech,
      teamsLocale,
      timeZone: met.timeZone,
      preferences: { language: met.language, notices: met.notices },
      conversationId: activity.conversation.id,
      activityId: activity.id ?? ctx.newId(),
      linkTo,
    };
  }

  /** Shows “typing” when an answer takes longer than a moment, and never after it. */
  private async withTyping(context: TurnContext, work: () => Promise<Answer>): Promise<void> {
    let typing: Promise<unknown> | null = null;
    const timer = setTimeout(() => {
      typing = context.sendActivity({ type: 'typing' }).catch(() => undefined);
    }, this.settings.typingAfterMs);
    try {
      const answer = await work();
      clearTimeout(timer);
      await typing;
      await reply(context, answer);
    } finally {
      clearTimeout(timer);
    }
  }
}

/** Says the answer; in place of the pressed card where that is wanted and the card is still there. */
export async function reply(context: TurnContext, answer: Answer): Promise<void> {
  if ('text' in answer) {
    await context.sendActivity({ type: 'message', text: answer.text });
    return;
  }
  const message = messageOf(answer);
  const pressed = context.activity.replyToId;
  if (answer.inPlace && pressed && (await hasReplaced(context, pressed, message))) return;
  await context.sendActivity(message);
}

async function hasReplaced(context: TurnContext, pressed: string, message: Partial<Activity>): Promise<boolean> {
  try {
    await context.updateActivity({ ...message, id: pressed });
    return true;
  } catch {
    return false;
  }
}

const messageOf = ({ card, summary }: Shown): Partial<Activity> => ({
  type: 'message',
  summary,
  attachments: [CardFactory.adaptiveCard(card)],
});

/** A chat with one person. Channels and groups say what they are. */
const isPersonal = ({ conversation }: Activity): boolean =>
  conversation.isGroup !== true && (conversation.conversationType ?? 'personal') === 'personal';

/** How to write here later; without the message it came with, so that it is the same from message to message. */
function referenceOf(activity: Activity): Record<string, unknown> {
  const { activityId: _message, locale: _locale, ...reference } = TurnContext.getConversationReference(activity);
  return reference as Record<string, unknown>;
}
