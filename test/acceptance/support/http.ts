// biome-ignore-all lint/suspicious/noExplicitAny: what comes over the wire is looked at as it is
import { randomUUID } from 'node:crypto';

export interface Answer {
  status: number;
  body: any;
  headers: Headers;
}

/** One API as one person calls it. Paths are relative to it. */
export interface Caller {
  get(path: string, headers?: Record<string, string>): Promise<Answer>;
  /** With an Idempotency-Key: a new one when none is given. */
  post(path: string, body?: object, key?: string): Promise<Answer>;
  patch(path: string, body: object, revision: number): Promise<Answer>;
  put(path: string, body: object): Promise<Answer>;
  remove(path: string, revision: number): Promise<Answer>;
  /** Any other request, signed in. */
  send(method: string, path: string, given?: { body?: object | undefined; headers?: Record<string, string> }): Promise<Answer>;
  /** What is no JSON: documents, exports. */
  download(path: string): Promise<{ status: number; type: string; bytes: Buffer; headers: Headers }>;
}

export async function request(method: string, url: string, body?: unknown, headers: Record<string, string> = {}): Promise<Answer> {
  const answer = await fetch(url, {
    method,
    redirect: 'manual',
    headers: { ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await answer.text();
  const isJson = /json/u.test(answer.headers.get('content-type') ?? '');
  return { status: answer.status, body: isJson && text ? JSON.parse(text) : text, headers: answer.headers };
}

export function callerAt(base: string, bearer: () => Promise<string>): Caller {
  const send: Caller['send'] = async (method, path, { body, headers = {} } = {}) =>
    request(method, `${base}${path}`, body, { authorization: `Bearer ${await bearer()}`, ...headers });
  const tag = (revision: number) => ({ 'if-match': `"${revision}"` });
  return {
    send,
    get: (path, headers = {}) => send('GET', path, { headers }),
    post: (path, body = {}, key = randomUUID()) => send('POST', path, { body, headers: { 'idempotency-key': key } }),
    patch: (path, body, revision) => send('PATCH', path, { body, headers: tag(revision) }),
    put: (path, body) => send('PUT', path, { body }),
    remove: (path, revision) => send('DELETE', path, { headers: tag(revision) }),
    async download(path) {
      const answer = await fetch(`${base}${path}`, { headers: { authorization: `Bearer ${await bearer()}` } });
      const type = answer.headers.get('content-type') ?? '';
      return { status: answer.status, type, bytes: Buffer.from(await answer.arrayBuffer()), headers: answer.headers };
    },
  };
}

/** A browser as far as the account page needs one: it keeps cookies and follows nothing by itself. */
export class Browser {
  private readonly cookies = new Map<string, string>();

  async go(method: string, url: string, body?: unknown, headers: Record<string, string> = {}): Promise<Answer> {
    const cookie = [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const answer = await request(method, url, body, { ...headers, ...(cookie && { cookie }) });
    for (const set of answer.headers.getSetCookie()) {
      const [, name, value] = /^([^=]+)=([^;]*)/u.exec(set)!;
      if (value) this.cookies.set(name!, value);
      else this.cookies.delete(name!);
    }
    return answer;
  }
}
