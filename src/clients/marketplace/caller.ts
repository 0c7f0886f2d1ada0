import axios, { type AxiosResponse } from 'axios';
import { type CallLog, MarketplaceForbidden, MarketplaceUnavailable, type NotedCall } from '../../features/subscriptions/marketplace.port';
import { systemClock } from '../../platform/clock';
import { newFraction, newId } from '../../platform/ids';
import type { Logger } from '../../platform/logger';
import { proxyFor } from '../proxy';
import { UnreadableAnswer } from './read';
import { whyForbidden, whyNoToken } from './reasons';

/** The publisher's bearer token; `rejected` is one that was just refused, to be replaced. @throws when nobody issues one */
export type PublisherToken = (rejected?: string) => Promise<string>;

export interface CallerDeps {
  token: PublisherToken;
  log: Logger;
  pause(ms: number): Promise<void>;
  /** Nobody notes calls when absent. */
  calls?: CallLog;
  /** The application we mean to be, to explain why a call is not allowed. */
  clientId?: string;
}

export interface Call {
  method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  url: string;
  headers?: Record<string, string>;
  body?: object;
  /** Repeated after a failure, because it changes nothing. */
  isSafe: boolean;
  /** Whose call it is, for the log. */
  subscriptionId?: string;
}

export interface Answer {
  status: number;
  body: string;
  /** Of an operation that was begun. */
  operationId: string | null;
}

interface Attempt {
  answer: Answer | null;
  retryAfterMs: number;
  token: string;
}

/** Longer than an API takes that is slow but there. */
const TIMEOUT_MS = 12_000;
/** Tries of a call that changes nothing. */
const TRIES = 3;
const FIRST_PAUSE_MS = 300;
/** A longer wait that the API asks for is not waited here: the caller comes back. */
const LONGEST_PAUSE_MS = 10_000;
const LONGEST_ERROR = 300;

/**
 * Calls Microsoft's marketplace: with the publisher's token, ids of its own, a time limit, and another try where that harms nobody.
 * Every request is noted.
 */
export class MarketplaceCaller {
  constructor(
    private readonly deps: CallerDeps,
    private readonly correlationId: string | null = null,
    /** Whether any call was ever allowed; shared by all callers of one token. */
    private readonly seen = { isAllowed: false },
  ) {}

  /** The same, with all its calls tied to one business act. */
  correlated(correlationId: string): MarketplaceCaller {
    return new MarketplaceCaller(this.deps, correlationId, this.seen);
  }

  /** Answers of any kind but trouble: theirs is the fault, or we are not allowed. @throws MarketplaceUnavailable */
  async send(call: Call): Promise<Answer> {
    const tries = call.isSafe ? TRIES : 1;
    for (let attempt = 1; ; attempt += 1) {
      const { answer, retryAfterMs, token } = await this.authorized(call);
      if (answer?.status === 401 || answer?.status === 403) throw new MarketplaceForbidden(this.explain(call, answer, token));
      if (answer && !isTroubled(answer.status)) {
        this.seen.isAllowed = true;
        return answer;
      }
      const pauseMs = Math.max(retryAfterMs, firstPause() * 2 ** (attempt - 1));
      if (attempt >= tries || pauseMs > LONGEST_PAUSE_MS)
        throw new MarketplaceUnavailable(
          answer ? `The marketplace answers ${answer.status}.` : 'The marketplace does not answer.',
          retryAfterMs,
        );
      await this.deps.pause(pauseMs);
    }
  }

  /**
   * Does what changes something. When nothing usable is answered, it may have happened all the same: the state is read, and only when
   * that shows nothing of it (null) it is done once more. @throws MarketplaceUnavailable
   */
  async once<T>(act: () => Promise<T>, shown: () => Promise<T | null>): Promise<T> {
    try {
      return await act();
    } catch (error) {
      if (!(error instanceof MarketplaceUnavailable) || error instanceof MarketplaceForbidden) throw error;
      if (error.retryAfterMs > LONGEST_PAUSE_MS) throw error;
      await this.deps.pause(Math.max(error.retryAfterMs, firstPause()));
      return (await shown()) ?? act();
    }
  }

  private explain({ subscriptionId }: Call, answer: Answer, token: string): string {
    const { clientId = null } = this.deps;
    const why = whyForbidden({ status: answer.status, token, clientId, subscriptionId, wasAllowed: this.seen.isAllowed });
    this.deps.log.error({ status: answer.status, subscriptionId, why }, 'the marketplace does not allow a call');
    return why;
  }

