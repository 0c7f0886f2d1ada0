import { type INetworkModule, ManagedIdentityApplication } from '@azure/msal-node';
import { confidentialClient } from './confidential-client';

export interface BotIdentity {
  appId: string;
  appPassword: string;
  appType: 'SingleTenant' | 'MultiTenant' | 'UserAssignedMsi';
  tenantId: string;
  /** Issuing authority without a tenant; any https host. */
  loginUrl: string;
  /** What the token is for. */
  resource: string;
  /** What msal sends its requests through; its own way when absent. */
  networkClient?: INetworkModule | undefined;
}

/** The bot's token for the connector, kept and renewed by msal: by its secret at its own tenant, or as the machine's managed identity. */
export function createConnectorToken(bot: BotIdentity): () => Promise<string> {
  const { appId, appPassword, appType, tenantId, loginUrl, resource, networkClient } = bot;
  if (appType === 'UserAssignedMsi') {
    const system = networkClient ? { networkClient } : {};
    const identity = new ManagedIdentityApplication({ managedIdentityIdParams: { userAssignedClientId: appId }, system });
    return async () => (await identity.acquireToken({ resource })).accessToken;
  }
  const tenant = appType === 'MultiTenant' ? tenantId || 'botframework.com' : tenantId;
  const client = confidentialClient({ clientId: appId, clientSecret: appPassword, authority: `${loginUrl}/${tenant}`, networkClient });
  return async () => {
    const answer = await client.acquireTokenByClientCredential({ scopes: [`${resource}/.default`] });
    if (!answer?.accessToken) throw new Error('The sign-in of the bot gave no token');
    return answer.accessToken;
  };
}
