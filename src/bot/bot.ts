import { setTimeout as pause } from 'node:timers/promises';
import type { Activity, TurnContext } from 'botbuilder';
import type { BotConfig } from '../config';
import type { RequestProblemCode } from '../contract/refusals';
import { type Clock, systemClock } from '../platform/clock';
import type { Context } from '../platform/context';
import { tenantOf } from './actor';
import type { TeamsAdapter } from './adapter';
import { createCallerCheck } from './caller';
import type { TokenSource } from './credentials';
import { localeAmong, speechFor } from './speech';

/** Of a request this much is used; express's has it. The body was parsed as JSON. */
export interface BotRequest {
  method: string;
  headers: Record<string, string | string[] | undefined>;
  body?: unknown;
  socket: { remoteAddress?: string | undefined };
  id?: unknown;
}

export interface BotResponse {
  status(code: number): BotResponse;
  json(body: unknown): unknown;
  end(): unknown;
}

export interface BotParts {
  ctx: Context;
  config: BotConfig;
  /** The organization whose activities are taken without a token, from this machine only; null: token checks are on for all. */
  playgroundTenantId: string | null;
  /** The Teams app's id, for links into the tab. */
  teamsAppId: string | null;
  /** Answers with problem details, as the rest of the server does. */
  sendProblem(req: BotRequest, res: BotResponse, code: RequestProblemCode): void;
  /** The bot's own token for the connector. */
  token: TokenSource;
  clock?: Clock;
  typingAfterMs?: number;
  wait?: (ms: number) => Promise<void>;
}

export interface Bot {
  /** POST /api/messages. */
  handle(req: BotRequest, res: BotResponse, next: (error?: unknown) => void): void;
  /** Sends one activity into a chat that the bot was in before. @throws what the connector answered, with `statusCode` */
  post(reference: Record<string, unknown>, activity: object): Promise<void>;
  /** Loads the SDK ahead of the first message. */
  warm(): void;
}

/** The SDK takes 0.3 s to load, so nothing imports it before a message comes. A plain require works from source and build alike. */
const loadSdk = () => ({
  ...(require('./adapter') as typeof import('./adapter')),
  ...(require('./teams-bot') as typeof import('./teams-bot')),
});

/** The way in from Teams' chat. */
export function createBot(parts: BotParts): Bot {
  const { ctx, config, playgroundTenantId, teamsAppId, sendProblem, token, clock = systemClock, wait = pause } = parts;
  const checkCaller = createCallerCheck(config, clock);
  const load = once(() => {
    const { TeamsAdapter, TeamsBot } = loadSdk();
    const linkTo = (subPage: string) => teamsAppId && deepLink(teamsAppId, subPage);
    const bot = new TeamsBot({ ctx, linkTo, typingAfterMs: parts.typingAfterMs ?? 1_000 });
    const open = (signedBy: TokenSource | null) => {
      const adapter = new TeamsAdapter(config, signedBy, wait);
      adapter.onTurnError = (context, error) => apologize(ctx, context, error);
      return adapter;
    };
    return { bot, trusted: open(token), playground: playgroundTenantId ? open(null) : null };
  });

  async function answer(req: BotRequest, res: BotResponse): Promise<void> {
    const activity = req.body;
    if (!isActivity(activity)) return sendProblem(req, res, 'invalid_input');
    const authorization = headerOf(req, 'authorization');
    const fromPlayground = authorization === undefined && isOfPlayground(req, activity, playgroundTenantId);
    if (!fromPlayground) {
      const caller = await checkCaller(authorization, activity);
      if (!caller.ok) return sendProblem(req, res, caller.reason);
    }
    if (!isComplete(activity)) return sendProblem(req, res, 'invalid_input');

    const { bot, trusted, playground } = load();
    const response = await (fromPlayground ? playground! : trusted).run(activity, (context) => {
      requestIds.set(context, String(req.id ?? ctx.newId()));
      return bot.run(context);
    });
    res.status(response?.status ?? 200);
    if (response?.body === undefined) res.end();
    else res.json(response.body);
  }

  return {
    handle: (req, res, next) => void answer(req, res).catch(next),
    post: (reference, activity) => sendInto(load().trusted, config.appId, reference, activity),
    warm: () => void load(),
  };
}

