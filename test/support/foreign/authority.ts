import { createHash, randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair, type JWTPayload } from 'jose';
import { createIssuer, type TestIssuer } from '../issuer';
import { send } from './browser';

export interface Person {
  tenantId: string;
  objectId: string;
  name: string;
}

/** An application registered there. */
interface Registration {
  clientId: string;
  clientSecret: string;
}

interface Code {
  person: Person;
  clientId: string;
  redirectUri: string;
  challenge: string;
  nonce: string;
}

const HOST = 'login.foreign.test';

/**
 * An https authority that shares no habit with Entra's stand-in of the product: with `isDescribed` its endpoints have a layout of
 * their own, which its openid-configuration names, and an issuer at another host; without, it describes nothing. It gives no
 * refresh token and no client_info, writes numbers as words, and its key set holds keys of other kinds.
 */
export class ForeignAuthority {
  /** Requests, `METHOD path`. */
  readonly asked: string[] = [];
  /** Access tokens by the client they were issued to, oldest first. */
  readonly issued: { clientId: string; scope: string; token: string }[] = [];
  keysAreDown = false;
  private readonly codes = new Map<string, Code>();
  private server!: Server;
  private otherKey!: object;

  private constructor(
    private readonly registrations: Registration[],
    private readonly isDescribed: boolean,
    readonly issuer: TestIssuer,
    readonly ca: string,
  ) {}

  static async start(
    certificate: { cert: string; key: string },
    registrations: Registration[],
    { isDescribed }: { isDescribed: boolean },
  ): Promise<ForeignAuthority> {
    const authority = new ForeignAuthority(registrations, isDescribed, await createIssuer(), certificate.cert);
    authority.otherKey = { ...(await exportJWK((await generateKeyPair('ES256')).publicKey)), kid: 'another-kind' };
    authority.server = createServer(certificate, (req, res) => void authority.route(req, res).catch(() => res.destroy()));
    await new Promise<void>((resolve) => authority.server.listen(0, '127.0.0.1', () => resolve()));
    return authority;
  }

  get url(): string {
    return `https://${HOST}:${(this.server.address() as AddressInfo).port}`;
  }

  get keysUrl(): string {
    return `${this.url}/certificates`;
  }

