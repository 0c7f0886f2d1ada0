import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';

const executablePath = process.env.CHROMIUM_PATH;
const ARGUMENTS = [
  '--no-sandbox',
  '--headless=new',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  // There is no network in these tests, wherever they run.
  '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost',
];

/** Like describe; left out, and said so, where there is no Chromium. */
export function describeInBrowser(name: string, tests: () => void): void {
  if (!executablePath) console.warn(`*** LEFT OUT, because CHROMIUM_PATH names no Chromium: ${name} ***`);
  (executablePath ? describe : describe.skip)(name, tests);
}

export function launchBrowser(...more: string[]): Promise<Browser> {
  return chromium.launch({ executablePath: executablePath!, args: [...ARGUMENTS, ...more] });
}

/** Machines that run tests are slow; what does not come in this time does not come. */
const WAIT_MS = 60_000;

/** teams-js asks Microsoft's CDN for its newest list of hosts, and goes on with the one it brings. */
const LIST_OF_HOSTS = 'https://res.cdn.office.net/';

export interface OpenedPage {
  page: Page;
  /** What the console called an error, in all pages of the context. */
  complaints: string[];
  /** Addresses that were asked for outside of this machine. */
  abroad: string[];
}

/** A page in a context of its own. */
export async function openPage(browser: Browser, options: BrowserContextOptions = {}): Promise<OpenedPage> {
  const context = await browser.newContext({ locale: 'en-US', timezoneId: 'Europe/Berlin', reducedMotion: 'reduce', ...options });
  context.setDefaultTimeout(WAIT_MS);
  const complaints: string[] = [];
  const abroad: string[] = [];
  context.on('console', (message) => {
    const { url } = message.location();
    if (message.type() === 'error' && !url.startsWith(LIST_OF_HOSTS)) complaints.push(`${message.text()} (${url})`);
  });
  context.on('weberror', (error) => complaints.push(String(error.error())));
  context.on('request', (request) => {
    const { protocol, hostname } = new URL(request.url());
    const local = hostname === 'localhost' || !/^https?:$/u.test(protocol);
    if (!local && !request.url().startsWith(LIST_OF_HOSTS)) abroad.push(request.url());
  });
  return { page: await context.newPage(), complaints, abroad };
}
