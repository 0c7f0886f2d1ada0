import { existsSync } from 'node:fs';
import path from 'node:path';
import ts from 'typescript';
import { parse } from 'yaml';
import { nodesOf, read, root } from './source';

const NAME = /^[A-Z][A-Z0-9]*(_[A-Z0-9]+)+$|^(PORT|HOST)$/;

/** The settings the server reads: every name that src/config.ts hands to one of its readers. */
function serverSettings(): string[] {
  const file = 'src/config.ts';
  const names = nodesOf(file, read(file)).flatMap((node) => {
    if (ts.isCallExpression(node) && node.arguments[0] && ts.isStringLiteral(node.arguments[0])) return [node.arguments[0].text];
    if (ts.isPropertyAccessExpression(node) && node.expression.getText() === 'env') return [node.name.text];
    return [];
  });
  return [...new Set(names.filter((name) => NAME.test(name)))].sort();
}

/** What only `npm run package` reads, and what only the composition of infra/ reads. */
const PACKAGE = ['MARKETPLACE_OFFER', 'APP_DEVELOPER_NAME', 'APP_WEBSITE_URL', 'APP_PRIVACY_URL', 'APP_TERMS_URL'];
const COMPOSE = ['POSTGRES_PASSWORD'];

/** What makes no sense where a server runs for others: the embedded database and the unchecked playground. */
const LOCAL = ['DATA_DIR', 'PLAYGROUND_TENANT_ID'];

const server = serverSettings();
const all = [...server, ...PACKAGE, ...COMPOSE].sort();

