import { useCallback } from 'react';
import { useTranslation } from 'react-i18next';
import { ApiError, NetworkError, SignInError } from '../api';

/** The sentence a person reads for an error, in their language. */
export function useProblemText(): (error: unknown) => string {
  const { t, i18n } = useTranslation();
  return useCallback(
    (error: unknown) => {
      if (error instanceof NetworkError) return t('problem.network');
      if (error instanceof SignInError) return t('problem.signIn');
      if (error instanceof ApiError && i18n.exists(`refusals:${error.code}`)) {
        const context = error.problem.subscriptionStatus ?? error.problem.needs ?? error.problem.reason;
        return t(`refusals:${error.code}`, { ...error.problem, ...(context === undefined ? {} : { context: String(context) }) });
      }
      return t('refusals:internal');
    },
    [t, i18n],
  );
}

export const requestIdOf = (error: unknown): string | null => (error instanceof ApiError ? (error.problem.requestId ?? null) : null);
