import axios from 'axios';
import { newId } from '../platform/ids';
import type { MarketplaceTraps } from './marketplace-traps';

const TIMEOUT_MS = 10_000;
/** All that a notice of 2021 said. */
const MINIMAL = ['id', 'activityId', 'operationRequestSource', 'subscriptionId', 'timeStamp', 'action'];

/** Calls the publisher's webhook: the status of its answer, null when there was none. */
export function webhookCaller(
  settings: { localUrl: string },
  parts: { webhookToken(): Promise<string>; traps: MarketplaceTraps; signal: AbortSignal },
): (payload: object) => Promise<number | null> {
  async function post(payload: object): Promise<number | null> {
    try {
      const response = await axios.post(`${settings.localUrl}/api/marketplace/webhook`, payload, {
        headers: {
          Authorization: `Bearer ${await parts.webhookToken()}`,
          'Content-Type': 'application/json',
          'x-ms-requestid': newId(),
          'x-ms-correlationid': newId(),
        },
        timeout: TIMEOUT_MS,
        signal: parts.signal,
        proxy: false,
        maxRedirects: 0,
        validateStatus: () => true,
      });
      return response.status;
    } catch {
      return null;
    }
  }

  return async (payload) => {
    const { traps } = parts;
    if (traps.catches('loseWebhooks')) return 200;
    const said = traps.set.minimalWebhooks
      ? Object.fromEntries(Object.entries(payload).filter(([name]) => MINIMAL.includes(name)))
      : payload;
    const [status = null] = await Promise.all([post(said), ...(traps.set.doubleWebhooks ? [post(said)] : [])]);
    return status;
  };
}
