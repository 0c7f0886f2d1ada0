import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import axios, { type AxiosInstance } from 'axios';
import express, { type Express, type Request, type Response } from 'express';
import { createSandbox, type Sandbox, type SandboxPlan, type SandboxSettings } from '../../src/sandbox';
import type { Timers } from '../../src/sandbox/timers';

const plan = (planId: string, rank: number, rest: Partial<SandboxPlan> = {}): SandboxPlan => ({
  offerId: 'kontingent',
  planId,
  name: planId,
  description: `The ${planId} plan`,
  termUnit: 'P1M',
  currency: 'EUR',
  priceMinor: rank * 1900,
  rank,
  limits: { tickets: 100 * rank, checklists: null, opportunities: 10 },
  ...rest,
});

export const PLANS = [
  plan('small', 1),
  plan('large', 2),
  plan('large', 2, { termUnit: 'P1Y', priceMinor: 38_000 }),
  plan('yearly', 3, { termUnit: 'P1Y' }),
  plan('seats', 4, { seats: { min: 1, max: 50 } }),
];

export const MARKETPLACE = {
  clientId: '99999999-0001-4000-8000-000000000001',
  clientSecret: 'marketplace secret',
  tenantId: '99999999-9999-4999-8999-999999999999',
  webhookAudience: '99999999-0001-4000-8000-000000000001',
  callerId: '20e940b3-4c77-4b0b-9a53-9e16a1b010a7',
};
export const ENTRA = {
  clientId: '99999999-0002-4000-8000-000000000002',
  clientSecret: 'sign-in secret',
  issuerTemplate: 'https://login.sandbox.invalid/{tid}/v2.0',
};
export const BOT = { appId: '99999999-0003-4000-8000-000000000003', password: 'bot secret', tokenIssuer: 'https://api.botframework.com' };

/** Real time that a test moves; `due` runs what has become due. */
export function manualTimers() {
  let now = Date.now();
  let pending: { at: number; run: () => void }[] = [];
  const timers: Timers = {
    now: () => new Date(now),
    after(ms, run) {
      const entry = { at: now + ms, run };
      pending.push(entry);
      return () => {
        pending = pending.filter((one) => one !== entry);
      };
    },
  };
  return {
    timers,
    /** Advances to the next due entry not after `limit` and runs it; false when there is none. */
    runNext(limit: number): boolean {
      const next = pending.filter(({ at }) => at <= limit).sort((a, b) => a.at - b.at)[0];
      if (!next) return false;
      pending = pending.filter((one) => one !== next);
      now = Math.max(now, next.at);
      next.run();
      return true;
    },
    now: () => now,
    moveTo(time: number) {
      now = Math.max(now, time);
    },
  };
}

/** Keys made once for all worlds of a test file; making them is slow. */
let keys: string | undefined;

export interface Call {
  headers: Request['headers'];
  body: Record<string, never> & { [name: string]: unknown };
}

/** A server with the sandbox and an app that answers webhooks and activities as the test says. */
export class World {
  readonly webhooks: Call[] = [];
  readonly activities: Call[] = [];
  /** Status of the webhook's answer, called with the payload; a promise holds the answer back. */
  onWebhook: (body: Call['body']) => number | Promise<number> = () => 200;
  onActivity: (body: Call['body'], res: Response, req: Request) => unknown = (_body, res) => res.status(200).end();
  settings!: SandboxSettings;
  sandbox!: Sandbox;
  http!: AxiosInstance;
  url!: string;
  private server!: Server;
  private readonly clock = manualTimers();

  private constructor(readonly dataDir: string) {}

  static async open(): Promise<World> {
    const world = new World(await mkdtemp(path.join(tmpdir(), 'sandbox-test-')));
    const keysFile = path.join(world.dataDir, 'sandbox', 'keys.json');
    if (keys) {
      await mkdir(path.dirname(keysFile));
      await writeFile(keysFile, keys);
    }
    await world.boot();
    keys ??= await readFile(keysFile, 'utf8');
    return world;
  }

