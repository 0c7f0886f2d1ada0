import { confidentialClient, type EntraApp } from './confidential-client';

/** The marketplace's application id: the resource of our calls. Source: SaaS fulfillment API v2, registration. */
const SCOPE = '20e940b3-4c77-4b0b-9a53-9e16a1b010a7/.default';

/**
 * The publisher's token for the marketplace, by client credentials; kept and renewed by msal. Handed a token that was refused,
 * it asks for another, once however many callers were refused with the same one.
 */
export function createPublisherToken(app: EntraApp): (rejected?: string) => Promise<string> {
  const client = confidentialClient(app);
  let renewal: { rejected: string; token: Promise<string> } | null = null;

  async function acquire(skipCache: boolean): Promise<string> {
    const answer = await client.acquireTokenByClientCredential({ scopes: [SCOPE], skipCache });
    if (!answer?.accessToken) throw new Error('The authority issued no token.');
    return answer.accessToken;
  }

  return async (rejected) => {
    const current = await acquire(false);
    if (rejected === undefined || current !== rejected) return current;
    if (renewal?.rejected !== rejected) {
      const token = acquire(true);
      renewal = { rejected, token };
      token
        .catch(() => {})
        .finally(() => {
          if (renewal?.token === token) renewal = null;
        });
    }
    return renewal.token;
  };
}
