import { randomUUID } from 'node:crypto';
import { exportJWK, generateKeyPair, type JWK, type JWTPayload, SignJWT } from 'jose';

/** An issuer of RS256 tokens with a key set of its own. */
export interface TestIssuer {
  keySet(): { keys: JWK[] };
  /** Claims that are undefined are left out. Times in seconds from now: `expiresIn`, `notBefore`. */
  sign(
    claims: JWTPayload,
    options?: { expiresIn?: number | null; notBefore?: number; kid?: string; alg?: string; secret?: Uint8Array },
  ): Promise<string>;
  /** Another key from now on; the old one is gone. */
  rotate(): Promise<void>;
}

export async function createIssuer(): Promise<TestIssuer> {
  let kid = '';
  let key: Awaited<ReturnType<typeof generateKeyPair>>;
  let publicKey: JWK;
  async function rotate() {
    kid = randomUUID();
    key = await generateKeyPair('RS256', { extractable: true });
    publicKey = { ...(await exportJWK(key.publicKey)), kid, use: 'sig', alg: 'RS256' };
  }
  await rotate();
  return {
    keySet: () => ({ keys: [publicKey] }),
    rotate,
    sign(claims, { expiresIn = 3600, notBefore = -5, kid: otherKid, alg = 'RS256', secret } = {}) {
      const now = Math.floor(Date.now() / 1000);
      const all = { iat: now, nbf: now + notBefore, ...(expiresIn !== null && { exp: now + expiresIn }), ...claims };
      const said = Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
      return new SignJWT(said).setProtectedHeader({ alg, kid: otherKid ?? kid, typ: 'JWT' }).sign(secret ?? key.privateKey);
    },
  };
}
