import { ConfigError, type Env, parseConfig } from '../../src/config';

const production: Env = {
  KONTINGENT_MODE: 'production',
  PUBLIC_URL: 'https://kontingent.example.com',
  SUPPORT_CONTACT: 'support@example.com',
  SESSION_SECRET: 'a session secret of thirty-two characters or more',
  DATABASE_URL: 'postgres://owner:pw-of-the-database@db.example.com/kontingent',
  MARKETPLACE_TENANT_ID: '3d2f8b1e-52c2-4a0f-9d4e-0c4a6a3c7a01',
  MARKETPLACE_CLIENT_ID: '3d2f8b1e-52c2-4a0f-9d4e-0c4a6a3c7a02',
  MARKETPLACE_CLIENT_SECRET: 'own marketplace word',
  ENTRA_CLIENT_ID: '3d2f8b1e-52c2-4a0f-9d4e-0c4a6a3c7a03',
  ENTRA_CLIENT_SECRET: 'own sign-in word',
  BOT_APP_ID: '3d2f8b1e-52c2-4a0f-9d4e-0c4a6a3c7a04',
  BOT_APP_PASSWORD: 'own bot word',
  BOT_TENANT_ID: '3d2f8b1e-52c2-4a0f-9d4e-0c4a6a3c7a05',
};
const { DATABASE_URL: _db, BOT_APP_ID: _bot, BOT_APP_PASSWORD: _pw, BOT_TENANT_ID: _bt, ...rest } = production;
const staging: Env = { ...rest, KONTINGENT_MODE: 'staging' };

/** The names that are complained about, in order; none when the configuration holds. */
function problemsOf(env: Env): string[] {
  try {
    parseConfig(env);
    return [];
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.problems;
  }
}
const namesOf = (env: Env): string[] => [...new Set(problemsOf(env).map((problem) => problem.split(' ')[0]!))].sort();

describe('sandbox', () => {
  test('needs nothing, listens on loopback, and talks to itself alone', () => {
    const config = parseConfig({});
    expect(config).toMatchObject({ mode: 'sandbox', port: 3978, host: '127.0.0.1', publicUrl: 'http://localhost:3978', databaseUrl: null });
    expect(config.marketplace.apiUrl).toBe('http://127.0.0.1:3978/sandbox/marketplace/api');
    for (const address of [config.marketplace.authority, config.entra.authority, config.bot!.loginUrl]) {
      expect(new URL(address).hostname).toBe('login.sandbox.invalid');
    }
  });

  test('empty and blank settings count as absent', () => {
    const blank = Object.fromEntries(Object.keys(production).map((name, index) => [name, index % 2 ? '' : '  ']));
    expect(
      parseConfig({ ...blank, KONTINGENT_MODE: '', PORT: ' ', METRICS_TOKEN: '', TEAMS_APP_ID: '', PLAYGROUND_TENANT_ID: '' }),
    ).toEqual(parseConfig({}));
  });

  test('its addresses follow the port', () => {
    const config = parseConfig({ PORT: '4200' });
    expect([config.publicUrl, config.entra.jwksUrl]).toEqual([
      'http://localhost:4200',
      'http://127.0.0.1:4200/sandbox/entra/common/discovery/v2.0/keys',
    ]);
  });
});

