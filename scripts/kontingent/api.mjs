import { randomUUID } from 'node:crypto';

/** The server's no, or its silence, in words. */
export class Refused extends Error {}

const TIMEOUT_MS = 30_000;

/** The operator API as one person calls it. */
export class Api {
  constructor(url, token) {
    this.url = url;
    this.token = token;
  }

  get(path, query = {}) {
    const given = Object.entries(query).filter(([, value]) => value !== undefined);
    return this.#send('GET', given.length > 0 ? `${path}?${new URLSearchParams(given)}` : path);
  }

  post(path, body) {
    return this.#send('POST', path, body);
  }

  async #send(method, path, body) {
    const response = await reach(`${this.url}/api/operator/v1${path}`, {
      method,
      headers: {
        Authorization: `Bearer ${this.token}`,
        ...(body && { 'Content-Type': 'application/json', 'Idempotency-Key': randomUUID() }),
      },
      ...(body && { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    const said = parsed(text);
    if (response.ok && (text === '' || said !== null)) return said;
    throw new Refused(inWords(response.status, said, this.url));
  }
}

/** @throws Refused when nobody answers */
export async function reach(url, options = {}) {
  try {
    return await fetch(url, { ...options, redirect: 'error', signal: AbortSignal.timeout(TIMEOUT_MS) });
  } catch (error) {
    throw new Refused(
      `Nobody answers at ${new URL(url).origin} (${error.cause?.code ?? error.name}). Is the server running, and is --url right?`,
    );
  }
}

function inWords(status, said, url) {
  if (said === null || typeof said.code !== 'string') return `${url} answers ${status}, and not as this server does. Is --url right?`;
  const wrong = (said.errors ?? []).map(({ path, message }) => `\n  ${path}: ${message}`).join('');
  const hint = HINTS[said.code] ?? '';
  return `${said.detail ?? said.title} (${status} ${said.code})${hint && ` ${hint}`}${wrong}\nRequest ${said.requestId ?? 'without id'}.`;
}

const HINTS = {
  token_invalid: 'The token is over, or of another directory than the publisher’s.',
  operator_role_missing: 'Ask for the app role Kontingent.Support or Kontingent.Accounting.',
};

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
