import { ConfidentialClientApplication, type INetworkModule, ManagedIdentityApplication } from '@azure/msal-node';
import type { BotConfig } from '../config';

/** A token for the connector, from msal's cache while it lasts. */
export type TokenSource = () => Promise<string>;

const PUBLIC_RESOURCE = 'https://api.botframework.com';
/** In each cloud the connector's resource is the name its own tokens are issued under. */
const SOVEREIGN_RESOURCES = new Set([
  'https://api.botframework.us',
  'https://api.botframework.azure.us',
  'https://api.botframework.azure.cn',
]);

/** What the bot's own tokens are for. */
export const connectorResource = ({ tokenIssuer }: Pick<BotConfig, 'tokenIssuer'>): string =>
  SOVEREIGN_RESOURCES.has(tokenIssuer) ? tokenIssuer : PUBLIC_RESOURCE;

/**
 * How the bot signs in to the connector: with its secret at its own tenant, or as the machine's managed identity.
 * The authority's host is declared known, so that msal asks nobody else about it.
 */
export function createTokenSource(config: BotConfig, networkClient?: INetworkModule): TokenSource {
  const resource = connectorResource(config);
  const system = networkClient ? { networkClient } : {};
  if (config.appType === 'UserAssignedMsi') {
    const identity = new ManagedIdentityApplication({ managedIdentityIdParams: { userAssignedClientId: config.appId }, system });
    return async () => (await identity.acquireToken({ resource })).accessToken;
  }
  const tenant = config.appType === 'MultiTenant' ? config.tenantId || 'botframework.com' : config.tenantId;
  const client = new ConfidentialClientApplication({
    auth: {
      clientId: config.appId,
      clientSecret: config.appPassword,
      authority: `${config.loginUrl}/${tenant}`,
      knownAuthorities: [new URL(config.loginUrl).host],
    },
    system,
  });
  return async () => {
    const answer = await client.acquireTokenByClientCredential({ scopes: [`${resource}/.default`] });
    if (!answer) throw new Error('The sign-in of the bot gave no token');
    return answer.accessToken;
  };
}