describe('how the publisher’s app proves itself', () => {
  const { MARKETPLACE_CLIENT_SECRET: _secret, ...bare } = production;

  test.each([
    ['a secret', { MARKETPLACE_CLIENT_SECRET: 'own word' }, ['own word', null, null]],
    [
      'a certificate',
      {
        MARKETPLACE_CLIENT_CERTIFICATE: '/run/secrets/app.pfx',
        MARKETPLACE_CLIENT_CERTIFICATE_PASSWORD: 'word',
        MARKETPLACE_CLIENT_SECRET: 'off',
      },
      ['', { content: '/run/secrets/app.pfx', password: 'word' }, null],
    ],
    [
      'a managed identity',
      { MARKETPLACE_MANAGED_IDENTITY: '3D2F8B1E-52C2-4A0F-9D4E-0C4A6A3C7A09', MARKETPLACE_CLIENT_CERTIFICATE: 'off' },
      ['', null, '3d2f8b1e-52c2-4a0f-9d4e-0c4a6a3c7a09'],
    ],
  ])('by %s', (_what, given, expected) => {
    const { clientSecret, clientCertificate, managedIdentity } = parseConfig({ ...bare, ...given }).marketplace;
    expect([clientSecret, clientCertificate, managedIdentity]).toEqual(expected);
  });

  test('by exactly one of them', () => {
    expect(namesOf(bare)).toEqual(['MARKETPLACE_CLIENT_SECRET']);
    expect(namesOf({ ...bare, MARKETPLACE_CLIENT_SECRET: 'off' })).toEqual(['MARKETPLACE_CLIENT_SECRET']);
    const both = { ...production, MARKETPLACE_CLIENT_CERTIFICATE: 'word of the certificate' };
    expect(problemsOf(both)).toEqual([expect.stringContaining('exclude each other')]);
    expect(problemsOf(both).join()).not.toMatch(/own marketplace word|word of the certificate/u);
    expect(namesOf({ ...bare, MARKETPLACE_MANAGED_IDENTITY: 'mine' })).toEqual(['MARKETPLACE_MANAGED_IDENTITY']);
  });

  test('the sandbox knows secrets alone', () => {
    const given = { MARKETPLACE_CLIENT_CERTIFICATE: 'x', MARKETPLACE_MANAGED_IDENTITY: '3d2f8b1e-52c2-4a0f-9d4e-0c4a6a3c7a09' };
    expect(parseConfig(given).marketplace).toMatchObject({ clientCertificate: null, managedIdentity: null });
  });
});

describe('who sells, and mail', () => {
  test('the sandbox has a sample seller without tax, and no mail server', () => {
    const { seller, mail } = parseConfig({});
    expect(seller).toMatchObject({
      name: 'Kontingent (sandbox)',
      taxId: null,
      note: null,
      tax: { name: null, basisPoints: 0, included: true },
    });
    expect(mail).toBeNull();
  });

  test('the lines of an address, a tax with decimals and a mail server are read', () => {
    const { seller, mail } = parseConfig({
      SELLER_NAME: 'Sample GmbH',
      SELLER_ADDRESS: 'Bahnhofstraße 7; 39100 Bozen ;',
      TAX_PERCENT: '8.25',
      TAX_MODE: 'added',
      SMTP_URL: 'smtp://user:p%40ss@mail.example:587',
      MAIL_FROM: 'Sample GmbH <billing@sample.example>',
    });
    expect(seller).toMatchObject({ address: ['Bahnhofstraße 7', '39100 Bozen'], tax: { basisPoints: 825, included: false } });
    expect(mail).toEqual({ url: 'smtp://user:p%40ss@mail.example:587', from: 'Sample GmbH <billing@sample.example>' });
  });

  test.each([
    ['TAX_PERCENT', { TAX_PERCENT: '19%' }],
    ['TAX_PERCENT', { TAX_PERCENT: '100.01' }],
    ['TAX_PERCENT', { TAX_PERCENT: '-1' }],
    ['TAX_MODE', { TAX_MODE: 'net' }],
    ['SMTP_URL', { SMTP_URL: 'mail.example', MAIL_FROM: 'a@b.example' }],
    ['SMTP_URL', { SMTP_URL: 'https://mail.example', MAIL_FROM: 'a@b.example' }],
    ['MAIL_FROM', { SMTP_URL: 'smtp://mail.example' }],
    ['MAIL_FROM', { SMTP_URL: 'smtp://mail.example', MAIL_FROM: 'a@b.example, c@d.example' }],
    ['MAIL_FROM', { SMTP_URL: 'smtp://mail.example', MAIL_FROM: 'Name <a@b.example>\r\nBcc: x@y.example' }],
  ])('%s is refused when it makes no sense: %j', (name, env) => {
    expect(namesOf(env)).toEqual([name]);
  });

  test('off is no mail server', () => expect(parseConfig({ SMTP_URL: 'off' }).mail).toBeNull());
});

