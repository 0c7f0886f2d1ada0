import { calculateJwkThumbprint, exportJWK, generateKeyPair, importJWK, type JWK, type JWTPayload, jwtVerify, SignJWT } from 'jose';
import { openStore } from './store';
import type { Timers } from './timers';

/** An RSA key of one issuer. */
export interface SigningKey {
  /** The public half as it stands in a key set, without members of one issuer's own. */
  readonly publicKey: JWK;
  sign(claims: JWTPayload): Promise<string>;
  /** The claims of a token of this key that is valid now, else undefined. */
  verify(token: string, expected: { issuer: string; audience: string }): Promise<JWTPayload | undefined>;
}

export interface SandboxKeys {
  entra: SigningKey;
  botFramework: SigningKey;
}

/** Opens the key pairs in `folder`, making them on the first start. */
export async function openKeys(folder: string, timers: Timers): Promise<SandboxKeys> {
  const store = await openStore<{ entra?: JWK; botFramework?: JWK }>(folder, 'keys', {});
  if (!store.current.entra || !store.current.botFramework) {
    const [entra, botFramework] = await Promise.all([newPrivateKey(), newPrivateKey()]);
    await store.change((draft) => {
      draft.entra ??= entra;
      draft.botFramework ??= botFramework;
    });
  }
  return {
    entra: await signingKey(store.current.entra!, timers),
    botFramework: await signingKey(store.current.botFramework!, timers),
  };
}

async function newPrivateKey(): Promise<JWK> {
  const { privateKey } = await generateKeyPair('RS256', { extractable: true });
  return exportJWK(privateKey);
}

async function signingKey(stored: JWK, timers: Timers): Promise<SigningKey> {
  const kid = await calculateJwkThumbprint(stored);
  const publicKey: JWK = { kty: 'RSA', use: 'sig', kid, n: stored.n!, e: stored.e! };
  const forSigning = await importJWK(stored, 'RS256');
  const forChecking = await importJWK(publicKey, 'RS256');
  return {
    publicKey,
    sign: (claims) => new SignJWT(claims).setProtectedHeader({ typ: 'JWT', alg: 'RS256', kid }).sign(forSigning),
    async verify(token, { issuer, audience }) {
      try {
        const options = { issuer, audience, algorithms: ['RS256'], currentDate: timers.now(), requiredClaims: ['exp'] };
        return (await jwtVerify(token, forChecking, options)).payload;
      } catch {
        return undefined;
      }
    },
  };
}
