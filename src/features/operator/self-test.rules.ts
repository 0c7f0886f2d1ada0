import type { ProbeAnswer } from './marketplace.port';

/** Whether a probe went as it should, and what that means in a sentence. `arrived`: we hold the event. */
export function judge({ url, signed, status, said }: ProbeAnswer, arrived: boolean): { passed: boolean; finding: string } {
  const no = (finding: string) => ({ passed: false, finding });
  if (status === null)
    return no(
      `Nobody answers at ${url} (${said ?? 'no reason given'}): Microsoft cannot reach it either. Look at DNS, certificate and firewall.`,
    );
  if (status === 503 && said === 'identity_unavailable')
    return no('The webhook was reached, but the keys that verify its caller cannot be fetched: look at MARKETPLACE_WEBHOOK_JWKS_URL.');
  if (status === 404 || said === null)
    return no(`Something else than this server answers at ${url} (status ${status}): look at PUBLIC_URL and at what stands in front.`);
  if (!signed)
    return status === 401 && said === 'token_invalid' && !arrived
      ? {
          passed: true,
          finding:
            'The webhook was reached, fetched the keys and refused an event of an unknown signer, as it must. Microsoft alone can sign one, ' +
            'so the way behind the check is shown by the next true event only.',
        }
      : no(`An event of an unknown signer was answered ${status} (${said}) instead of being refused as token_invalid.`);
  if (status === 200 && arrived)
    return { passed: true, finding: 'A signed sample event was accepted, kept and looked up, and changed nothing.' };
  if (status === 401) return no(`The webhook was reached and refused a signed event (${said}): look at the MARKETPLACE_WEBHOOK settings.`);
  return no(`A signed sample event was answered ${status} (${said}) and ${arrived ? 'was kept' : 'is not here'}.`);
}
