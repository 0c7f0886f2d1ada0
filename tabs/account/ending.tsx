import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { AccountState } from '../../src/contract/account';
import { AccountError, cancel, EXPORT_URL } from './account-api';
import { dayHere, instant } from './language';
import { ProblemNote } from './problem-note';

/** How a subscription is ended; of one that has ended, until when everything stays and how to take it along. */
export function Ending({ account, changed }: { account: AccountState; changed(next: AccountState): void }) {
  const { t, i18n } = useTranslation('account');
  const { ending, subscription, csrfToken } = account;
  const [asking, setAsking] = useState(false);
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<AccountError | null>(null);
  if (!ending || !subscription) return null;

  if (ending.keptUntil)
    return (
      <>
        <p>{t('kept.until', { until: instant(i18n.language, ending.deletedAt ?? ending.keptUntil) })}</p>
        <a className="button" href={EXPORT_URL} download>
          {t('kept.export')}
        </a>
      </>
    );
  if (account.state === 'ended') return null;

  const { offer } = ending;
  const isOffered = offer === 'cancel_with_refund' || offer === 'cancel_without_refund';
  const send = async () => {
    if (!isOffered) return;
    setBusy(true);
    setProblem(null);
    try {
      changed(await cancel({ subscriptionId: subscription.id, consent: offer }, csrfToken ?? ''));
      setAsking(false);
    } catch (error) {
      setProblem(error instanceof AccountError ? error : new AccountError({ code: 'internal' }));
    } finally {
      setBusy(false);
    }
  };
  return (
    <>
      <h2>{t('cancel.title')}</h2>
      {problem && <ProblemNote problem={problem} reload={() => window.location.reload()} />}
      {ending.failed && (
        <p className="note note-problem">{t(`cancel.${ending.failed.as}`, { day: dayHere(i18n.language, ending.failed.askedAt) })}</p>
      )}
      {ending.askedAt ? (
        <p role="status">{t('cancel.asked')}</p>
      ) : ending.byPartner ? (
        <p>{t('cancel.partner')}</p>
      ) : !isOffered ? (
        <p>{t(offer === null ? 'cancel.off' : 'cancel.renewal')}</p>
      ) : (
        <>
          <p>
            {offer === 'cancel_with_refund'
              ? t('cancel.withRefund', { until: instant(i18n.language, ending.refundableUntil ?? '') })
              : t('cancel.withoutRefund')}
          </p>
          {asking && <p role="alert">{t('cancel.confirm')}</p>}
          <div className="acts">
            {asking ? (
              <>
                <button type="button" className="button" disabled={busy} onClick={() => void send()}>
                  {t('cancel.yes')}
                </button>
                <button type="button" className="button primary" disabled={busy} onClick={() => setAsking(false)}>
                  {t('cancel.no')}
                </button>
              </>
            ) : (
              <button type="button" className="button" onClick={() => setAsking(true)}>
                {t('cancel.start')}
              </button>
            )}
          </div>
        </>
      )}
    </>
  );
}
