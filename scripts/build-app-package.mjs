/**
 * `npm run package`: builds build/kontingent-<version>.zip, the Teams app of the configured installation, and checks it without a
 * network. `--folder <path>` reads another appPackage folder, `--out <path>` writes elsewhere (both for tests).
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { AppManifestUtils } from '@microsoft/app-manifest';
import { unzipSync, zipSync } from 'fflate';
import { checkPackage } from './package/checks.cjs';
import { fillManifest } from './package/manifest.cjs';
import { readPackageSettings } from './package/settings.cjs';

const require = createRequire(import.meta.url);
const root = path.resolve(import.meta.dirname, '..');
const { values: options } = parseArgs({
  options: {
    folder: { type: 'string', default: path.join(root, 'appPackage') },
    out: { type: 'string', default: path.join(root, 'build') },
  },
});
const { version } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'));

/** A fixed date (zip files hold local time), so that the same input always gives the same bytes. */
const ZIP_DATE = new Date(2020, 0, 1);

if (existsSync(path.join(root, '.env'))) process.loadEnvFile(path.join(root, '.env'));
const settings = readPackageSettings(process.env, version);
stopOn(settings.problems);

const read = (name) => readFileSync(path.join(options.folder, name));
const manifest = fillManifest(read('manifest.json').toString('utf8'), settings.values, settings.offerId);
const files = readdirSync(options.folder).sort();
const entries = Object.fromEntries(files.map((name) => [name, read(name)]));
entries['manifest.json'] = Buffer.from(`${JSON.stringify(manifest, null, 2)}\n`);

const zip = zipSync(entries, { level: 9, mtime: ZIP_DATE });
stopOn([...(await schemaProblems(entries)), ...packageProblems(zip)]);

mkdirSync(options.out, { recursive: true });
const target = path.join(options.out, `kontingent-${version}.zip`);
writeFileSync(target, zip);
console.log(
  `${path.relative(process.cwd(), target)}: Teams app ${version} for https://${settings.values.TAB_HOST}, ${zip.length} bytes, checked.`,
);
if (settings.samples.length > 0) {
  console.log(`
  *** This package holds sample values for ${settings.samples.join(', ')}.
  *** It is valid to look at, but works in no Teams. Set these (see .env.example) and build again before uploading it.`);
}

/** Looks at the zip itself, not at what was meant to go in. */
function packageProblems(bytes) {
  const content = unzipSync(bytes);
  const json = (name) => JSON.parse(Buffer.from(content[name]).toString('utf8'));
  const built = json('manifest.json');
  const languages = (built.localizationInfo?.additionalLanguages ?? []).map(({ file }) => file).filter((file) => content[file]);
  return checkPackage({
    manifest: built,
    languages: Object.fromEntries(languages.map((file) => [file, json(file)])),
    pictures: Object.fromEntries(
      [built.icons.color, built.icons.outline].map((name) => [name, content[name] && Buffer.from(content[name])]),
    ),
    files: Object.keys(content),
  });
}

/** Microsoft's own schemas, from the package that ships them: handed in, because without them the library asks the network. */
async function schemaProblems(content) {
  const schemas = `@microsoft/app-manifest/build/json-schemas/teams/v${manifest.manifestVersion}`;
  const named = (manifest.localizationInfo?.additionalLanguages ?? []).map(({ file }) => file).filter((file) => content[file]);
  const checked = [
    ['manifest.json', 'MicrosoftTeams.schema.json'],
    ...named.map((file) => [file, 'MicrosoftTeams.Localization.schema.json']),
  ];
  const problems = await Promise.all(
    checked.map(async ([file, schema]) => {
      const found = await AppManifestUtils.validateAgainstSchema(
        JSON.parse(content[file].toString('utf8')),
        loadSchema(`${schemas}/${schema}`),
      );
      return found.map((problem) => `${file}${problem}`);
    }),
  );
  return problems.flat();
}

/** The localization schema has patterns with an unescaped `]`, which the validator (Unicode expressions) refuses to compile. */
function loadSchema(name) {
  return JSON.parse(JSON.stringify(require(name)).replaceAll('\\\\b]', '\\\\b\\\\]'));
}

function stopOn(problems) {
  if (problems.length === 0) return;
  console.error(`The Teams package was not built:\n${problems.map((problem) => `  - ${problem}`).join('\n')}`);
  process.exit(1);
}
