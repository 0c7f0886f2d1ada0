import type { Page } from 'playwright-core';

/** What another Teams than the project's own sandbox may say about itself. */
export interface ForeignHost {
  /** teams-js's names of clients: desktop, web, android, ios, … */
  clientType: string;
  theme: string;
  locale: string;
  /** `supports` of the runtime. */
  supports: Record<string, unknown>;
  /** Tokens by the wish of the page; a rejection is refused in the host's own words. */
  token(): Promise<string>;
}

const ADDRESS = 'https://teams.microsoft.com/foreign-host';

/**
 * Frames the tab from Teams' own address, answered by the driver, and speaks the host protocol with habits unlike the
 * sandbox's: only what is in the protocol, answers late and in another order, and unknown events in between.
 */
export async function openInForeignHost(page: Page, url: string, host: ForeignHost): Promise<{ asked: string[] }> {
  const asked: string[] = [];
  const { clientType, theme, locale, supports } = host;
  await page.exposeFunction('tokenOfHost', host.token);
  await page.exposeFunction('noteAsked', (func: string) => void asked.push(func));
  await page.route('https://teams.microsoft.com/**', (route) =>
    route.fulfill({ contentType: 'text/html', body: hostPage(url, { clientType, theme, locale, supports }) }),
  );
  await page.goto(ADDRESS);
  return { asked };
}

function hostPage(url: string, about: Omit<ForeignHost, 'token'>): string {
  return `<!doctype html><title>Another Teams</title>
<style>html, body, iframe { display: block; width: 100%; height: 100%; margin: 0; border: 0 }</style>
<iframe src="${url}/tab/" title="App"></iframe>
<script>
const about = ${JSON.stringify(about)};
const app = document.querySelector('iframe');
const runtime = JSON.stringify({ apiVersion: 4, hostVersionsInfo: {}, isLegacyTeams: false, supports: about.supports });
const answers = {
  initialize: () => ['content', about.clientType, '2.0.1', runtime],
  getContext: () => [{
    locale: about.locale, theme: about.theme, hostClientType: about.clientType, frameContext: 'content',
    entityId: 'an-entity-of-another-manifest', userObjectId: 'not-to-be-trusted', tid: 'not-to-be-trusted', hostName: 'Teams',
  }],
  'authentication.getAuthToken': () => tokenOfHost().then((token) => [true, token], () => [false, 'resourceRequiresConsent']),
  executeDeepLink: () => [true],
};
addEventListener('message', async ({ source, origin, data }) => {
  if (source !== app.contentWindow || !data || !data.func) return;
  noteAsked(data.func);
  const answer = answers[data.func];
  if (!answer) return;
  const args = await answer();
  app.contentWindow.postMessage({ func: 'something.newer', args: [1] }, origin);
  setTimeout(() => app.contentWindow.postMessage({ uuidAsString: data.uuidAsString, id: data.id, args }, origin), 30);
});
</script>`;
}