  /** One sending, with one fresh token when the one used is refused. */
  private async authorized(call: Call): Promise<Attempt> {
    const token = await this.token();
    const first = await this.attempt(call, token);
    if (first.answer?.status !== 401 && first.answer?.status !== 403) return first;
    return this.attempt(call, await this.token(token));
  }

  private async token(rejected?: string): Promise<string> {
    try {
      return await this.deps.token(rejected);
    } catch (error) {
      const why = whyNoToken(error);
      this.deps.log.error({ err: error, why }, 'no token for the marketplace was issued');
      throw why ? new MarketplaceForbidden(why) : new MarketplaceUnavailable('No token for the marketplace was issued.');
    }
  }

  private async attempt(call: Call, token: string): Promise<Attempt> {
    const requestId = newId();
    const correlationId = this.correlationId ?? requestId;
    const startedAt = systemClock.now();
    const note = (outcome: { status: number | null; error: string | null }) =>
      this.note({
        method: call.method,
        path: new URL(call.url).pathname,
        ...outcome,
        requestId,
        correlationId,
        startedAt,
        durationMs: systemClock.now().getTime() - startedAt.getTime(),
        subscriptionId: call.subscriptionId ?? null,
      });
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
      const { status } = response;
      const body = String(response.data ?? '');
      note({ status, error: status < 400 ? null : complaintOf(body) });
      return { answer: { status, body, operationId: operationOf(response) }, retryAfterMs: retryAfterOf(response), token };
    } catch (error) {
      note({ status: null, error: String((error as { code?: unknown }).code ?? (error as Error).name) });
      return { answer: null, retryAfterMs: 0, token };
    }
  }

  private note(call: NotedCall): void {
    const { startedAt: _startedAt, ...facts } = call;
    if (call.status === null) this.deps.log.warn(facts, 'the marketplace does not answer');
    else this.deps.log[isTroubled(call.status) ? 'warn' : 'info'](facts, 'called the marketplace');
    try {
      this.deps.calls?.noteCall(call);
    } catch (error) {
      this.deps.log.error({ err: error, requestId: call.requestId }, 'a call to the marketplace was not noted');
    }
  }
}

/** @throws MarketplaceUnavailable unless the answer is a success */
export function succeeded({ status }: Answer): void {
  if (status < 200 || status >= 300) throw new MarketplaceUnavailable(`The marketplace answers ${status}.`);
}

/** What a successful answer says. @throws MarketplaceUnavailable when it is none, or not to be read */
export function read<T>(answer: Answer, reader: (body: string) => T): T {
  succeeded(answer);
  try {
    return reader(answer.body);
  } catch (error) {
    if (error instanceof UnreadableAnswer) throw new MarketplaceUnavailable(error.message);
    throw error;
  }
}

/** As a part of a path, which no id can leave. */
export const part = (id: string): string => encodeURIComponent(id);

/** Worth another try: theirs is the fault, or they are busy. */
const isTroubled = (status: number): boolean => status === 408 || status === 429 || status >= 500;

/** Never the same for two who were sent away together. */
const firstPause = (): number => FIRST_PAUSE_MS * (0.5 + newFraction());

/** Their own words of an error, whatever form they have. */
const complaintOf = (body: string): string | null => body.replace(/\s+/gu, ' ').trim().slice(0, LONGEST_ERROR) || null;

/** From its own header, else from the address where it is looked up; that address itself is never called. */
function operationOf({ headers }: AxiosResponse): string | null {
  const named = String(headers['operation-id'] ?? '').trim();
  const located = /\/operations\/([^/?#]+)/u.exec(String(headers['operation-location'] ?? headers.location ?? ''))?.[1] ?? '';
  return [named, located].find((id) => /^[A-Za-z0-9][\w-]{0,99}$/u.test(id)) ?? null;
}

/** Seconds or a date; 0 when nothing usable is said. */
function retryAfterOf({ headers }: AxiosResponse): number {
  const said = String(headers['retry-after'] ?? '').trim();
  const ms = /^\d+$/u.test(said) ? Number(said) * 1000 : Date.parse(said) - systemClock.now().getTime();
  return Math.max(ms, 0) || 0;
}
