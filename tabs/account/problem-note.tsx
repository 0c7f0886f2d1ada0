import { useTranslation } from 'react-i18next';
import type { AccountError } from './account-api';
import { SIGN_IN_URL } from './account-api';
import { instant } from './language';

/** After these the page itself is out of date, so the next step is to load it anew. */
const NEEDS_RELOAD = new Set([
  'csrf',
  'activation_failed',
  'not_purchaser',
  'subscription_not_found',
  'purchase_token_invalid',
  'cancellation_window_closed',
  'consent_missing',
  'preview_outdated',
  'change_open',
  'change_closed',
  'change_not_found',
  'subscription_inactive',
  'not_allowed',
]);
const NEEDS_SIGN_IN = new Set(['token_missing', 'token_invalid']);

/** Instants among the facts, as they are read. */
function daysIn({ refundableUntil }: Record<string, unknown>, locale: string): Record<string, string> {
  return typeof refundableUntil === 'string' && !Number.isNaN(Date.parse(refundableUntil))
    ? { refundableUntil: instant(locale, refundableUntil) }
    : {};
}

/** What went wrong, in the reader's words, and what to do next. */
export function ProblemNote({ problem: { problem }, reload }: { problem: AccountError; reload(): void }) {
  const { t, i18n } = useTranslation('account');
  const { code, requestId } = problem;
  // The fact by which a code has closer sentences than its own.
  const closer = ['reason', 'of', 'needs', 'subscriptionStatus'].map((fact) => problem[fact]).find((fact) => fact !== undefined);
  const known = i18n.exists(`refusals:${code}`);
  return (
    <div className="note note-problem" role="alert">
      <p>
        {code === 'network' && t('network')}
        {code !== 'network' &&
          t(`refusals:${known ? code : 'internal'}`, {
            ...problem,
            ...daysIn(problem, i18n.language),
            ...(closer === undefined ? {} : { context: String(closer) }),
          })}
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
