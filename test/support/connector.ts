import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { INetworkModule } from '@azure/msal-node';
import { exportJWK, generateKeyPair, type JWTHeaderParameters, type JWTPayload, SignJWT } from 'jose';
import type { BotConfig } from '../../src/config';

export interface Sent {
  method: string;
  conversationId: string;
  activityId: string | null;
  activity: { type: string; text?: string; summary?: string; attachments?: { content: unknown }[] } & Record<string, unknown>;
  authorization: string | undefined;
}

/** A Bot Framework of the test's own: OpenID document, keys, sign-in and connector, over HTTP on one port. */
export interface BotFramework {
  url: string;
  serviceUrl: string;
  config: BotConfig;
  /** What reaches the sign-in for msal, which insists on https. */
  networkClient: INetworkModule;
  /** What the bot has sent, oldest first. */
  sent: Sent[];
  /** The next answers of the connector; then it accepts again. */
  answerWith(...answers: { status: number; headers?: Record<string, string>; body?: unknown }[]): void;
  /** The keys the document names; `endorsements` undefined leaves them out. */
  setEndorsements(endorsements: string[] | undefined): void;
  rotateKey(): Promise<void>;
  token(
    claims?: JWTPayload,
    options?: { header?: Partial<JWTHeaderParameters>; key?: 'own' | 'foreign'; expiresIn?: number | null },
  ): Promise<string>;
  tokenRequests: string[];
  down(isDown: boolean): void;
  close(): Promise<void>;
}

const APP_ID = '88888888-0003-4000-8000-000000000003';
const TENANT = '88888888-8888-4888-8888-888888888888';
const ISSUER = 'https://issuer.botframework.example';
const LOGIN = 'https://login.example.test';

export async function startBotFramework(port = 0): Promise<BotFramework> {
  let own = await generateKeyPair('RS256', { extractable: true });
  const foreign = await generateKeyPair('RS256', { extractable: true });
  let kid = 'key-1';
  let endorsements: string[] | undefined = ['msteams', 'webchat'];
  let isDown = false;
  const sent: Sent[] = [];
  const tokenRequests: string[] = [];
  const planned: { status: number; headers?: Record<string, string>; body?: unknown }[] = [];
  let count = 0;

  const server: Server = createServer((req, res) => void route(req, res).catch((error) => res.writeHead(500).end(String(error))));
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

  async function route(req: IncomingMessage, res: ServerResponse): Promise<void> {
    const path = new URL(req.url!, url).pathname;
    const json = (status: number, body: unknown, headers: Record<string, string> = {}) =>
      void res.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));
    if (isDown) return json(503, {});
    if (path === '/v1/.well-known/openidconfiguration') return json(200, { issuer: ISSUER, jwks_uri: `${url}/v1/keys` });
    if (path === '/v1/keys') {
      return json(200, { keys: [{ ...(await exportJWK(own.publicKey)), kid, use: 'sig', ...(endorsements && { endorsements }) }] });
    }
    const connector = /^\/amer\/v3\/conversations\/([^/]+)\/activities(?:\/([^/]+))?$/u.exec(path);
    if (!connector) return json(404, { error: { code: 'NotFound' } });
    const chunks: Buffer[] = [];
    for await (const chunk of req) chunks.push(chunk as Buffer);
    const answer = planned.shift();
    if (answer) return json(answer.status, answer.body ?? { error: { code: 'ServiceError' } }, answer.headers);
    sent.push({
      method: req.method!,
      conversationId: decodeURIComponent(connector[1]!),
      activityId: connector[2] ? decodeURIComponent(connector[2]) : null,
      activity: JSON.parse(Buffer.concat(chunks).toString('utf8')),
      authorization: req.headers.authorization,
    });
    count += 1;
    json(req.method === 'PUT' ? 200 : 201, { id: `sent-${count}` });
  }

  const body = (data: unknown) => ({ status: 200, headers: {}, body: data }) as never;
  return {
    url,
    serviceUrl: `${url}/amer/`,
    config: {
      appId: APP_ID,
      appPassword: 'bot secret',
      appType: 'SingleTenant',
      tenantId: TENANT,
      openIdMetadataUrl: `${url}/v1/.well-known/openidconfiguration`,
      tokenIssuer: ISSUER,
      loginUrl: LOGIN,
    },
    networkClient: {
      async sendGetRequestAsync(address) {
        tokenRequests.push(`GET ${address}`);
        return body({
          issuer: `${LOGIN}/${TENANT}/v2.0`,
          authorization_endpoint: `${LOGIN}/${TENANT}/oauth2/v2.0/authorize`,
          token_endpoint: `${LOGIN}/${TENANT}/oauth2/v2.0/token`,
          jwks_uri: `${LOGIN}/${TENANT}/keys`,
        });
      },
      async sendPostRequestAsync(address, options) {
        tokenRequests.push(`POST ${address} ${options?.body}`);
        return body({ token_type: 'Bearer', expires_in: 3600, access_token: 'token-of-the-bot' });
      },
    },
    sent,
    tokenRequests,
    answerWith: (...answers) => void planned.push(...answers),
    setEndorsements: (given) => {
      endorsements = given;
    },
    async rotateKey() {
      own = await generateKeyPair('RS256', { extractable: true });
      kid = `key-${Number(kid.slice(4)) + 1}`;
    },
    async token(claims = {}, { header = {}, key = 'own', expiresIn = 3600 } = {}) {
      const at = Math.floor(Date.now() / 1000);
      const payload = {
        iss: ISSUER,
        aud: APP_ID,
        serviceurl: `${url}/amer/`,
        iat: at - 10,
        nbf: at - 10,
        ...(expiresIn !== null && { exp: at + expiresIn }),
        ...claims,
      };
      return new SignJWT(payload)
        .setProtectedHeader({ alg: 'RS256', kid, typ: 'JWT', ...header })
        .sign(key === 'own' ? own.privateKey : foreign.privateKey);
    },
    down: (given) => {
      isDown = given;
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
