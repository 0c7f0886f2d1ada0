/** What the Teams package needs to know about an installation, read from the same names as the server's settings. */

const GUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** Stand-ins with which the package can be built and checked before anything is registered at Microsoft. */
const SAMPLES = {
  PUBLIC_URL: 'https://kontingent.example.com',
  TEAMS_APP_ID: '5a3f3c1e-6f0b-4c7e-9a55-0c8f2f6f1d01',
  BOT_APP_ID: '5a3f3c1e-6f0b-4c7e-9a55-0c8f2f6f1d02',
  ENTRA_CLIENT_ID: '5a3f3c1e-6f0b-4c7e-9a55-0c8f2f6f1d03',
  APP_DEVELOPER_NAME: 'Kontingent (sample publisher)',
};

/** `publisherId.offerId`, as Partner Center writes it. */
const OFFER = /^[a-z0-9][a-z0-9_-]*\.[a-z0-9][a-z0-9_-]*$/;

/**
 * @param {Record<string, string | undefined>} env
 * @param {string} version of package.json; it becomes the version of the Teams app
 * @returns {{ values: Record<string, string>, offerId: string | null, samples: string[], problems: string[] }}
 *   `values` fill the placeholders of the template; `samples` names the settings a stand-in was used for.
 */
function readPackageSettings(env, version) {
  const problems = [];
  const samples = [];
  const read = (name, sample) => {
    const value = env[name]?.trim();
    if (value) return value;
    samples.push(name);
    return sample;
  };

  const publicUrl = read('PUBLIC_URL', SAMPLES.PUBLIC_URL);
  const host = tabHost(publicUrl);
  if (host === null) {
    problems.push(`PUBLIC_URL must be https with a host name and nothing behind it, because Teams opens no other tab: ${publicUrl}`);
  }

  const ids = {};
  for (const name of ['TEAMS_APP_ID', 'BOT_APP_ID', 'ENTRA_CLIENT_ID']) {
    ids[name] = read(name, SAMPLES[name]).toLowerCase();
    if (!GUID.test(ids[name])) problems.push(`${name} must be a GUID: ${ids[name]}`);
  }

  const offerId = env.MARKETPLACE_OFFER?.trim() || null;
  if (offerId !== null && !OFFER.test(offerId)) problems.push(`MARKETPLACE_OFFER must read publisherId.offerId: ${offerId}`);

  const home = `https://${host}`;
  const pages = {
    APP_WEBSITE_URL: read('APP_WEBSITE_URL', home),
    APP_PRIVACY_URL: read('APP_PRIVACY_URL', `${home}/privacy`),
    APP_TERMS_URL: read('APP_TERMS_URL', `${home}/terms`),
  };
  for (const [name, url] of Object.entries(pages)) {
    if (!URL.canParse(url) || new URL(url).protocol !== 'https:') problems.push(`${name} must be an https address: ${url}`);
  }

  const developer = { APP_DEVELOPER_NAME: read('APP_DEVELOPER_NAME', SAMPLES.APP_DEVELOPER_NAME) };
  return { values: { APP_VERSION: version, TAB_HOST: host ?? '', ...ids, ...pages, ...developer }, offerId, samples, problems };
}

/** Lower-case host of an https address without port, path, query or credentials; null for anything else. */
function tabHost(address) {
  if (!URL.canParse(address)) return null;
  const url = new URL(address);
  const bare = url.pathname === '/' && !url.port && !url.search && !url.hash && !url.username;
  return url.protocol === 'https:' && bare ? url.hostname : null;
}

module.exports = { readPackageSettings };
