import { createHash, timingSafeEqual } from 'node:crypto';
import express, { type Request, type Response, type Router } from 'express';
import type { JWTPayload } from 'jose';
import { newId, newSecret } from '../platform/ids';
import { choicePage, formPostPage, pageLanguage, wrongRequestPage } from './entra-page';
import type { SigningKey } from './keys';
import { SANDBOX_AUTHORITY } from './network-client';
import { type Operator, PEOPLE, type Person } from './people';
import type { SandboxSettings } from './settings';
import type { Timers } from './timers';

/** The marketplace's application id: resource of our calls to it, and caller of its webhook. Source: SaaS fulfillment API v2. */
export const MARKETPLACE_RESOURCE = '20e940b3-4c77-4b0b-9a53-9e16a1b010a7';
export const BOT_RESOURCE = 'https://api.botframework.com';
const GRAPH_RESOURCE = '00000003-0000-0000-c000-000000000000';
/** Teams on the web, which asks for the tab's token. */
const TEAMS_WEB = '5e3ce6c0-2b1f-4285-8d4b-75ee78787346';

const TOKEN_SECONDS = 3600;
const CODE_SECONDS = 600;

/** Microsoft Entra: keys, sign-in and tokens. */
export interface Entra {
  readonly router: Router;
  /** The access token Teams hands to a tab (version 2 claims). */
  tabToken(person: Person): Promise<string>;
  /** The access token of one of the publisher's people, with their app role (version 2 claims). */
  operatorToken(operator: Operator): Promise<string>;
  /** The token the marketplace calls the webhook with (version 2 claims). */
  webhookToken(): Promise<string>;
  /** Whether `authorization` bears a valid token of the application `clientId` for `resource`. */
  isCaller(authorization: string | undefined, clientId: string, resource: string): Promise<boolean>;
}

type Fields = Record<string, string | undefined>;

/** What an authorization code says; the code is a token of our own. */
interface Grant {
  objectId: string;
  redirectUri: string;
  nonce?: string;
  challenge?: string;
  scope: string;
}