/** The SDK hands a fault of a turn to the apology; whoever writes first wants to know of it. */
async function sendInto(adapter: TeamsAdapter, appId: string, reference: Record<string, unknown>, activity: object): Promise<void> {
  let failure: { error: unknown } | null = null;
  await adapter.continueConversationAsync(appId, reference, async (context) => {
    await context.sendActivity(activity).catch((error: unknown) => {
      failure = { error };
    });
  });
  if (failure) throw (failure as { error: unknown }).error;
}

/** The only thing that is known of a body before its sender is: that it is an activity at all. */
function isActivity(body: unknown): body is Activity {
  const type = (body as { type?: unknown } | null)?.type;
  return typeof body === 'object' && !Array.isArray(body) && typeof type === 'string' && type !== '';
}

/** What answering needs. A message without an id could not be told from its repetition. */
function isComplete({ type, id, serviceUrl, conversation, from, recipient }: Partial<Activity>): boolean {
  const named = (value: { id?: unknown } | null | undefined) => typeof value?.id === 'string' && value.id !== '';
  return (
    (type !== 'message' || (typeof id === 'string' && id !== '')) &&
    typeof serviceUrl === 'string' &&
    URL.canParse(serviceUrl) &&
    named(conversation) &&
    named(from) &&
    (recipient === undefined || named(recipient))
  );
}

const LOOPBACK_ADDRESSES = new Set(['127.0.0.1', '::1', '::ffff:127.0.0.1']);
const LOOPBACK_NAMES = new Set(['localhost', '127.0.0.1', '[::1]']);

/** Microsoft's Agents Playground sends no tokens: taken from this machine, for one organization, with answers to this machine. */
function isOfPlayground(req: BotRequest, activity: Activity, tenantId: string | null): boolean {
  if (tenantId === null || !LOOPBACK_ADDRESSES.has(req.socket.remoteAddress ?? '')) return false;
  const tenant = tenantOf(activity);
  const addresses = [`http://${headerOf(req, 'host')}`, String(activity.serviceUrl)];
  return (
    tenant.ok &&
    tenant.value === tenantId &&
    addresses.every((address) => URL.canParse(address) && LOOPBACK_NAMES.has(new URL(address).hostname))
  );
}

function headerOf({ headers }: BotRequest, name: string): string | undefined {
  const value = headers[name];
  return Array.isArray(value) ? value[0] : value;
}

const deepLink = (appId: string, subPage: string): string =>
  `https://teams.microsoft.com/l/entity/${appId}/home?context=${encodeURIComponent(JSON.stringify({ subEntityId: subPage }))}`;

const requestIds = new WeakMap<TurnContext, string>();

/** A fault in a turn: logged once, told politely with the number support can find it by. */
async function apologize({ log, newId }: Context, context: TurnContext, error: Error): Promise<void> {
  const requestId = requestIds.get(context) ?? newId();
  log.error({ err: error, requestId, activity: context.activity.type }, 'a turn of the bot failed');
  const { texts, say } = speechFor(localeAmong(context.activity.locale) ?? 'en', 'UTC');
  const text = say(texts.failed, { requestId });
  if (context.activity.type === 'invoke') {
    const body = { statusCode: 500, type: 'application/vnd.microsoft.error', value: { code: 'internal', message: text } };
    await context.sendActivity({ type: 'invokeResponse', value: { status: 200, body } });
  } else if (context.activity.type === 'message') {
    await context.sendActivity({ type: 'message', text }).catch(() => log.warn({ requestId }, 'the apology could not be sent either'));
  }
}

function once<T>(make: () => T): () => T {
  let made: { value: T } | null = null;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}
