import axios, { type AxiosResponse } from 'axios';
import {
  type Marketplace,
  type MarketplaceOperation,
  type MarketplaceSubscription,
  MarketplaceUnavailable,
} from '../../features/subscriptions/marketplace.port';
import { systemClock } from '../../platform/clock';
import { newFraction, newId } from '../../platform/ids';
import type { Logger } from '../../platform/logger';
import { proxyFor } from '../proxy';
import { readJson, readOperation, readPage, readResolved, readSubscription, UnreadableAnswer } from './read';

/** The publisher's bearer token; `rejected` is one that was just refused, to be replaced. @throws when nobody issues one */
export type PublisherToken = (rejected?: string) => Promise<string>;

export interface MarketplaceClientSettings {
  /** Base of the API, without a trailing slash. */
  apiUrl: string;
  /** Hosts (host:port) that may receive the token when a link of the API names them. */
  apiHosts: readonly string[];
}

export interface MarketplaceClientDeps {
  token: PublisherToken;
  log: Logger;
  pause(ms: number): Promise<void>;
}

const API_VERSION = '2018-08-31';
const TIMEOUT_MS = 8_000;
/** Tries of a call that changes nothing. */
const TRIES = 3;
const FIRST_PAUSE_MS = 300;
/** A longer wait that the API asks for is not waited here: the caller comes back. */
const LONGEST_PAUSE_MS = 10_000;
const MOST_PAGES = 10_000;

interface Call {
  method: 'GET' | 'POST' | 'PATCH';
  url: string;
  headers?: Record<string, string>;
  body?: object;
  /** Repeated after a failure, because it changes nothing. */
  isSafe: boolean;
}

interface Answer {
  status: number;
  body: string;
  /** Of an operation that was begun. */
  operationId: string | null;
}

/** The SaaS fulfillment API v2 over HTTP. Source: learn.microsoft.com, SaaS fulfillment subscription and operations APIs. */
export class MarketplaceClient implements Marketplace {
  constructor(
    private readonly settings: MarketplaceClientSettings,
    private readonly deps: MarketplaceClientDeps,
    private readonly correlationId: string | null = null,
  ) {}

  correlated(correlationId: string): Marketplace {
    return new MarketplaceClient(this.settings, this.deps, correlationId);
  }

  async resolve(purchaseToken: string): Promise<MarketplaceSubscription | null> {
    // A header cannot carry anything else, and no token holds it.
    if (!/^[\x21-\x7e]+$/u.test(purchaseToken)) return null;
    const answer = await this.send({
      method: 'POST',
      url: this.url('/resolve'),
      headers: { 'x-ms-marketplace-token': purchaseToken },
      isSafe: true,
    });
    if (answer.status === 400 || answer.status === 404) return null;
    const { id, subscription } = read(answer, readResolved);
    return subscription ?? this.getSubscription(id);
  }

  async getSubscription(subscriptionId: string): Promise<MarketplaceSubscription | null> {
    const answer = await this.send({ method: 'GET', url: this.url(`/${part(subscriptionId)}`), isSafe: true });
    if (answer.status === 400 || answer.status === 404) return null;
    return read(answer, readSubscription);
  }

  async *listSubscriptions(): AsyncIterable<MarketplaceSubscription> {
    const seen = new Set<string>();
    let url: string | null = this.url('');
    while (url !== null && !seen.has(url) && seen.size < MOST_PAGES) {
      seen.add(url);
      const page: ReturnType<typeof readPage> = read(await this.send({ method: 'GET', url, isSafe: true }), readPage);
      yield* page.items;
      url = page.nextLink === null ? null : this.followed(page.nextLink);
    }
  }

  async activate(
    subscriptionId: string,
    { planId, quantity }: { planId: string; quantity: number | null },
  ): Promise<'accepted' | 'refused' | 'ended'> {
    const answer = await this.send({
      method: 'POST',
      url: this.url(`/${part(subscriptionId)}/activate`),
      body: { planId, ...(quantity !== null && { quantity }) },
      isSafe: false,
    });
    if (answer.status === 404) return 'ended';
    if (answer.status === 400 || answer.status === 409) return 'refused';
    succeeded(answer);
    return 'accepted';
  }

  async getOperation(subscriptionId: string, operationId: string): Promise<MarketplaceOperation | null> {
    const answer = await this.send({
      method: 'GET',
      url: this.url(`/${part(subscriptionId)}/operations/${part(operationId)}`),
      isSafe: true,
    });
    // The API was seen to answer 400 where it documents 404.
    if (answer.status === 400 || answer.status === 404) return null;
    return read(answer, (value) => readOperation(value, { id: operationId, subscriptionId }));
  }

  async acknowledge(subscriptionId: string, operationId: string, status: 'Success' | 'Failure'): Promise<'noted' | 'settled' | 'unknown'> {
    const answer = await this.send({
      method: 'PATCH',
      url: this.url(`/${part(subscriptionId)}/operations/${part(operationId)}`),
      body: { status },
      isSafe: false,
    });
    if (answer.status === 409) return 'settled';
    if (answer.status === 400 || answer.status === 404) return 'unknown';
    succeeded(answer);
    return 'noted';
  }

  async change(
    subscriptionId: string,
    wanted: { planId: string } | { quantity: number },
  ): Promise<{ operationId: string | null } | 'busy' | 'refused'> {
    const answer = await this.send({ method: 'PATCH', url: this.url(`/${part(subscriptionId)}`), body: wanted, isSafe: false });
    if (answer.status === 409) return 'busy';
    if (answer.status === 400 || answer.status === 404) return 'refused';
    succeeded(answer);
    return { operationId: answer.operationId };
  }

