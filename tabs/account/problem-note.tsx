import { useTranslation } from 'react-i18next';
import type { AccountError } from './account-api';
import { SIGN_IN_URL } from './account-api';

/** After these the page itself is out of date, so the next step is to load it anew. */
const NEEDS_RELOAD = new Set([
  'csrf',
  'activation_failed',
  'not_purchaser',
  'subscription_not_found',
  'purchase_token_invalid',
  'cancellation_window_closed',
  'consent_missing',
]);
const NEEDS_SIGN_IN = new Set(['token_missing', 'token_invalid']);

/** What went wrong, in the reader's words, and what to do next. */
export function ProblemNote({ problem: { problem }, reload }: { problem: AccountError; reload(): void }) {
  const { t, i18n } = useTranslation('account');
  const { code, reason, requestId } = problem;
  const known = i18n.exists(`refusals:${code}`);
  return (
    <div className="note note-problem" role="alert">
      <p>
        {code === 'network' && t('network')}
        {code !== 'network' &&
          t(`refusals:${known ? code : 'internal'}`, { ...problem, ...(reason === undefined ? {} : { context: String(reason) }) })}
      </p>
      {NEEDS_RELOAD.has(code) && (
        <button type="button" className="button" onClick={reload}>
          {t('reload')}
        </button>
      )}
      {NEEDS_SIGN_IN.has(code) && (
        <a className="button" href={SIGN_IN_URL}>
          {t('signInAgain')}
        </a>
      )}
      {requestId && <p className="hint">{t('requestId', { id: requestId })}</p>}
    </div>
  );
}
