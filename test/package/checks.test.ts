import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { PNG } from 'pngjs';

type Texts = Record<string, string>;
type Tab = { entityId: string; name?: string; contentUrl: string; websiteUrl?: string; contentBotId?: string; scopes: string[] };
interface Manifest {
  $schema: string;
  name: { short: string; full: string };
  icons: { color: string; outline: string };
  staticTabs: Tab[];
  bots: { botId: string; scopes: string[]; commandLists: { commands: { title: string; description?: string }[] }[] }[];
  composeExtensions?: unknown[];
  validDomains: string[];
  webApplicationInfo?: { id: string; resource: string };
  supportsChannelFeatures?: string;
}
interface Package {
  manifest: Manifest;
  languages: Record<string, Texts>;
  pictures: Record<string, Buffer>;
  files: string[];
}

const { checkPackage } = require('../../scripts/package/checks.cjs') as { checkPackage(parts: Package): string[] };
const { fillManifest } = require('../../scripts/package/manifest.cjs') as {
  fillManifest(
    template: string,
    values: Record<string, string>,
    offerId: string | null,
  ): Manifest & { subscriptionOffer?: { offerId: string } };
};
const { readPackageSettings } = require('../../scripts/package/settings.cjs') as {
  readPackageSettings(
    env: Record<string, string | undefined>,
    version: string,
  ): { values: Record<string, string>; offerId: string | null; samples: string[]; problems: string[] };
};

const folder = path.join(__dirname, '../../appPackage');
const read = (name: string) => readFileSync(path.join(folder, name));
const json = (name: string) => JSON.parse(read(name).toString('utf8')) as Texts;

function ourPackage(): Package {
  const { values } = readPackageSettings({}, '1.2.3');
  return {
    manifest: fillManifest(read('manifest.json').toString('utf8'), values, null),
    languages: { 'de.json': json('de.json'), 'it.json': json('it.json') },
    pictures: { 'color.png': read('color.png'), 'outline.png': read('outline.png') },
    files: readdirSync(folder),
  };
}

function picture(width: number, height: number, colorAt: (x: number, y: number) => number[]): Buffer {
  const png = new PNG({ width, height });
  for (let y = 0; y < height; y += 1) for (let x = 0; x < width; x += 1) png.data.set(colorAt(x, y), (y * width + x) * 4);
  return PNG.sync.write(png);
}

test('the package of this repository has no problem', () => {
  expect(checkPackage(ourPackage())).toEqual([]);
});

const WHITE = [255, 255, 255, 255];
const NOTHING = [255, 255, 255, 0];
const TEAL = [14, 122, 111, 255];
const outlineRing = (x: number, y: number) => (x === 0 || y === 0 || x === 31 || y === 31 ? WHITE : NOTHING);
const command = (p: Package, at: number) => p.manifest.bots[0]!.commandLists[0]!.commands[at]!;
const commandKey = (at: number) => `bots[0].commandLists[0].commands[${at}].title`;

