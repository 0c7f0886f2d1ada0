import { randomUUID } from 'node:crypto';
import { exportSPKI, generateKeyPair, importJWK, type JWTPayload, SignJWT } from 'jose';
import request from 'supertest';
import { inTenant } from '../../src/platform/context';
import { CLIENT_ID, ISSUER, type TestApp, testApp } from '../support/app';
import { testContext } from '../support/database';
import { anActor, aTenant, type TestTenant } from '../support/tenant';

let it: TestApp;
let tenant: TestTenant;
beforeAll(async () => {
  const { ctx } = await testContext();
  it = await testApp(ctx);
  tenant = await aTenant(ctx);
});

const me = (authorization: string | undefined, app = it) => {
  const asked = request(app.app).get('/api/v1/me');
  return authorization === undefined ? asked : asked.set('Authorization', authorization);
};

const encode = (value: unknown): string => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');

test('a token of Entra’s own form is let in', async () => {
  const { status, body } = await me(`Bearer ${await it.token(tenant.owner)}`);
  expect(status).toBe(200);
  expect(body).toMatchObject({ tenantId: tenant.tenantId, member: { id: tenant.owner.memberId, role: 'owner' } });
});

test('a request without a token says so', async () => {
  const { status, body, headers } = await me(undefined);
  expect([status, body.code]).toEqual([401, 'token_missing']);
  expect(headers['www-authenticate']).toBe('Bearer');
  expect(headers['content-type']).toBe('application/problem+json; charset=utf-8');
});

test.each([
  ['another scheme', 'Basic b2xpdmlhOnNlY3JldA=='],
  ['nothing after the scheme', 'Bearer'],
  ['blanks', 'Bearer    '],
  ['one word', 'Bearer abc'],
  ['dots', 'Bearer ..'],
  ['three words that are no token', 'Bearer aaa.bbb.ccc'],
  ['an encrypted token’s five parts', 'Bearer a.b.c.d.e'],
  ['a header that is null', `Bearer ${encode('null')}.${encode('{}')}.AAAA`],
  ['a header that is a list', `Bearer ${encode('[]')}.${encode('{}')}.AAAA`],
  ['100 kB', `Bearer ${'a'.repeat(12_000)}.${'b'.repeat(100)}.c`],
])('401 for %s', async (_what, authorization) => {
  const { status, body, headers } = await me(authorization);
  expect([status, body.code]).toEqual([401, 'token_invalid']);
  expect(headers['www-authenticate']).toBe('Bearer error="invalid_token"');
});

type Change = JWTPayload | ((now: number) => JWTPayload);
const wrongClaims: [string, Change][] = [
  ['it expired', (now) => ({ exp: now - 120 })],
  ['it never expires', { exp: undefined }],
  ['its expiry is a word', { exp: 'tomorrow' as never }],
  ['it is not valid yet', (now) => ({ nbf: now + 120 })],
  ['it is for another application', { aud: '00000003-0000-0000-c000-000000000000' }],
  ['it is for the application’s address, as version 1 tokens are', { aud: `api://${CLIENT_ID}` }],
  ['it is for nobody', { aud: undefined }],
  ['another issuer issued it', { iss: 'https://login.evil.example/{tid}/v2.0' }],
  ['nobody issued it', { iss: undefined }],
  ['its issuer is the placeholder', { iss: ISSUER }],
  ['its issuer has more at its end', { iss: `${ISSUER}/x` }],
  ['its issuer is another tenant than its tenant', () => ({ tid: randomUUID() })],
  ['its tenant is a path', { tid: '../common', iss: ISSUER.replace('{tid}', '../common') }],
  ['its tenant is no GUID', { tid: 'contoso', iss: ISSUER.replace('{tid}', 'contoso') }],
  ['its tenant is a list', { tid: [randomUUID()] as never }],
  ['it has no tenant', { tid: undefined }],
  ['it has no object id', { oid: undefined }],
  ['its object id is no GUID', { oid: 'olivia' }],
  ['its object id is an object', { oid: { $ne: null } as never }],
  ['it is of version 1', { ver: '1.0' }],
  ['it has no version', { ver: undefined }],
  ['it has no scope', { scp: undefined }],
  ['it has another scope', { scp: 'User.Read' }],
  ['its scope only begins alike', { scp: 'access_as_user_of_something_else' }],
  ['its scope is a list', { scp: ['access_as_user'] as never }],
  [
    'it is of a personal account',
    { tid: '9188040d-6c67-4c5b-b112-36a304b66dad', iss: ISSUER.replace('{tid}', '9188040d-6c67-4c5b-b112-36a304b66dad') },
  ],
  [
    'it is of a personal account in capitals',
    { tid: '9188040D-6C67-4C5B-B112-36A304B66DAD', iss: ISSUER.replace('{tid}', '9188040D-6C67-4C5B-B112-36A304B66DAD') },
  ],
];

