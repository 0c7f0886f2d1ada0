import { ManagedIdentityApplication } from '@azure/msal-node';
import { confidentialClient, type EntraApp } from './confidential-client';
import { axiosNetworkClient } from './network-client';

/** The marketplace's application id: the resource of our calls. Source: SaaS fulfillment API v2, registration. */
const RESOURCE = '20e940b3-4c77-4b0b-9a53-9e16a1b010a7';
/** What a managed identity is asked for when it vouches for an application. Source: learn.microsoft.com, managed identity as a federated credential. */
const EXCHANGE = 'api://AzureADTokenExchange';

export interface PublisherApp extends EntraApp {
  /** Client id of the machine's managed identity, in place of a secret or certificate; null: not used. */
  managedIdentity?: string | null;
}

/** `skipCache`: another one than the one kept. */
type Acquire = (skipCache: boolean) => Promise<string>;

/**
 * The publisher's token for the marketplace: by secret, certificate or managed identity, kept by msal and renewed five minutes before
 * its end. Handed a token that was refused, it asks for another, once however many callers were refused with the same one.
 */
export function createPublisherToken(app: PublisherApp): (rejected?: string) => Promise<string> {
  const acquire = acquiring(app);
  let renewal: { rejected: string; token: Promise<string> } | null = null;

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

/** The identity is the application of Partner Center itself, or the application trusts it as a federated credential. */
function acquiring(app: PublisherApp): Acquire {
  const { managedIdentity, clientId } = app;
  if (!managedIdentity) return byApplication(app);
  const identity = byIdentity(managedIdentity, app);
  if (managedIdentity.toLowerCase() === clientId.toLowerCase()) return (skipCache) => identity(RESOURCE, skipCache);
  return byApplication({ ...app, clientAssertion: () => identity(EXCHANGE, false) });
}

function byApplication(app: EntraApp): Acquire {
  const client = confidentialClient(app);
  return async (skipCache) => issued(await client.acquireTokenByClientCredential({ scopes: [`${RESOURCE}/.default`], skipCache }));
}

function byIdentity(managedIdentity: string, { networkClient = axiosNetworkClient }: EntraApp) {
  const identity = new ManagedIdentityApplication({
    managedIdentityIdParams: { userAssignedClientId: managedIdentity },
    system: { networkClient },
  });
  return async (resource: string, forceRefresh: boolean) => issued(await identity.acquireToken({ resource, forceRefresh }));
}

function issued(answer: { accessToken: string } | null): string {
  if (!answer?.accessToken) throw new Error('The authority issued no token.');
  return answer.accessToken;
}
