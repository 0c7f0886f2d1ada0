import type { INetworkModule, NetworkRequestOptions } from '@azure/msal-node';
import axios from 'axios';
import { proxyFor } from '../proxy';

const TIMEOUT_MS = 10_000;

/** msal's requests over axios: with a time limit, and never redirected with a secret in the body. */
export const axiosNetworkClient: INetworkModule = {
  sendGetRequestAsync: (url, options, timeout) => send('GET', url, options, timeout),
  sendPostRequestAsync: (url, options) => send('POST', url, options),
};

async function send(method: 'GET' | 'POST', url: string, options: NetworkRequestOptions = {}, timeout = TIMEOUT_MS) {
  const response = await axios.request({
    method,
    url,
    headers: options.headers,
    data: options.body,
    timeout,
    signal: AbortSignal.timeout(2 * TIMEOUT_MS),
    proxy: proxyFor(url),
    maxRedirects: 0,
    validateStatus: () => true,
  });
  return { status: response.status, body: response.data, headers: response.headers as Record<string, string> };
}

/**
 * Describes an authority that does not describe itself, or not wholly: what is missing has Entra's layout. The issuer is the
 * authority's own; whose tokens are believed is settled where tokens are verified, by configuration.
 */
export function describing(authority: string, network: INetworkModule): INetworkModule {
  const origin = new URL(authority).origin;
  const layout = {
    authorization_endpoint: `${authority}/oauth2/v2.0/authorize`,
    token_endpoint: `${authority}/oauth2/v2.0/token`,
    jwks_uri: `${authority}/discovery/v2.0/keys`,
  };
  return {
    sendPostRequestAsync: (url, options) => network.sendPostRequestAsync(url, options),
    async sendGetRequestAsync<T>(url: string, options?: NetworkRequestOptions, timeout?: number) {
      if (!url.startsWith(`${origin}/`) || !new URL(url).pathname.endsWith('/.well-known/openid-configuration'))
        return network.sendGetRequestAsync<T>(url, options, timeout);
      const answer = await network.sendGetRequestAsync<unknown>(url, options, timeout);
      const said = answer.status === 200 && answer.body !== null && typeof answer.body === 'object' ? answer.body : {};
      if (answer.status >= 500) return answer as { status: number; headers: Record<string, string>; body: T };
      const described: Record<string, unknown> = { ...layout, ...said, issuer: authority };
      for (const name of Object.keys(layout)) described[name] = belowTenant(String(described[name]), authority);
      return { status: 200, headers: answer.headers, body: described as T };
    },
  };
}

/**
 * msal takes the first part of an endpoint's path for the tenant and exchanges it for the authority's. An endpoint that has no
 * tenant there gets one that `..` undoes.
 */
function belowTenant(endpoint: string, authority: string): string {
  const tenant = new URL(authority).pathname.split('/')[1];
  if (!tenant || !URL.canParse(endpoint)) return endpoint;
  const { origin, pathname, search } = new URL(endpoint);
  return pathname.split('/')[1] === tenant ? endpoint : `${origin}/${tenant}/..${pathname}${search}`;
}
