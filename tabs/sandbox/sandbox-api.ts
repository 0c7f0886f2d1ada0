import type { Locale } from '../../src/contract/common';
import type { PlanList } from '../../src/contract/plans';
import type { Problem } from '../../src/contract/refusals';
import type { Subscription as Contract, NewContract } from '../../src/contract/subscriptions';
import type { Usage } from '../../src/contract/usage';

export interface Person {
  key: string;
  name: string;
  role: 'owner' | 'agent' | 'member' | 'other_owner';
  address: string;
  objectId: string;
  tenantId: string;
  organization: string;
}

/** A plan at one term; a plan with several terms stands in the list once for each. */
export interface Plan {
  offerId: string;
  planId: string;
  name: string;
  description: string;
  /** The same by language, where the catalog has it. */
  descriptions?: Partial<Record<Locale, string>>;
  /** ISO 8601 duration: P1M, P1Y. */
  termUnit: string;
  currency: string;
  priceMinor: number;
  /** A larger plan has a higher rank. */
  rank: number;
  /** Units of each meter in one billing period; null = unlimited. */
  limits: Record<string, number | null>;
  /** Present where a number of seats is bought. */
  seats?: { min: number; max: number };
}

export interface Order {
  planId: string;
  termUnit: string;
  name: string;
  quantity?: number;
}

export interface SandboxState {
  people: Person[];
  /** The sandbox's own clock, ISO 8601. */
  now: string;
  plans: Plan[];
  appName: string;
  botId: string;
}

export interface ChatMessage {
  id: string;
  from: 'bot' | 'person';
  at: string;
  text?: string;
  attachments?: { contentType: string; content: unknown }[];
  typing?: boolean;
}

export interface Subscription {
  id: string;
  name: string;
  offerId: string;
  planId: string;
  planName: string;
  quantity: number | null;
  status: string;
  termUnit: string;
  termStart: string | null;
  termEnd: string | null;
  autoRenew: boolean;
  purchasedAt: string;
  pendingOperation: { id: string; action: string } | null;
  /** How Kontingent answered the last webhook; status null: not answered. */
  lastWebhook: { action: string; status: number | null; at: string } | null;
}

export interface Marketplace {
  plans: Plan[];
  subscriptions: Subscription[];
}

/** An answer that is not 2xx. `problem` when the server explained itself. */
export class Refused extends Error {
  constructor(
    readonly status: number,
    readonly problem: Partial<Problem> | null,
    readonly retryAfterSeconds: number,
  ) {
    super(problem?.detail ?? problem?.title ?? `The server answered ${status}.`);
  }
}

async function answerOf<Answer>(response: Response): Promise<Answer> {
  const text = await response.text();
  const body = text && response.headers.get('content-type')?.includes('json') ? JSON.parse(text) : null;
  if (!response.ok) throw new Refused(response.status, body, Number(response.headers.get('retry-after')) || 1);
  return body as Answer;
}

const get = async <Answer>(path: string): Promise<Answer> =>
  answerOf<Answer>(await fetch(path, { headers: { accept: 'application/json' } }));

const post = async <Answer>(path: string, body: unknown): Promise<Answer> =>
  answerOf<Answer>(await fetch(path, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }));

const of = (person: string) => `person=${encodeURIComponent(person)}`;
const subscriptionPath = (id: string, act: string) => `/sandbox/api/marketplace/subscriptions/${encodeURIComponent(id)}/${act}`;

export const fetchState = () => get<SandboxState>('/sandbox/api/state');
export const fetchToken = async (person: string) => (await get<{ token: string }>(`/sandbox/api/token?${of(person)}`)).token;
export const moveClock = (move: { advanceDays: number } | { to: string }) => post<{ now: string }>('/sandbox/api/clock', move);

/** Whose chat, and the language tag of their client, which the bot is told. */
export interface Chatter {
  person: string;
  locale: string;
}

