import { mkdir, readFile, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { Refused, reach } from './api.mjs';

/** A token of whoever sits here: as given, of the sandbox's sample people, or by a code that is entered in a browser. */
export async function signIn(url, { token, as = 'support', env }) {
  if (token) return token;
  return (await fromSandbox(url, as)) ?? byCode(env);
}

/** Only a sandbox hands out tokens, and it listens on loopback. */
async function fromSandbox(url, as) {
  if (!/^(localhost|127(\.\d+){3}|\[::1\])$/u.test(new URL(url).hostname)) return null;
  const response = await reach(`${url}/sandbox/api/token?person=${encodeURIComponent(as)}`);
  if (response.status === 400) throw new Refused(`The sandbox knows nobody called “${as}”: --as support, or --as accounting.`);
  return response.ok ? (await response.json()).token : null;
}

/** The API takes people only: an application's own token has no scope and is refused. */
async function byCode({ KONTINGENT_CLIENT_ID, ENTRA_CLIENT_ID, OPERATOR_TENANT_ID, MARKETPLACE_TENANT_ID }) {
  const tenantId = OPERATOR_TENANT_ID ?? MARKETPLACE_TENANT_ID;
  if (!ENTRA_CLIENT_ID || !tenantId)
    throw new Refused('To sign in, set ENTRA_CLIENT_ID and OPERATOR_TENANT_ID as the server has them; or give a token: KONTINGENT_TOKEN.');
  const { PublicClientApplication } = await import('@azure/msal-node');
  const client = new PublicClientApplication({
    auth: { clientId: KONTINGENT_CLIENT_ID ?? ENTRA_CLIENT_ID, authority: `https://login.microsoftonline.com/${tenantId}` },
    cache: { cachePlugin: kept(path.join(os.homedir(), '.config', 'kontingent', `${tenantId}.json`)) },
  });
  const scopes = [`${ENTRA_CLIENT_ID}/access_as_user`];
  try {
    const [account] = await client.getTokenCache().getAllAccounts();
    const silent = account && (await client.acquireTokenSilent({ account, scopes }).catch(() => null));
    const result =
      silent ?? (await client.acquireTokenByDeviceCode({ scopes, deviceCodeCallback: ({ message }) => console.error(message) }));
    return result.accessToken;
  } catch (error) {
    throw new Refused(`Signing in failed: ${error.errorMessage ?? error.message}`);
  }
}

/** Between two commands the sign-in is kept in a file that its owner alone reads. */
const kept = (file) => ({
  async beforeCacheAccess(cache) {
    cache.tokenCache.deserialize(await readFile(file, 'utf8').catch(() => '{}'));
  },
  async afterCacheAccess(cache) {
    if (!cache.cacheHasChanged) return;
    await mkdir(path.dirname(file), { recursive: true, mode: 0o700 });
    await writeFile(file, cache.tokenCache.serialize(), { mode: 0o600 });
  },
});