test.each(wrongClaims)('401 for a token signed by the right key when %s', async (_what, change) => {
  const given = typeof change === 'function' ? change(Math.floor(Date.now() / 1000)) : change;
  const { status, body } = await me(`Bearer ${await it.token(tenant.owner, given)}`);
  expect([status, body.code]).toEqual([401, 'token_invalid']);
});

test('a minute of skew is forgiven, for clocks that differ', async () => {
  const now = Math.floor(Date.now() / 1000);
  expect((await me(`Bearer ${await it.token(tenant.owner, { exp: now - 30 })}`)).status).toBe(200);
  expect((await me(`Bearer ${await it.token(tenant.owner, { nbf: now + 30 })}`)).status).toBe(200);
});

test('one of several scopes is enough, and the scheme’s case does not matter', async () => {
  const token = await it.token(tenant.owner, { scp: 'openid access_as_user profile' });
  expect((await me(`bearer ${token}`)).status).toBe(200);
});

describe('signatures', () => {
  const claims = () => it.claimsOf(tenant.owner);
  const times = () => {
    const now = Math.floor(Date.now() / 1000);
    return { iat: now, nbf: now - 5, exp: now + 3600 };
  };
  const published = () => it.keys.issuer.keySet().keys[0]!;

  test.each(['none', 'None', 'NONE', 'nOnE'])('401 for an unsigned token with alg %s', async (alg) => {
    const parts = `${encode({ alg, typ: 'JWT', kid: published().kid })}.${encode({ ...claims(), ...times() })}`;
    for (const token of [`${parts}.`, `${parts}.AAAA`]) {
      expect((await me(`Bearer ${token}`)).body.code).toBe('token_invalid');
    }
  });

  test('401 for HS256 with the public key as the secret', async () => {
    const jwk = published();
    const spki = await exportSPKI((await importJWK(jwk, 'RS256')) as Parameters<typeof exportSPKI>[0]);
    for (const secret of [spki, spki.trim(), JSON.stringify(jwk), jwk.n!]) {
      const token = await new SignJWT({ ...claims(), ...times() })
        .setProtectedHeader({ alg: 'HS256', kid: jwk.kid! })
        .sign(new TextEncoder().encode(secret));
      expect((await me(`Bearer ${token}`)).body.code).toBe('token_invalid');
    }
  });

  test('401 for a token that brings its own key', async () => {
    const { privateKey, publicKey } = await generateKeyPair('RS256', { extractable: true });
    const jwk = await crypto.subtle.exportKey('jwk', publicKey);
    for (const header of [{ jwk }, { jku: 'http://127.0.0.1:1/keys' }, { x5u: 'http://127.0.0.1:1/cert' }]) {
      const token = await new SignJWT({ ...claims(), ...times() })
        .setProtectedHeader({ alg: 'RS256', kid: published().kid!, ...header } as never)
        .sign(privateKey);
      expect((await me(`Bearer ${token}`)).body.code).toBe('token_invalid');
    }
  });

  test('401 for another key under the same kid', async () => {
    const { privateKey } = await generateKeyPair('RS256');
    const token = await new SignJWT({ ...claims(), ...times() })
      .setProtectedHeader({ alg: 'RS256', kid: published().kid! })
      .sign(privateKey);
    expect((await me(`Bearer ${token}`)).body.code).toBe('token_invalid');
  });

  test.each(['RS384', 'RS512', 'PS256'])('401 for the right key used with %s', async (alg) => {
    const token = await it.token(tenant.owner);
    const [, payload, signature] = token.split('.');
    expect((await me(`Bearer ${encode({ alg, kid: published().kid })}.${payload}.${signature}`)).body.code).toBe('token_invalid');
  });

  test('401 for an unknown kid, and the key server is not asked for each of them', async () => {
    await me(`Bearer ${await it.token(tenant.owner)}`);
    const before = it.keys.asked;
    for (let index = 0; index < 5; index += 1) {
      const { status, body } = await me(`Bearer ${await it.token(tenant.owner, {}, { kid: `unknown-${index}` })}`);
      expect([status, body.code]).toEqual([401, 'token_invalid']);
    }
    expect(it.keys.asked - before).toBeLessThanOrEqual(1);
  });

  test('401 for a genuine token whose claims were changed after signing', async () => {
    const [header, , signature] = (await it.token(tenant.owner)).split('.');
    const other = { ...claims(), ...times(), oid: randomUUID() };
    expect((await me(`Bearer ${header}.${encode(other)}.${signature}`)).body.code).toBe('token_invalid');
  });
});

