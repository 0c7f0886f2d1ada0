import path from 'node:path';
import type { INetworkModule } from '@azure/msal-node';
import express, { type Router } from 'express';
import type { Payments } from '../features/billing/payments.port';
import type { Mailer } from '../features/mail/mail.port';
import { sandboxApi } from './api';
import { openChat } from './chat';
import { openClock, type SandboxClock } from './clock';
import { botFramework, connector } from './connector';
import { createEntra } from './entra';
import { onlyOwnHost } from './guard';
import { openKeys } from './keys';
import { openMails } from './mails';
import { fulfillmentApi } from './marketplace';
import { openMetering } from './marketplace-metering';
import { openMarketplace } from './marketplace-operations';
import { createNetworkClient } from './network-client';
import { openPayments } from './payments';
import type { SandboxDeps, SandboxSettings } from './settings';
import { realTimers } from './timers';

export { SANDBOX_AUTHORITY } from './network-client';
export { PEOPLE, type Person, PUBLISHER_TENANT_ID } from './people';
export type { SandboxDeps, SandboxPlan, SandboxSettings } from './settings';

/** Stand-ins for Microsoft, reached over HTTP as foreign systems are. */
export interface Sandbox {
  /** To be mounted at `/sandbox`, before any parser or guard of the app's own. */
  readonly router: Router;
  /** For msal-node's `system.networkClient`, with an authority below SANDBOX_AUTHORITY. */
  readonly networkClient: INetworkModule;
  /** The time the whole sandbox lives in; it moves forward only. */
  readonly clock: SandboxClock;
  /** Takes payments and moves nothing. */
  readonly payments: Payments;
  /** Takes mails and sends none. */
  readonly mailer: Mailer;
  /** As the stand-in marketplace signs the webhooks it sends. */
  webhookToken(): Promise<string>;
  /** To be called once the server listens: resumes deliveries that a stop interrupted. */
  start(): Promise<void>;
  /** Stops deliveries and event streams; what is open is resumed by the next start. */
  close(): Promise<void>;
  /** Resolves when nothing is being delivered at the moment. */
  idle(): Promise<void>;
}

export async function createSandbox(settings: SandboxSettings, deps: SandboxDeps): Promise<Sandbox> {
  const { log, timers = realTimers } = deps;
  const folder = path.join(settings.dataDir, 'sandbox');
  const clock = await openClock(folder, timers);
  const keys = await openKeys(folder, timers);
  const entra = createEntra(settings, keys.entra, timers);
  const marketplace = await openMarketplace(folder, settings, { clock, timers, webhookToken: entra.webhookToken, log });
  const metering = await openMetering(folder, {
    clock,
    traps: marketplace.traps,
    ledger: () => marketplace.ledger,
    plans: () => settings.plans,
  });
  const chat = await openChat(folder, settings, { key: keys.botFramework, clock, timers, log });
  const payments = await openPayments(folder, clock);
  const mailer = await openMails(folder, clock);
  const api = sandboxApi(settings, { entra, clock, chat, marketplace, payments, mails: mailer });

  const router = express.Router();
  router.use(onlyOwnHost(settings));
  router.use('/entra', entra.router);
  router.use('/marketplace/api', fulfillmentApi(settings, marketplace, entra.isCaller, metering));
  router.use('/botframework', botFramework(settings, keys.botFramework));
  router.use('/connector', connector(settings, chat, entra.isCaller));
  router.use('/api', api.router);

  return {
    router,
    networkClient: createNetworkClient(settings),
    clock,
    payments,
    mailer,
    webhookToken: entra.webhookToken,
    async start() {
      await marketplace.start();
      await chat.start();
    },
    async close() {
      api.close();
      await Promise.all([marketplace.close(), chat.close()]);
    },
    async idle() {
      await Promise.all([marketplace.idle(), chat.idle()]);
    },
  };
}
