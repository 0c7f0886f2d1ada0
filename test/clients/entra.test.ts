import { createHash, X509Certificate } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { INetworkModule } from '@azure/msal-node';
import { importSPKI, jwtVerify } from 'jose';
import { readCertificate, UnusableCertificate } from '../../src/clients/entra/certificate';
import { createPublisherToken } from '../../src/clients/entra/publisher-token';
import { createSignIn } from '../../src/clients/entra/sign-in';
import { aCertificate } from '../support/certificate';
import { AUTHORITY_HOST, startEntra, type TestEntra } from '../support/entra';

const CLIENT_ID = 'abcdef01-2345-4678-9abc-def012345678';
const TENANT = '99999999-9999-4999-8999-999999999999';

let entra: TestEntra;
beforeEach(async () => {
  entra = await startEntra(CLIENT_ID, 'sample secret');
});
afterEach(() => entra.stop());

const app = (authority = `https://${AUTHORITY_HOST}/${TENANT}`) => ({
  clientId: CLIENT_ID,
  clientSecret: 'sample secret',
  authority,
  networkClient: entra.networkClient,
});

test.each([true, false])(
  'a foreign authority issues the publisher’s token without any call elsewhere (describes itself: %s)',
  async (describes) => {
    entra.hasDiscovery = describes;
    const token = createPublisherToken(app());
    expect(await token()).toBe(entra.tokens[0]);
    expect(new Set(entra.asked)).toEqual(new Set([AUTHORITY_HOST]));
  },
);

test('an authority may have its endpoints where it likes', async () => {
  entra.hasOwnLayout = true;
  expect(await createPublisherToken(app())()).toBe(entra.tokens[0]);
  const signIn = createSignIn(app(`https://${AUTHORITY_HOST}/common`));
  const redirectUri = 'https://kontingent.example/account/callback';
  const url = new URL(await signIn.authorizeUrl({ state: 's', nonce: 'n', challenge: 'c'.repeat(43), redirectUri }));
  expect(url.origin + url.pathname).toBe(`https://${AUTHORITY_HOST}/sign/on/oauth2/v2.0/authorize`);
});

test('the token is kept; a refused one is replaced once, however many were refused with it', async () => {
  const token = createPublisherToken(app());
  const [first, again] = [await token(), await token()];
  expect(again).toBe(first);
  expect(entra.tokens).toHaveLength(1);
  const fresh = await Promise.all(Array.from({ length: 5 }, () => token(first)));
  expect(new Set(fresh)).toEqual(new Set([entra.tokens[1]]));
  expect(entra.tokens).toHaveLength(2);
  expect(await token(first)).toBe(entra.tokens[1]);
  expect(await token()).toBe(entra.tokens[1]);
  expect(entra.tokens).toHaveLength(2);
});

test('a token is renewed while it still holds: five minutes before its end it is no longer used', async () => {
  const token = createPublisherToken(app());
  entra.tokenSeconds = 310;
  const first = await token();
  expect(await token()).toBe(first);
  const later = createPublisherToken(app());
  entra.tokenSeconds = 290;
  const second = await later();
  entra.tokenSeconds = 3599;
  expect(await later()).not.toBe(second);
});

