import axios, { type AxiosResponse } from 'axios';
import type { Clock } from '../platform/clock';
import { newId, newSecret } from '../platform/ids';
import type { SigningKey } from './keys';
import { PEOPLE, type Person, type PersonKey, personBy } from './people';
import type { SandboxLog, SandboxSettings } from './settings';
import { openStore } from './store';
import { InFlight, type Timers } from './timers';

/** A bot that has not answered an activity within this time gets it once more, with the same id. Source: Teams. */
const RESEND_MS = 15_000;
const TOKEN_SECONDS = 3600;
const KEPT_MESSAGES = 500;

export interface ChatMessage {
  id: string;
  from: 'bot' | 'person';
  /** Sandbox time. */
  at: string;
  text?: string;
  attachments?: { contentType: string; content: unknown }[];
  /** Of the bot: the message, press or installation that it answers. What it says of itself answers nothing. */
  replyTo?: string;
  /** Shown for a moment, never kept. */
  typing?: true;
}

/** What a bot says. */
export type Content = Pick<ChatMessage, 'text' | 'attachments' | 'replyTo'>;

export type ChatEvent = { kind: 'message'; message: ChatMessage } | { kind: 'deleted'; id: string };

interface Conversation {
  id: string;
  person: PersonKey;
  locale: string;
  /** The highest message id given so far. */
  lastId: number;
  messages: ChatMessage[];
  /** Activities the bot has not accepted yet; `at` is the real time of the next attempt. */
  outbox: { activity: Activity; attempts: number; at: string }[];
}

type Activity = Record<string, unknown> & { id: string };

/** What the bot answered an invoke with; status 502 when it could not be reached. */
export interface InvokeAnswer {
  status: number;
  body: unknown;
}

/** The one-to-one chats between the people and the bot, as the Teams client and service keep them. */
export interface Chat {
  /** A person's chat; the first opening installs the app, of which the bot is told. */
  open(person: Person, locale?: string): Promise<{ conversationId: string; messages: ChatMessage[] }>;
  say(person: Person, text: string, locale?: string): Promise<ChatMessage>;
  /** A press on Action.Submit. */
  submit(person: Person, messageId: string, data: unknown, locale?: string): Promise<void>;
  /** `adaptiveCard/action`, `task/fetch` or `task/submit`. A card in the answer to the first replaces the pressed one. */
  invoke(person: Person, messageId: string, name: string, value: object, locale?: string): Promise<InvokeAnswer>;
  listen(person: PersonKey, listener: (event: ChatEvent) => void): () => void;

  /** The person of a conversation, or of a user id, that the bot may write to. */
  personOfConversation(conversationId: string): Person | undefined;
  conversationOfUser(userId: string): { id: string } | undefined;
  post(conversationId: string, content: Content): Promise<string>;
  showTyping(conversationId: string): string;
  /** False when the bot has sent no such message. */
  update(conversationId: string, messageId: string, content: Content): Promise<boolean>;
  remove(conversationId: string, messageId: string): Promise<boolean>;

  start(): Promise<void>;
  close(): Promise<void>;
  idle(): Promise<void>;
}

/** A person's id towards this bot; not the Entra object id. */
export const userIdOf = ({ objectId }: Person) => `29:1${Buffer.from(objectId.replace(/-/g, ''), 'hex').toString('base64url')}`;