  /** The issuer of people's tokens, with {tid}; not the address of the authority. */
  get issuerTemplate(): string {
    return `https://sts.foreign.test/{tid}/v2`;
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  /** What a person's browser does on the authority's page: the address to go back to. */
  async signIn(authorizeUrl: string, person: Person): Promise<string> {
    const answer = await send(authorizeUrl, { ca: this.ca, headers: { 'x-person': JSON.stringify(person) } });
    if (answer.status !== 302) throw new Error(`the authority answers ${answer.status} ${answer.text}`);
    return answer.headers.location!;
  }

  /** A tab's token as a Teams host gets it. */
  tabToken(clientId: string, person: Person, claims: JWTPayload = {}, options: Parameters<TestIssuer['sign']>[1] = {}): Promise<string> {
    return this.issuer.sign({ ...this.claimsOf(clientId, person), scp: 'profile access_as_user email', ...claims }, options);
  }

  claimsOf(clientId: string, { tenantId, objectId, name }: Person): JWTPayload {
    return {
      iss: this.issuerTemplate.replace('{tid}', tenantId),
      aud: clientId,
      tid: tenantId,
      oid: objectId,
      sub: `${objectId}@${clientId}`,
      name,
      ver: '2.0',
      aio: 'AXQAi/8TAAAA',
      rh: '0.AAAA',
      uti: randomUUID(),
    };
  }

  private async route(req: IncomingMessage, res: ServerResponse): Promise<void> {
    const url = new URL(req.url!, this.url);
    this.asked.push(`${req.method} ${url.pathname}`);
    const say = (status: number, body: unknown) =>
      void res.writeHead(status, { 'content-type': 'application/json;charset=UTF-8' }).end(JSON.stringify(body));
    if (url.pathname === '/certificates') {
      if (this.keysAreDown) return say(503, {});
      const keys = this.issuer.keySet().keys.map(({ kid, kty, n, e }) => ({ kid, kty, n, e, x5t: kid, issuer: this.issuerTemplate }));
      return say(200, { keys: [this.otherKey, ...keys] });
    }
    const described = /^\/([^/]+)\/v2\.0\/\.well-known\/openid-configuration$/u.exec(url.pathname);
    if (described && this.isDescribed) return say(200, this.description(described[1]!));
    const tokens = this.isDescribed ? /^\/sso\/([^/]+)\/tokens$/u : /^\/([^/]+)\/oauth2\/v2\.0\/token$/u;
    const pages = this.isDescribed ? /^\/sso\/([^/]+)\/page$/u : /^\/([^/]+)\/oauth2\/v2\.0\/authorize$/u;
    if (req.method === 'GET' && pages.test(url.pathname)) return this.page(req, res, url);
    if (req.method === 'POST' && tokens.test(url.pathname)) {
      const chunks: Buffer[] = [];
      for await (const chunk of req) chunks.push(chunk as Buffer);
      const { status, body } = await this.token(new URLSearchParams(Buffer.concat(chunks).toString('utf8')));
      return say(status, body);
    }
    res.writeHead(404, { 'content-type': 'text/html' }).end('<h1>Not here</h1>');
  }

  private description(tenant: string): object {
    return {
      issuer: this.issuerTemplate,
      authorization_endpoint: `${this.url}/sso/${tenant}/page`,
      token_endpoint: `${this.url}/sso/${tenant}/tokens`,
      jwks_uri: this.keysUrl,
      response_types_supported: ['code'],
    };
  }

  private page(req: IncomingMessage, res: ServerResponse, url: URL): void {
    const asked = url.searchParams;
    const isWhole =
      this.registrations.some(({ clientId }) => clientId === asked.get('client_id')) &&
      asked.get('response_type') === 'code' &&
      asked.get('code_challenge_method') === 'S256' &&
      Boolean(asked.get('nonce') && asked.get('state'));
    if (!isWhole) return void res.writeHead(400).end(url.search);
    const code = `0.${randomUUID()}+/~`;
    this.codes.set(code, {
      person: JSON.parse(String(req.headers['x-person'])) as Person,
      clientId: asked.get('client_id')!,
      redirectUri: asked.get('redirect_uri')!,
      challenge: asked.get('code_challenge')!,
      nonce: asked.get('nonce')!,
    });
    const back = new URL(asked.get('redirect_uri')!);
    back.search = new URLSearchParams({ state: asked.get('state')!, code, something_new: 'yes' }).toString();
    res.writeHead(302, { location: back.href }).end();
  }

  private async token(form: URLSearchParams): Promise<{ status: number; body: object }> {
    const clientId = form.get('client_id') ?? '';
    const known = this.registrations.find((one) => one.clientId === clientId && one.clientSecret === form.get('client_secret'));
    if (!known) return { status: 401, body: { error: 'invalid_client', error_description: 'FOREIGN7000215: wrong secret' } };
    if (form.get('grant_type') === 'client_credentials') {
      const token = `opaque.${randomUUID()}`;
      this.issued.push({ clientId, scope: form.get('scope') ?? '', token });
      return { status: 200, body: { token_type: 'bearer', expires_in: '3599', ext_expires_in: '3599', access_token: token } };
    }
    const code = this.codes.get(form.get('code') ?? '');
    this.codes.delete(form.get('code') ?? '');
    const digest = createHash('sha256')
      .update(form.get('code_verifier') ?? '')
      .digest('base64url');
    if (!code || code.clientId !== clientId || code.redirectUri !== form.get('redirect_uri') || code.challenge !== digest)
      return { status: 400, body: { error: 'invalid_grant', error_description: 'FOREIGN70008: the code is used or not yours' } };
    const id_token = await this.issuer.sign({ ...this.claimsOf(clientId, code.person), nonce: code.nonce });
    return { status: 200, body: { token_type: 'Bearer', expires_in: 3599, access_token: 'of no use', id_token } };
  }
}
