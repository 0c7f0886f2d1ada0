import { confidentialClient, type EntraApp } from './confidential-client';

/** Sign-in of people by authorization code with PKCE. The id token is unverified: who receives it verifies it. */
export interface SignIn {
  /** Where the browser goes. `challenge` is the S256 digest of the verifier. */
  authorizeUrl(request: { state: string; nonce: string; challenge: string; redirectUri: string }): Promise<string>;
  /** The id token that a code is worth; null when the authority refuses the code. @throws when it does not answer */
  redeem(answer: { code: string; verifier: string; nonce: string; redirectUri: string }): Promise<string | null>;
}

/** Names and addresses only: nothing that an administrator would have to allow. */
const SCOPES = ['openid', 'profile', 'email'];

export function createSignIn(app: EntraApp): SignIn {
  // One application object per redemption: msal would keep every visitor's tokens, and we need none of them.
  return {
    authorizeUrl: ({ state, nonce, challenge, redirectUri }) =>
      confidentialClient(app).getAuthCodeUrl({
        scopes: SCOPES,
        redirectUri,
        state,
        nonce,
        codeChallenge: challenge,
        codeChallengeMethod: 'S256',
        responseMode: 'query',
        prompt: 'select_account',
      }),
    async redeem({ code, verifier, nonce, redirectUri }) {
      try {
        const request = { scopes: SCOPES, code, codeVerifier: verifier, nonce, redirectUri };
        const answer = await confidentialClient(app).acquireTokenByCode(request);
        return answer.idToken || null;
      } catch (error) {
        if (isRefused(error)) return null;
        throw error;
      }
    },
  };
}

/** The authority's no (a code that is used, expired, or not ours), or an id token that msal itself sees to be wrong. */
const REFUSALS = new Set([
  'invalid_grant',
  'invalid_request',
  'interaction_required',
  'access_denied',
  'consent_required',
  'nonce_mismatch',
  'token_parsing_error',
  'null_or_empty_token',
]);

const isRefused = (error: unknown): boolean => REFUSALS.has(String((error as { errorCode?: unknown }).errorCode ?? ''));
