import { readFileSync } from 'node:fs';
import path from 'node:path';

export type Mode = 'sandbox' | 'staging' | 'production';

export interface MarketplaceConfig {
  /** Base of the fulfillment API, without a trailing slash. */
  apiUrl: string;
  meteringUrl: string;
  /** Authority that issues the publisher's token, tenant included. */
  authority: string;
  tenantId: string;
  clientId: string;
  /** Empty where a certificate or a managed identity stands for it. */
  clientSecret: string;
  /** PEM, base64 of a PKCS#12 file, or a file's path; null: none. */
  clientCertificate: { content: string; password: string } | null;
  /** Client id of the machine's managed identity that stands for the app; null: none. */
  managedIdentity: string | null;
  /** Hosts (host:port) that may receive the publisher's token when a link of the API names them. */
  apiHosts: string[];
  webhook: { issuers: string[]; audience: string; jwksUrl: string; callerId: string; tenantId: string };
}

export interface EntraConfig {
  clientId: string;
  clientSecret: string;
  authority: string;
  jwksUrl: string;
  /** Issuer with the placeholder {tid}. */
  issuerTemplate: string;
}

export interface BotConfig {
  appId: string;
  appPassword: string;
  appType: 'SingleTenant' | 'MultiTenant' | 'UserAssignedMsi';
  tenantId: string;
  openIdMetadataUrl: string;
  tokenIssuer: string;
  loginUrl: string;
}

/** Who sells contracts, as invoices name it. */
export interface SellerConfig {
  name: string;
  /** Lines of the postal address. */
  address: string[];
  taxId: string | null;
  /** What stands at the end of each invoice. */
  note: string | null;
  /** In basis points of a percent; `included`: prices contain it. */
  tax: { name: string | null; basisPoints: number; included: boolean };
}

export interface MailConfig {
  /** smtp:// or smtps://, with user and password where the server wants them. */
  url: string;
  /** Whom mails come from. */
  from: string;
}

export interface Config {
  mode: Mode;
  port: number;
  host: string;
  /** Where browsers and Microsoft reach us, without a trailing slash. */
  publicUrl: string;
  /** null: embedded PostgreSQL in dataDir. */
  databaseUrl: string | null;
  dataDir: string;
  planCatalog: string;
  marketplace: MarketplaceConfig;
  entra: EntraConfig;
  /** null: /api/messages answers 503. */
  bot: BotConfig | null;
  /** The directory of the publisher's people: their tokens alone open the operator API. */
  operatorTenantId: string;
  /** Where those people read what is told to them; null: in the log only. */
  operatorMailbox: string | null;
  /** When the secrets end that prove who we are; null: nobody said. */
  secretsEndAt: { marketplace: Date | null; entra: Date | null; bot: Date | null };
  seller: SellerConfig;
  /** null: no mail is sent, documents are there to be downloaded. */
  mail: MailConfig | null;
  sessionSecret: string;
  supportContact: string;
  /** The Teams app's id, for links back into Teams; null: a link to Teams itself. */
  teamsAppId: string | null;
  logLevel: string;
  /** Bearer token that /metrics asks for; null: open in sandbox and staging, absent in production. */
  metricsToken: string | null;
  /** Requests per tenant and minute to the API and the bot. */
  rateLimitPerMinute: number;
  /** Proxies in front of us whose X-Forwarded-For is believed. */
  trustedProxyHops: number;
  /** Tenant whose unauthenticated activities are accepted from Microsoft's Agents Playground; null: token checks are on. */
  playgroundTenantId: string | null;
}

/** Every problem of a configuration at once, by the setting's name; never a value of a secret. */
export class ConfigError extends Error {
  constructor(readonly problems: string[]) {
    super(
      `The configuration has ${problems.length === 1 ? 'a problem' : `${problems.length} problems`}:\n${problems.map((problem) => `  - ${problem}`).join('\n')}`,
    );
    this.name = 'ConfigError';
  }
}

export type Env = Record<string, string | undefined>;

/** The only reader of the process's environment. */
export const readEnv = (): Env => process.env;

const ROOT = path.resolve(__dirname, path.basename(path.dirname(__dirname)) === 'dist' ? '../..' : '..');
/** The product's own version, as package.json says. */
export const VERSION: string = JSON.parse(readFileSync(path.join(ROOT, 'package.json'), 'utf8')).version;

const MARKETPLACE_RESOURCE = '20e940b3-4c77-4b0b-9a53-9e16a1b010a7';
export const SANDBOX_SESSION_SECRET = 'sandbox sessions are worth nothing to anybody';

