import axios from 'axios';
import { generateKeyPair, SignJWT } from 'jose';
import type { WebhookProbe } from '../../features/operator/marketplace.port';
import { systemClock } from '../../platform/clock';
import { newId } from '../../platform/ids';
import { proxyFor } from '../proxy';

export interface WebhookProbeSettings {
  /** Where the marketplace calls us, as Partner Center has it. */
  url: string;
  /** What a genuine caller's token says. */
  issuer: string;
  audience: string;
  tenantId: string;
  callerId: string;
}

/** As long as the marketplace waits for an answer. */
const TIMEOUT_MS = 10_000;

/**
 * Calls our webhook from outside. Where nobody can sign as the marketplace does, the token is right in everything but its key: an answer
 * of 401 then shows that the address, the way in and the fetching of keys work.
 */
export function createWebhookProbe(settings: WebhookProbeSettings, sign: (() => Promise<string>) | null): WebhookProbe {
  return async (event) => {
    const startedAt = systemClock.now().getTime();
    const answered = (status: number | null, said: string | null) => {
      const durationMs = systemClock.now().getTime() - startedAt;
      return { url: settings.url, signed: sign !== null, status, durationMs, said };
    };
    try {
      const token = await (sign ?? (() => forge(settings)))();
      const { status, data, headers } = await axios.post<string>(settings.url, JSON.stringify(event), {
        headers: {
          'Content-Type': 'application/json',
          Authorization: `Bearer ${token}`,
          'x-ms-requestid': newId(),
          'x-ms-correlationid': event.id,
        },
        timeout: TIMEOUT_MS,
        signal: AbortSignal.timeout(TIMEOUT_MS),
        maxRedirects: 0,
        proxy: proxyFor(settings.url),
        responseType: 'text',
        transformResponse: (body: unknown) => body,
        validateStatus: () => true,
      });
      return answered(status, saidBy(status, data, String(headers['content-type'] ?? '')));
    } catch (error) {
      return answered(null, String((error as { code?: unknown }).code ?? (error as Error).name));
    }
  };
}

/** The code of a problem of ours; `ok` for the answer to an event; null: nothing that this server says. */
function saidBy(status: number, body: string, type: string): string | null {
  try {
    const said = JSON.parse(body) as { code?: unknown };
    if (status === 200) return 'ok';
    return type.startsWith('application/problem+json') && typeof said.code === 'string' ? said.code : null;
  } catch {
    return null;
  }
}

async function forge({ issuer, audience, tenantId, callerId }: WebhookProbeSettings): Promise<string> {
  const { privateKey } = await generateKeyPair('RS256');
  return new SignJWT({ tid: tenantId, azp: callerId, ver: '2.0' })
    .setProtectedHeader({ alg: 'RS256', typ: 'JWT', kid: newId() })
    .setIssuer(issuer)
    .setAudience(audience)
    .setIssuedAt()
    .setExpirationTime('5m')
    .sign(privateKey);
}
