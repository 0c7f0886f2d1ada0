import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { ConfidentialClientApplication } from '@azure/msal-node';
import { createRemoteJWKSet, decodeJwt, generateKeyPair, importJWK, jwtVerify, SignJWT } from 'jose';
import { PEOPLE, SANDBOX_AUTHORITY } from '../../src/sandbox';
import { BOT, ENTRA, MARKETPLACE, World } from './world';

let world: World;
beforeAll(async () => {
  world = await World.open();
});
afterAll(() => world.close());

const [owner] = PEOPLE;
const keysAt = (tenant: string) => createRemoteJWKSet(new URL(`${world.url}/sandbox/entra/${tenant}/discovery/v2.0/keys`));

function msal(clientId: string, clientSecret: string, tenant: string) {
  return new ConfidentialClientApplication({
    auth: { clientId, clientSecret, authority: `${SANDBOX_AUTHORITY}/${tenant}`, knownAuthorities: ['login.sandbox.invalid'] },
    system: { networkClient: world.sandbox.networkClient },
  });
}

describe('msal-node', () => {
  test('gets the token of the fulfillment API', async () => {
    const app = msal(MARKETPLACE.clientId, MARKETPLACE.clientSecret, MARKETPLACE.tenantId);
    const answer = await app.acquireTokenByClientCredential({ scopes: [`${MARKETPLACE.callerId}/.default`] });
    const { payload } = await jwtVerify(answer!.accessToken, keysAt(MARKETPLACE.tenantId), {
      audience: MARKETPLACE.callerId,
      issuer: `https://login.sandbox.invalid/${MARKETPLACE.tenantId}/v2.0`,
    });
    expect(payload).toMatchObject({ azp: MARKETPLACE.clientId, tid: MARKETPLACE.tenantId, ver: '2.0' });
  });

  test('gets the token of the Bot Framework', async () => {
    const app = msal(BOT.appId, BOT.password, MARKETPLACE.tenantId);
    const answer = await app.acquireTokenByClientCredential({ scopes: ['https://api.botframework.com/.default'] });
    expect(decodeJwt(answer!.accessToken)).toMatchObject({ aud: 'https://api.botframework.com', azp: BOT.appId });
  });

  test('is refused with a wrong secret', async () => {
    const app = msal(MARKETPLACE.clientId, 'another secret', MARKETPLACE.tenantId);
    await expect(app.acquireTokenByClientCredential({ scopes: [`${MARKETPLACE.callerId}/.default`] })).rejects.toMatchObject({
      errorCode: 'invalid_client',
    });
  });

  test.each(['common', 'organizations', owner.tenantId])('signs a person in at %s, with state, nonce and PKCE', async (tenant) => {
    const app = msal(ENTRA.clientId, ENTRA.clientSecret, tenant);
    const redirectUri = `${world.settings.publicUrl}/account/callback`;
    const verifier = 'v'.repeat(64);
    const address = await app.getAuthCodeUrl({
      scopes: ['openid', 'profile'],
      redirectUri,
      state: 'a state',
      nonce: 'a nonce',
      codeChallenge: createHash('sha256').update(verifier).digest('base64url'),
      codeChallengeMethod: 'S256',
      loginHint: owner.address,
      responseMode: 'query',
    });
    const answered = await world.http.get(address);
    expect(answered.status).toBe(302);
    const callback = new URL(answered.headers.location);
    expect(callback.href.startsWith(redirectUri)).toBe(true);
    expect(callback.searchParams.get('state')).toBe('a state');

    const code = callback.searchParams.get('code')!;
    const result = await app.acquireTokenByCode({
      code,
      codeVerifier: verifier,
      redirectUri,
      scopes: ['openid', 'profile'],
      nonce: 'a nonce',
    });
    expect(result.idTokenClaims).toMatchObject({
      oid: owner.objectId,
      tid: owner.tenantId,
      name: owner.name,
      nonce: 'a nonce',
      ver: '2.0',
    });
    expect(result.account).toMatchObject({ tenantId: owner.tenantId, username: owner.address });
    await jwtVerify(result.idToken, keysAt(tenant), {
      audience: ENTRA.clientId,
      issuer: `https://login.sandbox.invalid/${owner.tenantId}/v2.0`,
    });
  });

  test('reaches no other host', async () => {
    await expect(world.sandbox.networkClient.sendGetRequestAsync('https://login.microsoftonline.com/common')).rejects.toThrow(
      'no host but its own',
    );
  });
});