  private async boot(): Promise<void> {
    const app = express();
    this.server = createServer(app);
    await new Promise<void>((resolve) => this.server.listen(0, '127.0.0.1', resolve));
    const { port } = this.server.address() as AddressInfo;
    this.url = `http://127.0.0.1:${port}`;
    this.settings = {
      appName: 'Kontingent',
      localUrl: this.url,
      publicUrl: `http://localhost:${port}`,
      dataDir: this.dataDir,
      marketplace: MARKETPLACE,
      entra: ENTRA,
      bot: BOT,
      operatorTenantId: MARKETPLACE.tenantId,
      plans: PLANS,
    };
    const log = {
      info: () => undefined,
      warn: () => undefined,
      error: (facts: object) => process.stderr.write(`${JSON.stringify(facts)}\n`),
    };
    this.sandbox = await createSandbox(this.settings, { log, timers: this.clock.timers });
    this.mountApp(app);
    this.http = axios.create({ baseURL: `${this.url}/sandbox`, proxy: false, validateStatus: () => true, maxRedirects: 0 });
    await this.sandbox.start();
  }

  private mountApp(app: Express): void {
    app.use('/sandbox', this.sandbox.router);
    app.post('/api/marketplace/webhook', express.json(), async (req, res) => {
      this.webhooks.push({ headers: req.headers, body: req.body });
      res.status(await this.onWebhook(req.body)).end();
    });
    app.post('/api/messages', express.json(), (req, res) => {
      this.activities.push({ headers: req.headers, body: req.body });
      return this.onActivity(req.body, res, req);
    });
  }

  /** Real time, as far as the test has let it pass. */
  now(): Date {
    return this.clock.timers.now();
  }

  /** Lets `ms` of real time pass, with all that becomes due in it. */
  async pass(ms = 0): Promise<void> {
    const limit = this.clock.now() + ms;
    do await this.sandbox.idle();
    while (this.clock.runNext(limit));
    this.clock.moveTo(limit);
  }

  /** Stops and starts with the same data, on another port, like a new process. */
  async restart(): Promise<void> {
    await this.stop();
    await this.boot();
  }

  async close(): Promise<void> {
    await this.stop();
    await rm(this.dataDir, { recursive: true, force: true });
  }

  private async stop(): Promise<void> {
    await this.sandbox.close();
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  // —— shorthands ——

  async appToken(app: 'marketplace' | 'bot'): Promise<string> {
    const [client_id, client_secret, resource] =
      app === 'marketplace'
        ? [MARKETPLACE.clientId, MARKETPLACE.clientSecret, MARKETPLACE.callerId]
        : [BOT.appId, BOT.password, 'https://api.botframework.com'];
    const form = new URLSearchParams({ grant_type: 'client_credentials', client_id, client_secret, scope: `${resource}/.default` });
    const { data } = await this.http.post(`/entra/${MARKETPLACE.tenantId}/oauth2/v2.0/token`, form);
    return data.access_token;
  }

  /** The fulfillment API with a good token and version. */
  async api(method: string, route: string, data?: object, headers: Record<string, string> = {}) {
    return this.http.request({
      method,
      url: `/marketplace/api/saas/subscriptions${route}`,
      params: { 'api-version': '2018-08-31' },
      headers: { Authorization: `Bearer ${await this.appToken('marketplace')}`, 'Content-Type': 'application/json', ...headers },
      data,
    });
  }

  /** A purchase by the owner; answers the subscription's id and the purchase token. */
  async buy(planId = 'small', more: object = {}): Promise<{ id: string; token: string }> {
    const { data, status } = await this.http.post('/api/marketplace/purchases', { person: 'owner', planId, ...more });
    if (status !== 201) throw new Error(`the purchase answered ${status}: ${JSON.stringify(data)}`);
    return { id: data.subscription.id, token: new URL(data.landingUrl).searchParams.get('token')! };
  }

  /** A purchase that is activated, and its webhooks forgotten. */
  async subscribe(planId = 'small', more: object = {}): Promise<string> {
    const { id } = await this.buy(planId, more);
    await this.api('POST', `/${id}/activate`, { planId });
    await this.pass(300);
    this.webhooks.length = 0;
    return id;
  }

  async status(
    id: string,
  ): Promise<{ saasSubscriptionStatus: string; planId: string; quantity?: number; term: { startDate: string; endDate: string } }> {
    return (await this.api('GET', `/${id}`)).data;
  }
}