describe('problems', () => {
  test('are all reported at once, each by its name', () => {
    const env = {
      KONTINGENT_MODE: 'production',
      PORT: '0',
      LOG_LEVEL: 'loud',
      RATE_LIMIT_PER_MINUTE: 'many',
      ENTRA_ISSUER_TEMPLATE: 'https://login.microsoftonline.com/v2.0',
    };
    const names = namesOf(env);
    expect(names).toEqual([
      'BOT_APP_ID',
      'DATABASE_URL',
      'ENTRA_CLIENT_ID',
      'ENTRA_CLIENT_SECRET',
      'ENTRA_ISSUER_TEMPLATE',
      'LOG_LEVEL',
      'MARKETPLACE_CLIENT_ID',
      'MARKETPLACE_CLIENT_SECRET',
      'MARKETPLACE_TENANT_ID',
      'PORT',
      'PUBLIC_URL',
      'RATE_LIMIT_PER_MINUTE',
      'SESSION_SECRET',
      'SUPPORT_CONTACT',
    ]);
    const error = (() => {
      try {
        return parseConfig(env);
      } catch (thrown) {
        return thrown as Error;
      }
    })() as Error;
    for (const name of names) expect(error.message).toContain(`  - ${name} `);
  });

  test('hold no value of a secret, whatever is wrong with it', () => {
    const secrets = {
      SESSION_SECRET: 'S3CRET-short',
      MARKETPLACE_CLIENT_SECRET: 'S3CRET-marketplace',
      ENTRA_CLIENT_SECRET: 'S3CRET-entra',
      BOT_APP_PASSWORD: 'S3CRET-bot',
      METRICS_TOKEN: 'S3CRET-metrics',
      DATABASE_URL: 'mysql://root:S3CRET@db.example',
      SMTP_URL: 'http://user:S3CRET@mail.example',
      MARKETPLACE_API_URL: 'https://user:S3CRET@marketplaceapi.microsoft.com/api',
      ENTRA_AUTHORITY: 'https://user:S3CRET@login.example/common',
      PUBLIC_URL: 'http://user:S3CRET@kontingent.example',
    };
    const problems = problemsOf({ ...production, ...secrets, PORT: 'x' });
    expect(problems.length).toBeGreaterThanOrEqual(5);
    expect(problems.join('\n')).not.toContain('S3CRET');
  });

  test.each([
    ['PORT', ['0', '65536', '-1', '1.5', 'http', '0x10', '1e3', '+80']],
    ['RATE_LIMIT_PER_MINUTE', ['0', '-1', 'x', '1.5']],
    ['KONTINGENT_MODE', ['prod', 'Production', 'SANDBOX', 'test']],
    ['LOG_LEVEL', ['INFO', 'verbose']],
    ['BOT_APP_TYPE', ['singletenant', 'Multi']],
    ['PUBLIC_URL', ['kontingent.example', 'ftp://kontingent.example', 'javascript:alert(1)', 'https://', '//kontingent.example']],
    ['MARKETPLACE_API_URL', ['marketplaceapi.microsoft.com', 'file:///etc/passwd']],
    ['MARKETPLACE_AUTHORITY', ['http://login.example/x', 'login.example']],
    ['ENTRA_AUTHORITY', ['http://login.example/common']],
    ['ENTRA_JWKS_URL', ['keys', 'data:application/json,{}']],
    ['ENTRA_ISSUER_TEMPLATE', ['https://login.example/v2.0']],
    ['BOT_LOGIN_URL', ['http://login.example']],
    ['DATABASE_URL', ['mysql://x', 'kontingent', 'http://x']],
    ['SESSION_SECRET', ['x'.repeat(31)]],
    ['PLAYGROUND_TENANT_ID', ['contoso', '1234']],
  ])('%s is checked in every mode that reads it', (name, values) => {
    for (const value of values) expect([value, namesOf({ [name]: value })]).toEqual([value, [name]]);
  });
});

