import { type JWTPayload, jwtVerify } from 'jose';
import type { MarketplaceConfig } from '../config';
import { isTokenFault, remoteKeys } from './verify-entra-token';

const SKEW_SECONDS = 60;
/** Short: a key that was rotated in meanwhile would turn a genuine change into a refused one. */
const COOLDOWN_MS = 5_000;

export type CallerVerification = 'genuine' | 'token_invalid' | 'identity_unavailable';

/**
 * Verifies that the marketplace itself calls: RS256, the configured issuer of the token's version, our audience and tenant, and
 * the marketplace's application as caller, named by `azp` in version 2 tokens and by `appid` in version 1.
 * Trouble with the keys is never the caller's fault: a 4xx would refuse a customer's change.
 * Source: SaaS fulfillment API v2, webhook; Entra access token claims.
 */
export function createMarketplaceVerifier(settings: MarketplaceConfig['webhook']): (token: string) => Promise<CallerVerification> {
  const keys = remoteKeys(settings.jwksUrl, COOLDOWN_MS);
  return async (token) => {
    try {
      const { payload } = await jwtVerify(token, keys, {
        algorithms: ['RS256'],
        issuer: settings.issuers,
        audience: [settings.audience, settings.audience.toUpperCase()],
        clockTolerance: SKEW_SECONDS,
        requiredClaims: ['exp', 'tid'],
      });
      return isMarketplace(payload, settings) ? 'genuine' : 'token_invalid';
    } catch (error) {
      return isTokenFault(error) ? 'token_invalid' : 'identity_unavailable';
    }
  };
}

function isMarketplace({ iss, tid, ver, azp, appid }: JWTPayload, settings: MarketplaceConfig['webhook']): boolean {
  const [first, ...others] = settings.issuers.map(issuedVersion);
  // Where both versions have an issuer, each signs its own; where one alone is configured it need not be of Entra's form.
  const issued = others.some((version) => version !== first) ? issuedVersion(iss!) : undefined;
  const version = ver ?? issued;
  if (issued !== undefined && version !== issued) return false;
  const caller = version === undefined ? (azp ?? appid) : version === '2.0' ? azp : version === '1.0' ? appid : undefined;
  return same(tid, settings.tenantId) && same(caller, settings.callerId);
}

/** Source: Entra, issuers of version 1 and version 2 access tokens. */
const issuedVersion = (issuer: string): '1.0' | '2.0' => (issuer.endsWith('/v2.0') ? '2.0' : '1.0');

const same = (claim: unknown, expected: string): boolean => typeof claim === 'string' && claim.toLowerCase() === expected.toLowerCase();