export function createEntra(settings: SandboxSettings, key: SigningKey, timers: Timers): Entra {
  const usedCodes = new Map<string, number>();
  const issuerOf = (tenantId: string) => settings.entra.issuerTemplate.replace(/\{(tenantid|tid)\}/i, tenantId);
  const seconds = () => Math.floor(timers.now().getTime() / 1000);

  function frame(tenantId: string, audience: string, life = TOKEN_SECONDS): JWTPayload {
    const at = seconds();
    // Entra dates its tokens back a little, for machines whose clocks are slow.
    return {
      aud: audience,
      iss: issuerOf(tenantId),
      iat: at - 300,
      nbf: at - 300,
      exp: at + life,
      tid: tenantId,
      uti: newSecret(),
      ver: '2.0',
    };
  }

  function personClaims(person: Person | Operator, clientId: string) {
    const sub = createHash('sha256').update(`${person.objectId} ${clientId}`).digest('base64url');
    return { oid: person.objectId, sub, name: person.name, preferred_username: person.address };
  }

  /** A token of an application for a resource. */
  function appToken(clientId: string, audience: string): Promise<string> {
    const oid = guidOf(clientId);
    return key.sign({ ...frame(settings.marketplace.tenantId, audience), azp: clientId, azpacr: '1', idtyp: 'app', oid, sub: oid });
  }

  async function signIn(person: Person, grant: Grant) {
    const { clientId } = settings.entra;
    const shared = personClaims(person, clientId);
    return {
      token_type: 'Bearer',
      scope: 'openid profile User.Read',
      expires_in: TOKEN_SECONDS,
      ext_expires_in: TOKEN_SECONDS,
      access_token: await key.sign({
        ...frame(person.tenantId, GRAPH_RESOURCE),
        ...shared,
        azp: clientId,
        scp: 'openid profile User.Read',
      }),
      id_token: await key.sign({ ...frame(person.tenantId, clientId), ...shared, nonce: grant.nonce }),
      client_info: Buffer.from(JSON.stringify({ uid: person.objectId, utid: person.tenantId })).toString('base64url'),
    };
  }

  // —— authorize ——

  /** Only addresses of the app itself, and only over the scheme and port it is published at. */
  function isOurs(redirectUri: string | undefined): redirectUri is string {
    if (!redirectUri || !URL.canParse(redirectUri)) return false;
    const { origin, hash } = new URL(redirectUri);
    return hash === '' && origin === new URL(settings.publicUrl).origin;
  }

  async function authorize(req: Request, res: Response): Promise<void> {
    const query = stringsOf(req.query);
    const language = pageLanguage((languages) => req.acceptsLanguages(languages));
    const redirectUri = query.redirect_uri;
    res.set({ 'Cache-Control': 'no-store', 'Referrer-Policy': 'no-referrer', Vary: 'Accept-Language' });

    if (query.client_id !== settings.entra.clientId) {
      refusePage(res, language, 'AADSTS700016: the application (client_id) is not known here.');
      return;
    }
    if (!isOurs(redirectUri)) {
      refusePage(res, language, 'AADSTS50011: the redirect_uri is not an address of this application.');
      return;
    }
    const mode = query.response_mode ?? 'query';
    if (mode !== 'query' && mode !== 'form_post') {
      refusePage(res, language, 'AADSTS90014: response_mode must be query or form_post.');
      return;
    }

    const answer = (fields: Record<string, string>) => {
      const all = query.state === undefined ? fields : { ...fields, state: query.state };
      if (mode === 'query') res.redirect(302, withQuery(redirectUri, all));
      else postBack(res, language, redirectUri, all);
    };
    const wrong = wrongParameter(query);
    if (wrong) {
      answer({ error: 'invalid_request', error_description: wrong });
      return;
    }

    const candidates = peopleOf(String(req.params.tenant));
    const hint = query.login_hint?.toLowerCase();
    const person = hint === undefined ? undefined : candidates.find(({ address, key }) => address === hint || key === hint);
    if (person) {
      answer({ code: await codeFor(person, query, redirectUri), session_state: newId() });
      return;
    }
    const linkFor = ({ address }: Person) => withQuery(`${settings.publicUrl}/sandbox/entra${req.path}`, { ...query, login_hint: address });
    securePage(res, "default-src 'none'; style-src 'unsafe-inline'").send(choicePage(language, candidates, linkFor));
  }

  function codeFor(person: Person, query: Fields, redirectUri: string): Promise<string> {
    const grant: Grant = {
      objectId: person.objectId,
      redirectUri,
      nonce: query.nonce,
      challenge: query.code_challenge,
      scope: query.scope ?? '',
    };
    return key.sign({ ...frame(person.tenantId, 'authorization-code', CODE_SECONDS), grant });
  }

  // —— token ——

  async function token(req: Request, res: Response): Promise<void> {
    const body = { ...stringsOf(req.body ?? {}), ...basicCredentials(req.headers.authorization) };
    res.set({ 'Cache-Control': 'no-store', Pragma: 'no-cache' });
    if (body.grant_type === 'client_credentials') await clientCredentials(String(req.params.tenant), body, res);
    else if (body.grant_type === 'authorization_code') await redeemCode(body, res);
    else oauthError(res, 400, 'unsupported_grant_type', 70003, 'The grant type is not supported here.');
  }

  async function clientCredentials(tenant: string, body: Fields, res: Response): Promise<void> {
    const { marketplace, bot } = settings;
    const audience = body.scope?.replace(/\/\.default$/, '');
    const apps = [
      { clientId: marketplace.clientId, secret: marketplace.clientSecret, audience: MARKETPLACE_RESOURCE, tenant: marketplace.tenantId },
      { clientId: bot.appId, secret: bot.password, audience: BOT_RESOURCE, tenant: undefined },
    ];
    if (!body.scope?.endsWith('/.default')) {
      oauthError(res, 400, 'invalid_scope', 1002012, 'The scope must be a resource followed by /.default.');
      return;
    }
    const known = apps.filter(({ clientId }) => clientId === body.client_id);
    if (!known.some(({ secret }) => sameSecret(body.client_secret, secret))) {
      oauthError(res, 401, 'invalid_client', 7000215, 'Unknown client or wrong client secret.');
      return;
    }
    const app = known.find((one) => one.audience === audience && sameSecret(body.client_secret, one.secret));
    if (!app) {
      oauthError(res, 400, 'invalid_resource', 500011, 'The application has no access to this resource.');
      return;
    }
    if (app.tenant && app.tenant !== tenant.toLowerCase()) {
      oauthError(res, 400, 'unauthorized_client', 700016, 'The application is not registered in this tenant.');
      return;
    }
    const access_token = await appToken(app.clientId, app.audience);
    res.json({ token_type: 'Bearer', expires_in: TOKEN_SECONDS, ext_expires_in: TOKEN_SECONDS, access_token });
  }

  async function redeemCode(body: Fields, res: Response): Promise<void> {
    if (body.client_id !== settings.entra.clientId || !sameSecret(body.client_secret, settings.entra.clientSecret)) {
      oauthError(res, 401, 'invalid_client', 7000215, 'Unknown client or wrong client secret.');
      return;
    }
    const found = await readCode(body.code);
    const fits = found && found.grant.redirectUri === body.redirect_uri && pkceFits(found.grant.challenge, body.code_verifier);
    if (!fits || !redeem(found.id)) {
      oauthError(res, 400, 'invalid_grant', 70008, 'The code is unknown, used, expired, or belongs to another redirect_uri or verifier.');
      return;
    }
    res.json(await signIn(found.person, found.grant));
  }

  async function readCode(code: string | undefined): Promise<{ id: string; person: Person; grant: Grant } | undefined> {
    if (!code) return undefined;
    for (const tenantId of new Set(PEOPLE.map((one) => one.tenantId))) {
      const claims = await key.verify(code, { issuer: issuerOf(tenantId), audience: 'authorization-code' });
      const grant = claims?.grant as Grant | undefined;
      const person = PEOPLE.find(({ objectId }) => objectId === grant?.objectId);
      if (claims && grant && person) return { id: String(claims.uti), person, grant };
    }
    return undefined;
  }

  function redeem(codeId: string): boolean {
    const at = seconds();
    for (const [id, expiresAt] of usedCodes) if (expiresAt < at) usedCodes.delete(id);
    if (usedCodes.has(codeId)) return false;
    usedCodes.set(codeId, at + CODE_SECONDS);
    return true;
  }

  // —— documents ——

  function openIdConfiguration(tenant: string) {
    const local = `${settings.localUrl}/sandbox/entra/${tenant}`;
    // msal-node takes the first part of this path for the tenant and exchanges it; browsers drop what `..` undoes.
    const reachable = `${settings.publicUrl}/${tenant}/../sandbox/entra/${tenant}`;
    return {
      issuer: issuerOf(isGuid(tenant) ? tenant : '{tenantid}'),
      authorization_endpoint: `${reachable}/oauth2/v2.0/authorize`,
      token_endpoint: `${SANDBOX_AUTHORITY}/${tenant}/oauth2/v2.0/token`,
      jwks_uri: `${local}/discovery/v2.0/keys`,
      end_session_endpoint: `${reachable}/oauth2/v2.0/logout`,
      response_modes_supported: ['query', 'form_post'],
      response_types_supported: ['code'],
      subject_types_supported: ['pairwise'],
      id_token_signing_alg_values_supported: ['RS256'],
      token_endpoint_auth_methods_supported: ['client_secret_post', 'client_secret_basic'],
      scopes_supported: ['openid', 'profile', 'email', 'offline_access'],
      claims_supported: ['sub', 'iss', 'aud', 'exp', 'iat', 'nonce', 'preferred_username', 'name', 'tid', 'oid', 'ver'],
      tenant_region_scope: 'EU',
    };
  }

  const router = express.Router();
  const form = express.urlencoded({ extended: false, limit: '64kb' });
  router.param('tenant', (_req, res, next, tenant: string) => {
    if (isTenant(tenant)) next();
    else oauthError(res, 400, 'invalid_tenant', 90002, 'The tenant is not known here.');
  });
  router.get('/:tenant/v2.0/.well-known/openid-configuration', (req, res) => {
    res.json(openIdConfiguration(req.params.tenant));
  });
  router.get('/:tenant/discovery/v2.0/keys', (_req, res) => {
    res.json({ keys: [key.publicKey] });
  });
  router.get('/:tenant/oauth2/v2.0/authorize', authorize);
  router.post('/:tenant/oauth2/v2.0/token', form, token);
  router.get('/:tenant/oauth2/v2.0/logout', (req, res) => {
    const { post_logout_redirect_uri: back } = stringsOf(req.query);
    res.redirect(302, isOurs(back) ? back : settings.publicUrl);
  });

  return {
    router,
    tabToken: (person) =>
      key.sign({
        ...frame(person.tenantId, settings.entra.clientId),
        ...personClaims(person, settings.entra.clientId),
        azp: TEAMS_WEB,
        azpacr: '0',
        scp: 'access_as_user',
        ...(person.role === 'agent' && { roles: ['agent'] }),
      }),
    operatorToken: (operator) =>
      key.sign({
        ...frame(settings.operatorTenantId, settings.entra.clientId),
        ...personClaims(operator, settings.entra.clientId),
        azp: settings.entra.clientId,
        azpacr: '1',
        scp: 'access_as_user',
        roles: [operator.appRole],
      }),
    webhookToken() {
      const { tenantId, webhookAudience, callerId } = settings.marketplace;
      const oid = guidOf(callerId);
      return key.sign({ ...frame(tenantId, webhookAudience), azp: callerId, azpacr: '2', oid, sub: oid });
    },
    async isCaller(authorization, clientId, resource) {
      const token = /^Bearer (\S+)$/i.exec(authorization ?? '')?.[1];
      const claims = token && (await key.verify(token, { issuer: issuerOf(settings.marketplace.tenantId), audience: resource }));
      return Boolean(claims) && (claims as JWTPayload).azp === clientId;
    },
  };
}

const GUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const isGuid = (text: string) => GUID.test(text);
const isTenant = (text: string) => isGuid(text) || ['organizations', 'common', 'botframework.com'].includes(text);

/** The people who may sign in at a tenant's address. */
function peopleOf(tenant: string): Person[] {
  return PEOPLE.filter(({ tenantId }) => !isGuid(tenant) || tenantId === tenant.toLowerCase());
}

function wrongParameter(query: Fields): string | undefined {
  if (query.response_type !== 'code') return 'AADSTS700054: response_type must be code.';
  if (!query.scope?.split(' ').includes('openid')) return 'AADSTS900144: scope must contain openid.';
  if (query.code_challenge !== undefined && query.code_challenge_method !== 'S256')
    return 'AADSTS501481: code_challenge_method must be S256.';
  if (query.code_challenge !== undefined && !/^[\w-]{43}$/.test(query.code_challenge)) return 'AADSTS501481: code_challenge is malformed.';
  return undefined;
}

function pkceFits(challenge: string | undefined, verifier: string | undefined): boolean {
  if (challenge === undefined) return verifier === undefined;
  return verifier !== undefined && createHash('sha256').update(verifier).digest('base64url') === challenge;
}

function sameSecret(given: string | undefined, expected: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return given !== undefined && timingSafeEqual(digest(given), digest(expected));
}