  private url(path: string): string {
    return `${this.settings.apiUrl}/saas/subscriptions${path}?api-version=${API_VERSION}`;
  }

  /**
   * The address of the next page: the link as it is when its host may have our token, else our own base with the link's
   * continuation token. The token is opaque and never encoded again.
   */
  private followed(link: string): string | null {
    const base = new URL(this.settings.apiUrl);
    if (URL.canParse(link)) {
      const { host, protocol, username, password } = new URL(link);
      const isAllowed = this.settings.apiHosts.includes(host) && protocol === base.protocol && !username && !password;
      if (isAllowed) return /[?&]api-version=/iu.test(link) ? link : `${link}${link.includes('?') ? '&' : '?'}api-version=${API_VERSION}`;
    }
    const token = /[?&]continuationToken=([^&#]+)/iu.exec(link)?.[1];
    if (token) return `${this.url('')}&continuationToken=${token}`;
    this.deps.log.error({ host: URL.canParse(link) ? new URL(link).host : null }, 'a page of the marketplace’s list cannot be reached');
    return null;
  }

  /** Sends, and repeats what may be repeated. @throws MarketplaceUnavailable */
  private async send(call: Call): Promise<Answer> {
    const tries = call.isSafe ? TRIES : 1;
    for (let attempt = 1; ; attempt += 1) {
      const { answer, retryAfterMs } = await this.authorized(call);
      if (answer && !isTroubled(answer.status)) return answer;
      const pauseMs = Math.max(retryAfterMs, FIRST_PAUSE_MS * 2 ** (attempt - 1) * (0.5 + newFraction()));
      if (attempt >= tries || pauseMs > LONGEST_PAUSE_MS)
        throw new MarketplaceUnavailable(
          answer ? `The marketplace answers ${answer.status}.` : 'The marketplace does not answer.',
          retryAfterMs,
        );
      await this.deps.pause(pauseMs);
    }
  }

  /** One sending, with one fresh token when the one used is refused. */
  private async authorized(call: Call): Promise<{ answer: Answer | null; retryAfterMs: number }> {
    const token = await this.token();
    const first = await this.once(call, token);
    if (first.answer?.status !== 401 && first.answer?.status !== 403) return first;
    return this.once(call, await this.token(token));
  }

  private async token(rejected?: string): Promise<string> {
    try {
      return await this.deps.token(rejected);
    } catch (error) {
      this.deps.log.error({ err: error }, 'no token for the marketplace was issued');
      throw new MarketplaceUnavailable('No token for the marketplace was issued.');
    }
  }

  private async once(call: Call, token: string): Promise<{ answer: Answer | null; retryAfterMs: number }> {
    const requestId = newId();
    const correlationId = this.correlationId ?? requestId;
    const facts = { method: call.method, path: new URL(call.url).pathname, requestId, correlationId };
    try {
      const response = await axios.request<string>({
        method: call.method,
        url: call.url,
        headers: {
          Accept: 'application/json',
          'Content-Type': 'application/json',
          ...call.headers,
          Authorization: `Bearer ${token}`,
          'x-ms-requestid': requestId,
          'x-ms-correlationid': correlationId,
        },
        data: call.body && JSON.stringify(call.body),
        timeout: TIMEOUT_MS,
        signal: AbortSignal.timeout(2 * TIMEOUT_MS),
        // The token goes where it was meant to go, and nowhere else.
        maxRedirects: 0,
        proxy: proxyFor(call.url),
        responseType: 'text',
        transformResponse: (body: unknown) => body,
        validateStatus: () => true,
      });
      this.deps.log[isTroubled(response.status) ? 'warn' : 'info']({ ...facts, status: response.status }, 'called the marketplace');
      return {
        answer: { status: response.status, body: String(response.data ?? ''), operationId: operationOf(response) },
        retryAfterMs: retryAfterOf(response),
      };
    } catch (error) {
      this.deps.log.warn(
        { ...facts, reason: (error as { code?: unknown }).code ?? (error as Error).name },
        'the marketplace does not answer',
      );
      return { answer: null, retryAfterMs: 0 };
    }
  }
}

/** Worth another try: theirs is the fault, or they are busy. */
const isTroubled = (status: number): boolean => status === 408 || status === 429 || status >= 500;

const part = (id: string): string => encodeURIComponent(id);

function succeeded({ status }: Answer): void {
  if (status < 200 || status >= 300) throw new MarketplaceUnavailable(`The marketplace answers ${status}.`);
}

function read<T>(answer: Answer, reader: (value: unknown) => T): T {
  succeeded(answer);
  try {
    return reader(readJson(answer.body));
  } catch (error) {
    if (error instanceof UnreadableAnswer) throw new MarketplaceUnavailable(error.message);
    throw error;
  }
}

/** From its own header, else from the address where it is looked up; that address itself is never called. */
function operationOf({ headers }: AxiosResponse): string | null {
  const named = String(headers['operation-id'] ?? '').trim();
  const located = /\/operations\/([^/?#]+)/u.exec(String(headers['operation-location'] ?? ''))?.[1] ?? '';
  return [named, located].find((id) => /^[A-Za-z0-9][\w-]{0,99}$/u.test(id)) ?? null;
}

/** Seconds or a date; 0 when nothing usable is said. */
function retryAfterOf({ headers }: AxiosResponse): number {
  const said = String(headers['retry-after'] ?? '').trim();
  const ms = /^\d+$/u.test(said) ? Number(said) * 1000 : Date.parse(said) - systemClock.now().getTime();
  return Math.max(ms, 0) || 0;
}
