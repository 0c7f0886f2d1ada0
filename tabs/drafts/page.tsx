import { Button, makeStyles, tokens } from '@fluentui/react-components';
import { DraftsRegular } from '@fluentui/react-icons/svg/drafts';
import { useQueryClient } from '@tanstack/react-query';
import { lazy, Suspense, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { Draft, SubmittedDraft } from '../../src/contract/drafts';
import { ApiError, api } from '../api';
import { Banner } from '../shared/banner';
import { useFormat } from '../shared/format';
import { actKey, forget } from '../shared/kept';
import { Card, List, PageHead } from '../shared/layout';
import { METERS } from '../shared/meters';
import { useProblemText } from '../shared/problem';
import { go, hrefOf } from '../shared/router';
import { useKeptName, useMe } from '../shared/session';
import { Empty, Failure, Skeleton } from '../shared/states';
import { TextLink } from '../shared/text-link';
import { toast } from '../shared/toasts';
import { useDrafts, useUsage } from '../shared/usage';

const EditDraft = lazy(() => import('./edit'));

const useStyles = makeStyles({
  banners: { display: 'flex', flexDirection: 'column', gap: '8px', marginBottom: '12px' },
  list: { display: 'flex', flexDirection: 'column', gap: '8px' },
  row: { display: 'flex', flexWrap: 'wrap', alignItems: 'center', gap: '8px 16px' },
  text: { flex: '1 1 240px', minWidth: 0 },
  title: { fontWeight: tokens.fontWeightSemibold, overflowWrap: 'anywhere' },
  meta: { fontSize: tokens.fontSizeBase200, color: tokens.colorNeutralForeground3 },
  actions: { display: 'flex', flexWrap: 'wrap', gap: '6px' },
});

const PAGE_OF = { tickets: 'tickets', checklists: 'checklists', opportunities: 'crm' } as const;

/** What waits for quota: edit, submit one or all, discard. Reached from every page's banner. */
export default function DraftsPage() {
  const styles = useStyles();
  const { t } = useTranslation();
  const drafts = useDrafts();
  const usage = useUsage();
  const submission = useSubmission();
  const discard = useDiscard();
  const [hidden, setHidden] = useState<string[]>([]);
  const [editing, setEditing] = useState<Draft | null>(null);
  const me = useMe();
  const rows = (drafts.data?.items ?? []).filter((draft) => !hidden.includes(draft.id));
  const full = METERS.filter(
    (meter) => rows.some((draft) => draft.meter === meter) && usage.data?.meters.find((one) => one.meter === meter)?.state === 'exhausted',
  );
  const possible = me.may.create && rows.some((draft) => !full.includes(draft.meter));
  return (
    <>
      <PageHead title={t('nav.drafts')}>
        {rows.length > 1 && (
          <Button appearance="primary" disabled={submission.busy || !possible} onClick={() => void submission.all()}>
            {submission.busy ? t('common.saving') : t('draft.submitAll', { count: rows.length })}
          </Button>
        )}
      </PageHead>
      <div className={styles.banners}>
        {full.map((meter) => (
          <FullBanner key={meter} meter={meter} />
        ))}
      </div>
      {drafts.isPending ? (
        <Skeleton />
      ) : drafts.isError && rows.length === 0 ? (
        <Failure error={drafts.error} retry={() => void drafts.refetch()} />
      ) : rows.length === 0 ? (
        <Card>
          <Empty
            icon={<DraftsRegular />}
            title={t('draft.empty')}
            text={t('draft.emptyText')}
            action={<TextLink href={hrefOf('home')}>{t('draft.toHome')}</TextLink>}
          />
        </Card>
      ) : (
        <List className={styles.list} label={t('nav.drafts')}>
          {rows.map((draft) => (
            <li key={draft.id}>
              <DraftRow
                draft={draft}
                busy={submission.busy}
                maySubmit={me.may.create}
                onSubmit={() => void submission.one(draft)}
                onEdit={() => setEditing(draft)}
                onDiscard={() => {
                  setHidden((ids) => [...ids, draft.id]);
                  discard(draft, () => setHidden((ids) => ids.filter((id) => id !== draft.id)));
                }}
              />
            </li>
          ))}
        </List>
      )}
      {editing && (
        <Suspense>
          <EditDraft draft={editing} onClose={() => setEditing(null)} />
        </Suspense>
      )}
    </>
  );
}

function FullBanner({ meter }: { meter: Draft['meter'] }) {
  const { t } = useTranslation();
  const format = useFormat();
  const usage = useUsage().data?.meters.find((one) => one.meter === meter);
  if (!usage) return null;
  return (
    <Banner tone="warning">
      {t('draft.stillFull', {
        meterName: t(`meter.${meter}`),
        used: format.number(usage.used),
        limit: format.number(usage.limit ?? 0),
        resetsAt: format.reset(usage.resetsAt),
      })}
    </Banner>
  );
}

interface DraftRowProps {
  draft: Draft;
  busy: boolean;
  maySubmit: boolean;
  onSubmit: () => void;
  onEdit: () => void;
  onDiscard: () => void;
}

function DraftRow({ draft, busy, maySubmit, onSubmit, onEdit, onDiscard }: DraftRowProps) {
  const styles = useStyles();
  const { t } = useTranslation();
  const format = useFormat();
  const name = { title: draft.payload.title };
  return (
    <Card>
      <div className={styles.row}>
        <div className={styles.text}>
          <div className={styles.title}>{draft.payload.title}</div>
          <div className={styles.meta}>{t(`draft.kind.${draft.meter}`, { at: format.instant(draft.updatedAt) })}</div>
        </div>
        <div className={styles.actions}>
          <Button size="small" onClick={onEdit} aria-label={t('draft.editLabel', name)}>
            {t('draft.edit')}
          </Button>
          <Button size="small" onClick={onDiscard} aria-label={t('draft.discardLabel', name)}>
            {t('draft.discard')}
          </Button>
          {maySubmit && (
            <Button size="small" appearance="primary" disabled={busy} onClick={onSubmit} aria-label={t('draft.submitLabel', name)}>
              {t('draft.submit')}
            </Button>
          )}
        </div>
      </div>
    </Card>
  );
}

function useSubmission() {
  const { t } = useTranslation();
  const queryClient = useQueryClient();
  const problemText = useProblemText();
  const format = useFormat();
  const keptName = useKeptName('submit-drafts');
  const [busy, setBusy] = useState(false);

  function sentence(error: unknown): string {
    if (error instanceof ApiError && error.code === 'quota_exhausted') return refusalSentence(error.problem);
    return problemText(error);
  }
  const refusalSentence = (problem: ApiError['problem']) =>
    t('draft.refused', {
      used: format.number(problem.used ?? 0),
      limit: format.number(problem.limit ?? 0),
      meterName: t(`refusals:meters.${problem.meter ?? 'tickets'}`),
      resetsAt: problem.resetsAt ? format.reset(problem.resetsAt) : '',
    });

  async function run(act: () => Promise<void>) {
    setBusy(true);
    try {
      await act();
    } catch (error) {
      toast(sentence(error), { tone: 'failed' });
    } finally {
      setBusy(false);
      await queryClient.invalidateQueries();
    }
  }

  return {
    busy,
    one: (draft: Draft) =>
      run(async () => {
        const name = `${keptName}.${draft.id}`;
        const submitted = await api.submitDraft(draft.id, actKey(name, draft.id));
        forget(`${name}.act`);
        toast(t('draft.submitted', { title: draft.payload.title }));
        open(submitted);
      }),
    all: () =>
      run(async () => {
        const result = await api.submitAllDrafts(actKey(keptName, 'all'));
        forget(`${keptName}.act`);
        const refused = result.refused[0];
        if (refused) {
          const why = refused.problem.code === 'quota_exhausted' ? refusalSentence(refused.problem) : t('draft.someRefused');
          toast(t('draft.submittedSome', { count: result.submitted.length, remaining: result.remaining, why }), {
            tone: result.submitted.length > 0 ? 'done' : 'failed',
          });
        } else toast(t('draft.submittedAll', { count: result.submitted.length }));
      }),
  };
}

const open = (submitted: SubmittedDraft) => go(hrefOf(PAGE_OF[submitted.meter], submitted.record.id));

const UNDO_MS = 10_000;

/** Discards when the time to take it back has passed, or at once when the page is left. */
function useDiscard(): (draft: Draft, bringBack: () => void) => void {
  const { t } = useTranslation();
  const queryClient = useQueryClient();
  const problemText = useProblemText();
  return (draft, bringBack) => {
    let waiting = true;
    const discard = async () => {
      if (!waiting) return;
      waiting = false;
      window.removeEventListener('pagehide', now);
      try {
        await api.discardDraft(draft.id, draft.revision);
      } catch (error) {
        bringBack();
        toast(problemText(error), { tone: 'failed' });
      }
      void queryClient.invalidateQueries({ queryKey: ['drafts'] });
    };
    const now = () => void discard();
    const timer = setTimeout(now, UNDO_MS);
    window.addEventListener('pagehide', now);
    toast(t('draft.discarded', { title: draft.payload.title }), {
      undo: () => {
        waiting = false;
        clearTimeout(timer);
        window.removeEventListener('pagehide', now);
        bringBack();
      },
    });
  };
}
