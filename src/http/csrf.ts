import { createHmac, timingSafeEqual } from 'node:crypto';
import type { Request } from 'express';
import { RequestProblem } from './respond';

/** The word that a page must repeat in X-CSRF-Token: made from the session's id, so that it cannot be known without it. */
export const csrfTokenOf = (sessionId: string, secret: string): string =>
  createHmac('sha256', secret).update(`csrf ${sessionId}`).digest('base64url');

/** Lets only our own page act in a session. @throws RequestProblem csrf */
export function requireOwnPage(req: Request, csrfToken: string, publicUrl: string): void {
  const origin = req.get('origin');
  const site = req.get('sec-fetch-site');
  const isForeign = (origin !== undefined && origin !== new URL(publicUrl).origin) || (site !== undefined && site !== 'same-origin');
  if (isForeign || !sameWord(req.get('x-csrf-token') ?? '', csrfToken)) throw new RequestProblem('csrf');
}

/** Compared in equal time, so that guessing teaches nothing. */
export function sameWord(given: string, expected: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(expected)];
  return a.length === b.length && timingSafeEqual(a, b);
}
