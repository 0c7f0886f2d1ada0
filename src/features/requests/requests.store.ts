import type { DecisionWord, RequestKind, RequestState } from '../../contract/requests';
import type { Queryable } from '../../platform/db/database';

export interface RequestRow {
  requestId: string;
  kind: RequestKind;
  subject: string;
  state: RequestState;
  requestedBy: string;
  requesterName: string | null;
  details: Record<string, unknown>;
  createdAt: Date;
  expiresAt: Date | null;
  decidedBy: string | null;
  deciderName: string | null;
  decidedAt: Date | null;
  note: string | null;
}

const SELECT = `
  select r.request_id as "requestId", r.kind, r.subject, r.state, r.requested_by as "requestedBy", m.name as "requesterName", r.details,
         r.created_at as "createdAt", r.expires_at as "expiresAt", r.decided_by as "decidedBy", d.name as "deciderName",
         r.decided_at as "decidedAt", r.note
    from requests r
    left join members m on m.tenant_id = r.tenant_id and m.member_id = r.requested_by
    left join members d on d.tenant_id = r.tenant_id and d.member_id::text = r.decided_by`;

export async function findRequest(db: Queryable, tenantId: string, requestId: string): Promise<RequestRow | null> {
  const [row] = await db.query<RequestRow>(`${SELECT} where r.tenant_id = $1 and r.request_id = $2`, [tenantId, requestId]);
  return row ?? null;
}

/** As findRequest, and holds the row until the transaction ends: of two decisions one is first. */
export async function lockRequest(db: Queryable, tenantId: string, requestId: string): Promise<RequestRow | null> {
  const [row] = await db.query<RequestRow>(`${SELECT} where r.tenant_id = $1 and r.request_id = $2 for update of r`, [tenantId, requestId]);
  return row ?? null;
}

export async function findOpenRequest(db: Queryable, tenantId: string, kind: RequestKind, subject: string): Promise<RequestRow | null> {
  const [row] = await db.query<RequestRow>(`${SELECT} where r.tenant_id = $1 and r.kind = $2 and r.subject = $3 and r.state = 'open'`, [
    tenantId,
    kind,
    subject,
  ]);
  return row ?? null;
}

export interface NewRequest {
  kind: RequestKind;
  subject: string;
  requestedBy: string;
  details: Record<string, unknown>;
  expiresAt: Date | null;
}

/** False: there is an open one of this kind and subject already. */
export async function insertRequest(
  db: Queryable,
  tenantId: string,
  request: NewRequest & { requestId: string },
  at: Date,
): Promise<boolean> {
  const rows = await db.query(
    `insert into requests (tenant_id, request_id, kind, subject, requested_by, details, created_at, expires_at)
     values ($1, $2, $3, $4, $5, $6, $7, $8)
     on conflict (tenant_id, kind, subject) where state = 'open' do nothing returning 1`,
    [
      tenantId,
      request.requestId,
      request.kind,
      request.subject,
      request.requestedBy,
      JSON.stringify(request.details),
      at,
      request.expiresAt,
    ],
  );
  return rows.length > 0;
}

/** Notes what nobody decided in time, so that it can be asked for anew. */
export async function expireRequest(db: Queryable, tenantId: string, kind: RequestKind, subject: string, at: Date): Promise<void> {
  await db.query(
    `update requests set state = 'expired' where tenant_id = $1 and kind = $2 and subject = $3 and state = 'open' and expires_at <= $4`,
    [tenantId, kind, subject, at],
  );
}

export async function closeRequest(
  db: Queryable,
  tenantId: string,
  requestId: string,
  by: { decision: DecisionWord; decidedBy: string; note: string | null },
  at: Date,
): Promise<void> {
  await db.query(
    `update requests set state = $3, decided_by = $4, note = $5, decided_at = $6 where tenant_id = $1 and request_id = $2 and state = 'open'`,
    [tenantId, requestId, by.decision, by.decidedBy, by.note, at],
  );
}

/** Newest first. `requestedBy` null: everybody's; `state` as it is at `at`. */
export async function findRequests(
  db: Queryable,
  tenantId: string,
  query: {
    requestedBy: string | null;
    kind: RequestKind | null;
    state: RequestState | null;
    before: { at: string; id: string } | null;
    limit: number;
  },
  at: Date,
): Promise<RequestRow[]> {
  return db.query<RequestRow>(
    `${SELECT}
      where r.tenant_id = $1 and ($2::uuid is null or r.requested_by = $2) and ($3::text is null or r.kind = $3)
        and ($4::text is null or $4 = case when r.state = 'open' and r.expires_at <= $8 then 'expired' else r.state end)
        and ($5::timestamptz is null or (r.created_at, r.request_id) < ($5, $6::uuid))
      order by r.created_at desc, r.request_id desc limit $7`,
    [tenantId, query.requestedBy, query.kind, query.state, query.before?.at ?? null, query.before?.id ?? null, query.limit, at],
  );
}

/** What is asked for and not decided, the longest waiting first. */
export async function findOpenSubjects(
  db: Queryable,
  tenantId: string,
  kind: RequestKind,
  at: Date,
): Promise<{ requestId: string; subject: string }[]> {
  return db.query(
    `select request_id as "requestId", subject from requests
      where tenant_id = $1 and kind = $2 and state = 'open' and (expires_at is null or expires_at > $3)
      order by created_at, request_id`,
    [tenantId, kind, at],
  );
}
