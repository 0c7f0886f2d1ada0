import { createPublisherToken } from '../../src/clients/entra/publisher-token';
import { createSignIn } from '../../src/clients/entra/sign-in';
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
