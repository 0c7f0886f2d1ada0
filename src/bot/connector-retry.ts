import { randomInt } from 'node:crypto';

export type Wait = (ms: number) => Promise<void>;

interface Request {
  timeout: number;
}
interface Response {
  status: number;
  headers: { get(name: string): string | undefined };
}
interface Pipeline {
  removePolicy(options: { name: string }): unknown;
  addPolicy(
    policy: { name: string; sendRequest(request: Request, next: (request: Request) => Promise<Response>): Promise<Response> },
    options?: { phase?: 'Retry' },
  ): void;
}

/** One try; Teams gives a turn 15 s in all. */
const TIMEOUT_MS = 8_000;
const MOST_TRIES = 3;
/** What is asked to wait longer is given up here; a message that is not urgent is tried again by its outbox. */
const LONGEST_WAIT_MS = 3_000;
/** Source: Teams bot conversations, status codes; rate limits. */
const AGAIN = new Set([412, 429, 502, 503, 504]);

const LOOPBACK = /^(127(\.\d+){3}|localhost|\[::1\])$/u;

/**
 * Replaces the SDK's patience, which may take minutes inside a turn and passes over 412: three tries with growing,
 * spread pauses or the pause the service asked for. Redirects are not followed: they would carry the bot's token along.
 * This machine is never reached through a proxy of the environment.
 */
export function retryConnector(connector: object, serviceUrl: string, wait: Wait): void {
  const { pipeline } = (connector as { client: { pipeline: Pipeline } }).client;
  pipeline.removePolicy({ name: 'defaultRetryPolicy' });
  pipeline.removePolicy({ name: 'redirectPolicy' });
  if (LOOPBACK.test(new URL(serviceUrl).hostname)) pipeline.removePolicy({ name: 'proxyPolicy' });
  pipeline.addPolicy(
    {
      name: 'kontingentRetry',
      async sendRequest(request, next) {
        request.timeout = TIMEOUT_MS;
        for (let attempt = 1; ; attempt += 1) {
          const response = await next(request);
          if (!AGAIN.has(response.status) || attempt === MOST_TRIES) return response;
          const pause = retryAfterMs(response.headers.get('retry-after')) ?? 250 * 2 ** attempt + randomInt(250);
          if (pause > LONGEST_WAIT_MS) return response;
          await wait(pause);
        }
      },
    },
    { phase: 'Retry' },
  );
}

/** `Retry-After` in seconds; null for none and for dates, which these services do not send. */
export function retryAfterMs(header: string | null | undefined): number | null {
  const seconds = Number(header);
  return header?.trim() && Number.isFinite(seconds) && seconds >= 0 ? seconds * 1000 : null;
}