/** What is planted, what the check must say about it. */
const violations: [name: string, plant: (p: Package) => void, says: RegExp][] = [
  ['a file the manifest does not name', (p) => p.files.push('notes.txt'), /notes\.txt is in the package/],
  ['a missing language file', (p) => p.files.splice(p.files.indexOf('it.json'), 1), /it\.json is named by the manifest, but not in/],
  ['a domain with a path', (p) => p.manifest.validDomains.push('desk.contoso.com/tab'), /must be a lower-case host name/],
  ['a domain with a scheme', (p) => p.manifest.validDomains.push('https://desk.contoso.com'), /must be a lower-case host name/],
  ['a domain with a port', (p) => p.manifest.validDomains.push('desk.contoso.com:8443'), /must be a lower-case host name/],
  ['a wildcard inside a label', (p) => p.manifest.validDomains.push('desk-*.contoso.com'), /must be a lower-case host name/],
  ['a wildcard right of a name', (p) => p.manifest.validDomains.push('desk.*.contoso.com'), /must be a lower-case host name/],
  ['a domain of a hosting provider', (p) => p.manifest.validDomains.push('desk.azurewebsites.net'), /belongs to somebody else/],
  ['a tunnel', (p) => p.manifest.validDomains.push('abc.ngrok-free.app'), /belongs to somebody else/],
  [
    'a tab on a host outside the domains',
    (p) => (p.manifest.staticTabs[0]!.contentUrl = 'https://other.contoso.com/tab/'),
    /other\.contoso\.com is not in/,
  ],
  [
    'a tab without https',
    (p) => (p.manifest.staticTabs[0]!.contentUrl = 'http://kontingent.example.com/tab/'),
    /contentUrl: .* must be https/,
  ],
  [
    'a second address outside the domains',
    (p) => (p.manifest.staticTabs[0]!.websiteUrl = 'https://www.contoso.com/'),
    /websiteUrl: www\.contoso\.com is not in/,
  ],
  [
    'a wildcard that covers two labels',
    (p) => {
      p.manifest.validDomains = ['*.example.com'];
      p.manifest.staticTabs[0]!.contentUrl = 'https://a.b.example.com/tab/';
    },
    /a\.b\.example\.com is not in validDomains/,
  ],
  ['no Entra app', (p) => delete p.manifest.webApplicationInfo, /webApplicationInfo is missing/],
  [
    'a token audience of another host',
    (p) => (p.manifest.webApplicationInfo!.resource = `api://contoso.com/botid-${p.manifest.webApplicationInfo!.id}`),
    /resource must be api:\/\/kontingent/,
  ],
  [
    'a token audience of another id',
    (p) => (p.manifest.webApplicationInfo!.id = '00000000-0000-4000-8000-000000000000'),
    /resource must be api:/,
  ],
  [
    'a token audience in upper case',
    (p) => (p.manifest.webApplicationInfo!.resource = p.manifest.webApplicationInfo!.resource.toUpperCase()),
    /must be lower-case/,
  ],
  [
    'a second bot id in a tab',
    (p) => (p.manifest.staticTabs[0]!.contentBotId = '00000000-0000-4000-8000-000000000000'),
    /contentBotId must be the bot's id/,
  ],
  [
    'a second bot id in a message extension',
    (p) => (p.manifest.composeExtensions = [{ botId: 'x', commands: [] }]),
    /composeExtensions\[0\]\.botId must be/,
  ],
  ['a team scope without channel support', (p) => p.manifest.bots[0]!.scopes.push('team'), /supportsChannelFeatures must be "tier1"/],
  [
    'a reserved word in the name',
    (p) => (p.manifest.name.short = 'Kontingent for Teams'),
    /manifest\.json: the name .* uses a word Microsoft reserves/,
  ],
  ['a reserved word in a translated name', (p) => (p.languages['de.json']!['name.short'] = 'Microsoft Kontingent'), /de\.json: the name/],
  [
    'a text that is not translated',
    (p) => delete p.languages['it.json']!['description.full'],
    /it\.json: description\.full is not translated/,
  ],
  [
    'a text translated to nothing',
    (p) => (p.languages['de.json']!['staticTabs[0].name'] = ' '),
    /de\.json: staticTabs\[0\]\.name is not translated/,
  ],
  [
    'a translation of something that is gone',
    (p) => (p.languages['de.json']!['staticTabs[7].name'] = 'Alt'),
    /staticTabs\[7\]\.name translates nothing/,
  ],
  [
    'a language file of another schema version',
    (p) => (p.languages['de.json']!.$schema = p.manifest.$schema.replace('v1.30', 'v1.29')),
    /de\.json: \$schema must have/,
  ],
  ['a bot without commands', (p) => (p.manifest.bots[0]!.commandLists = []), /the bot has no command/],
  [
    'a command twice',
    (p) => (command(p, 1).title = command(p, 0).title.toUpperCase()),
    /manifest\.json: the command "NEW TICKET" appears twice/,
  ],
  [
    'a translated command twice',
    (p) => (p.languages['it.json']![commandKey(3)] = p.languages['it.json']![commandKey(0)]!),
    /it\.json: the command .* appears twice/,
  ],
  ['a command with a slash', (p) => (command(p, 2).title = '/find'), /must not begin with a slash/],
  ['a command too long for older clients', (p) => (command(p, 2).title = 'f'.repeat(33)), /longer than 32 characters/],
  ['a color icon of the wrong size', (p) => (p.pictures['color.png'] = picture(96, 96, () => TEAL)), /color\.png: must be 192 × 192/],
  ['a color icon without a symbol', (p) => (p.pictures['color.png'] = picture(192, 192, () => TEAL)), /color\.png: shows no symbol/],
  [
    'a color icon with rounded corners',
    (p) => (p.pictures['color.png'] = picture(192, 192, (x, y) => (x + y < 9 ? NOTHING : TEAL))),
    /color\.png: \d+ pixels of the symbol lie in the padding/,
  ],
  [
    'a half-transparent color icon',
    (p) => (p.pictures['color.png'] = picture(192, 192, (x) => [9, 9, 9, x === 96 ? 255 : 128])),
    /solid or fully transparent/,
  ],
  ['an outline icon of the wrong size', (p) => (p.pictures['outline.png'] = picture(31, 32, outlineRing)), /outline\.png: must be 32 × 32/],
  [
    'an outline icon with a gray pixel',
    (p) => (p.pictures['outline.png'] = picture(32, 32, (x, y) => (x === 5 && y === 5 ? [9, 9, 9, 255] : outlineRing(x, y)))),
    /outline\.png: 1 pixels are neither/,
  ],
  [
    'an outline icon with a half-transparent pixel',
    (p) => (p.pictures['outline.png'] = picture(32, 32, (x, y) => (x === 5 && y === 5 ? [255, 255, 255, 90] : outlineRing(x, y)))),
    /outline\.png: 1 pixels are neither/,
  ],
  [
    'an outline icon with padding',
    (p) => (p.pictures['outline.png'] = picture(32, 32, (x, y) => (x > 8 && x < 20 && y > 8 && y < 20 ? WHITE : NOTHING))),
    /outline\.png: has padding/,
  ],
  [
    'an outline icon that is a plain square',
    (p) => (p.pictures['outline.png'] = picture(32, 32, () => WHITE)),
    /outline\.png: is a white square/,
  ],
  ['an empty outline icon', (p) => (p.pictures['outline.png'] = picture(32, 32, () => NOTHING)), /outline\.png: shows no symbol/],
  ['a picture that is none', (p) => (p.pictures['color.png'] = Buffer.from('GIF89a')), /color\.png: is no PNG/],
];