describe('staging', () => {
  test('a complete one holds, with the embedded database and without a bot', () => {
    const config = parseConfig(staging);
    expect(config).toMatchObject({ mode: 'staging', host: '0.0.0.0', databaseUrl: null, bot: null });
    expect(config.marketplace).toMatchObject({
      apiUrl: 'https://marketplaceapi.microsoft.com/api',
      apiHosts: ['marketplaceapi.microsoft.com', 'main.prod.marketplaceapi.azure.com'],
      webhook: {
        issuers: [
          `https://login.microsoftonline.com/${staging.MARKETPLACE_TENANT_ID}/v2.0`,
          `https://sts.windows.net/${staging.MARKETPLACE_TENANT_ID}/`,
        ],
        audience: staging.MARKETPLACE_CLIENT_ID,
      },
    });
  });

  test('takes other implementations of every counterpart, by http where no secret travels, and ids that are no GUIDs', () => {
    const config = parseConfig({
      ...staging,
      PUBLIC_URL: 'http://10.0.0.7:8080/',
      MARKETPLACE_TENANT_ID: 'publisher',
      MARKETPLACE_CLIENT_ID: 'marketplace-app',
      ENTRA_CLIENT_ID: 'tab-app',
      BOT_APP_ID: 'bot-app',
      BOT_APP_PASSWORD: 'word',
      BOT_TENANT_ID: 'bot-tenant',
      MARKETPLACE_API_URL: 'http://127.0.0.1:9000/api/',
      MARKETPLACE_METERING_URL: 'http://127.0.0.1:9000/metering',
      MARKETPLACE_AUTHORITY: 'https://login.other.example:8443/publisher',
      MARKETPLACE_API_HOSTS: '127.0.0.1:9000, other.example  third.example',
      MARKETPLACE_WEBHOOK_ISSUERS: 'https://a.example/v2.0,https://b.example/',
      MARKETPLACE_WEBHOOK_AUDIENCE: 'somebody',
      MARKETPLACE_WEBHOOK_JWKS_URL: 'http://127.0.0.1:9000/keys',
      MARKETPLACE_WEBHOOK_CALLER_ID: 'the-caller',
      ENTRA_AUTHORITY: 'https://login.other.example/common',
      ENTRA_JWKS_URL: 'http://127.0.0.1:9000/keys',
      ENTRA_ISSUER_TEMPLATE: 'http://127.0.0.1:9000/{tid}/v2.0',
      BOT_OPENID_METADATA_URL: 'http://127.0.0.1:9000/openid',
      BOT_TOKEN_ISSUER: 'https://bot.other.example',
      BOT_LOGIN_URL: 'https://login.other.example',
    });
    expect(config.publicUrl).toBe('http://10.0.0.7:8080');
    expect(config.marketplace.apiUrl).toBe('http://127.0.0.1:9000/api');
    expect(config.marketplace.apiHosts).toEqual(['127.0.0.1:9000', 'other.example', 'third.example']);
    expect(config.marketplace.webhook.issuers).toEqual(['https://a.example/v2.0', 'https://b.example/']);
  });

  test('an API elsewhere may receive the token, besides Microsoft’s own', () => {
    expect(parseConfig({ ...staging, MARKETPLACE_API_URL: 'http://127.0.0.1:9000/api' }).marketplace.apiHosts).toEqual([
      '127.0.0.1:9000',
      'marketplaceapi.microsoft.com',
      'main.prod.marketplaceapi.azure.com',
    ]);
  });

  test.each(Object.keys(staging).filter((name) => name !== 'KONTINGENT_MODE'))('%s must be set', (name) => {
    expect(namesOf({ ...staging, [name]: ' ' })).toEqual([name]);
  });

  test('a bot asks for its password and tenant as soon as it has an id; not with a managed identity or many tenants', () => {
    expect(namesOf({ ...staging, BOT_APP_ID: 'bot' })).toEqual(['BOT_APP_PASSWORD', 'BOT_TENANT_ID']);
    expect(namesOf({ ...staging, BOT_APP_ID: 'bot', BOT_APP_TYPE: 'MultiTenant' })).toEqual(['BOT_APP_PASSWORD']);
    expect(namesOf({ ...staging, BOT_APP_ID: 'bot', BOT_APP_TYPE: 'UserAssignedMsi', BOT_TENANT_ID: 'x' })).toEqual([]);
  });

  test('the playground, which needs no token, is refused', () => {
    expect(namesOf({ ...staging, PLAYGROUND_TENANT_ID: '3d2f8b1e-52c2-4a0f-9d4e-0c4a6a3c7a05' })).toEqual(['PLAYGROUND_TENANT_ID']);
  });
});

