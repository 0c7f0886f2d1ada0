import { createHash, randomUUID } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { INetworkModule, NetworkRequestOptions } from '@azure/msal-node';
import type { JWTPayload } from 'jose';
import { createIssuer, type TestIssuer } from './issuer';

export const AUTHORITY_HOST = 'login.elsewhere.example';

interface Code {
  claims: JWTPayload;
  redirectUri: string;
  challenge: string;
}

/** An https authority of nobody's, behind msal's network client, with its keys over real HTTP. Every other host is refused and noted. */
export interface TestEntra {
  issuer: TestIssuer;
  networkClient: INetworkModule;
  /** Hosts that were asked. */
  asked: string[];
  jwksUrl: string;
  /** The status with which keys are served; 200 as a rule. */
  keyStatus: number;
  keyFetches: number;
  /** Whether the authority describes itself. */
  hasDiscovery: boolean;
  /** Whether its endpoints lie elsewhere than Entra's. */
  hasOwnLayout: boolean;
  tokens: string[];
  /** How long they live. */
  tokenSeconds: number;
  /** Other proofs than the secret that the application is known by. */
  acceptsAssertion: (assertion: string) => Promise<boolean>;
  issuerOf(tenantId: string): string;
  /** What the authority's page does: signs the person in and sends the browser back to this address. */
  signIn(authorizeUrl: string, person: { tenantId: string; objectId: string; name?: string }, claims?: JWTPayload): string;
  stop(): Promise<void>;
}

export async function startEntra(clientId: string, clientSecret: string): Promise<TestEntra> {
  const issuer = await createIssuer();
  const codes = new Map<string, Code>();
  const issuerOf = (tenantId: string) => `https://${AUTHORITY_HOST}/${tenantId}/v2.0`;
  const server: Server = createServer((_req, res) => {
    entra.keyFetches += 1;
    res.writeHead(entra.keyStatus, { 'content-type': 'application/json' }).end(JSON.stringify(issuer.keySet()));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()));

  async function answer(method: string, address: string, options: NetworkRequestOptions = {}) {
    const url = new URL(address);
    entra.asked.push(url.host);
    if (url.host !== AUTHORITY_HOST) throw new Error(`no call may reach ${url.host}`);
    const json = (status: number, body: object) => ({ status, body: body as never, headers: {} });
    if (method === 'GET' && url.pathname.endsWith('/.well-known/openid-configuration')) {
      const base = `https://${AUTHORITY_HOST}${entra.hasOwnLayout ? '/sign/on' : url.pathname.split('/v2.0')[0]}`;
      if (!entra.hasDiscovery) return json(404, {});
      return json(200, {
        issuer: issuerOf('{tenantid}'),
        authorization_endpoint: `${base}/oauth2/v2.0/authorize`,
        token_endpoint: `${base}/oauth2/v2.0/token`,
        jwks_uri: `${base}/discovery/v2.0/keys`,
      });
    }
    if (entra.hasOwnLayout && !url.pathname.startsWith('/sign/on/')) return json(404, {});
    if (method !== 'POST' || !url.pathname.endsWith('/oauth2/v2.0/token')) return json(404, {});
    const form = Object.fromEntries(new URLSearchParams(options.body));
    const isProven = form.client_assertion ? await entra.acceptsAssertion(form.client_assertion) : form.client_secret === clientSecret;
    if (form.client_id !== clientId || !isProven) return json(401, { error: 'invalid_client' });
    if (form.grant_type === 'client_credentials') {
      const token = `token-${entra.tokens.length + 1}-${randomUUID()}`;
      entra.tokens.push(token);
      return json(200, { token_type: 'Bearer', expires_in: entra.tokenSeconds, access_token: token });
    }
    const code = codes.get(form.code ?? '');
    codes.delete(form.code ?? '');
    const digest = createHash('sha256')
      .update(form.code_verifier ?? '')
      .digest('base64url');
    if (!code || code.challenge !== digest || code.redirectUri !== form.redirect_uri)
      return json(400, { error: 'invalid_grant', error_description: 'AADSTS70008' });
    const id_token = await issuer.sign(code.claims);
    return json(200, {
      token_type: 'Bearer',
      expires_in: 3599,
      scope: 'openid profile email',
      access_token: 'an-access-token',
      id_token,
      client_info: Buffer.from(JSON.stringify({ uid: code.claims.oid, utid: code.claims.tid })).toString('base64url'),
    });
  }

  const entra: TestEntra = {
    issuer,
    asked: [],
    tokens: [],
    tokenSeconds: 3599,
    acceptsAssertion: async () => false,
    keyStatus: 200,
    keyFetches: 0,
    hasDiscovery: true,
    hasOwnLayout: false,
    jwksUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}/keys`,
    issuerOf,
    networkClient: {
      sendGetRequestAsync: (url, options) => answer('GET', url, options),
      sendPostRequestAsync: (url, options) => answer('POST', url, options),
    },
    signIn(authorizeUrl, { tenantId, objectId, name = 'Olivia Owner' }, claims = {}) {
      const { searchParams: asked } = new URL(authorizeUrl);
      const code = randomUUID();
      codes.set(code, {
        redirectUri: asked.get('redirect_uri')!,
        challenge: asked.get('code_challenge')!,
        claims: {
          iss: issuerOf(tenantId),
          aud: clientId,
          tid: tenantId,
          oid: objectId,
          sub: `sub-${objectId}`,
          name,
          preferred_username: 'olivia@sample.example',
          nonce: asked.get('nonce')!,
          ver: '2.0',
          ...claims,
        },
      });
      return `${asked.get('redirect_uri')}?code=${code}&state=${encodeURIComponent(asked.get('state')!)}&session_state=x`;
    },
    stop: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return entra;
}
