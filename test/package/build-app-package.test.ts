import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { strFromU8, unzipSync } from 'fflate';

const root = path.join(__dirname, '../..');
const script = path.join(root, 'scripts/build-app-package.mjs');
const { version } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8')) as { version: string };

const installation = {
  PUBLIC_URL: 'https://desk.contoso.com',
  TEAMS_APP_ID: 'aaaaaaaa-0001-4000-8000-000000000001',
  BOT_APP_ID: 'aaaaaaaa-0002-4000-8000-000000000001',
  ENTRA_CLIENT_ID: 'aaaaaaaa-0003-4000-8000-000000000001',
  MARKETPLACE_OFFER: 'contoso.desk',
  APP_DEVELOPER_NAME: 'Contoso',
  APP_WEBSITE_URL: 'https://contoso.com/desk',
  APP_PRIVACY_URL: 'https://contoso.com/privacy',
  APP_TERMS_URL: 'https://contoso.com/terms',
};
const env = { PATH: process.env.PATH, ...installation };

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'kontingent-package-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function build(out: string, parts = path.join(root, 'appPackage')) {
  return execFileSync(process.execPath, [script, '--out', out, '--folder', parts], { env, encoding: 'utf8' });
}

/** Builds from a copy of appPackage that `change` has damaged; returns what was printed, having made sure that nothing was built. */
function refusedBuild(change: (copy: string) => void): string {
  const copy = path.join(folder, 'appPackage');
  cpSync(path.join(root, 'appPackage'), copy, { recursive: true });
  change(copy);
  const out = path.join(folder, 'out');
  const { status, stderr } = spawnSync(process.execPath, [script, '--out', out, '--folder', copy], { env, encoding: 'utf8' });
  expect(status).toBe(1);
  expect(existsSync(out)).toBe(false);
  return stderr;
}

function edit(file: string, change: (content: Record<string, unknown>) => void) {
  const content = JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>;
  change(content);
  writeFileSync(file, JSON.stringify(content));
}

test('the package holds the configured host and ids and the five files, and the same input gives the same bytes', () => {
  const printed = build(path.join(folder, 'a'));
  build(path.join(folder, 'b'));

  const name = `kontingent-${version}.zip`;
  const bytes = readFileSync(path.join(folder, 'a', name));
  expect(readFileSync(path.join(folder, 'b', name)).equals(bytes)).toBe(true);
  expect(printed).not.toMatch(/sample values/);

  const content = unzipSync(bytes);
  expect(Object.keys(content).sort()).toEqual(['color.png', 'de.json', 'it.json', 'manifest.json', 'outline.png']);
  expect(JSON.parse(strFromU8(content['manifest.json']!))).toMatchObject({
    manifestVersion: '1.30',
    version,
    id: installation.TEAMS_APP_ID,
    developer: { name: 'Contoso', websiteUrl: 'https://contoso.com/desk' },
    staticTabs: [{ entityId: 'home', contentUrl: 'https://desk.contoso.com/tab/', scopes: ['personal'] }],
    bots: [{ botId: installation.BOT_APP_ID, scopes: ['personal'] }],
    validDomains: ['desk.contoso.com'],
    webApplicationInfo: {
      id: installation.ENTRA_CLIENT_ID,
      resource: `api://desk.contoso.com/botid-${installation.ENTRA_CLIENT_ID}`,
    },
    subscriptionOffer: { offerId: 'contoso.desk' },
  });
});

test("Microsoft's schema refuses a field it does not know", () => {
  const printed = refusedBuild((copy) =>
    edit(path.join(copy, 'manifest.json'), (manifest) => Object.assign(manifest, { pricing: 'free' })),
  );
  expect(printed).toMatch(/manifest\.json.*must NOT have additional properties.*pricing/);
});

test('a translated text over its length is refused by the schema of language files', () => {
  const printed = refusedBuild((copy) =>
    edit(path.join(copy, 'de.json'), (texts) => Object.assign(texts, { 'description.short': 'x'.repeat(81) })),
  );
  expect(printed).toMatch(/de\.json.*must NOT have more than 80 characters/);
});

test('the checks of our own look into the finished zip: a stray file stops the build', () => {
  expect(refusedBuild((copy) => writeFileSync(path.join(copy, 'draft.md'), 'later'))).toMatch(/draft\.md is in the package/);
});

test('a wrong setting stops the build', () => {
  const wrong = { ...env, PUBLIC_URL: 'http://localhost:3978' };
  const { status, stderr } = spawnSync(process.execPath, [script, '--out', path.join(folder, 'out')], { env: wrong, encoding: 'utf8' });
  expect({ status, stderr }).toEqual({ status: 1, stderr: expect.stringMatching(/PUBLIC_URL must be https/) });
});