describe('production', () => {
  test('a complete one holds', () => {
    expect(parseConfig(production)).toMatchObject({ mode: 'production', metricsToken: null, playgroundTenantId: null });
  });

  test.each(Object.keys(production).filter((name) => name !== 'KONTINGENT_MODE'))('refuses to start without %s', (name) => {
    expect(namesOf({ ...production, [name]: undefined })).toEqual([name]);
  });

  test.each([
    ['MARKETPLACE_CLIENT_SECRET', 'sandbox marketplace secret'],
    ['ENTRA_CLIENT_SECRET', 'sandbox sign-in secret'],
    ['BOT_APP_PASSWORD', 'sandbox bot secret'],
    ['SESSION_SECRET', 'sandbox sessions are worth nothing to anybody'],
  ])('refuses the sandbox’s %s', (name, value) => {
    expect(namesOf({ ...production, [name]: value })).toEqual([name]);
    expect(namesOf({ ...staging, BOT_APP_ID: 'x', BOT_TENANT_ID: 'x', BOT_APP_PASSWORD: 'x', [name]: value })).toEqual([name]);
  });

  test.each(['MARKETPLACE_TENANT_ID', 'MARKETPLACE_CLIENT_ID', 'ENTRA_CLIENT_ID', 'BOT_APP_ID', 'BOT_TENANT_ID'])(
    'refuses a %s that is no GUID, and the sandbox’s',
    (name) => {
      for (const value of ['contoso', 'contoso.onmicrosoft.com', '3d2f8b1e52c24a0f9d4e0c4a6a3c7a01', '../common']) {
        expect([value, namesOf({ ...production, [name]: value })]).toEqual([value, [name]]);
      }
    },
  );

  test.each(['http://kontingent.example.com', 'HTTP://kontingent.example.com'])('refuses the PUBLIC_URL %s', (value) => {
    expect(namesOf({ ...production, PUBLIC_URL: value })).toEqual(['PUBLIC_URL']);
  });

  test('refuses the playground', () => {
    const env = { ...production, PLAYGROUND_TENANT_ID: '3d2f8b1e-52c2-4a0f-9d4e-0c4a6a3c7a05' };
    expect(namesOf(env)).toEqual(['PLAYGROUND_TENANT_ID']);
    expect(namesOf({ ...env, HOST: '127.0.0.1' })).toEqual(['PLAYGROUND_TENANT_ID']);
  });

  const ENDPOINTS = [
    'MARKETPLACE_API_URL',
    'MARKETPLACE_METERING_URL',
    'MARKETPLACE_AUTHORITY',
    'MARKETPLACE_WEBHOOK_JWKS_URL',
    'MARKETPLACE_WEBHOOK_ISSUERS',
    'ENTRA_AUTHORITY',
    'ENTRA_JWKS_URL',
    'ENTRA_ISSUER_TEMPLATE',
    'BOT_OPENID_METADATA_URL',
    'BOT_TOKEN_ISSUER',
    'BOT_LOGIN_URL',
  ];
  const FOREIGN = [
    'https://login.evil.example/{tid}',
    'https://login.microsoftonline.com.evil.example/{tid}',
    'https://evil-login.microsoftonline.com/{tid}',
    'https://loginmicrosoftonline.com/{tid}',
    'https://login.microsoftonline.com@evil.example/{tid}',
    'https://login.microsoftonline.com:x@login.microsoftonline.com/{tid}',
    'https://user@login.microsoftonline.com/{tid}',
    'https://:pw@login.microsoftonline.com/{tid}',
    'https://login.microsoftonline.com:8443/{tid}',
    'https://login.microsoftonline.com%2eevil.example/{tid}',
    'https://login.microsoftonline.com\\.evil.example/{tid}',
    'https://login.microsoftonline.com\\@evil.example/{tid}',
    'https://evil.example/https://login.microsoftonline.com/{tid}',
    'https://evil.example?login.microsoftonline.com/{tid}',
    'https://evil.example#login.microsoftonline.com/{tid}',
    'https://lоgin.microsoftonline.com/{tid}',
    'https://login.microsoftonline.com./{tid}',
    'http://login.microsoftonline.com/{tid}',
    'https://127.0.0.1/{tid}',
    'https://localhost:3978/sandbox/{tid}',
    'https://login.sandbox.invalid/{tid}',
  ];
  test.each(ENDPOINTS)('refuses every foreign %s', (name) => {
    for (const address of FOREIGN) expect([address, namesOf({ ...production, [name]: address })]).toEqual([address, [name]]);
  });

  test('refuses a foreign host among good ones in a list', () => {
    const good = `https://login.microsoftonline.com/${production.MARKETPLACE_TENANT_ID}/v2.0`;
    expect(namesOf({ ...production, MARKETPLACE_WEBHOOK_ISSUERS: `${good},https://login.evil.example/v2.0` })).toEqual([
      'MARKETPLACE_WEBHOOK_ISSUERS',
    ]);
    expect(namesOf({ ...production, MARKETPLACE_API_HOSTS: 'marketplaceapi.microsoft.com,evil.example' })).toEqual([
      'MARKETPLACE_API_HOSTS',
    ]);
  });

  test.each([
    'evil.example',
    'marketplaceapi.microsoft.com.evil.example',
    'marketplaceapi.microsoft.com:8443',
    'marketplaceapi.microsoft.com@evil.example',
    'marketplaceapi.microsoft.com/path@evil.example',
    '127.0.0.1:9000',
  ])('refuses the API host %s', (value) => {
    expect(namesOf({ ...production, MARKETPLACE_API_HOSTS: value })).toEqual(['MARKETPLACE_API_HOSTS']);
  });

  test.each([
    [
      'the United States’ government cloud',
      'https://login.microsoftonline.us',
      'https://login.botframework.azure.us/v1/.well-known/openidconfiguration',
      'https://api.botframework.us',
    ],
    [
      'the cloud operated by 21Vianet',
      'https://login.partner.microsoftonline.cn',
      'https://login.botframework.azure.cn/v1/.well-known/openidconfiguration',
      'https://api.botframework.azure.cn',
    ],
    [
      'the older address of China’s cloud',
      'https://login.chinacloudapi.cn',
      'https://login.botframework.azure.cn/v1/.well-known/openidconfiguration',
      'https://api.botframework.azure.cn',
    ],
  ])('takes %s', (_name, login, metadata, issuer) => {
    expect(
      problemsOf({
        ...production,
        MARKETPLACE_AUTHORITY: `${login}/${production.MARKETPLACE_TENANT_ID}`,
        MARKETPLACE_WEBHOOK_ISSUERS: `${login}/${production.MARKETPLACE_TENANT_ID}/v2.0`,
        MARKETPLACE_WEBHOOK_JWKS_URL: `${login}/common/discovery/v2.0/keys`,
        ENTRA_AUTHORITY: `${login}/common`,
        ENTRA_JWKS_URL: `${login}/common/discovery/v2.0/keys`,
        ENTRA_ISSUER_TEMPLATE: `${login}/{tid}/v2.0`,
        BOT_LOGIN_URL: login,
        BOT_OPENID_METADATA_URL: metadata,
        BOT_TOKEN_ISSUER: issuer,
      }),
    ).toEqual([]);
  });

  test('a port that is https’s own is no other host', () => {
    expect(problemsOf({ ...production, ENTRA_AUTHORITY: 'https://login.microsoftonline.com:443/common' })).toEqual([]);
  });

  test('an issuer template names its tenant once, in its path', () => {
    for (const value of ['https://{tid}.login.microsoftonline.com/v2.0', 'https://login.microsoftonline.com/v2.0']) {
      expect([value, namesOf({ ...production, ENTRA_ISSUER_TEMPLATE: value })]).toEqual([value, ['ENTRA_ISSUER_TEMPLATE']]);
    }
  });
});

