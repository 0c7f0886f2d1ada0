import { type JWTPayload, jwtVerify } from 'jose';
import type { MarketplaceConfig } from '../config';
import { isTokenFault, remoteKeys } from './verify-entra-token';

const SKEW_SECONDS = 60;
/** Short: a key that was rotated in meanwhile would turn a genuine change into a refused one. */
const COOLDOWN_MS = 5_000;

export type CallerVerification = 'genuine' | 'token_invalid' | 'identity_unavailable';

/**
 * Verifies that the marketplace itself calls: RS256, one of the configured issuers, our audience and tenant, and the
 * marketplace's application as caller, named by `azp` in version 2 tokens and by `appid` in version 1.
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

function isMarketplace({ tid, ver, azp, appid }: JWTPayload, settings: MarketplaceConfig['webhook']): boolean {
  const caller = ver === undefined ? (azp ?? appid) : ver === '2.0' ? azp : ver === '1.0' ? appid : undefined;
  return same(tid, settings.tenantId) && same(caller, settings.callerId);
}

const same = (claim: unknown, expected: string): boolean => typeof claim === 'string' && claim.toLowerCase() === expected.toLowerCase();