const example = [...read('.env.example').matchAll(/^#?([A-Z][A-Z0-9_]*)=/gm)].map(([, name]) => name!);
const bicep = read('infra/azure.bicep');
const compose = parse(read('infra/docker-compose.yml')) as {
  services: Record<string, Record<string, unknown> & { environment: Record<string, string> }>;
};

test('the server’s settings are found in its configuration', () => {
  expect(server).toEqual(
    expect.arrayContaining(['KONTINGENT_MODE', 'PORT', 'DATABASE_URL', 'MARKETPLACE_API_URL', 'BOT_APP_ID', 'SESSION_SECRET']),
  );
  expect(server.length).toBeGreaterThan(30);
});

test('.env.example names every setting once and no other', () => {
  expect([...example].sort()).toEqual(all);
});

test('.env.example sets nothing by itself: copied as it is, the sandbox runs', () => {
  expect(read('.env.example').match(/^[A-Z][A-Z0-9_]*=/gm)).toBeNull();
});

test('docs/configuration.md has one row for every setting and no other', () => {
  const rows = [...read('docs/configuration.md').matchAll(/^\| `([A-Z][A-Z0-9_]*)` +\|/gm)].map(([, name]) => name!);
  expect([...rows].sort()).toEqual(all);
});

test('the Teams package reads the settings that are documented for it', () => {
  const text = read('scripts/package/settings.cjs');
  for (const name of PACKAGE) expect(text).toContain(name);
});

describe('infra/azure.bicep', () => {
  const entries = [...bicep.matchAll(/\{ name: '([A-Z][A-Z0-9_]*)', (value|secretRef): ([^\n]+) \}$/gm)];
  const given = new Map(entries.map(([, name, kind, value]) => [name!, { kind: kind!, value: value! }]));

  test('hands over every setting of the server, and no other', () => {
    expect([...given.keys()].sort()).toEqual(server.filter((name) => !LOCAL.includes(name)));
    expect(entries).toHaveLength(given.size);
  });

  test('hands every secret over as a reference to the vault', () => {
    const secret = [...given.keys()].filter((name) => /SECRET$|PASSWORD$|TOKEN$|CERTIFICATE$|^(DATABASE|SMTP)_URL$/.test(name));
    expect(secret.length).toBe(9);
    for (const name of secret) expect({ name, kind: given.get(name)!.kind }).toEqual({ name, kind: 'secretRef' });
    const declared = [...bicep.matchAll(/\{ name: '([a-z-]+)', keyVaultUrl: \w+\.properties\.secretUri, identity: identity\.id \}/g)].map(
      ([, name]) => name,
    );
    for (const name of secret) expect(declared).toContain(given.get(name)!.value.replaceAll("'", ''));
  });

  test('overrides a setting under its own name', () => {
    for (const [name, { value }] of given) {
      if (value.startsWith('overrides')) expect({ name, value }).toEqual({ name, value: `overrides.?${name} ?? ''` });
    }
  });

  test('is balanced and uses every parameter and resource it declares', () => {
    const code = bicep.replace(/'(?:[^'\\]|\\.)*'/g, (text) => (text.match(/\$\{[^}]+\}/g) ?? []).join(' ')).replace(/\/\/.*$/gm, '');
    for (const [open, close] of ['{}', '[]', '()']) expect(code.split(open!).length).toBe(code.split(close!).length);
    const unused = [...code.matchAll(/^(?:param|var) (\w+)/gm)]
      .map(([, name]) => name!)
      .filter((name) => code.match(new RegExp(`\\b${name}\\b`, 'g'))!.length < 2);
    expect(unused).toEqual([]);
  });
});

describe('infra/docker-compose.yml', () => {
  const { app, database } = compose.services as Record<'app' | 'database', (typeof compose.services)[string]>;

  test('hands the whole .env to the app and decides only what the composition knows', () => {
    expect(app.env_file).toBe('../.env');
    expect(Object.keys(app.environment).filter((name) => !server.includes(name))).toEqual([]);
    expect(app.environment).toMatchObject({ KONTINGENT_MODE: 'staging', HOST: '0.0.0.0' });
    expect(app.environment.DATABASE_URL).toMatch(/^postgres:\/\/kontingent:\$\{POSTGRES_PASSWORD:\?[^}]+\}@database:5432\/kontingent$/);
  });

  test('starts the app after a healthy PostgreSQL 17, whose data outlives it', () => {
    expect(app.depends_on).toEqual({ database: { condition: 'service_healthy' } });
    expect(database.image).toBe('postgres:17');
    expect(database.healthcheck).toMatchObject({ test: expect.arrayContaining(['pg_isready']) });
    expect(database.volumes).toEqual(['database:/var/lib/postgresql/data']);
  });

  test('reaches the outside on loopback only and holds no right it does not need', () => {
    expect(app.ports).toEqual([expect.stringMatching(/^127\.0\.0\.1:.*:3978$/)]);
    expect(app).toMatchObject({ read_only: true, cap_drop: ['ALL'] });
    expect(database).not.toHaveProperty('ports');
  });
});

describe('infra/Dockerfile', () => {
  const stages = read('infra/Dockerfile').split(/^FROM /m);
  const last = stages.at(-1)!;

  test('runs without root, with production dependencies, and never in sandbox by default', () => {
    expect(stages).toHaveLength(3);
    expect(stages[1]).toMatch(/npm ci\b[\s\S]*npm prune --omit=dev/);
    expect(last).toMatch(/^USER node$/m);
    expect(last).not.toMatch(/\bnpm (ci|install)\b/);
    expect(last).toMatch(/KONTINGENT_MODE=production/);
    expect(last).toMatch(/^HEALTHCHECK .*\n\s+CMD \[.*\/health\/ready/m);
  });

  test('copies into the build what exists, and the ignore file lets it through', () => {
    const admitted = [...read('infra/Dockerfile.dockerignore').matchAll(/^!(.+)$/gm)].map(([, name]) => name!);
    expect(admitted).toEqual(expect.arrayContaining(['package.json', 'package-lock.json', '.npmrc', 'src', 'tabs', 'plans', 'scripts']));
    for (const name of admitted) expect({ name, there: existsSync(path.join(root, name)) }).toEqual({ name, there: true });
  });

  test('starts what the build makes', () => {
    const { compilerOptions } = JSON.parse(read('tsconfig.build.json')) as { compilerOptions: { outDir: string } };
    expect(last).toContain(`CMD ["node", "${compilerOptions.outDir}/main.js"]`);
  });
});
