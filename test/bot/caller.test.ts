import { createHmac, createSign, generateKeyPairSync } from 'node:crypto';
import { exportSPKI } from 'jose';
import { activityOf, type RunningBot, startBot } from '../support/bot';
import { type BotFramework, startBotFramework } from '../support/connector';
import { testContext } from '../support/database';
import { anActor } from '../support/tenant';

let framework: BotFramework;
let running: RunningBot;
const person = anActor();
const message = (specific: Record<string, unknown> = {}) => activityOf(framework, person, { type: 'message', text: 'help', ...specific });

beforeAll(async () => {
  const { ctx } = await testContext();
  framework = await startBotFramework();
  running = await startBot(ctx, framework);
});
afterAll(async () => {
  await running.close();
  await framework.close();
});

const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');

test('a good token is let in, and the answer goes to the connector with the bot’s own token', async () => {
  const { status } = await running.post(message());
  expect(status).toBe(200);
  expect(framework.sent.at(-1)).toMatchObject({
    method: 'POST',
    conversationId: `a:${person.memberId}`,
    authorization: 'Bearer token-of-the-bot',
  });
  expect(framework.tokenRequests.at(-1)).toMatch(
    /^POST https:\/\/login\.example\.test\/88888888-8888-4888-8888-888888888888\/oauth2\/v2\.0\/token\?/,
  );
  expect(framework.tokenRequests.at(-1)).toContain(encodeURIComponent('https://api.botframework.com/.default'));
  expect(framework.tokenRequests.filter((request) => !request.includes('//login.example.test/'))).toEqual([]);
});

