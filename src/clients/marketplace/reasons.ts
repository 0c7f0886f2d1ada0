import { decodeJwt } from 'jose';

/** Why the marketplace does not let us, in words for whoever runs the service. Names settings; never a token or a secret. */

/** What Entra says when it issues no token, by the number in its message. Source: learn.microsoft.com, Entra authentication error codes. */
const NO_TOKEN: Record<string, string> = {
  '7000222': 'The client secret has expired: make a new one in the app registration and set MARKETPLACE_CLIENT_SECRET.',
  '7000215': 'The client secret is wrong: MARKETPLACE_CLIENT_SECRET must hold the secret’s value, not its id.',
  '700027': 'The certificate is not among those of the app registration, or has expired: upload it there, or set another.',
  '700016': 'The application is not known in the tenant: check MARKETPLACE_CLIENT_ID and MARKETPLACE_TENANT_ID.',
  '90002': 'The tenant does not exist: check MARKETPLACE_TENANT_ID.',
  '7000229': 'The application has no service principal in the tenant: create one for MARKETPLACE_CLIENT_ID.',
  '70021': 'The managed identity is not trusted: add it to the app registration as a federated credential.',
  '700213': 'The managed identity is not trusted: add it to the app registration as a federated credential.',
  '500011': 'The marketplace’s own application is not known in the tenant: check MARKETPLACE_TENANT_ID.',
};

/** null: nobody said no, nobody answered. */
export function whyNoToken(error: unknown): string | null {
  const said = `${(error as Error)?.message ?? ''} ${String((error as { errorMessage?: unknown })?.errorMessage ?? '')}`;
  const number = /AADSTS(\d+)/u.exec(said)?.[1];
  const known = number && NO_TOKEN[number];
  if (known) return known;
  const code = String((error as { errorCode?: unknown })?.errorCode ?? '');
  if (/^(invalid_client|unauthorized_client)$/u.test(code))
    return 'The authority does not accept our credentials: the secret or certificate is wrong or has expired, or it belongs to another application than MARKETPLACE_CLIENT_ID.';
  return number ? `Entra issues no token (AADSTS${number}).` : null;
}

export function whyForbidden(seen: {
  status: number;
  token: string;
  /** The application we mean to be. */
  clientId: string | null;
  subscriptionId: string | undefined;
  /** Another call was allowed before. */
  wasAllowed: boolean;
}): string {
  const begin = `The marketplace answers ${seen.status}:`;
  const claims = claimsOf(seen.token);
  const app = String(claims?.azp ?? claims?.appid ?? '').toLowerCase();
  if (app && seen.clientId && app !== seen.clientId.toLowerCase())
    return `${begin} the token is of the application ${app}, not of MARKETPLACE_CLIENT_ID (${seen.clientId}).`;
  if (claims && !claims.oid && claims.sub === undefined)
    return `${begin} the token names no service principal. Create one for the application in the publisher’s tenant.`;
  if (seen.wasAllowed && seen.subscriptionId)
    return `${begin} other calls are allowed, so subscription ${seen.subscriptionId} is of another offer, published with another application id, or has ended.`;
  return `${begin} the application ${seen.clientId ?? 'of our token'} is not the one in the technical configuration of the offer in Partner Center, its tenant is another one there, or the offer is not published with it yet.`;
}

/** Unverified: it is our own token, and it is only read to explain. */
function claimsOf(token: string): Record<string, unknown> | null {
  try {
    return decodeJwt(token);
  } catch {
    return null;
  }
}
