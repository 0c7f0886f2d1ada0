import {
  ActivityHandler,
  CloudAdapter,
  ConfigurationBotFrameworkAuthentication,
  type ConversationReference,
  TeamsInfo,
  TurnContext,
} from 'botbuilder';
import type { ServiceClientCredentialsFactory } from 'botframework-connector';
import { BOT, MARKETPLACE, World } from './world';

let world: World;
beforeAll(async () => {
  world = await World.open();
});
afterAll(() => world.close());

test('the real botbuilder checks our tokens, replies, updates, and writes first', async () => {
  const token = await world.appToken('bot');
  const credentials = {
    isValidAppId: async (appId: string) => appId === BOT.appId,
    isAuthenticationDisabled: async () => false,
    createCredentials: async () => ({
      signRequest: async (request: { headers: { set(name: string, value: string): void } }) => {
        request.headers.set('authorization', `Bearer ${token}`);
        return request;
      },
    }),
  } as unknown as ServiceClientCredentialsFactory;
  const adapter = new CloudAdapter(
    new ConfigurationBotFrameworkAuthentication(
      {
        MicrosoftAppId: BOT.appId,
        MicrosoftAppType: 'SingleTenant',
        MicrosoftAppTenantId: MARKETPLACE.tenantId,
        ToChannelFromBotLoginUrl: `${world.url}/sandbox/entra/${MARKETPLACE.tenantId}`,
        ToChannelFromBotOAuthScope: 'https://api.botframework.com',
        ToBotFromChannelTokenIssuer: BOT.tokenIssuer,
        ToBotFromChannelOpenIdMetadataUrl: `${world.url}/sandbox/botframework/.well-known/openidconfiguration`,
        ToBotFromEmulatorOpenIdMetadataUrl: `${world.url}/sandbox/botframework/.well-known/openidconfiguration`,
        OAuthUrl: world.url,
        ChannelService: '',
        CallerId: '',
        ValidateAuthority: true,
      } as never,
      credentials,
    ),
  );
  const bot = new ActivityHandler();
  let reference: Partial<ConversationReference> = {};
  let address: string | undefined;
  bot.onMessage(async (context, next) => {
    reference = TurnContext.getConversationReference(context.activity);
    address = (await TeamsInfo.getMember(context, context.activity.from.id)).userPrincipalName;
    const sent = await context.sendActivity('one moment');
    await context.updateActivity({ ...context.activity, type: 'message', id: sent!.id, text: `done: ${context.activity.text}` });
    await next();
  });
  world.onActivity = (_body, res, req) => adapter.process(req, res as never, (context) => bot.run(context));

  await world.http.post('/api/chat/messages', { person: 'owner', text: 'hello' });
  await world.pass();
  await adapter.continueConversationAsync(BOT.appId, reference, async (context) => void (await context.sendActivity('by the way')));

  const { data } = await world.http.get('/api/chat?person=owner');
  expect(data.messages.map(({ from, text }: { from: string; text: string }) => [from, text])).toEqual([
    ['person', 'hello'],
    ['bot', 'done: hello'],
    ['bot', 'by the way'],
  ]);
  expect(address).toBe('olivia@sample-logistics.example');
});
