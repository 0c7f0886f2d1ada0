import { createHash } from 'node:crypto';
import type { Queryable } from './db/database';

/** What the server remembers of a browser, under an id that only the browser has: the table holds the id's digest. */
export type SessionData = Record<string, unknown>;

const digest = (sessionId: string): string => createHash('sha256').update(sessionId).digest('base64url');

export async function createSession(db: Queryable, sessionId: string, data: SessionData, expiresAt: Date): Promise<void> {
  await db.query('insert into web_sessions (session_hash, data, expires_at) values ($1, $2, $3)', [
    digest(sessionId),
    JSON.stringify(data),
    expiresAt,
  ]);
}

/** null: never was, or is over. */
export async function findSession(db: Queryable, sessionId: string, now: Date): Promise<SessionData | null> {
  const [row] = await db.query<{ data: SessionData }>('select data from web_sessions where session_hash = $1 and expires_at > $2', [
    digest(sessionId),
    now,
  ]);
  return row?.data ?? null;
}

/** Changes the named fields and no other; null removes one. */
export async function changeSession(db: Queryable, sessionId: string, changes: SessionData): Promise<void> {
  await db.query(
    `update web_sessions
        set data = (select coalesce(jsonb_object_agg(key, value), '{}') from jsonb_each(data || $2::jsonb) where value <> 'null')
      where session_hash = $1`,
    [digest(sessionId), JSON.stringify(changes)],
  );
}

export async function deleteSession(db: Queryable, sessionId: string): Promise<void> {
  await db.query('delete from web_sessions where session_hash = $1', [digest(sessionId)]);
}

export async function deleteExpiredSessions(db: Queryable, now: Date): Promise<void> {
  await db.query('delete from web_sessions where expires_at <= $1', [now]);
}