export async function openChat(
  folder: string,
  settings: SandboxSettings,
  parts: { key: SigningKey; clock: Clock; timers: Timers; log: SandboxLog },
): Promise<Chat> {
  const { key, clock, timers, log } = parts;
  const store = await openStore<{ conversations: Conversation[] }>(folder, 'chat', { conversations: [] });
  const listeners = new Map<PersonKey, Set<(event: ChatEvent) => void>>();
  const waiting = new Map<string, () => void>();
  const inFlight = new InFlight();
  const stop = new AbortController();
  let isRunning = false;

  const serviceUrl = () => `${settings.localUrl}/sandbox/connector/`;
  const realNow = () => timers.now().getTime();
  const inMs = (ms: number) => new Date(realNow() + ms).toISOString();

  function emit(person: PersonKey, event: ChatEvent): void {
    for (const listener of listeners.get(person) ?? []) listener(event);
  }

  // —— towards the bot ——

  function activityOf(conversation: Conversation, id: string, specific: object): Activity {
    const person = personBy(conversation.person);
    const locale = conversation.locale;
    return {
      id,
      timestamp: clock.now().toISOString(),
      channelId: 'msteams',
      serviceUrl: serviceUrl(),
      from: { id: userIdOf(person), name: person.name, aadObjectId: person.objectId },
      recipient: { id: `28:${settings.bot.appId}`, name: settings.appName },
      conversation: { conversationType: 'personal', tenantId: person.tenantId, id: conversation.id },
      channelData: { tenant: { id: person.tenantId } },
      locale,
      entities: [{ type: 'clientInfo', locale, country: locale.slice(-2).toUpperCase(), platform: 'Web' }],
      ...specific,
    };
  }

  async function send(activity: Activity): Promise<AxiosResponse | null> {
    const at = Math.floor(realNow() / 1000);
    const token = await key.sign({
      iss: settings.bot.tokenIssuer,
      aud: settings.bot.appId,
      iat: at,
      nbf: at,
      exp: at + TOKEN_SECONDS,
      serviceurl: serviceUrl(),
    });
    try {
      return await axios.post(`${settings.localUrl}/api/messages`, activity, {
        headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' },
        timeout: RESEND_MS,
        signal: stop.signal,
        proxy: false,
        maxRedirects: 0,
        validateStatus: () => true,
      });
    } catch {
      return null;
    }
  }

  function enqueue(conversation: Conversation, activity: Activity): void {
    conversation.outbox.push({ activity, attempts: 0, at: inMs(0) });
  }

  /** Sets a timer for everything in a conversation's outbox that has none. */
  function arm(conversationId: string): void {
    if (!isRunning) return;
    for (const { activity, at } of conversationBy(conversationId)?.outbox ?? []) {
      const name = `${conversationId} ${activity.id}`;
      if (waiting.has(name)) continue;
      const cancel = timers.after(Math.max(0, Date.parse(at) - realNow()), () => {
        inFlight
          .track(deliver(conversationId, activity))
          .catch((error: unknown) => log.error({ err: error }, 'sandbox chat delivery failed'))
          .finally(() => {
            waiting.delete(name);
            arm(conversationId);
          });
      });
      waiting.set(name, cancel);
    }
  }

  async function deliver(conversationId: string, activity: Activity): Promise<void> {
    const sentAt = realNow();
    const status = (await send(activity))?.status ?? null;
    if (status === null && stop.signal.aborted) return; // not the bot's fault: the next start sends it
    const isAccepted = status !== null && status < 300;
    if (!isAccepted) log.warn({ activityType: activity.type, status }, 'the bot did not accept an activity of the sandbox chat');
    await store.change((draft) => {
      const conversation = draft.conversations.find(({ id }) => id === conversationId)!;
      const entry = conversation.outbox.find((one) => one.activity.id === activity.id);
      if (!entry) return;
      entry.attempts += 1;
      entry.at = new Date(sentAt + RESEND_MS).toISOString();
      if (isAccepted || entry.attempts === 2) conversation.outbox = conversation.outbox.filter((one) => one !== entry);
    });
  }

  // —— conversations ——

  const conversationBy = (id: string) => store.current.conversations.find((one) => one.id === id);
  const conversationOf = (person: Person) => store.current.conversations.find((one) => one.person === person.key);

  /** Changes a person's conversation, which is opened first when needed, then sends what that put into the outbox. */
  async function inConversation<R>(person: Person, locale: string | undefined, edit: (conversation: Conversation) => R): Promise<R> {
    const { conversationId, answer } = await store.change((draft) => {
      let conversation = draft.conversations.find((one) => one.person === person.key);
      if (!conversation) {
        conversation = { id: `a:1${newSecret()}`, person: person.key, locale: locale ?? 'en-US', lastId: 0, messages: [], outbox: [] };
        draft.conversations.push(conversation);
        announceInstallation(conversation);
      }
      if (locale) conversation.locale = locale;
      return { conversationId: conversation.id, answer: edit(conversation) };
    });
    arm(conversationId);
    return answer;
  }

  /** Teams tells a bot twice of a personal installation. */
  function announceInstallation(conversation: Conversation): void {
    const bot = { id: `28:${settings.bot.appId}`, name: settings.appName };
    enqueue(conversation, activityOf(conversation, `f:${newId()}`, { type: 'installationUpdate', action: 'add' }));
    enqueue(conversation, activityOf(conversation, `f:${newId()}`, { type: 'conversationUpdate', membersAdded: [bot] }));
  }

  function add(conversation: Conversation, from: ChatMessage['from'], content: Content): ChatMessage {
    const message: ChatMessage = { id: nextMessageId(conversation), from, at: clock.now().toISOString(), ...content };
    conversation.messages.push(message);
    conversation.messages = conversation.messages.slice(-KEPT_MESSAGES);
    return message;
  }

  /** Message ids are milliseconds, unique within a conversation only, as in Teams. */
  function nextMessageId(conversation: Conversation): string {
    conversation.lastId = Math.max(realNow(), conversation.lastId + 1);
    return String(conversation.lastId);
  }

  /** Edits a message of the bot; undefined when there is none of this id. */
  async function edit(conversationId: string, messageId: string, change: (conversation: Conversation, index: number) => void) {
    return store.change((draft) => {
      const conversation = draft.conversations.find(({ id }) => id === conversationId);
      const index = conversation?.messages.findIndex(({ id, from }) => id === messageId && from === 'bot') ?? -1;
      if (!conversation || index < 0) return undefined;
      change(conversation, index);
      return { person: conversation.person, message: conversation.messages[index] };
    });
  }

  async function update(conversationId: string, messageId: string, content: Content): Promise<boolean> {
    const changed = await edit(conversationId, messageId, ({ messages }, index) => {
      const { id, from, at } = messages[index]!;
      messages[index] = { id, from, at, ...content };
    });
    if (changed?.message) emit(changed.person, { kind: 'message', message: changed.message });
    return changed !== undefined;
  }

  return {
    async open(person, locale) {
      if (!conversationOf(person)) await inConversation(person, locale, () => undefined);
      const { id, messages } = conversationOf(person)!;
      return { conversationId: id, messages };
    },
    async say(person, text, locale) {
      const message = await inConversation(person, locale, (conversation) => {
        const message = add(conversation, 'person', { text });
        enqueue(conversation, activityOf(conversation, message.id, { type: 'message', text, textFormat: 'plain' }));
        return message;
      });
      emit(person.key, { kind: 'message', message });
      return message;
    },
    submit: (person, messageId, data, locale) =>
      inConversation(person, locale, (conversation) => {
        const activity = activityOf(conversation, nextMessageId(conversation), { type: 'message', value: data, replyToId: messageId });
        enqueue(conversation, activity);
      }),
    async invoke(person, messageId, name, value, locale) {
      const conversation = await inConversation(person, locale, (conversation) => structuredClone(conversation));
      const specific = {
        type: 'invoke',
        name,
        value,
        replyToId: messageId,
        channelData: { tenant: { id: person.tenantId }, source: { name: 'message' } },
      };
      const answer = await inFlight.track(send(activityOf(conversation, `f:${newId()}`, specific)));
      if (!answer) return { status: 502, body: null };
      const card = answer.data as { type?: string; value?: unknown } | null;
      if (name === 'adaptiveCard/action' && card?.type === 'application/vnd.microsoft.card.adaptive')
        await update(conversation.id, messageId, { attachments: [{ contentType: card.type, content: card.value }] });
      return { status: answer.status, body: answer.data };
    },
    listen(person, listener) {
      const all = listeners.get(person) ?? new Set();
      listeners.set(person, all.add(listener));
      return () => all.delete(listener);
    },
    personOfConversation(conversationId) {
      const found = conversationBy(conversationId);
      return found && personBy(found.person);
    },
    conversationOfUser(userId) {
      const person = PEOPLE.find((one) => userIdOf(one) === userId);
      return person && conversationOf(person);
    },
    async post(conversationId, content) {
      const { person, message } = await store.change((draft) => {
        const conversation = draft.conversations.find(({ id }) => id === conversationId)!;
        return { person: conversation.person, message: add(conversation, 'bot', content) };
      });
      emit(person, { kind: 'message', message });
      return message.id;
    },
    showTyping(conversationId) {
      const { person } = conversationBy(conversationId)!;
      const message: ChatMessage = { id: newId(), from: 'bot', at: clock.now().toISOString(), typing: true };
      emit(person, { kind: 'message', message });
      return message.id;
    },
    update,
    async remove(conversationId, messageId) {
      const removed = await edit(conversationId, messageId, ({ messages }, index) => void messages.splice(index, 1));
      if (removed) emit(removed.person, { kind: 'deleted', id: messageId });
      return removed !== undefined;
    },
    async start() {
      isRunning = true;
      for (const { id } of store.current.conversations) arm(id);
    },
    async close() {
      isRunning = false;
      stop.abort();
      for (const cancel of waiting.values()) cancel();
      waiting.clear();
      await inFlight.idle();
    },
    idle: () => inFlight.idle(),
  };
}