/** Microsoft's hosts, public and sovereign clouds: production talks to no other. */
const MICROSOFT_HOSTS = new Set([
  'marketplaceapi.microsoft.com',
  'main.prod.marketplaceapi.azure.com',
  'login.microsoftonline.com',
  'login.microsoft.com',
  'login.windows.net',
  'sts.windows.net',
  'login.microsoftonline.us',
  'login.partner.microsoftonline.cn',
  'login.chinacloudapi.cn',
  'sts.chinacloudapi.cn',
  'login.botframework.com',
  'api.botframework.com',
  'login.botframework.azure.us',
  'api.botframework.azure.us',
  'api.botframework.us',
  'login.botframework.azure.cn',
  'api.botframework.azure.cn',
]);

const GUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/iu;
const HOST = /^(?:[\w.-]+|\[[\da-f:]+\])(?::\d+)?$/iu;
const MAIL_FROM = /^(?:[^<>@\p{Cc}]* <)?[^\s<>@,;]+@[\w.-]+>?$/u;
const LOOPBACK = new Set(['127.0.0.1', '::1', 'localhost']);

/** Interprets the settings whole. @throws ConfigError naming every problem */
export function parseConfig(env: Env): Config {
  const problems: string[] = [];
  const mode = choice('KONTINGENT_MODE', ['sandbox', 'staging', 'production'], 'sandbox');
  const sandbox = mode === 'sandbox';

  const port = whole('PORT', 3978, 1, 65_535);
  const host = text('HOST', sandbox ? '127.0.0.1' : '0.0.0.0');
  const local = `http://127.0.0.1:${port}/sandbox`;
  const publicUrl = url('PUBLIC_URL', `http://localhost:${port}`, { required: !sandbox });
  if (mode === 'production' && !publicUrl.startsWith('https://')) problems.push('PUBLIC_URL must be an https address in production');

  const publisherTenant = guid('MARKETPLACE_TENANT_ID', '99999999-9999-4999-8999-999999999999');
  const loginHost = sandbox ? 'https://login.sandbox.invalid' : 'https://login.microsoftonline.com';
  const localEntra = `${local}/entra`;
  const apiUrl = endpoint('MARKETPLACE_API_URL', sandbox ? `${local}/marketplace/api` : 'https://marketplaceapi.microsoft.com/api');
  const marketplaceClientId = guid('MARKETPLACE_CLIENT_ID', '99999999-0001-4000-8000-000000000001');
  const entraClientId = guid('ENTRA_CLIENT_ID', '99999999-0002-4000-8000-000000000002');

  const config: Config = {
    mode,
    port,
    host,
    publicUrl,
    databaseUrl: databaseUrl(),
    dataDir: path.resolve(text('DATA_DIR', path.join(ROOT, '.data'))),
    planCatalog: path.resolve(text('PLAN_CATALOG', path.join(ROOT, 'plans/default.yaml'))),
    marketplace: {
      apiUrl,
      meteringUrl: endpoint('MARKETPLACE_METERING_URL', apiUrl),
      authority: endpoint('MARKETPLACE_AUTHORITY', `${loginHost}/${publisherTenant}`, { https: true }),
      tenantId: publisherTenant,
      clientId: marketplaceClientId,
      ...marketplaceProof(),
      apiHosts: list('MARKETPLACE_API_HOSTS', [
        hostOf(apiUrl),
        ...(sandbox ? [] : ['marketplaceapi.microsoft.com', 'main.prod.marketplaceapi.azure.com']),
      ]),
      webhook: {
        issuers: list(
          'MARKETPLACE_WEBHOOK_ISSUERS',
          sandbox
            ? [`${loginHost}/${publisherTenant}/v2.0`]
            : [`https://login.microsoftonline.com/${publisherTenant}/v2.0`, `https://sts.windows.net/${publisherTenant}/`],
        ),
        audience: text('MARKETPLACE_WEBHOOK_AUDIENCE', marketplaceClientId),
        jwksUrl: endpoint(
          'MARKETPLACE_WEBHOOK_JWKS_URL',
          sandbox
            ? `${localEntra}/${publisherTenant}/discovery/v2.0/keys`
            : `https://login.microsoftonline.com/${publisherTenant}/discovery/v2.0/keys`,
        ),
        callerId: text('MARKETPLACE_WEBHOOK_CALLER_ID', MARKETPLACE_RESOURCE),
        tenantId: publisherTenant,
      },
    },
    entra: {
      clientId: entraClientId,
      clientSecret: secret('ENTRA_CLIENT_SECRET', 'sandbox sign-in secret'),
      authority: endpoint('ENTRA_AUTHORITY', `${loginHost}/common`, { https: true }),
      jwksUrl: endpoint(
        'ENTRA_JWKS_URL',
        sandbox ? `${localEntra}/common/discovery/v2.0/keys` : 'https://login.microsoftonline.com/common/discovery/v2.0/keys',
      ),
      issuerTemplate: text('ENTRA_ISSUER_TEMPLATE', `${loginHost}/{tid}/v2.0`),
    },
    bot: bot(),
    operatorTenantId: operatorTenant(),
    operatorMailbox: operatorMailbox(),
    secretsEndAt: {
      marketplace: endOf('MARKETPLACE_CLIENT_SECRET_EXPIRES_AT'),
      entra: endOf('ENTRA_CLIENT_SECRET_EXPIRES_AT'),
      bot: endOf('BOT_APP_PASSWORD_EXPIRES_AT'),
    },
    seller: {
      name: text('SELLER_NAME', sandbox ? 'Kontingent (sandbox)' : 'Kontingent'),
      address: text('SELLER_ADDRESS', sandbox ? 'Sample Street 1; 12345 Sampletown' : '')
        .split(';')
        .map((line) => line.trim())
        .filter(Boolean),
      taxId: text('SELLER_TAX_ID', '') || null,
      note: text('SELLER_NOTE', '') || null,
      tax: {
        name: text('TAX_NAME', '') || null,
        basisPoints: percent('TAX_PERCENT'),
        included: choice('TAX_MODE', ['included', 'added'], 'included') === 'included',
      },
    },
    mail: mail(),
    sessionSecret: secret('SESSION_SECRET', SANDBOX_SESSION_SECRET, 32),
    supportContact: sandbox ? text('SUPPORT_CONTACT', 'support@kontingent.example') : needed('SUPPORT_CONTACT'),
    teamsAppId: env.TEAMS_APP_ID ? guid('TEAMS_APP_ID', '') : null,
    logLevel: choice('LOG_LEVEL', ['silent', 'fatal', 'error', 'warn', 'info', 'debug', 'trace'], sandbox ? 'warn' : 'info'),
    metricsToken: env.METRICS_TOKEN || null,
    rateLimitPerMinute: whole('RATE_LIMIT_PER_MINUTE', 6000, 1, 100_000_000),
    trustedProxyHops: whole('TRUSTED_PROXY_HOPS', 0, 0, 10),
    playgroundTenantId: playground(),
  };

  if (!config.entra.issuerTemplate.includes('{tid}')) problems.push('ENTRA_ISSUER_TEMPLATE must hold the placeholder {tid}');
  if (given('MARKETPLACE_API_HOSTS') && !config.marketplace.apiHosts.every((one) => HOST.test(one)))
    problems.push('MARKETPLACE_API_HOSTS must be a list of hosts, each with a port or without');
  if (mode === 'production') checkHosts(config);
  if (problems.length > 0) throw new ConfigError(problems);
  return config;

  function text(name: string, fallback: string): string {
    return env[name]?.trim() || fallback;
  }

  /** What follows from another setting is that setting's problem. */
  function given(name: string): boolean {
    return Boolean(env[name]?.trim());
  }

  function needed(name: string): string {
    const value = env[name]?.trim();
    if (!value) problems.push(`${name} is missing`);
    return value ?? '';
  }

  /** In sandbox the fallback, elsewhere a must. */
  function guid(name: string, fallback: string): string {
    const value = sandbox ? text(name, fallback) : needed(name);
    if (mode === 'production' && value && !GUID.test(value)) problems.push(`${name} must be a GUID`);
    // Directories differ in the case of GUIDs; a stand-in's other ids are its own.
    return GUID.test(value) ? value.toLowerCase() : value;
  }

  function secret(name: string, fallback: string, atLeast = 1): string {
    const value = sandbox ? text(name, fallback) : needed(name);
    if (!sandbox && value === 'off') problems.push(`${name} is missing`);
    if (value && value.length < atLeast) problems.push(`${name} must have at least ${atLeast} characters`);
    if (!sandbox && value === fallback) problems.push(`${name} must not be the sandbox's`);
    return value;
  }

  function choice<const T extends string>(name: string, options: readonly T[], fallback: T): T {
    const value = text(name, fallback);
    if ((options as readonly string[]).includes(value)) return value as T;
    problems.push(`${name} must be one of ${options.join(', ')}`);
    return fallback;
  }

  function whole(name: string, fallback: number, least: number, most: number): number {
    const value = text(name, String(fallback));
    const number = Number(value);
    if (/^\d+$/u.test(value) && number >= least && number <= most) return number;
    problems.push(`${name} must be a whole number from ${least} to ${most}`);
    return fallback;
  }

  function url(name: string, fallback: string, { required = false } = {}): string {
    const value = (required ? needed(name) : text(name, fallback)).replace(/\/+$/u, '');
    if (given(name) && !isWebAddress(value)) problems.push(`${name} must be an http or https address, without a user name or password`);
    return value;
  }

  function endpoint(name: string, fallback: string, { https = false } = {}): string {
    const value = url(name, fallback);
    if (https && isWebAddress(value) && !value.startsWith('https://')) problems.push(`${name} must be an https address`);
    return value;
  }

  function list(name: string, fallback: string[]): string[] {
    const given = env[name]
      ?.split(/[,\s]+/u)
      .map((entry) => entry.trim())
      .filter(Boolean);
    return given?.length ? given : [...new Set(fallback)];
  }

  /** A percentage of at most two decimals, in hundredths. */
  function percent(name: string): number {
    const value = text(name, '0');
    const basisPoints = Math.round(Number(value) * 100);
    if (/^\d{1,3}(\.\d{1,2})?$/u.test(value) && basisPoints <= 10_000) return basisPoints;
    problems.push(`${name} must be a percentage from 0 to 100, such as 19 or 8.25`);
    return 0;
  }

  function mail(): MailConfig | null {
    const url = text('SMTP_URL', '');
    if (url === '' || url === 'off') return null;
    if (!/^smtps?:\/\/[^/\s]+$/u.test(url.replace(/\/$/u, '')) || !URL.canParse(url) || !new URL(url).hostname)
      problems.push('SMTP_URL must be smtp:// or smtps:// with a host, or off');
    const from = needed('MAIL_FROM');
    if (from && !MAIL_FROM.test(from)) problems.push('MAIL_FROM must be an address, or a name and <address>');
    return { url, from };
  }

  function databaseUrl(): string | null {
    const value = env.DATABASE_URL?.trim();
    if (!value) {
      if (mode === 'production') problems.push('DATABASE_URL is missing: production does not run on the embedded database');
      return null;
    }
    if (!/^postgres(ql)?:\/\//u.test(value)) problems.push('DATABASE_URL must begin with postgres:// or postgresql://');
    return value;
  }

  function bot(): BotConfig | null {
    const given = env.BOT_APP_ID?.trim();
    if (!sandbox && !given) {
      if (mode === 'production') problems.push('BOT_APP_ID is missing');
      return null;
    }
    const appType = choice('BOT_APP_TYPE', ['SingleTenant', 'MultiTenant', 'UserAssignedMsi'], 'SingleTenant');
    return {
      appId: guid('BOT_APP_ID', '99999999-0003-4000-8000-000000000003'),
      appPassword: appType === 'UserAssignedMsi' ? text('BOT_APP_PASSWORD', '') : secret('BOT_APP_PASSWORD', 'sandbox bot secret'),
      appType,
      tenantId: appType === 'MultiTenant' ? text('BOT_TENANT_ID', '') : guid('BOT_TENANT_ID', publisherTenant),
      openIdMetadataUrl: endpoint(
        'BOT_OPENID_METADATA_URL',
        sandbox
          ? `${local}/botframework/.well-known/openidconfiguration`
          : 'https://login.botframework.com/v1/.well-known/openidconfiguration',
      ),
      tokenIssuer: text('BOT_TOKEN_ISSUER', 'https://api.botframework.com'),
      loginUrl: endpoint('BOT_LOGIN_URL', sandbox ? 'https://login.sandbox.invalid' : 'https://login.microsoftonline.com', { https: true }),
    };
  }

  /** The app proves itself in one way; the sandbox's Entra knows secrets alone. */
  function marketplaceProof(): Pick<MarketplaceConfig, 'clientSecret' | 'clientCertificate' | 'managedIdentity'> {
    const content = optional('MARKETPLACE_CLIENT_CERTIFICATE');
    const password = optional('MARKETPLACE_CLIENT_CERTIFICATE_PASSWORD');
    const identity = optional('MARKETPLACE_MANAGED_IDENTITY');
    const isSecret = sandbox || (!content && !identity);
    if (!isSecret && [content, identity, optional('MARKETPLACE_CLIENT_SECRET')].filter(Boolean).length > 1)
      problems.push(
        'MARKETPLACE_CLIENT_SECRET, MARKETPLACE_CLIENT_CERTIFICATE and MARKETPLACE_MANAGED_IDENTITY exclude each other: set one of them',
      );
    if (identity && !GUID.test(identity)) problems.push('MARKETPLACE_MANAGED_IDENTITY must be a GUID');
    return {
      clientSecret: isSecret ? secret('MARKETPLACE_CLIENT_SECRET', 'sandbox marketplace secret') : '',
      clientCertificate: !sandbox && content ? { content, password } : null,
      managedIdentity: sandbox ? null : identity.toLowerCase() || null,
    };
  }

  /** Where settings come from a vault, nothing is said by `off`. */
  function optional(name: string): string {
    const value = text(name, '');
    return value === 'off' ? '' : value;
  }

  function operatorTenant(): string {
    const value = env.OPERATOR_TENANT_ID?.trim();
    if (!value) return publisherTenant;
    if (!GUID.test(value)) problems.push('OPERATOR_TENANT_ID must be a GUID');
    return value.toLowerCase();
  }

  /** Absent: the support contact, where that is an address. */
  function operatorMailbox(): string | null {
    const value = text('OPERATOR_MAILBOX', '');
    if (value && !ADDRESS.test(value)) problems.push('OPERATOR_MAILBOX must be a mail address');
    const contact = env.SUPPORT_CONTACT?.trim() ?? '';
    return value || (ADDRESS.test(contact) ? contact : null);
  }

  /** A date as Entra shows it, or an instant. */
  function endOf(name: string): Date | null {
    const value = text(name, '');
    if (!value) return null;
    const at = /^\d{4}-\d{2}-\d{2}(T[\d:.]+Z)?$/u.test(value) ? new Date(value) : null;
    if (at && !Number.isNaN(at.getTime())) return at;
    problems.push(`${name} must be a date such as 2027-05-31, or an instant in UTC`);
    return null;
  }

  function playground(): string | null {
    const value = env.PLAYGROUND_TENANT_ID?.trim();
    if (!value) return null;
    if (!sandbox || !LOOPBACK.has(host))
      problems.push('PLAYGROUND_TENANT_ID turns token checks off and is allowed in sandbox on a loopback HOST only');
    if (!GUID.test(value)) problems.push('PLAYGROUND_TENANT_ID must be a GUID');
    return value.toLowerCase();
  }

  /** Production reaches Microsoft's hosts only, whatever a setting says. */
  function checkHosts({ marketplace, entra, bot }: Config): void {
    const endpoints: Record<string, string> = {
      MARKETPLACE_API_URL: marketplace.apiUrl,
      ...(given('MARKETPLACE_METERING_URL') && { MARKETPLACE_METERING_URL: marketplace.meteringUrl }),
      MARKETPLACE_AUTHORITY: marketplace.authority,
      MARKETPLACE_WEBHOOK_JWKS_URL: marketplace.webhook.jwksUrl,
      ENTRA_AUTHORITY: entra.authority,
      ENTRA_JWKS_URL: entra.jwksUrl,
      ENTRA_ISSUER_TEMPLATE: entra.issuerTemplate,
      ...(bot && { BOT_OPENID_METADATA_URL: bot.openIdMetadataUrl, BOT_TOKEN_ISSUER: bot.tokenIssuer, BOT_LOGIN_URL: bot.loginUrl }),
    };
    for (const [name, value] of Object.entries(endpoints)) requireMicrosoft(name, value);
    for (const issuer of marketplace.webhook.issuers) requireMicrosoft('MARKETPLACE_WEBHOOK_ISSUERS', issuer);
    if (!given('MARKETPLACE_API_HOSTS')) return;
    for (const apiHost of marketplace.apiHosts) requireMicrosoft('MARKETPLACE_API_HOSTS', `https://${apiHost}`);
  }

  function requireMicrosoft(name: string, address: string): void {
    const problem = `${name} must be an https address of a Microsoft host in production`;
    if (isMicrosoft(address) || problems.includes(problem)) return;
    problems.push(problem);
  }
}

const ADDRESS = /^[^\s@:/]+@[^\s@:/]+$/u;

function isWebAddress(value: string): boolean {
  // What a URL parser reads as a slash, another may read as a part of the host.
  if (!URL.canParse(value) || /[\s\\]/u.test(value)) return false;
  const { protocol, username, password } = new URL(value);
  return /^https?:$/u.test(protocol) && username === '' && password === '';
}

function isMicrosoft(address: string): boolean {
  if (!URL.canParse(address)) return false;
  const { protocol, hostname, port } = new URL(address);
  return protocol === 'https:' && MICROSOFT_HOSTS.has(hostname) && port === '' && isWebAddress(address);
}

function hostOf(address: string): string {
  return URL.canParse(address) ? new URL(address).host : '';
}
