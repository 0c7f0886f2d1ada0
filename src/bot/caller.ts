import { createRemoteJWKSet, decodeProtectedHeader, errors, type JSONWebKeySet, type JWTPayload, jwtVerify } from 'jose';
import type { BotConfig } from '../config';
import type { Clock } from '../platform/clock';

/** What the token has to vouch for. */
export interface Vouched {
  channelId: unknown;
  serviceUrl: unknown;
}

export type CallerVerdict = { ok: true } | { ok: false; reason: 'token_missing' | 'token_invalid' | 'identity_unavailable' };

/** A clock ahead of ours may have made a token this much before our now; a token past its end is refused sooner. */
const NOT_BEFORE_SKEW_SECONDS = 300;
const EXPIRY_SKEW_SECONDS = 10;
const FETCH_TIMEOUT_MS = 5_000;
/** Between two looks for a key nobody has shown before. */
const COOLDOWN_MS = 5_000;
const METADATA_AGE_MS = 24 * 3_600_000;

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

/**
 * Checks who calls the bot: a token of the Bot Framework for our app id, signed with RS256 by a key of its OpenID document
 * that is endorsed for the activity's channel, not expired, and naming the activity's `serviceUrl`.
 * Source: Bot Connector authentication, connector to bot.
 *
 * Done here rather than by the SDK, which also accepts tokens of its emulator and skills from any Entra tenant, keys
 * without endorsements and tokens without an end, calls Microsoft for channels of its own, and looks for a new signing
 * key once an hour only.
 */
export function createCallerCheck(
  config: Pick<BotConfig, 'appId' | 'openIdMetadataUrl' | 'tokenIssuer'>,
  clock: Clock,
): (header: string | undefined, activity: Vouched) => Promise<CallerVerdict> {
  const keyServer = new KeyServer(config.openIdMetadataUrl, clock);

  return async (header, activity) => {
    if (!header?.trim()) return { ok: false, reason: 'token_missing' };
    const token = /^Bearer ([\w-]+\.[\w-]+\.[\w-]+)$/iu.exec(header)?.[1];
    if (!token) return { ok: false, reason: 'token_invalid' };
    try {
      const keys = await keyServer.keys();
      const { payload } = await jwtVerify(token, keys, {
        algorithms: ['RS256'],
        issuer: config.tokenIssuer,
        audience: [config.appId, config.appId.toUpperCase()],
        clockTolerance: NOT_BEFORE_SKEW_SECONDS,
        requiredClaims: ['exp'],
        currentDate: clock.now(),
      });
      const trusted =
        !isOver(payload, clock) &&
        isEndorsed(decodeProtectedHeader(token).kid, keys.jwks(), activity.channelId) &&
        typeof activity.serviceUrl === 'string' &&
        activity.serviceUrl !== '' &&
        payload.serviceurl === activity.serviceUrl;
      return trusted ? { ok: true } : { ok: false, reason: 'token_invalid' };
    } catch (error) {
      if (TOKEN_FAULTS.some((fault) => error instanceof fault)) return { ok: false, reason: 'token_invalid' };
      keyServer.forget();
      return { ok: false, reason: 'identity_unavailable' };
    }
  };
}

const isOver = ({ exp }: JWTPayload, clock: Clock): boolean => exp! + EXPIRY_SKEW_SECONDS < clock.now().getTime() / 1000;

/** Whether the key may sign for this channel. A key is named, so that another with the same numbers cannot lend its endorsement. */
function isEndorsed(kid: string | undefined, keys: JSONWebKeySet | undefined, channelId: unknown): boolean {
  if (kid === undefined || typeof channelId !== 'string' || channelId === '') return false;
  const endorsements = (keys?.keys.find((key) => key.kid === kid) as { endorsements?: unknown } | undefined)?.endorsements;
  return Array.isArray(endorsements) && endorsements.includes(channelId);
}

/** Finds the keys by way of the OpenID document, which is read again after a day or a failure. */
class KeyServer {
  private found: { keys: Promise<ReturnType<typeof createRemoteJWKSet>>; at: number } | null = null;

  constructor(
    private readonly metadataUrl: string,
    private readonly clock: Clock,
  ) {}

  keys(): Promise<ReturnType<typeof createRemoteJWKSet>> {
    const now = this.clock.now().getTime();
    if (!this.found || now - this.found.at > METADATA_AGE_MS) this.found = { keys: this.discover(), at: now };
    return this.found.keys;
  }

  forget(): void {
    this.found = null;
  }

  private async discover(): Promise<ReturnType<typeof createRemoteJWKSet>> {
    const response = await fetch(this.metadataUrl, {
      signal: AbortSignal.timeout(FETCH_TIMEOUT_MS),
      headers: { accept: 'application/json' },
    });
    const { jwks_uri: url } = (await response.json()) as { jwks_uri?: unknown };
    if (!response.ok || typeof url !== 'string') throw new Error(`The OpenID document at ${this.metadataUrl} names no keys`);
    return createRemoteJWKSet(new URL(url), { cooldownDuration: COOLDOWN_MS, timeoutDuration: FETCH_TIMEOUT_MS, cacheMaxAge: 3_600_000 });
  }
}
