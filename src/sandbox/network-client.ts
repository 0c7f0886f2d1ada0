import type { INetworkModule, NetworkRequestOptions } from '@azure/msal-node';
import axios from 'axios';

/** The https authority that msal-node insists on; it exists only for the network client below. */
export const SANDBOX_AUTHORITY = 'https://login.sandbox.invalid';

/**
 * What msal-node sends its requests through (`system.networkClient`): carries calls to the sandbox's authority to the
 * local Entra by plain http, and refuses every other host, so that the sandbox never leaves the machine.
 */
export function createNetworkClient(settings: { localUrl: string }): INetworkModule {
  async function send(method: 'GET' | 'POST', url: string, options: NetworkRequestOptions = {}, timeout?: number) {
    const response = await axios.request({
      method,
      url: localAddress(url, settings.localUrl),
      headers: options.headers,
      data: options.body,
      timeout: timeout ?? 10_000,
      proxy: false,
      maxRedirects: 0,
      validateStatus: () => true,
    });
    return { status: response.status, body: response.data, headers: response.headers as Record<string, string> };
  }
  return {
    sendGetRequestAsync: (url, options, timeout) => send('GET', url, options, timeout),
    sendPostRequestAsync: (url, options) => send('POST', url, options),
  };
}

function localAddress(url: string, localUrl: string): string {
  const local = `${localUrl}/sandbox/entra`;
  if (url.startsWith(`${SANDBOX_AUTHORITY}/`)) return local + url.slice(SANDBOX_AUTHORITY.length);
  if (url.startsWith(`${local}/`)) return url;
  throw new Error(`The sandbox's sign-in reaches no host but its own, and was asked for ${new URL(url).host}.`);
}
