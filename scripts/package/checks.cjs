/**
 * What the JSON schema of the manifest does not express and Teams or its store refuses all the same.
 * Sources: Microsoft Teams "App package", "Manifest schema 1.30" and "Store validation guidelines".
 */
const { PNG } = require('pngjs');

/** Hosts nobody can own, and hosts the store refuses. */
const FOREIGN_DOMAINS = [
  'azurewebsites.net',
  'azureedge.com',
  'microsoft.com',
  'onmicrosoft.com',
  'ngrok.io',
  'ngrok.app',
  'ngrok-free.app',
  'devtunnels.ms',
  'trycloudflare.com',
  'loca.lt',
  'localhost',
  'test',
  'invalid',
];
const RESERVED_NAMES = /\b(teams|microsoft|contacts|help|files|activity|calendar|chat|calls|apps)\b/i;
const HOST_NAME = /^(\*\.)*([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z]([a-z0-9-]*[a-z0-9])?$/;

/** In older clients a longer command is cut off. */
const LONGEST_COMMAND = 32;

/**
 * @param {object} parts
 * @param {any} parts.manifest filled, as it goes into the package
 * @param {Record<string, Record<string, string>>} parts.languages by file name
 * @param {Record<string, Buffer>} parts.pictures by file name
 * @param {string[]} parts.files every name found in the package
 * @returns {string[]} one sentence per problem; empty when the package may be handed in
 */
function checkPackage({ manifest, languages, pictures, files }) {
  return [
    ...checkFiles(manifest, files),
    ...checkDomains(manifest),
    ...checkIdentity(manifest),
    ...checkChannels(manifest),
    ...checkNames(manifest, languages),
    ...checkLanguages(manifest, languages),
    ...checkCommands(manifest, languages),
    ...checkPicture(pictures, manifest.icons.color, colorIconProblems),
    ...checkPicture(pictures, manifest.icons.outline, outlineIconProblems),
  ];
}

/** The names a package may hold: the manifest and what it names. */
function declaredFiles(manifest) {
  const info = manifest.localizationInfo ?? {};
  const languages = (info.additionalLanguages ?? []).map((language) => language.file);
  if (info.defaultLanguageFile) languages.push(info.defaultLanguageFile);
  return ['manifest.json', manifest.icons.color, manifest.icons.outline, ...languages];
}

function checkFiles(manifest, files) {
  const declared = declaredFiles(manifest);
  return [
    ...files.filter((name) => !declared.includes(name)).map((name) => `${name} is in the package, but the manifest does not name it`),
    ...declared.filter((name) => !files.includes(name)).map((name) => `${name} is named by the manifest, but not in the package`),
  ];
}

/** Every address of the manifest that Teams opens in a frame, with its place. */
function framedAddresses(manifest) {
  const tabs = (manifest.staticTabs ?? []).flatMap((tab, at) => [
    [`staticTabs[${at}].contentUrl`, tab.contentUrl],
    [`staticTabs[${at}].websiteUrl`, tab.websiteUrl],
  ]);
  const configurable = (manifest.configurableTabs ?? []).map((tab, at) => [
    `configurableTabs[${at}].configurationUrl`,
    tab.configurationUrl,
  ]);
  return [...tabs, ...configurable].filter(([, address]) => address !== undefined);
}

function checkDomains(manifest) {
  const domains = manifest.validDomains ?? [];
  const problems = [];
  for (const domain of domains) {
    if (!HOST_NAME.test(domain)) {
      problems.push(`validDomains: "${domain}" must be a lower-case host name, wildcards only as whole labels at its left`);
    } else if (FOREIGN_DOMAINS.some((foreign) => domain === foreign || domain.endsWith(`.${foreign}`))) {
      problems.push(`validDomains: "${domain}" belongs to somebody else, is a tunnel or a test host; the store refuses it`);
    }
  }
  for (const [place, address] of framedAddresses(manifest)) {
    const url = URL.canParse(address) ? new URL(address) : null;
    if (url?.protocol !== 'https:') problems.push(`${place}: "${address}" must be https`);
    else if (!domains.some((domain) => covers(domain, url.hostname))) problems.push(`${place}: ${url.hostname} is not in validDomains`);
  }
  return problems;
}

/** Whether `*.a.example` or `a.example` admits the host; one wildcard stands for one label. */
function covers(domain, host) {
  const wanted = domain.split('.');
  const labels = host.split('.');
  return wanted.length === labels.length && wanted.every((label, at) => label === '*' || label === labels[at]);
}

function checkIdentity(manifest) {
  const problems = [];
  const app = manifest.webApplicationInfo;
  if (!app) return ['webApplicationInfo is missing: without it the tab gets no token'];

  const host = (framedAddresses(manifest)[0]?.[1] ?? '').replace(/^https:\/\/([^/]*).*$/, '$1');
  const expected = [`api://${host}/botid-${app.id}`, `api://${host}/${app.id}`];
  if (!expected.includes(app.resource)) problems.push(`webApplicationInfo.resource must be ${expected[0]}, not ${app.resource}`);
  if (app.resource !== app.resource?.toLowerCase()) {
    problems.push('webApplicationInfo.resource must be lower-case: Android finds no token otherwise');
  }

  const botId = manifest.bots?.[0]?.botId;
  const others = [
    ...(manifest.composeExtensions ?? []).map((extension, at) => [`composeExtensions[${at}].botId`, extension.botId]),
    ...(manifest.staticTabs ?? []).map((tab, at) => [`staticTabs[${at}].contentBotId`, tab.contentBotId]),
  ];
  for (const [place, id] of others) {
    if (id !== undefined && id !== botId) problems.push(`${place} must be the bot's id ${botId}, not ${id}`);
  }
  return problems;
}

/** Since manifest 1.25 Teams refuses an app for teams that does not say how it treats channels. */
function checkChannels(manifest) {
  const parts = [...(manifest.staticTabs ?? []), ...(manifest.configurableTabs ?? []), ...(manifest.bots ?? [])];
  const forTeams =
    parts.some((part) => part.scopes?.includes('team')) || (manifest.composeExtensions ?? []).some((e) => e.scopes?.includes('team'));
  if (forTeams && manifest.supportsChannelFeatures !== 'tier1') {
    return ['supportsChannelFeatures must be "tier1" as soon as a part has the scope "team"'];
  }
  return [];
}

function checkNames(manifest, languages) {
  const names = [
    ['manifest.json', manifest.name.short],
    ...Object.entries(languages).map(([file, texts]) => [file, texts['name.short'] ?? '']),
  ];
  return names
    .filter(([, name]) => RESERVED_NAMES.test(name))
    .map(([file, name]) => `${file}: the name "${name}" uses a word Microsoft reserves`);
}

/** Key of the language files → text of the manifest, for everything a person reads. */
function translatableTexts(manifest) {
  const texts = {
    'name.short': manifest.name.short,
    'name.full': manifest.name.full,
    'description.short': manifest.description.short,
    'description.full': manifest.description.full,
  };
  const add = (key, text) => {
    if (text !== undefined) texts[key] = text;
  };
  for (const [at, tab] of (manifest.staticTabs ?? []).entries()) add(`staticTabs[${at}].name`, tab.name);
  for (const [at, list] of (manifest.bots?.[0]?.commandLists ?? []).entries()) {
    for (const [index, command] of list.commands.entries()) {
      const key = `bots[0].commandLists[${at}].commands[${index}]`;
      add(`${key}.title`, command.title);
      add(`${key}.description`, command.description);
    }
  }
  for (const [at, command] of (manifest.composeExtensions?.[0]?.commands ?? []).entries()) {
    const key = `composeExtensions[0].commands[${at}]`;
    add(`${key}.title`, command.title);
    add(`${key}.description`, command.description);
    for (const [index, parameter] of (command.parameters ?? []).entries()) {
      add(`${key}.parameters[${index}].title`, parameter.title);
      add(`${key}.parameters[${index}].description`, parameter.description);
    }
  }
  for (const [at, activity] of (manifest.activities?.activityTypes ?? []).entries()) {
    add(`activities.activityTypes[${at}].description`, activity.description);
    add(`activities.activityTypes[${at}].templateText`, activity.templateText);
  }
  return texts;
}

function checkLanguages(manifest, languages) {
  const keys = Object.keys(translatableTexts(manifest));
  const schemaVersion = versionOf(manifest.$schema);
  return Object.entries(languages).flatMap(([file, texts]) => {
    const translated = Object.keys(texts).filter((key) => key !== '$schema');
    return [
      ...keys.filter((key) => !texts[key]?.trim()).map((key) => `${file}: ${key} is not translated`),
      ...translated.filter((key) => !keys.includes(key)).map((key) => `${file}: ${key} translates nothing the manifest has`),
      ...(versionOf(texts.$schema) === schemaVersion ? [] : [`${file}: $schema must have the manifest's version ${schemaVersion}`]),
    ];
  });
}

function versionOf(schema) {
  return /\/(v[0-9.]+)\//.exec(schema ?? '')?.[1];
}

function checkCommands(manifest, languages) {
  const lists = manifest.bots?.[0]?.commandLists ?? [];
  const problems =
    manifest.bots && !lists.some((list) => list.commands.length > 0) ? ['the bot has no command; the store wants one at least'] : [];
  for (const [at, list] of lists.entries()) {
    const titles = { 'manifest.json': list.commands.map((command) => command.title) };
    for (const [file, texts] of Object.entries(languages)) {
      titles[file] = list.commands.map((_command, index) => texts[`bots[0].commandLists[${at}].commands[${index}].title`] ?? '');
    }
    for (const [file, own] of Object.entries(titles)) problems.push(...commandProblems(file, own));
  }
  return problems;
}

function commandProblems(file, titles) {
  const lower = titles.map((title) => title.trim().toLowerCase());
  return titles.flatMap((title, at) => [
    ...(lower[at] && lower.indexOf(lower[at]) !== at ? [`${file}: the command "${title}" appears twice`] : []),
    ...(title.startsWith('/') ? [`${file}: the command "${title}" must not begin with a slash`] : []),
    ...(title.length > LONGEST_COMMAND ? [`${file}: the command "${title}" is longer than ${LONGEST_COMMAND} characters`] : []),
  ]);
}

function checkPicture(pictures, name, problemsOf) {
  const bytes = pictures[name];
  if (!bytes) return [];
  try {
    return problemsOf(PNG.sync.read(bytes)).map((problem) => `${name}: ${problem}`);
  } catch (error) {
    return [`${name}: is no PNG picture (${error.message})`];
  }
}

/** 192 × 192, a square of one solid color or fully transparent, the symbol inside its middle 96 px. */
function colorIconProblems(png) {
  if (png.width !== 192 || png.height !== 192) return [`must be 192 × 192 pixels, not ${png.width} × ${png.height}`];
  const corner = pixel(png, 0, 0);
  const problems = [];
  if (corner[3] !== 0 && corner[3] !== 255) problems.push('the background must be solid or fully transparent');
  const strays = countPixels(png, (x, y, color) => (x < 44 || x > 147 || y < 44 || y > 151) && String(color) !== String(corner));
  if (strays > 0) problems.push(`${strays} pixels of the symbol lie in the padding around the middle 96 pixels`);
  if (countPixels(png, (_x, _y, color) => String(color) !== String(corner)) === 0) problems.push('shows no symbol');
  return problems;
}

/** 32 × 32, nothing but opaque white and full transparency, drawn to the edge. */
function outlineIconProblems(png) {
  if (png.width !== 32 || png.height !== 32) return [`must be 32 × 32 pixels, not ${png.width} × ${png.height}`];
  const isWhite = (color) => color.every((channel) => channel === 255);
  const wrong = countPixels(png, (_x, _y, color) => color[3] !== 0 && !isWhite(color));
  const problems = wrong > 0 ? [`${wrong} pixels are neither opaque white nor fully transparent`] : [];
  const white = countPixels(png, (_x, _y, color) => isWhite(color));
  if (white === 0) problems.push('shows no symbol');
  if (white === 32 * 32) problems.push('is a white square without a symbol');
  const atEdge = countPixels(png, (x, y, color) => (x === 0 || y === 0 || x === 31 || y === 31) && isWhite(color));
  if (white > 0 && atEdge === 0) problems.push('has padding; the symbol must reach the edge');
  return problems;
}

function pixel(png, x, y) {
  const at = (y * png.width + x) * 4;
  return [...png.data.subarray(at, at + 4)];
}

function countPixels(png, matches) {
  let count = 0;
  for (let y = 0; y < png.height; y += 1) {
    for (let x = 0; x < png.width; x += 1) if (matches(x, y, pixel(png, x, y))) count += 1;
  }
  return count;
}

module.exports = { checkPackage, declaredFiles, translatableTexts };
