import { createRemoteJWKSet, errors, type JWTPayload, jwtVerify } from 'jose';
import type { EntraConfig } from '../config';

/** The claims of a verified Entra v2 token that this product uses. */
export interface EntraClaims {
  tenantId: string;
  objectId: string;
  name: string;
  /** Shown and pre-filled only; never a key, never a right. */
  address: string | null;
  roles: string[];
  scopes: string[];
  nonce: string | null;
}

export type Verification = { ok: true; claims: EntraClaims } | { ok: false; reason: 'token_invalid' | 'identity_unavailable' };

export interface VerifyOptions {
  /** Personal Microsoft accounts are let in; only the account page does. */
  personalAccounts?: boolean;
}

/** The tenant of all personal Microsoft accounts. Source: Entra access token claims reference. */
const PERSONAL_TENANT = '9188040d-6c67-4c5b-b112-36a304b66dad';
const GUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/iu;
const SKEW_SECONDS = 60;

/** Faults of the token itself; everything else is the key server's. */
const TOKEN_FAULTS = [
  errors.JWTExpired,
  errors.JWTClaimValidationFailed,
  errors.JWTInvalid,
  errors.JWSInvalid,
  errors.JWSSignatureVerificationFailed,
  errors.JOSEAlgNotAllowed,
  errors.JOSENotSupported,
  errors.JWKSNoMatchingKey,
  errors.JWKSMultipleMatchingKeys,
];

export const isTokenFault = (error: unknown): boolean => TOKEN_FAULTS.some((fault) => error instanceof fault);

/** Keys by `kid`, cached; an unknown kid fetches anew, at most every `cooldownMs`. */
export const remoteKeys = (url: string, cooldownMs = 30_000) =>
  createRemoteJWKSet(new URL(url), { cooldownDuration: cooldownMs, timeoutDuration: 5_000, cacheMaxAge: 3_600_000 });

/**
 * Verifies tokens of Entra's v2 endpoint for any organization: RS256, our audience, and the issuer built from the
 * token's own tenant. Source: specs of multi-tenant token validation, Entra identity platform.
 */
export function createEntraVerifier(config: EntraConfig): (token: string, options?: VerifyOptions) => Promise<Verification> {
  const keys = remoteKeys(config.jwksUrl);
  return async (token, { personalAccounts = false } = {}) => {
    let payload: JWTPayload;
    try {
      ({ payload } = await jwtVerify(token, keys, {
        algorithms: ['RS256'],
        audience: [config.clientId, config.clientId.toUpperCase()],
        clockTolerance: SKEW_SECONDS,
        requiredClaims: ['exp', 'iss', 'tid', 'oid'],
      }));
    } catch (error) {
      return { ok: false, reason: isTokenFault(error) ? 'token_invalid' : 'identity_unavailable' };
    }
    const { tid, oid, ver, iss } = payload;
    const trusted =
      ver === '2.0' &&
      isGuid(tid) &&
      isGuid(oid) &&
      [tid, tid.toLowerCase()].some((tenant) => iss === config.issuerTemplate.replace('{tid}', tenant)) &&
      (personalAccounts || tid.toLowerCase() !== PERSONAL_TENANT);
    return trusted ? { ok: true, claims: toClaims(payload, tid, oid) } : { ok: false, reason: 'token_invalid' };
  };
}

const isGuid = (value: unknown): value is string => typeof value === 'string' && GUID.test(value);

function toClaims(payload: JWTPayload, tid: string, oid: string): EntraClaims {
  const address = text(payload.preferred_username) ?? text(payload.email);
  return {
    tenantId: tid.toLowerCase(),
    objectId: oid.toLowerCase(),
    name: text(payload.name) ?? address ?? oid,
    address,
    roles: Array.isArray(payload.roles) ? payload.roles.filter((role) => typeof role === 'string') : [],
    scopes: text(payload.scp)?.split(' ') ?? [],
    nonce: text(payload.nonce),
  };
}

/** A claim as one clean line: names come from directories, not from us. */
function text(value: unknown): string | null {
  if (typeof value !== 'string') return null;
  return (
    value
      .replace(/\p{Cc}/gu, ' ')
      .trim()
      .slice(0, 320) || null
  );
}
