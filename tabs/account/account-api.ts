import type {
  AccountCancellation,
  AccountChangeOrder,
  AccountChangeQuestion,
  AccountChoices,
  AccountPreview,
  AccountState,
  AccountWithdrawal,
  Activation,
} from '../../src/contract/account';
import type { Problem } from '../../src/contract/refusals';

/** The server's no, or its silence: code `network` when nobody answered. */
export class AccountError extends Error {
  constructor(readonly problem: Partial<Problem> & { code: string; reason?: unknown }) {
    super(problem.title ?? problem.code);
  }
}

async function request<Answer>(path: string, init: RequestInit = {}): Promise<Answer> {
  let response: Response;
  try {
    response = await fetch(path, { credentials: 'same-origin', cache: 'no-store', ...init });
  } catch {
    throw new AccountError({ code: 'network' });
  }
  const body: unknown = await response.json().catch(() => null);
  if (response.ok) return body as Answer;
  const problem = body as Partial<Problem> | null;
  throw new AccountError({ ...problem, code: problem?.code ?? (response.status >= 502 ? 'unavailable' : 'internal') });
}

const post = <Answer>(path: string, csrfToken: string, body: unknown) =>
  request<Answer>(path, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-csrf-token': csrfToken },
    body: JSON.stringify(body),
  });

export const fetchAccount = () => request<AccountState>('/account/state', { headers: { accept: 'application/json' } });
export const activate = (activation: Activation, csrfToken: string) => post<AccountState>('/account/activate', csrfToken, activation);
export const cancel = (cancellation: AccountCancellation, csrfToken: string) =>
  post<AccountState>('/account/cancel', csrfToken, cancellation);
export const fetchChoices = (subscriptionId: string) =>
  request<AccountChoices>(`/account/choices?${new URLSearchParams({ subscriptionId })}`, { headers: { accept: 'application/json' } });
export const previewChange = (question: AccountChangeQuestion, csrfToken: string) =>
  post<AccountPreview>('/account/changes/preview', csrfToken, question);
export const orderChange = (order: AccountChangeOrder, csrfToken: string) => post<AccountState>('/account/changes', csrfToken, order);
export const withdrawChange = (withdrawal: AccountWithdrawal, csrfToken: string) =>
  post<AccountState>('/account/changes/withdraw', csrfToken, withdrawal);
export const signOut = (csrfToken: string) => post<unknown>('/account/sign-out', csrfToken, {});

/** Where Microsoft asks who somebody is. */
export const SIGN_IN_URL = '/account/sign-in';
export const EXPORT_URL = '/account/export';
export const ADMIN_CENTER_URL = 'https://admin.microsoft.com/';
