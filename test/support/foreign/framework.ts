// biome-ignore-all lint/suspicious/noExplicitAny: what comes over the wire is looked at as it is
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { JWTPayload } from 'jose';
import { createIssuer, type TestIssuer } from '../issuer';
import type { Person } from './authority';

export interface Sent {
  method: string;
  path: string;
  activity: any;
  authorization: string;
}

const ISSUER = 'https://connector.foreign.test';

/** A Bot Framework of another make: its own issuer and key document, a service address with a path, plain http, numbers as ids. */
export class ForeignFramework {
  readonly sent: Sent[] = [];
  /** Statuses that the next calls get instead of being taken. */
  readonly troubles: number[] = [];
  private server!: Server;
  private count = 0;

  private constructor(
    readonly appId: string,
    readonly issuer: TestIssuer,
    /** Where the connector says it is. */
    private readonly host: string,
  ) {}

  static async start(appId: string, host: string): Promise<ForeignFramework> {
    const framework = new ForeignFramework(appId, await createIssuer(), host);
    framework.server = createServer((req, res) => void framework.route(req, res).catch(() => res.destroy()));
    await new Promise<void>((resolve) => framework.server.listen(0, '127.0.0.1', () => resolve()));
    return framework;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  get metadataUrl(): string {
    return `http://connector.foreign.test:${this.port}/about`;
  }

  get tokenIssuer(): string {
    return ISSUER;
  }

  /** Without a slash at its end. */
  get serviceUrl(): string {
    return `http://${this.host}:${this.port}/region-7/teams`;
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  token(claims: JWTPayload = {}, options: Parameters<TestIssuer['sign']>[1] = {}): Promise<string> {
    return this.issuer.sign({ iss: ISSUER, aud: this.appId, serviceurl: this.serviceUrl, ...claims }, options);
  }

  /** A message in a personal chat, as sparse as they come: no locale, no channelData, no timestamp. */
  message(person: Person, id: string, text: string): Record<string, any> {
    return {
      type: 'message',
      id,
      channelId: 'msteams',
      serviceUrl: this.serviceUrl,
      from: { id: `29:${person.objectId}`, aadObjectId: person.objectId.toUpperCase() },
      recipient: { id: `28:${this.appId}` },
      conversation: { id: `a:${person.objectId}`, tenantId: person.tenantId.toUpperCase() },
      text,
    };
  }

  private async route(req: IncomingMessage, res: ServerResponse): Promise<void> {
    const { pathname } = new URL(req.url!, this.serviceUrl);
    const say = (status: number, body: unknown, headers: Record<string, string> = {}) =>
      void res.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));
    if (pathname === '/about')
      return say(200, { issuer: ISSUER, jwks_uri: `http://connector.foreign.test:${this.port}/about/keys`, extra: 1 });
    if (pathname === '/about/keys') {
      const keys = this.issuer
        .keySet()
        .keys.map(({ kid, kty, n, e }) => ({ kid, kty, n, e, endorsements: ['skype', 'msteams', 'webchat'] }));
      return say(200, { keys });
    }
    const chunks: Buffer[] = [];
    for await (const chunk of req) chunks.push(chunk as Buffer);
    if (!pathname.startsWith('/region-7/teams/v3/conversations/')) return say(404, { error: { code: 'NotFound' } });
    const trouble = this.troubles.shift();
    if (trouble) return say(trouble, { error: { code: 'Throttled' } }, { 'retry-after': '1' });
    this.sent.push({
      method: req.method!,
      path: decodeURIComponent(pathname.slice('/region-7/teams/v3/conversations/'.length)),
      activity: JSON.parse(Buffer.concat(chunks).toString('utf8')),
      authorization: req.headers.authorization ?? '',
    });
    this.count += 1;
    say(200, { id: String(1_700_000_000_000 + this.count) });
  }
}