describe('sign-in', () => {
  const verifier = 'w'.repeat(50);
  const query = (more: Record<string, string> = {}) => ({
    client_id: ENTRA.clientId,
    response_type: 'code',
    redirect_uri: `${world.settings.publicUrl}/account/callback`,
    scope: 'openid profile',
    state: 'st&te',
    nonce: 'n',
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
    ...more,
  });
  const authorize = (more?: Record<string, string>, headers = {}) =>
    world.http.get('/entra/common/oauth2/v2.0/authorize', { params: query(more), headers });
  const codeOf = async () => new URL((await authorize({ login_hint: 'owner' })).headers.location).searchParams.get('code')!;
  const redeem = (code: string, more: Record<string, string> = {}) =>
    world.http.post(
      '/entra/common/oauth2/v2.0/token',
      new URLSearchParams({
        grant_type: 'authorization_code',
        client_id: ENTRA.clientId,
        client_secret: ENTRA.clientSecret,
        redirect_uri: query().redirect_uri,
        code_verifier: verifier,
        code,
        ...more,
      }),
    );

  test.each([
    ['de', 'Wer meldet sich an?'],
    ['it', 'Chi effettua l’accesso?'],
    ['fr', 'Who is signing in?'],
  ])('asks who it is in the language of the browser (%s)', async (language, sentence) => {
    const { data, headers } = await authorize({}, { 'Accept-Language': language });
    expect(data).toContain(sentence);
    for (const { name } of PEOPLE) expect(data).toContain(name);
    expect(headers['content-security-policy']).toContain("frame-ancestors 'none'");
  });

  test('offers at an organization its own people only', async () => {
    const { data } = await world.http.get(`/entra/${owner.tenantId}/oauth2/v2.0/authorize`, { params: query() });
    expect(data).toContain('Olivia Owner');
    expect(data).not.toContain('Otto Other');
  });

  test('each choice leads back with a code and the untouched state', async () => {
    const { data } = await authorize();
    const link = /href="([^"]+)"/.exec(data)![1]!.replace(/&#38;/g, '&');
    const { headers } = await world.http.get(link);
    expect(new URL(headers.location).searchParams.get('state')).toBe('st&te');
  });

  test('answers by a self-sending form when asked to', async () => {
    const { data } = await authorize({ response_mode: 'form_post', login_hint: 'owner' });
    expect(data).toContain(`action="${query().redirect_uri}"`);
    expect(data).toContain('value="st&#38;te"');
  });

  test.each([
    ['an address elsewhere', { redirect_uri: 'http://evil.example/account/callback' }],
    ['another client', { client_id: 'somebody' }],
  ])('never redirects to %s', async (_what, more) => {
    const { status, headers } = await authorize({ ...more, login_hint: 'owner' });
    expect([status, headers.location]).toEqual([400, undefined]);
  });

  test('a code works once', async () => {
    const code = await codeOf();
    expect((await redeem(code)).status).toBe(200);
    expect((await redeem(code)).data).toMatchObject({ error: 'invalid_grant' });
  });

  test.each([
    ['another verifier', { code_verifier: 'x'.repeat(50) }, 'invalid_grant'],
    ['another redirect address', { redirect_uri: 'http://localhost/else' }, 'invalid_grant'],
    ['a wrong secret', { client_secret: 'wrong' }, 'invalid_client'],
    ['a code nobody issued', { code: 'made.up.code' }, 'invalid_grant'],
  ])('a code is refused with %s', async (_what, more, error) => {
    expect((await redeem(await codeOf(), more as unknown as Record<string, string>)).data).toMatchObject({ error });
  });

  test('a code expires after ten minutes', async () => {
    const code = await codeOf();
    await world.pass(601_000);
    expect((await redeem(code)).data).toMatchObject({ error: 'invalid_grant' });
  });
});