describe('without a trustworthy token nothing is done', () => {
  const refused: [string, () => Promise<string | null>, string][] = [
    ['no token', async () => null, 'token_missing'],
    ['a token for another app', () => framework.token({ aud: '88888888-0009-4000-8000-000000000009' }), 'token_invalid'],
    ['a token of another issuer', () => framework.token({ iss: 'https://api.botframework.example' }), 'token_invalid'],
    [
      'a token of the emulator’s issuer',
      () =>
        framework.token({
          iss: `https://sts.windows.net/${person.tenantId}/`,
          tid: person.tenantId,
          ver: '1.0',
          appid: framework.config.appId,
        }),
      'token_invalid',
    ],
    ['an expired token', () => framework.token({}, { expiresIn: -60 }), 'token_invalid'],
    ['a token without an end', () => framework.token({}, { expiresIn: null }), 'token_invalid'],
    ['a token of the future', () => framework.token({ nbf: Math.floor(Date.now() / 1000) + 900 }), 'token_invalid'],
    ['a token for another service', () => framework.token({ serviceurl: 'https://elsewhere.example/' }), 'token_invalid'],
    ['a token for no service', () => framework.token({ serviceurl: undefined }), 'token_invalid'],
    ['a key nobody published, under a published name', () => framework.token({}, { key: 'foreign' }), 'token_invalid'],
    ['a key nobody published', () => framework.token({}, { key: 'foreign', header: { kid: 'unknown' } }), 'token_invalid'],
    ['a token that names no key', () => framework.token({}, { header: { kid: undefined as never } }), 'token_invalid'],
    [
      'alg none',
      async () => {
        const [, payload] = (await framework.token()).split('.');
        return `${encode({ alg: 'none', typ: 'JWT', kid: 'key-1' })}.${payload}.`;
      },
      'token_invalid',
    ],
    [
      'HS256 with the public key as secret',
      async () => {
        const [, payload] = (await framework.token()).split('.');
        const { keys } = (await (await fetch(`${framework.url}/v1/keys`)).json()) as { keys: object[] };
        const secret = await exportSPKI(
          await crypto.subtle.importKey('jwk', keys[0] as never, { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' }, true, ['verify']),
        );
        const head = `${encode({ alg: 'HS256', typ: 'JWT', kid: 'key-1' })}.${payload}`;
        return `${head}.${createHmac('sha256', secret).update(head).digest('base64url')}`;
      },
      'token_invalid',
    ],
    [
      'a key that the token brings along',
      async () => {
        const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
        const [, payload] = (await framework.token()).split('.');
        const head = `${encode({ alg: 'RS256', typ: 'JWT', jwk: publicKey.export({ format: 'jwk' }) })}.${payload}`;
        return `${head}.${createSign('RSA-SHA256').update(head).sign(privateKey, 'base64url')}`;
      },
      'token_invalid',
    ],
    [
      'a changed token',
      async () => (await framework.token()).replace(/\.([\w-]+)\./, (_, payload) => `.${payload.slice(0, -4)}AAAA.`),
      'token_invalid',
    ],
    ['no token at all but words', async () => 'not a token', 'token_invalid'],
  ];

  test.each(refused)('%s', async (_name, token, code) => {
    const before = framework.sent.length;
    const { status, body } = await running.post(message(), { token: await token() });
    expect({ status, code: body.code }).toEqual({ status: 401, code });
    expect(framework.sent.length).toBe(before);
  });

  test.each([
    ['a channel the key is not endorsed for', { channelId: 'directline' }],
    ['the SDK’s own channel, which has other rules there', { channelId: 'AseChannel' }],
    ['no channel', { channelId: undefined }],
    ['no service to answer to', { serviceUrl: undefined }],
    ['another service than the token names', { serviceUrl: 'http://127.0.0.1:9/' }],
  ])('%s', async (_name, specific) => {
    expect((await running.post(message(specific))).status).toBe(401);
  });
});

describe('keys', () => {
  let own: BotFramework;
  let bot: RunningBot;
  let at = Date.now();
  beforeEach(async () => {
    const { ctx } = await testContext();
    own = await startBotFramework();
    at = Date.now();
    bot = await startBot(ctx, own, { clock: { now: () => new Date(at) } });
  });
  afterEach(async () => {
    await bot.close();
    await own.close();
  });
  const say = async () => (await bot.post(activityOf(own, person, { type: 'message', text: 'help' }))).status;

  test.each([
    ['endorsed for other channels', ['webchat'], 401],
    ['endorsed for none', [], 401],
    ['without endorsements', undefined, 401],
    ['endorsed for Teams', ['msteams'], 200],
  ])('a key %s', async (_name, endorsements, status) => {
    own.setEndorsements(endorsements);
    expect(await say()).toBe(status);
  });

  test('while the key server is away nobody is let in, and nobody is called a forger', async () => {
    own.down(true);
    const { status, body } = await bot.post(activityOf(own, person, { type: 'message', text: 'help' }));
    expect({ status, code: body.code }).toEqual({ status: 503, code: 'identity_unavailable' });
    own.down(false);
    expect(await say()).toBe(200);
  });

  test('a new signing key is found when the first token signed with it comes', async () => {
    const cooled = jest.spyOn(Date, 'now');
    try {
      expect(await say()).toBe(200);
      await own.rotateKey();
      const token = await own.token();
      const real = Date.now();
      cooled.mockReturnValue(real + 6_000);
      expect((await bot.post(activityOf(own, person, { type: 'message', text: 'help' }), { token })).status).toBe(200);
    } finally {
      cooled.mockRestore();
    }
  });
});

describe('what is no activity is refused before it does harm', () => {
  test.each([
    ['a body without a type', {}],
    ['a body whose type is no word', { type: 7 }],
    ['a list', []],
    ['a message without an id', { type: 'message', id: undefined }],
    ['a message without a conversation', { type: 'message', conversation: undefined }],
    ['a message from nobody', { type: 'message', from: undefined }],
  ])('%s', async (_name, body) => {
    const activity = 'type' in body && body.type === 'message' ? message(body) : body;
    expect(await running.post(activity)).toMatchObject({ status: 400, body: { code: 'invalid_input' } });
  });

  test('an invoke nobody knows is not implemented', async () => {
    expect((await running.post(message({ type: 'invoke', name: 'sample/unknown', value: {} }))).status).toBe(501);
    expect(
      (
        await running.post(
          message({
            type: 'invoke',
            name: 'adaptiveCard/action',
            value: { action: { type: 'Action.Execute', verb: 'format_disk', data: {} } },
          }),
        )
      ).status,
    ).toBe(501);
  });

  test('a press without an action is a bad request', async () => {
    expect((await running.post(message({ type: 'invoke', name: 'adaptiveCard/action', value: {} }))).status).toBe(400);
    expect((await running.post(message({ type: 'invoke', name: 'adaptiveCard/action' }))).status).toBe(400);
  });

  test('activities of kinds that mean nothing here are taken and ignored', async () => {
    const before = framework.sent.length;
    expect((await running.post(message({ type: 'messageReaction', reactionsAdded: [{ type: 'like' }] }))).status).toBe(200);
    expect((await running.post(message({ type: 'event', name: 'sample' }))).status).toBe(200);
    expect(framework.sent.length).toBe(before);
  });

  test('replies are handed back where the caller waits for them', async () => {
    const before = framework.sent.length;
    const { status, body } = await running.post(message({ deliveryMode: 'expectReplies' }));
    expect(status).toBe(200);
    expect(body.activities).toHaveLength(1);
    expect(framework.sent.length).toBe(before);
  });
});
