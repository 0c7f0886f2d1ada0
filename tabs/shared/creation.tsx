import { Button, makeStyles, tokens } from '@fluentui/react-components';
import { OpenRegular } from '@fluentui/react-icons/svg/open';
import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { DraftContent, SubmittedDraft } from '../../src/contract/drafts';
import type { Meter } from '../../src/contract/meters';
import type { Problem } from '../../src/contract/refusals';
import { ApiError, api } from '../api';
import { Banner } from './banner';
import { useFormat } from './format';
import { actKey } from './kept';
import { useProblemText } from './problem';
import { hrefOf } from './router';
import { useMe, useSession } from './session';
import { TextLink } from './text-link';
import { mayBeOfferedMore } from './usage';

interface CreationOptions<C extends DraftContent, R> {
  /** Where the typed text is kept; its act's key is kept beside it. */
  keptName: string;
  create: (payload: C['payload'], key: string) => Promise<R>;
  content: (payload: C['payload']) => C;
  onCreated: (record: R) => void;
}

export interface Creation<P> {
  busy: boolean;
  /** The limit's no; the text waits as draft `draftId`. */
  refused: Problem | null;
  error: unknown;
  submit: (payload: P) => Promise<void>;
}

/**
 * Creates something that counts. Every retry of the same content carries the same key. After a refusal the text is the
 * person's draft on the server: trying again submits that draft, with what was changed since.
 */
export function useCreation<C extends DraftContent, R>({
  keptName,
  create,
  content,
  onCreated,
}: CreationOptions<C, R>): Creation<C['payload']> {
  const queryClient = useQueryClient();
  const [busy, setBusy] = useState(false);
  const [refused, setRefused] = useState<Problem | null>(null);
  const [refusedText, setRefusedText] = useState('');
  const [error, setError] = useState<unknown>(null);

  async function again(draftId: string, payload: C['payload']): Promise<R> {
    if (JSON.stringify(payload) !== refusedText) {
      const draft = await api.draft(draftId);
      await api.changeDraft(draftId, content(payload), draft.revision);
      setRefusedText(JSON.stringify(payload));
    }
    const submitted: SubmittedDraft = await api.submitDraft(draftId, actKey(`${keptName}.submit`, draftId));
    return submitted.record as R;
  }

  async function attempt(payload: C['payload']): Promise<R> {
    const first = () => create(payload, actKey(keptName, payload));
    if (!refused?.draftId) return first();
    try {
      return await again(refused.draftId, payload);
    } catch (failure) {
      if (failure instanceof ApiError && failure.code === 'draft_not_found') return first();
      throw failure;
    }
  }

  async function submit(payload: C['payload']) {
    if (busy) return;
    setBusy(true);
    setError(null);
    try {
      onCreated(await attempt(payload));
    } catch (failure) {
      if (failure instanceof ApiError && failure.code === 'quota_exhausted') {
        setRefused({ ...failure.problem, draftId: failure.problem.draftId ?? refused?.draftId ?? null });
        setRefusedText(JSON.stringify(payload));
        void queryClient.invalidateQueries({ queryKey: ['drafts'] });
      } else {
        setError(failure);
      }
    } finally {
      setBusy(false);
      void queryClient.invalidateQueries({ queryKey: ['usage'] });
    }
  }

  return { busy, refused, error, submit };
}

const useStyles = makeStyles({
  panel: { display: 'flex', flexDirection: 'column', gap: '6px' },
  title: { fontWeight: tokens.fontWeightSemibold, margin: 0 },
  list: { margin: 0, paddingInlineStart: '18px', display: 'flex', flexDirection: 'column', gap: '2px' },
  error: { color: tokens.colorStatusDangerForeground3, margin: 0, overflowWrap: 'anywhere' },
});

/** What the limit says, with numbers, what still works, and where the text is. */
export function RefusalPanel({ problem, meter }: { problem: Problem; meter: Meter }) {
  const styles = useStyles();
  const { t } = useTranslation();
  const format = useFormat();
  const me = useMe();
  const { host } = useSession();
  const offer = mayBeOfferedMore(host.phone, me);
  return (
    <div role="alert">
      <Banner tone="danger">
        <div className={styles.panel}>
          <p className={styles.title}>
            {t('refusal.title', {
              used: format.number(problem.used ?? 0),
              limit: format.number(problem.limit ?? 0),
              meterName: t(`refusals:meters.${meter}`),
            })}
          </p>
          <ul className={styles.list}>
            {problem.resetsAt && <li>{t('refusal.resets', { resetsAt: format.reset(problem.resetsAt) })}</li>}
            {problem.draftId && (
              <li>
                {t('refusal.draft')} <TextLink href={hrefOf('drafts')}>{t('refusal.openDrafts')}</TextLink>
              </li>
            )}
            <li>{t('refusal.stillWorks')}</li>
            {!offer && <li>{t('refusal.ask')}</li>}
          </ul>
          {offer && (
            <div>
              <OpenInBrowser url={me.accountUrl}>{t('refusal.getMore')}</OpenInBrowser>
            </div>
          )}
        </div>
      </Banner>
    </div>
  );
}

/** A way out of Teams that says so. Never rendered on phones: the callers see to that. */
export function OpenInBrowser({ url, children, primary = false }: { url: string; children: string; primary?: boolean }) {
  return (
    <Button
      appearance={primary ? 'primary' : 'secondary'}
      icon={<OpenRegular />}
      iconPosition="after"
      onClick={() => void import('../teams').then((teams) => teams.openInBrowser(url))}
    >
      {children}
    </Button>
  );
}

/** Why sending failed, inside a form. */
export function FormError({ error }: { error: unknown }) {
  const styles = useStyles();
  const text = useProblemText();
  if (!error) return null;
  const fields = error instanceof ApiError ? (error.problem.errors ?? []) : [];
  const requestId = error instanceof ApiError ? error.problem.requestId : undefined;
  return (
    <div role="alert">
      <p className={styles.error}>{text(error)}</p>
      {fields.length > 0 && (
        <ul className={styles.list}>
          {fields.map((field) => (
            <li key={`${field.path} ${field.message}`}>
              {field.path}: {field.message}
            </li>
          ))}
        </ul>
      )}
      {requestId && <RequestId id={requestId} />}
    </div>
  );
}

function RequestId({ id }: { id: string }) {
  const { t } = useTranslation();
  return <small>{t('problem.requestId', { id })}</small>;
}
