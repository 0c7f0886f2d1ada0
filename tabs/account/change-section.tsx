import { useEffect, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { AccountChange, AccountState, AccountSubscription } from '../../src/contract/account';
import { AccountError, ADMIN_CENTER_URL, withdrawChange } from './account-api';
import { ChangeEditor, type Wish } from './change-editor';
import { count, day } from './language';
import { ProblemNote } from './problem-note';

type Latest = NonNullable<AccountChange['latest']>;

interface ChangeSectionProps {
  account: AccountState & { subscription: AccountSubscription; change: AccountChange };
  changed(next: AccountState): void;
  reload(): void;
}

/** Another plan or number of seats: what is under way, and the way to order it. */
export function ChangeSection({ account, changed, reload }: ChangeSectionProps) {
  const { t } = useTranslation('account');
  const { subscription, change, ending } = account;
  const { barred, hasSeats, latest } = change;
  const [wish, setWish] = useState<Wish | null>(null);
  const title = useRef<HTMLHeadingElement>(null);
  const opener = useRef<HTMLButtonElement>(null);
  const isOpen = latest !== null && latest.endedAt === null;

  const close = () => {
    setWish(null);
    // The buttons come back with the next drawing.
    requestAnimationFrame(() => (opener.current ?? title.current)?.focus());
  };
  const ordered = (next: AccountState) => {
    changed(next);
    setWish(null);
    title.current?.focus();
  };
  const start = (kind: Wish) => (
    <button type="button" className="button" ref={kind === 'plan' ? opener : undefined} onClick={() => setWish(kind)}>
      {t(kind === 'plan' ? 'change.startPlan' : 'change.startSeats')}
    </button>
  );

  // What is about to end is left alone.
  if (ending?.askedAt && !isOpen) return null;
  return (
    <section className="change" aria-labelledby="change-title">
      <h2 id="change-title" ref={title} tabIndex={-1}>
        {t(hasSeats ? 'change.title' : 'change.titlePlan')}
      </h2>
      <div role="status">
        <News latest={latest} />
      </div>
      {latest?.state === 'scheduled' && <Withdrawal account={account} changeId={latest.id} changed={changed} reload={reload} />}
      {barred && <p>{t(`change.${barred}`)}</p>}
      {!barred &&
        !isOpen &&
        (wish ? (
          <ChangeEditor key={wish} wish={wish} account={account} ordered={ordered} close={close} reload={reload} />
        ) : (
          <>
            {subscription.isFreeTrial && <p className="quiet">{t('change.trial')}</p>}
            <div className="acts">
              {start('plan')}
              {hasSeats && start('seats')}
            </div>
          </>
        ))}
    </section>
  );
}

/** What becomes of the last order. That it came about or was taken back is news only to whoever saw it open. */
function News({ latest }: { latest: Latest | null }) {
  const { t, i18n } = useTranslation('account');
  const seenOpen = useRef<string | null>(null);
  useEffect(() => {
    if (latest && latest.endedAt === null) seenOpen.current = latest.id;
  }, [latest]);
  if (!latest) return null;
  const { state, from, to, effectiveAt } = latest;
  const what =
    from.planId === to.planId
      ? t('change.toSeats', { from: count(i18n.language, from.quantity ?? 1), to: count(i18n.language, to.quantity ?? 1) })
      : t('change.toPlan', { from: from.name, to: to.name });
  switch (state) {
    case 'awaiting_marketplace':
      return (
        <div className="note note-info">
          <p>
            <span className="spinner" aria-hidden="true" /> {t('change.news.awaiting', { what })}
          </p>
          <p className="hint">{t('change.news.awaitingText')}</p>
        </div>
      );
    case 'scheduled':
      return (
        <div className="note note-info">
          <p>{t('change.news.scheduled', { what, day: day(i18n.language, effectiveAt) })}</p>
          <p className="hint">{t('change.news.scheduledText')}</p>
        </div>
      );
    case 'refused':
    case 'lost':
      return (
        <div className="note note-problem">
          <p>{t(`change.news.${state}`, { what })}</p>
          <p>{t(`change.news.${state}Text`)}</p>
          <a className="button" href={ADMIN_CENTER_URL} target="_blank" rel="noopener noreferrer">
            {t('adminCenter')}
          </a>
        </div>
      );
    default:
      return seenOpen.current === latest.id ? <p className="note note-good">{t(`change.news.${state}`, { what })}</p> : null;
  }
}

function Withdrawal({ account, changeId, changed, reload }: ChangeSectionProps & { changeId: string }) {
  const { t } = useTranslation('account');
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<AccountError | null>(null);
  const withdraw = async () => {
    setBusy(true);
    setProblem(null);
    try {
      changed(await withdrawChange({ subscriptionId: account.subscription.id, changeId }, account.csrfToken ?? ''));
    } catch (error) {
      setProblem(error instanceof AccountError ? error : new AccountError({ code: 'internal' }));
      setBusy(false);
    }
  };
  return (
    <>
      {problem && <ProblemNote problem={problem} reload={reload} />}
      <div className="acts">
        <button type="button" className="button" disabled={busy} onClick={() => void withdraw()}>
          {t(busy ? 'change.withdrawing' : 'change.withdraw')}
        </button>
      </div>
    </>
  );
}