/** A stable GUID for an application's service principal. */
function guidOf(text: string): string {
  const hex = createHash('sha256').update(text).digest('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

function stringsOf(values: object): Fields {
  return Object.fromEntries(Object.entries(values).filter((entry): entry is [string, string] => typeof entry[1] === 'string'));
}

function basicCredentials(authorization: string | undefined): Fields {
  const encoded = /^Basic (\S+)$/i.exec(authorization ?? '')?.[1];
  if (!encoded) return {};
  const [id = '', secret = ''] = Buffer.from(encoded, 'base64').toString().split(':', 2);
  return { client_id: decodeURIComponent(id), client_secret: decodeURIComponent(secret) };
}

function withQuery(address: string, fields: Fields): string {
  const url = new URL(address);
  for (const [name, value] of Object.entries(fields)) if (value !== undefined) url.searchParams.set(name, value);
  return url.href;
}

function securePage(res: Response, policy: string): Response {
  return res.set('Content-Security-Policy', `${policy}; base-uri 'none'; frame-ancestors 'none'`).type('html');
}

function refusePage(res: Response, language: 'en' | 'de' | 'it', reason: string): void {
  securePage(res.status(400), "default-src 'none'; style-src 'unsafe-inline'").send(wrongRequestPage(language, reason));
}

function postBack(res: Response, language: 'en' | 'de' | 'it', address: string, fields: Record<string, string>): void {
  const nonce = newSecret();
  const policy = `default-src 'none'; style-src 'unsafe-inline'; script-src 'nonce-${nonce}'; form-action ${new URL(address).origin}`;
  securePage(res, policy).send(formPostPage(language, address, fields, nonce));
}

/** The error form of Entra's token endpoint. */
function oauthError(res: Response, status: number, error: string, code: number, text: string): void {
  res.status(status).json({
    error,
    error_description: `AADSTS${code}: ${text}`,
    error_codes: [code],
    trace_id: newId(),
    correlation_id: newId(),
  });
}