describe('the key server', () => {
  test('while it is away 503 identity_unavailable, not 401; when it is back the same token is let in', async () => {
    const { ctx } = await testContext();
    const app = await testApp(ctx);
    app.keys.down = true;
    const bearer = `Bearer ${await app.token(tenant.owner)}`;
    const away = await me(bearer, app);
    expect([away.status, away.body.code]).toEqual([503, 'identity_unavailable']);
    expect(away.headers['www-authenticate']).toBeUndefined();
    app.keys.down = false;
    expect((await me(bearer, app)).status).toBe(200);
  });

  test('503 when nothing listens at its address', async () => {
    const { ctx } = await testContext();
    const app = await testApp(ctx, { ENTRA_JWKS_URL: 'http://127.0.0.1:9/keys' });
    const answer = await me(`Bearer ${await app.token(tenant.owner)}`, app);
    expect([answer.status, answer.body.code]).toEqual([503, 'identity_unavailable']);
  });

  test('known keys serve on while it is away', async () => {
    const { ctx } = await testContext();
    const app = await testApp(ctx);
    expect((await me(`Bearer ${await app.token(tenant.owner)}`, app)).status).toBe(200);
    app.keys.down = true;
    expect((await me(`Bearer ${await app.token(tenant.owner)}`, app)).status).toBe(200);
  });
});

describe('what a token says about a person', () => {
  test('names and addresses of a directory become one clean line and no more', async () => {
    const { ctx } = await testContext();
    const actor = anActor({ tenantId: tenant.tenantId });
    const token = await it.token(actor, {
      name: `  Mara\u0000\n<script>\u0007${'x'.repeat(1000)}`,
      preferred_username: 'mara\u0000@example.com',
    });
    const { status, body } = await me(`Bearer ${token}`);
    expect(status).toBe(200);
    expect(body.member.name).toMatch(/^Mara {2}<script> x+$/u);
    expect(body.member.name.length).toBeLessThanOrEqual(320);
    const rows = await inTenant(ctx, tenant.tenantId, ({ db }) =>
      db.query<{ address: string }>('select address from members where tenant_id = $1 and member_id = $2', [
        tenant.tenantId,
        actor.memberId,
      ]),
    );
    expect(rows).toEqual([{ address: 'mara @example.com' }]);
  });

  test.each([
    ['half a character', 'Mara \ud83d', /^Mara/u],
    ['no name at all', undefined, /^sample@example\.com$/u],
    ['a name of blanks', '  \t ', /^sample@example\.com$/u],
    ['a name that is a number', 7 as never, /^sample@example\.com$/u],
  ])('a person with %s can work', async (_what, name, shown) => {
    const token = await it.token(anActor({ tenantId: tenant.tenantId }), { name });
    const { status, body } = await me(`Bearer ${token}`);
    expect([status, body.member?.name]).toEqual([200, expect.stringMatching(shown)]);
  });

  test('a cut never leaves half a character', async () => {
    const token = await it.token(anActor({ tenantId: tenant.tenantId }), { name: `${'x'.repeat(319)}😀` });
    expect((await me(`Bearer ${token}`)).status).toBe(200);
  });

  test('ids in capitals are the same person', async () => {
    const capitals = { ...tenant.owner, tenantId: tenant.tenantId.toUpperCase(), memberId: tenant.owner.memberId.toUpperCase() };
    const { body } = await me(`Bearer ${await it.token(capitals)}`);
    expect(body).toMatchObject({ tenantId: tenant.tenantId, member: { id: tenant.owner.memberId, role: 'owner' } });
  });

  test('a directory’s role makes an admin at first contact, and never an owner', async () => {
    const roleOf = async (roles: unknown) =>
      (await me(`Bearer ${await it.token(anActor({ tenantId: tenant.tenantId }), { roles } as JWTPayload)}`)).body.member.role;
    expect(await roleOf(['Admin'])).toBe('admin');
    expect(await roleOf(['owner', 'Owner'])).toBe('member');
    expect(await roleOf('admin')).toBe('member');
    expect(await roleOf([{ toString: 'admin' }])).toBe('member');
  });

  test('neither name nor address gives anybody’s rights', async () => {
    const double = anActor({ tenantId: tenant.tenantId, name: tenant.owner.name });
    expect((await me(`Bearer ${await it.token(double)}`)).body.member.role).toBe('member');
  });
});