describe('tab tokens', () => {
  const tokenOf = async (person: string) => (await world.http.get('/api/token', { params: { person } })).data.token;

  test('carry the claims Teams on the web asks for', async () => {
    const claims = decodeJwt(await tokenOf('agent'));
    const [, agent] = PEOPLE;
    expect(claims).toMatchObject({
      aud: ENTRA.clientId,
      iss: `https://login.sandbox.invalid/${agent.tenantId}/v2.0`,
      tid: agent.tenantId,
      oid: agent.objectId,
      name: 'Adam Agent',
      preferred_username: agent.address,
      scp: 'access_as_user',
      azp: '5e3ce6c0-2b1f-4285-8d4b-75ee78787346',
      ver: '2.0',
      roles: ['agent'],
    });
    expect(decodeJwt(await tokenOf('owner'))).not.toHaveProperty('roles');
  });

  test('of the publisher’s people come from its directory with their app role; they are nobody’s customers', async () => {
    for (const [person, role] of [
      ['support', 'Kontingent.Support'],
      ['accounting', 'Kontingent.Accounting'],
    ] as const) {
      const claims = decodeJwt(await tokenOf(person));
      expect(claims).toMatchObject({ aud: ENTRA.clientId, tid: MARKETPLACE.tenantId, scp: 'access_as_user', ver: '2.0', roles: [role] });
      expect((await world.http.get('/api/chat', { params: { person } })).status).toBe(400);
      expect((await world.http.post('/api/marketplace/purchases', { person, planId: 'standard' })).status).toBe(400);
    }
    const { people } = (await world.http.get('/api/state')).data;
    expect(people.map(({ key }: { key: string }) => key)).toEqual(PEOPLE.map(({ key }) => key));
  });

  test('are signed by a published key, which a restart keeps', async () => {
    const token = await tokenOf('owner');
    await world.restart();
    await jwtVerify(token, keysAt('common'), { audience: ENTRA.clientId, currentDate: world.now() });
  });
});

test('the fulfillment API and the connector refuse tokens of another key, audience, application and time', async () => {
  const { privateKey } = await generateKeyPair('RS256');
  const claims = decodeJwt(await world.appToken('marketplace'));
  const forged = await new SignJWT(claims).setProtectedHeader({ alg: 'RS256' }).sign(privateKey);
  const unsigned = `${Buffer.from('{"alg":"none"}').toString('base64url')}.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.`;
  const stored = JSON.parse(await readFile(path.join(world.dataDir, 'sandbox', 'keys.json'), 'utf8'));
  const ownKey = await importJWK(stored.entra, 'RS256');
  const ofAnotherApp = await new SignJWT({ ...claims, azp: ENTRA.clientId }).setProtectedHeader({ alg: 'RS256' }).sign(ownKey);
  const botToken = await world.appToken('bot');
  for (const bearer of [forged, unsigned, ofAnotherApp, botToken, (await world.http.get('/api/token?person=owner')).data.token, ''])
    expect((await world.api('GET', '', undefined, { Authorization: `Bearer ${bearer}` })).status).toBe(403);

  const marketplaceToken = await world.appToken('marketplace');
  for (const bearer of [forged, unsigned, marketplaceToken, ''])
    expect((await world.http.post('/connector/v3/conversations', {}, { headers: { Authorization: `Bearer ${bearer}` } })).status).toBe(401);

  await world.pass(3_601_000);
  expect((await world.api('GET', '', undefined, { Authorization: `Bearer ${marketplaceToken}` })).status).toBe(403);
});
