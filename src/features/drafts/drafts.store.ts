import type { DraftContent } from '../../contract/drafts';
import type { Queryable } from '../../platform/db/database';

export interface DraftRow {
  draft_id: string;
  operation_key: string;
  fingerprint: string;
  meter: DraftContent['meter'];
  payload: unknown;
  created_at: Date;
  updated_at: Date;
  revision: number;
}

const COLUMNS = 'draft_id, operation_key, fingerprint, meter, payload, created_at, updated_at, revision';

/** Keeps what was refused. The same act refused again keeps the draft as its author may have edited it since. */
export async function keepDraftRow(
  db: Queryable,
  tenantId: string,
  draft: { draftId: string; key: string; fingerprint: string; author: string; meter: DraftContent['meter']; payload: unknown },
  at: Date,
): Promise<string> {
  const [row] = await db.query<{ draft_id: string }>(
    `insert into drafts as d (tenant_id, draft_id, operation_key, fingerprint, author, meter, payload, created_at, updated_at)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $8)
     on conflict (tenant_id, operation_key) do update
        set state = 'open', revision = d.revision + 1, updated_at = $8,
            payload = case when d.state = 'open' then d.payload else excluded.payload end
     returning draft_id`,
    [tenantId, draft.draftId, draft.key, draft.fingerprint, draft.author, draft.meter, JSON.stringify(draft.payload), at],
  );
  return row!.draft_id;
}

/** A person's waiting drafts, oldest first. */
export async function openDrafts(
  db: Queryable,
  tenantId: string,
  author: string,
  after: { createdAt: string; id: string } | null,
  limit: number,
): Promise<DraftRow[]> {
  return db.query<DraftRow>(
    `select ${COLUMNS} from drafts
      where tenant_id = $1 and author = $2 and state = 'open'
        and ($3::timestamptz is null or (created_at, draft_id) > ($3, $4::uuid))
      order by created_at, draft_id limit $5`,
    [tenantId, author, after?.createdAt ?? null, after?.id ?? null, limit],
  );
}

export async function countOpenDrafts(db: Queryable, tenantId: string, author: string): Promise<number> {
  const [row] = await db.query<{ waiting: number }>(
    `select count(*)::int as waiting from drafts where tenant_id = $1 and author = $2 and state = 'open'`,
    [tenantId, author],
  );
  return row!.waiting;
}

export async function findOpenDraft(db: Queryable, tenantId: string, author: string, draftId: string): Promise<DraftRow | null> {
  const [row] = await db.query<DraftRow>(
    `select ${COLUMNS} from drafts where tenant_id = $1 and author = $2 and draft_id = $3 and state = 'open'`,
    [tenantId, author, draftId],
  );
  return row ?? null;
}

/** What a submitted draft became; for a retry of its submission. */
export async function findSubmittedDraft(
  db: Queryable,
  tenantId: string,
  author: string,
  draftId: string,
): Promise<{ meter: DraftContent['meter']; subject: string } | null> {
  const [row] = await db.query<{ meter: DraftContent['meter']; subject: string }>(
    `select meter, subject from drafts where tenant_id = $1 and author = $2 and draft_id = $3 and state = 'submitted'`,
    [tenantId, author, draftId],
  );
  return row ?? null;
}

/** Null when the revision is not the current one. */
export async function rewriteDraft(
  db: Queryable,
  tenantId: string,
  draftId: string,
  payload: unknown,
  revision: number,
  at: Date,
): Promise<DraftRow | null> {
  const [row] = await db.query<DraftRow>(
    `update drafts set payload = $3, updated_at = $5, revision = revision + 1
      where tenant_id = $1 and draft_id = $2 and state = 'open' and revision = $4
      returning ${COLUMNS}`,
    [tenantId, draftId, JSON.stringify(payload), revision, at],
  );
  return row ?? null;
}

export async function closeDraft(
  db: Queryable,
  tenantId: string,
  draftId: string,
  end: { state: 'submitted' | 'discarded'; subject: string | null; revision: number | null },
  at: Date,
): Promise<boolean> {
  const rows = await db.query(
    `update drafts set state = $3, subject = $4, updated_at = $6, revision = revision + 1
      where tenant_id = $1 and draft_id = $2 and state = 'open' and ($5::int is null or revision = $5)
      returning 1`,
    [tenantId, draftId, end.state, end.subject, end.revision, at],
  );
  return rows.length > 0;
}