test.each(violations)('the check refuses %s', (_name, plant, says) => {
  const planted = ourPackage();
  plant(planted);
  expect(checkPackage(planted)).toContainEqual(expect.stringMatching(says));
});

describe('settings of the package', () => {
  const complete = {
    PUBLIC_URL: 'https://Desk.Contoso.com/',
    TEAMS_APP_ID: 'AAAAAAAA-0001-4000-8000-000000000001',
    BOT_APP_ID: 'aaaaaaaa-0002-4000-8000-000000000001',
    ENTRA_CLIENT_ID: 'aaaaaaaa-0003-4000-8000-000000000001',
    MARKETPLACE_OFFER: 'contoso.desk',
    APP_DEVELOPER_NAME: 'Contoso',
    APP_WEBSITE_URL: 'https://contoso.com/desk',
    APP_PRIVACY_URL: 'https://contoso.com/privacy',
    APP_TERMS_URL: 'https://contoso.com/terms',
  };

  test('a complete configuration needs no sample value and gives a lower-case host', () => {
    const { values, offerId, samples, problems } = readPackageSettings(complete, '1.2.3');
    expect({ samples, problems, offerId }).toEqual({ samples: [], problems: [], offerId: 'contoso.desk' });
    expect(values).toMatchObject({ TAB_HOST: 'desk.contoso.com', APP_VERSION: '1.2.3', TEAMS_APP_ID: complete.TEAMS_APP_ID.toLowerCase() });
  });

  test('nothing configured still builds, and names every sample value', () => {
    const { samples, problems, offerId } = readPackageSettings({}, '1.2.3');
    expect(problems).toEqual([]);
    expect(offerId).toBeNull();
    expect(samples).toEqual(expect.arrayContaining(['PUBLIC_URL', 'TEAMS_APP_ID', 'BOT_APP_ID', 'ENTRA_CLIENT_ID', 'APP_PRIVACY_URL']));
  });

  test('every wrong setting is reported at once', () => {
    const wrong = {
      ...complete,
      PUBLIC_URL: 'http://localhost:3978',
      BOT_APP_ID: 'my-bot',
      MARKETPLACE_OFFER: 'desk',
      APP_TERMS_URL: 'soon',
    };
    const { problems } = readPackageSettings(wrong, '1.2.3');
    expect(problems.map((problem) => problem.split(' ')[0])).toEqual(['PUBLIC_URL', 'BOT_APP_ID', 'MARKETPLACE_OFFER', 'APP_TERMS_URL']);
  });

  test.each(['https://desk.contoso.com:8443', 'https://desk.contoso.com/app', 'https://user@desk.contoso.com', 'desk.contoso.com'])(
    'an address Teams cannot use for a tab is refused: %s',
    (PUBLIC_URL) => {
      expect(readPackageSettings({ ...complete, PUBLIC_URL }, '1.2.3').problems).toEqual([expect.stringMatching(/^PUBLIC_URL/)]);
    },
  );

  test('the link to the marketplace appears only with an offer', () => {
    const { values } = readPackageSettings(complete, '1.2.3');
    const template = read('manifest.json').toString('utf8');
    expect(fillManifest(template, values, null)).not.toHaveProperty('subscriptionOffer');
    expect(fillManifest(template, values, 'contoso.desk').subscriptionOffer).toEqual({ offerId: 'contoso.desk' });
  });

  test('a placeholder nobody provides is a fault, not an empty text', () => {
    // biome-ignore lint/suspicious/noTemplateCurlyInString: the placeholder of the template, not of this string
    expect(() => fillManifest('{"id":"${{TEAMS_APP}}"}', {}, null)).toThrow(/TEAMS_APP/);
  });
});