describe('what the publisher is told, and where', () => {
  test('goes to OPERATOR_MAILBOX, else to the support contact where that is an address', () => {
    expect(parseConfig({ ...production, OPERATOR_MAILBOX: 'desk@publisher.example' }).operatorMailbox).toBe('desk@publisher.example');
    expect(parseConfig({ ...production, SUPPORT_CONTACT: 'help@publisher.example' }).operatorMailbox).toBe('help@publisher.example');
    expect(parseConfig({ ...production, SUPPORT_CONTACT: 'https://help.publisher.example' }).operatorMailbox).toBeNull();
    expect(namesOf({ ...production, OPERATOR_MAILBOX: 'https://desk.example' })).toEqual(['OPERATOR_MAILBOX']);
  });

  test('ends of secrets are dates or instants in UTC', () => {
    const endOf = (value: string) =>
      parseConfig({ ...production, MARKETPLACE_CLIENT_SECRET_EXPIRES_AT: value }).secretsEndAt.marketplace?.toISOString();
    expect([endOf('2027-05-31'), endOf('2027-05-31T12:30:00Z'), endOf('')]).toEqual([
      '2027-05-31T00:00:00.000Z',
      '2027-05-31T12:30:00.000Z',
      undefined,
    ]);
    for (const value of ['31.05.2027', '2027-13-31', 'soon', '2027'])
      expect([value, namesOf({ ...production, ENTRA_CLIENT_SECRET_EXPIRES_AT: value })]).toEqual([
        value,
        ['ENTRA_CLIENT_SECRET_EXPIRES_AT'],
      ]);
  });
});
