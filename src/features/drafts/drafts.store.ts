import type { DraftContent } from '../../contract/drafts';
import type { Queryable } from '../../platform/db/database';
import type { ActKey } from '../usage/creation';

export interface DraftRow {
  draft_id: string;
  operation_key: string;
  fingerprint: string;
  meter: DraftContent['meter'];
  payload: unknown;
  created_at: Date;
  updated_at: Date;
  revision: number;
  submits_itself: boolean;
}

/** A first try submits the words its draft is kept with. */
const FIRST_REVISION = 1;

const COLUMNS = 'draft_id, operation_key, fingerprint, meter, payload, created_at, updated_at, revision, submits_itself';

/**
 * Keeps what was refused. The same act refused again keeps its draft as its author may have edited it since, and opens one
 * that was discarded, with the refused words, at a revision it never had: pages of before must not pass for present ones. Which
 * revision the act named is kept beside it (`opened_as`), so that these words do not pass for edited ones.
 * One that was submitted in the meantime stays submitted. Answers whose digest the draft is of.
 */
export async function keepDraftRow(
  db: Queryable,
  tenantId: string,
  draft: ActKey & { draftId: string; author: string; meter: DraftContent['meter']; payload: unknown; submitsItself: boolean },
  at: Date,
): Promise<{ draft_id: string; fingerprint: string }> {
  await db.query(
    `insert into drafts as d (tenant_id, draft_id, operation_key, fingerprint, author, meter, payload, created_at, updated_at, submits_itself)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $8, $10)
     on conflict (tenant_id, operation_key) do update
        set state = 'open', revision = d.revision + 1, opened_at = d.revision + 1, opened_as = $9, updated_at = $8, payload = excluded.payload
      where d.state = 'discarded' and d.fingerprint = $4`,
    [
      tenantId,
      draft.draftId,
      draft.key,
      draft.fingerprint,
      draft.author,
      draft.meter,
      JSON.stringify(draft.payload),
      at,
      draft.draftRevision ?? FIRST_REVISION,
      draft.submitsItself,
    ],
  );
  const [kept] = await db.query<{ draft_id: string; fingerprint: string }>(
    'select draft_id, fingerprint from drafts where tenant_id = $1 and operation_key = $2',
    [tenantId, draft.key],
  );
  return kept!;
}

/** A person's waiting drafts, oldest first. */
export async function openDrafts(
  db: Queryable,
  tenantId: string,
  author: string,
  after: { at: string; id: string } | null,
  limit: number,
): Promise<DraftRow[]> {
  return db.query<DraftRow>(
    `select ${COLUMNS} from drafts
      where tenant_id = $1 and author = $2 and state = 'open'
        and ($3::timestamptz is null or (created_at, draft_id) > ($3, $4::uuid))
      order by created_at, draft_id limit $5`,
    [tenantId, author, after?.at ?? null, after?.id ?? null, limit],
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

/** A draft that waits, or that was submitted: what a submission, first or repeated, is made of. */
export async function findDraftToSubmit(
  db: Queryable,
  tenantId: string,
  author: string,
  draftId: string,
): Promise<Pick<DraftRow, 'draft_id' | 'operation_key' | 'fingerprint' | 'meter' | 'payload' | 'revision'> | null> {
  const [row] = await db.query<DraftRow>(
    `select ${COLUMNS} from drafts where tenant_id = $1 and author = $2 and draft_id = $3 and state in ('open', 'submitted')`,
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

/** Drafts of everybody that are submitted as soon as there is room, oldest first. */
export async function heldDrafts(
  db: Queryable,
  tenantId: string,
  meter: string,
): Promise<{ draftId: string; author: string; name: string; address: string | null; locale: string | null }[]> {
  return db.query(
    `select d.draft_id as "draftId", d.author, m.name, m.address, m.locale
       from drafts d join members m on m.tenant_id = d.tenant_id and m.member_id = d.author
      where d.tenant_id = $1 and d.meter = $2 and d.state = 'open' and d.submits_itself
      order by d.created_at, d.draft_id`,
    [tenantId, meter],
  );
}