export const fetchChat = ({ person, locale }: Chatter) =>
  get<{ conversationId: string; messages: ChatMessage[] }>(`/sandbox/api/chat?${of(person)}&locale=${locale}`);
export const chatStreamUrl = (person: string) => `/sandbox/api/chat/stream?${of(person)}`;
export const say = (chatter: Chatter, text: string) => post<unknown>('/sandbox/api/chat/messages', { ...chatter, text });
export const submitCard = (chatter: Chatter, messageId: string, data: unknown) =>
  post<unknown>('/sandbox/api/chat/submit', { ...chatter, messageId, data });
export const executeCard = (chatter: Chatter, messageId: string, verb: string, data: unknown) =>
  post<unknown>('/sandbox/api/chat/invoke', { ...chatter, messageId, verb, data });

export const fetchMarketplace = (person: string) => get<Marketplace>(`/sandbox/api/marketplace?${of(person)}`);
export const buy = (person: string, order: Order) =>
  post<{ subscription: Subscription; landingUrl: string }>('/sandbox/api/marketplace/purchases', { person, ...order });
export const manage = (person: string, id: string) => post<{ landingUrl: string }>(subscriptionPath(id, 'manage'), { person });
export const changePlan = (person: string, id: string, planId: string) =>
  post<unknown>(subscriptionPath(id, 'change-plan'), { person, planId });
export const setAutoRenew = (person: string, id: string, autoRenew: boolean) =>
  post<unknown>(subscriptionPath(id, 'auto-renew'), { person, autoRenew });
export const tellSubscription = (person: string, id: string, act: 'suspend' | 'reinstate' | 'renew' | 'cancel') =>
  post<unknown>(subscriptionPath(id, act), { person });

/** What the organization of `token` has used of its plan; null without a live subscription. */
export async function fetchUsage(token: string): Promise<Usage | null> {
  const response = await fetch('/api/v1/usage', { headers: { authorization: `Bearer ${token}` } });
  if (response.status === 403) return null;
  return answerOf<Usage>(response);
}

export async function createTicket(token: string, title: string): Promise<void> {
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json', 'idempotency-key': crypto.randomUUID() };
  await answerOf(await fetch('/api/v1/tickets', { method: 'POST', headers, body: JSON.stringify({ title }) }));
}

/** A plan that is sold by contract, as the API offers it. */
export type DirectPlan = PlanList['items'][number];

/** What is sold by contract, and which contracts a person's organization has; none before its first. */
export async function fetchContracts(person: string, lang: Locale): Promise<{ plans: DirectPlan[]; contracts: Contract[] }> {
  const headers = { authorization: `Bearer ${await fetchToken(person)}`, 'accept-language': lang };
  const { items } = await answerOf<PlanList>(await fetch('/api/v1/plans', { headers }));
  const held = await fetch('/api/v1/subscriptions', { headers });
  const contracts = held.status === 403 ? [] : (await answerOf<{ items: Contract[] }>(held)).items;
  return { plans: items.filter(({ billing }) => billing === 'direct'), contracts: contracts.filter(({ source }) => source === 'direct') };
}

/** Buys a plan at the price that was shown; the same key buys it once. */
export async function buyContract(
  person: Person,
  lang: Locale,
  key: string,
  { plan, price, quantity }: { plan: DirectPlan; price: DirectPlan['prices'][number]; quantity: number | null },
): Promise<Contract> {
  const { planId, version } = plan;
  const { term, currency, minor } = price;
  const { timeZone } = Intl.DateTimeFormat().resolvedOptions();
  const organization = { name: person.organization, contactAddress: person.address, locale: lang, timeZone };
  const order: Partial<NewContract> = { planId, term, quantity, consent: { version, currency, minor }, organization };
  const headers = { authorization: `Bearer ${await fetchToken(person.key)}`, 'content-type': 'application/json', 'idempotency-key': key };
  return answerOf<Contract>(await fetch('/api/v1/subscriptions', { method: 'POST', headers, body: JSON.stringify(order) }));
}