describe('in place of a secret', () => {
  const pfxPassword = 'p12 word';
  const made = aCertificate({ password: pfxPassword });
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'certificate-'));
    await writeFile(path.join(folder, 'app.pfx'), made.pfx);
    await writeFile(path.join(folder, 'app.pem'), made.bundle);
  });
  afterAll(() => rm(folder, { recursive: true }));

  /** As Entra does: signed with the key, for this authority, and naming the certificate. */
  async function isSigned(assertion: string): Promise<boolean> {
    const { payload, protectedHeader } = await jwtVerify(assertion, await importSPKI(made.publicKey, 'PS256'), {
      issuer: CLIENT_ID,
      clockTolerance: 2,
    });
    const thumbprint = createHash('sha256').update(new X509Certificate(made.pem).raw).digest('base64url');
    expect([payload.sub, protectedHeader['x5t#S256']]).toEqual([CLIENT_ID, thumbprint]);
    return true;
  }

  test.each([
    ['PEM', () => made.bundle, ''],
    ['PEM on one line', () => made.bundle.replaceAll('\n', '\\n'), ''],
    ['PEM with a locked key', () => made.locked, pfxPassword],
    ['the path of a PEM file', () => path.join(folder, 'app.pem'), ''],
    ['a PKCS#12 file as base64', () => made.pfx.toString('base64'), pfxPassword],
    ['the path of a PKCS#12 file', () => path.join(folder, 'app.pfx'), pfxPassword],
  ])('a certificate given as %s signs for the application', async (_form, given, password) => {
    entra.acceptsAssertion = isSigned;
    const clientCertificate = readCertificate(given(), password);
    expect(clientCertificate.expiresAt.toISOString().slice(0, 16)).toBe(made.expiresAt.toISOString().slice(0, 16));
    expect(await createPublisherToken({ ...app(), clientSecret: '', clientCertificate })()).toBe(entra.tokens[0]);
  });

  test('a key vault’s PKCS#12 file has no password', () => {
    const { pfx } = aCertificate();
    expect(readCertificate(pfx.toString('base64'), '').privateKey).toContain('PRIVATE KEY');
  });

  test.each([
    ['no certificate', 'nonsense', '', /no file that is there/u],
    ['a wrong password', made.pfx.toString('base64'), 'wrong', /password is wrong/u],
    ['a certificate without its key', made.pem, '', /private key is missing/u],
    [
      'another key than the certificate’s',
      `${made.pem}${aCertificate().bundle.replace(/-----BEGIN C[\s\S]+?END C.+/u, '')}`,
      '',
      /no certificate of its private key/u,
    ],
  ])('%s is named without a word of it', (_what, given, password, words) => {
    expect(() => readCertificate(given, password)).toThrow(words);
    expect(() => readCertificate(given, password)).toThrow(UnusableCertificate);
  });

  const IDENTITY = 'abcdef01-2345-4678-9abc-def012345679';
  /** Resources asked for. msal keeps the network client of its first managed identity for all, so there is one list for all. */
  const asked: string[] = [];
  /** The machine's own service, which vouches for its identities. */
  function machine(): INetworkModule {
    asked.length = 0;
    return {
      ...entra.networkClient,
      async sendGetRequestAsync(url, options) {
        if (!url.startsWith('http://169.254.169.254/')) return entra.networkClient.sendGetRequestAsync(url, options);
        const { searchParams } = new URL(url);
        asked.push(searchParams.get('resource')!);
        const body = {
          access_token: `of ${searchParams.get('client_id')} ${asked.length}`,
          expires_on: String(Math.floor(Date.now() / 1000) + 3600),
          token_type: 'Bearer',
        };
        return { status: 200, headers: {}, body: body as never };
      },
    };
  }

  test('a managed identity vouches for the application', async () => {
    entra.acceptsAssertion = async (assertion) => assertion.startsWith(`of ${IDENTITY}`);
    const token = createPublisherToken({ ...app(), clientSecret: '', networkClient: machine(), managedIdentity: IDENTITY });
    const first = await token();
    expect([first, await token()]).toEqual([entra.tokens[0], entra.tokens[0]]);
    expect(asked).toEqual(['api://AzureADTokenExchange']);
    expect(await token(first)).toBe(entra.tokens[1]);
  });

  test('a managed identity that is the application itself gets its token without any other', async () => {
    const token = createPublisherToken({ ...app(), clientSecret: '', networkClient: machine(), managedIdentity: CLIENT_ID });
    const first = await token();
    expect(first).toContain(CLIENT_ID);
    expect(await token(first)).not.toBe(first);
    expect(new Set(asked)).toEqual(new Set(['20e940b3-4c77-4b0b-9a53-9e16a1b010a7']));
    expect(entra.tokens).toHaveLength(0);
  });
});

test('a slash at its end makes no other authority', async () => {
  const token = createPublisherToken(app(`https://${AUTHORITY_HOST}/${TENANT}/`));
  expect(await token()).toBe(entra.tokens[0]);
});

test('a wrong secret is an error, and the next call asks again', async () => {
  const token = createPublisherToken({ ...app(), clientSecret: 'wrong' });
  await expect(token()).rejects.toThrow();
  await expect(token()).rejects.toThrow();
  expect(entra.tokens).toHaveLength(0);
});

test('at Microsoft’s own authority only the token itself is asked for', async () => {
  const asked: string[] = [];
  const token = createPublisherToken({
    ...app(`https://login.microsoftonline.com/${TENANT}`),
    networkClient: {
      sendGetRequestAsync: async (url) => {
        asked.push(`GET ${url}`);
        throw new Error('no call is needed');
      },
      sendPostRequestAsync: async (url) => {
        asked.push(`POST ${new URL(url).pathname}`);
        return { status: 200, headers: {}, body: { token_type: 'Bearer', expires_in: 3599, access_token: 'a' } as never };
      },
    },
  });
  expect(await token()).toBe('a');
  expect(asked).toEqual([`POST /${TENANT}/oauth2/v2.0/token`]);
});
