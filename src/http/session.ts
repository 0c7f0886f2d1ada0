import { parseCookie, stringifySetCookie } from 'cookie';
import type { Request, Response } from 'express';
import { systemClock } from '../platform/clock';
import type { Database } from '../platform/db/database';
import { newSecret } from '../platform/ids';
import { changeSession, createSession, deleteSession, findSession, type SessionData } from '../platform/web-sessions';
import { csrfTokenOf } from './csrf';

/** The account page's memory of a browser. */
export interface AccountSession extends SessionData {
  /** Who signed in; ids are lower case. */
  person?: { tenantId: string; memberId: string; name: string; address: string | null };
  /** As it came, until it was resolved. */
  purchaseToken?: string;
  /** The marketplace's id of what the token named. */
  subscriptionId?: string;
  isTokenInvalid?: true;
  /** Sign-ins under way, by state. */
  signIns?: Record<string, { nonce: string; verifier: string }>;
}

export interface Session {
  data: AccountSession;
  csrfToken: string;
  /** Changes the named fields; null removes one. */
  change(changes: { [Field in keyof AccountSession]: AccountSession[Field] | null }): Promise<void>;
  /** Goes on under another id with this content: an id known before a sign-in is worth nothing after it. */
  renew(res: Response, data: AccountSession): Promise<void>;
}

const LIFE_MS = 4 * 3600_000;

/** Sessions in the database, known to the browser by a cookie that scripts cannot read. */
export function createSessions(database: Database, { publicUrl, secret }: { publicUrl: string; secret: string }) {
  // Browsers take the prefix over https only.
  const name = publicUrl.startsWith('https://') ? '__Host-kontingent' : 'kontingent';

  async function start(res: Response, data: AccountSession): Promise<Session> {
    const id = newSecret();
    await createSession(database, id, data, new Date(systemClock.now().getTime() + LIFE_MS));
    res.append(
      'Set-Cookie',
      stringifySetCookie({ name, value: id, httpOnly: true, secure: true, sameSite: 'lax', path: '/', maxAge: LIFE_MS / 1000 }),
    );
    return sessionOf(id, data);
  }

  function sessionOf(id: string, data: AccountSession): Session {
    return {
      data,
      csrfToken: csrfTokenOf(id, secret),
      async change(changes) {
        await changeSession(database, id, changes);
        for (const [field, value] of Object.entries(changes)) {
          if (value === null) delete data[field];
          else data[field] = value;
        }
      },
      async renew(res, content) {
        await deleteSession(database, id);
        await start(res, content);
      },
    };
  }

  return {
    start,
    /** The session that the request's cookie names; null: none, or it is over. */
    async find(req: Request): Promise<Session | null> {
      const id = parseCookie(req.get('cookie') ?? '')[name];
      if (!id || !/^[\w-]{43}$/u.test(id)) return null;
      const data = await findSession(database, id, systemClock.now());
      return data && sessionOf(id, data as AccountSession);
    },
  };
}
