import { type Activity, CloudAdapter, ConfigurationBotFrameworkAuthentication, type InvokeResponse, type TurnContext } from 'botbuilder';
import type { BotConfig } from '../config';
import { retryConnector, type Wait } from './connector-retry';
import { connectorResource, type TokenSource } from './credentials';

/** The SDK's ways to sign in and to make connectors, for our endpoints only and with our own limits on patience. */
class Connection extends ConfigurationBotFrameworkAuthentication {
  constructor(
    config: BotConfig,
    token: TokenSource | null,
    private readonly wait: Wait,
  ) {
    super(
      {
        MicrosoftAppId: config.appId,
        MicrosoftAppTenantId: config.tenantId,
        ToChannelFromBotLoginUrl: config.loginUrl,
        ToChannelFromBotOAuthScope: connectorResource(config),
        ToBotFromChannelTokenIssuer: config.tokenIssuer,
        ToBotFromChannelOpenIdMetadataUrl: config.openIdMetadataUrl,
        ToBotFromEmulatorOpenIdMetadataUrl: config.openIdMetadataUrl,
        OAuthUrl: 'https://token.botframework.com',
        CallerId: '',
      },
      {
        isValidAppId: async (appId) => appId === config.appId,
        isAuthenticationDisabled: async () => false,
        createCredentials: async () => ({
          signRequest: async (request) => {
            if (token) request.headers.set('authorization', `Bearer ${await token()}`);
            return request;
          },
        }),
      },
    );
  }

  override createConnectorFactory(...args: Parameters<ConfigurationBotFrameworkAuthentication['createConnectorFactory']>) {
    const factory = super.createConnectorFactory(...args);
    return {
      create: async (serviceUrl: string, audience: string) => {
        const connector = await factory.create(serviceUrl, audience);
        retryConnector(connector, serviceUrl, this.wait);
        return connector;
      },
    } as ReturnType<ConfigurationBotFrameworkAuthentication['createConnectorFactory']>;
  }
}

/** botbuilder's cloud adapter, for requests whose caller was checked before (caller.ts). `token` null: nothing is signed (the playground). */
export class TeamsAdapter extends CloudAdapter {
  private readonly connection: Connection;

  constructor(
    private readonly config: BotConfig,
    token: TokenSource | null,
    wait: Wait,
  ) {
    const connection = new Connection(config, token, wait);
    super(connection);
    this.connection = connection;
  }

  /** Runs a turn; what comes back is the answer to an invoke, or the replies if the caller waits for them. */
  run(activity: Activity, logic: (context: TurnContext) => Promise<void>): Promise<InvokeResponse | undefined> {
    const claimsIdentity = this.createClaimsIdentity(this.config.appId);
    const connectorFactory = this.connection.createConnectorFactory(claimsIdentity);
    return this.processActivity({ audience: connectorResource(this.config), claimsIdentity, connectorFactory }, activity, logic);
  }
}
