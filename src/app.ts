import type { Server } from 'node:http';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { createBot } from './bot/bot';
import { connectorResource } from './bot/credentials';
import { type ClientCertificate, readCertificate, UnusableCertificate } from './clients/entra/certificate';
import { createConnectorToken } from './clients/entra/connector-token';
import { createPublisherToken } from './clients/entra/publisher-token';
import { createSignIn } from './clients/entra/sign-in';
import { createSmtpMailer } from './clients/mail/smtp-mailer';
import { MarketplaceCaller } from './clients/marketplace/caller';
import { MarketplaceClient } from './clients/marketplace/marketplace-client';
import { MeteringClient } from './clients/marketplace/metering';
import { createNoticeMessages } from './clients/teams/notice-messages';
import { createWebhookProbe } from './clients/webhook/webhook-probe';
import { type Config, ConfigError, VERSION } from './config';
import { METERS } from './contract/meters';
import { takeSnapshots } from './features/billed-people/take-snapshots';
import { collectPayment } from './features/billing/collect-payment';
import { billingMails } from './features/billing/document-mail';
import { buyerOf, PAYMENT_TOPIC } from './features/billing/issue-bill';
import { publishSeller } from './features/billing/seller';
import { licenseHandlers } from './features/licenses/announce-licenses';
import { deliverMail, MAIL_TOPIC } from './features/mail/send-mail';
import { closeHours } from './features/metering/close-hours';
import { compareDays } from './features/metering/compare-days';
import { type Reporting, sendReports } from './features/metering/send-reports';
import { QUOTA_MAIL, quotaMail } from './features/notices/deliver-quota-notice';
import { noticeHandlers } from './features/notices/handlers';
import { warnOfCredentials } from './features/operator/credentials';
import type { Credential } from './features/operator/credentials.rules';
import type { WebhookProbe } from './features/operator/marketplace.port';
import { forgetDone, type OutboxHandler, runOutbox } from './features/outbox/outbox';
import { changeMails } from './features/plan-changes/change-notices';
import { planChangeHandlers } from './features/plan-changes/handlers';
import { SEND_CHANGE } from './features/plan-changes/marketplace-changes';
import { rollContracts } from './features/plan-changes/roll-contracts';
import { type Catalog, loadCatalog } from './features/plans/catalog';
import { publishPlans } from './features/plans/publish-plans';
import { submitHeldDrafts } from './features/submissions/submit-held-drafts';
import { applyPendingMarketplaceEvents } from './features/subscriptions/apply-event';
import { createCallLog, forgetOldNotes, type KeptCallLog } from './features/subscriptions/call-log';
import { CANCEL_PURCHASE, sendCancellation } from './features/subscriptions/cancel-purchase';
import { createEventRunner } from './features/subscriptions/event-runner';
import type { Selling } from './features/subscriptions/marketplace.port';
import { PENDING_PURCHASE_MAIL, pendingPurchaseMail, reportPendingPurchases } from './features/subscriptions/pending-purchases';
import { createReconciliation } from './features/subscriptions/reconcile';
import { rereadSubscriptions } from './features/subscriptions/reread-subscriptions';
import { retentionMails, retireOrganizations } from './features/subscriptions/retire-organizations';
import { SUPPORT_MAIL } from './features/support/contact-support';
import { supportMail } from './features/support/support-mail';
import { LIMIT_STALE_TOPIC, refreshStaleLimit } from './features/teams/refresh-stale-limit';
import { ROOM_TOPIC } from './features/usage/room';
import { createForecastWatch } from './features/usage/watch-forecasts';
import { sendProblem } from './http/respond';
import { accountRoutes } from './http/routes/account';
import { apiRoutes } from './http/routes/api-routes';
import { marketplaceWebhookRoutes } from './http/routes/marketplace-webhook';
import { operatorRoutes } from './http/routes/operator/operator-routes';
import { createServer } from './http/server';
import { createEntraVerifier } from './http/verify-entra-token';
import { createMarketplaceVerifier } from './http/verify-marketplace-token';
import { type Job, type Jobs, startJobs } from './jobs/runner';
import { type Clock, systemClock } from './platform/clock';
import type { Context } from './platform/context';
import { lockDataFolder } from './platform/db/data-folder-lock';
import type { Database } from './platform/db/database';
import { openEmbeddedDatabase } from './platform/db/embedded';
import { openServerDatabase } from './platform/db/server';
import { newId } from './platform/ids';
import { createLogger, type Logger } from './platform/logger';
import { createMetrics } from './platform/metrics';
import { deleteExpiredSessions } from './platform/web-sessions';
import { createSandbox, type Sandbox, type SandboxPlan } from './sandbox';

/** What tests hand in instead of the real thing. */
export interface Overrides {
  database?: Database;
  clock?: Clock;
  log?: Logger;
}

export interface App {
  ctx: Context;
  /** Listens; resolves when requests are answered. */
  start(): Promise<void>;
  /** Does at once what the schedule would do by and by, with what follows from it. */
  settle(): Promise<void>;
  /** Answers what has begun, then lets go of everything. */
  stop(): Promise<void>;
}

const PAGES = path.resolve(__dirname, path.basename(path.dirname(__dirname)) === 'dist' ? '../tabs' : '../dist/tabs');
const DRAIN_MS = 10_000;
/** What work beside requests gets to end in; the next start takes up what it leaves. */
const LAST_WORK_MS = 5_000;

/** Joins everything. Nothing listens until start(). */
export async function createApp(config: Config, overrides: Overrides = {}): Promise<App> {
  const log = overrides.log ?? createLogger(config.logLevel);
  const catalog = await loadCatalog(config.planCatalog);
  checkSeller(config, catalog);
  const certificate = publisherCertificate(config);
  const database =
    overrides.database ??
    (config.databaseUrl ? await openServerDatabase(config.databaseUrl, log) : await openEmbeddedDatabase(config.dataDir));
  // The embedded database holds the folder; beside a server the stand-ins' files still are one process's own.
  const unlock = config.mode === 'sandbox' && config.databaseUrl && !overrides.database ? await lockDataFolder(config.dataDir) : null;
  const sandbox = config.mode === 'sandbox' ? await createSandbox(sandboxSettings(config, catalog), { log }) : null;
  const clock = overrides.clock ?? sandbox?.clock ?? systemClock;
  const ctx: Context = { database, now: () => clock.now(), newId, log, metrics: createMetrics() };
  await publishPlans(ctx, catalog);
  const payments = sandbox?.payments ?? null;
  await publishSeller(ctx, { ...config.seller, collects: payments !== null });

  const stopping = new AbortController();
  const calls = createCallLog(newId);
  const { selling, reporting } = sellingThrough(config, certificate, sandbox, { log, calls }, stopping.signal);
  const events = createEventRunner(ctx, selling);
  const bot =
    config.bot &&
    createBot({
      ctx,
      config: config.bot,
      playgroundTenantId: config.playgroundTenantId,
      teamsAppId: config.teamsAppId,
      sendProblem: sendProblem as never,
      token: createConnectorToken({ ...config.bot, resource: connectorResource(config.bot), networkClient: sandbox?.networkClient }),
    });
  const messages = createNoticeMessages(bot?.post ?? noChat, log);
  const mailer = config.mail ? createSmtpMailer(config.mail, log) : (sandbox?.mailer ?? null);
  if (!mailer) log.warn('no mail server is configured (SMTP_URL): bills are there to be downloaded only');

  const verify = createEntraVerifier(config.entra);
  const signIn = createSignIn({ ...config.entra, networkClient: sandbox?.networkClient });
  const links = { accountUrl: `${config.publicUrl}/account`, supportContact: config.supportContact, mailIsOn: mailer !== null };
  const credentials = credentialsOf(config, certificate);
  const server = createServer({
    ctx,
    config,
    version: VERSION,
    pages: PAGES,
    verify,
    api: apiRoutes(links),
    operator: operatorRoutes({ selling, credentials, probe: webhookProbe(config, sandbox) }),
    bot: bot && ((req, res, next) => bot.handle(req, res as never, next)),
    webhook: marketplaceWebhookRoutes({ ctx, selling, events, verify: createMarketplaceVerifier(config.marketplace.webhook) }),
    account: accountRoutes({ ctx, config, selling, signIn, verify, page: path.join(PAGES, 'account/index.html') }),
    sandbox: sandbox?.router ?? null,
    ready: async () => (await database.query('select 1')).length === 1,
  });

  let listening: Server | null = null;
  let jobs: Jobs | null = null;
  /** Twice: what the first round writes down for later, the second one does. */
  async function settle(): Promise<void> {
    for (let round = 1; round <= 2; round += 1) {
      await sandbox?.idle();
      await events.idle();
      await jobs?.runAll();
    }
  }
  return {
    ctx,
    settle,
    async start() {
      listening = await new Promise<Server>((resolve, reject) => {
        const opened = server.listen(config.port, config.host, (error?: Error) => (error ? reject(error) : resolve(opened)));
        // Longer than a gateway or a client keeps one: whoever closes first must not be the one who is about to be asked.
        opened.keepAliveTimeout = KEEP_ALIVE_MS;
      });
      const { [SEND_CHANGE]: sendChange, ...changeHandlers } = planChangeHandlers(ctx, { selling, messages });
      const orders: Record<string, OutboxHandler> = {
        [CANCEL_PURCHASE]: (event) => sendCancellation(ctx, selling, event),
        [SEND_CHANGE]: sendChange,
      };
      const handlers: Record<string, OutboxHandler> = {
        ...noticeHandlers(ctx, { messages, mailboxOf: async (tx, tenantId) => (await buyerOf(tx, tenantId)).mailbox }),
        [ROOM_TOPIC]: (event) => submitHeldDrafts(ctx, event),
        ...licenseHandlers(ctx, { messages }),
        ...changeHandlers,
        [LIMIT_STALE_TOPIC]: (event) => refreshStaleLimit(ctx, event),
        [PAYMENT_TOPIC]: (event) => collectPayment(ctx, event, { payments }),
        [MAIL_TOPIC]: (event) =>
          deliverMail(ctx, event, {
            mailer,
            kinds: {
              ...billingMails(links),
              ...changeMails,
              ...retentionMails(links),
              [SUPPORT_MAIL]: supportMail,
              [QUOTA_MAIL]: quotaMail,
              [PENDING_PURCHASE_MAIL]: pendingPurchaseMail,
            },
          }),
      };
      jobs = startJobs(ctx, [...schedule(selling, reporting, { orders, handlers }), ...watching(config, calls, credentials)]);
      bot?.warm();
      sandbox?.clock.onMove(() => void settle().catch((error: unknown) => log.error({ err: error }, 'what was due could not be done')));
      await sandbox?.start();
    },
    async stop() {
      await sandbox?.close();
      if (listening) await drain(listening);
      stopping.abort();
      await Promise.race([Promise.all([jobs?.stop(), events.idle()]), pause(LAST_WORK_MS)]);
      await calls.flush(ctx);
      await database.close();
      await unlock?.();
    },
  };
}

/** Invoices name who sells: production does not start without, as soon as it sells anything itself. */
function checkSeller({ mode, seller }: Config, { billing }: Catalog): void {
  if (mode !== 'production' || billing !== 'direct' || seller.address.length > 0) return;
  throw new ConfigError(['SELLER_ADDRESS is missing: the catalog sells directly, and invoices name the seller']);
}

/** Azure's gateways give up an idle connection after four minutes at the latest, others after one. */
const KEEP_ALIVE_MS = 250_000;

/** One takes most of a minute when the marketplace does not answer: so many end within a lease. */
const MOST_ORDERS_AT_ONCE = 5;

/** What comes back by itself. Each of these only repairs or delivers: no number that a person sees waits for one. */
function schedule(
  selling: Selling,
  reporting: Reporting,
  { orders, handlers }: { orders: Record<string, OutboxHandler>; handlers: Record<string, OutboxHandler> },
): Job[] {
  return [
    // While the marketplace is away, mail and messages do not wait behind what is ordered there.
    { name: 'outbox', everyMs: 1_000, run: (ctx) => runOutbox(ctx, handlers) },
    { name: 'orders to the marketplace', everyMs: 1_000, run: (ctx) => runOutbox(ctx, orders, systemClock, MOST_ORDERS_AT_ONCE) },
    { name: 'marketplace events', everyMs: 5_000, run: (ctx) => applyPendingMarketplaceEvents(ctx, selling) },
    { name: 'subscriptions to be read again', everyMs: 5_000, run: (ctx) => rereadSubscriptions(ctx, selling) },
    { name: 'billed months', everyMs: 3_600_000, run: takeSnapshots },
    { name: 'contracts to be renewed', everyMs: 10_000, run: rollContracts },
    { name: 'forecasts', everyMs: 60_000, run: createForecastWatch() },
    { name: 'organizations that have ended', everyMs: 3_600_000, run: (ctx) => retireOrganizations(ctx) },
    { name: 'forgetting', everyMs: 3_600_000, run: forgetWhatIsOver },
    { name: 'reconciliation', everyMs: 3_600_000, againMs: 60_000, run: createReconciliation(selling) },
    { name: 'metered hours', everyMs: 60_000, run: (ctx) => closeHours(ctx) },
    { name: 'usage reports', everyMs: 15_000, run: (ctx) => sendReports(ctx, reporting) },
    { name: 'metered days', everyMs: 3_600_000, run: (ctx) => compareDays(ctx, reporting) },
  ];
}

/** What tells the publisher's people how it goes. */
function watching({ operatorMailbox }: Config, calls: KeptCallLog, credentials: readonly Credential[]): Job[] {
  return [
    { name: 'purchases to be activated', everyMs: 3_600_000, run: (ctx) => reportPendingPurchases(ctx, operatorMailbox) },
    { name: 'credentials that end', everyMs: 3_600_000, run: (ctx) => warnOfCredentials(ctx, credentials, systemClock.now()) },
    { name: 'calls to be noted', everyMs: 2_000, run: (ctx) => calls.flush(ctx) },
  ];
}

async function forgetWhatIsOver(ctx: Context): Promise<void> {
  await deleteExpiredSessions(ctx.database, systemClock.now());
  await forgetDone(ctx);
  await forgetOldNotes(ctx, systemClock.now());
}

/** What we prove ourselves by, and until when; the sandbox's secrets never end. */
function credentialsOf({ mode, marketplace, bot, secretsEndAt }: Config, certificate: ClientCertificate | null): Credential[] {
  const { marketplace: ofMarketplace, entra, bot: ofBot } = secretsEndAt;
  const credentials: Credential[] = [{ name: 'ENTRA_CLIENT_SECRET', expiresAt: entra }];
  if (certificate) credentials.push({ name: 'MARKETPLACE_CLIENT_CERTIFICATE', expiresAt: certificate.expiresAt });
  else if (!marketplace.managedIdentity) credentials.push({ name: 'MARKETPLACE_CLIENT_SECRET', expiresAt: ofMarketplace });
  if (bot && bot.appType !== 'UserAssignedMsi') credentials.push({ name: 'BOT_APP_PASSWORD', expiresAt: ofBot });
  return credentials.filter(({ expiresAt }) => mode !== 'sandbox' || expiresAt !== null);
}

/** Reaches our own webhook as the marketplace does; the sandbox's marketplace alone lends its signature. */
function webhookProbe({ publicUrl, marketplace: { webhook } }: Config, sandbox: Sandbox | null): WebhookProbe {
  const url = `${publicUrl}/api/marketplace/webhook`;
  return createWebhookProbe({ ...webhook, url, issuer: webhook.issuers[0]! }, sandbox && (() => sandbox.webhookToken()));
}

function sellingThrough(
  { marketplace }: Config,
  clientCertificate: ClientCertificate | null,
  sandbox: Sandbox | null,
  { log, calls }: { log: Logger; calls: KeptCallLog },
  signal: AbortSignal,
): { selling: Selling; reporting: Reporting } {
  const patience = (ms: number) => pause(ms, undefined, { signal });
  const token = createPublisherToken({ ...marketplace, clientCertificate, networkClient: sandbox?.networkClient });
  const deps = { token, log, calls, pause: patience, clientId: marketplace.clientId };
  const caller = new MarketplaceCaller(deps);
  return {
    selling: { marketplace: new MarketplaceClient(marketplace, deps, caller), realTime: systemClock, pause: patience },
    reporting: { metering: new MeteringClient(marketplace.meteringUrl, caller), realTime: systemClock },
  };
}

function publisherCertificate({ marketplace: { clientCertificate } }: Config): ClientCertificate | null {
  try {
    return clientCertificate && readCertificate(clientCertificate.content, clientCertificate.password);
  } catch (error) {
    if (error instanceof UnusableCertificate) throw new ConfigError([`MARKETPLACE_CLIENT_CERTIFICATE ${error.message}`]);
    throw error;
  }
}

/** Without a bot nobody can be written to; what is due is settled all the same. */
const noChat = (): Promise<never> => Promise.reject(Object.assign(new Error('No bot is configured.'), { statusCode: 404 }));

/** New connections are refused, answers under way are finished; what hangs longer is cut. */
async function drain(server: Server): Promise<void> {
  const cut = setTimeout(() => server.closeAllConnections(), DRAIN_MS);
  // A connection kept alive counts as busy until its answer is out, and would then be waited for.
  const sweep = setInterval(() => server.closeIdleConnections(), 50);
  await new Promise((resolve) => server.close(resolve));
  clearInterval(sweep);
  clearTimeout(cut);
}

function sandboxSettings(config: Config, catalog: Catalog) {
  const { marketplace, entra, bot } = config;
  return {
    appName: 'Kontingent',
    localUrl: `http://127.0.0.1:${config.port}`,
    publicUrl: config.publicUrl,
    dataDir: config.dataDir,
    marketplace: {
      clientId: marketplace.clientId,
      clientSecret: marketplace.clientSecret,
      tenantId: marketplace.tenantId,
      webhookAudience: marketplace.webhook.audience,
      callerId: marketplace.webhook.callerId,
    },
    entra,
    bot: { appId: bot!.appId, password: bot!.appPassword, tokenIssuer: bot!.tokenIssuer },
    operatorTenantId: config.operatorTenantId,
    plans: sandboxPlans(catalog),
  };
}

/** What the publisher entered in Partner Center: the same plan ids, each with its prices. What is sold by contract is not there. */
function sandboxPlans(catalog: Catalog): SandboxPlan[] {
  if (catalog.billing === 'direct') return [];
  return catalog.plans.flatMap((plan) =>
    plan.prices.map((price) => ({
      offerId: catalog.offer,
      planId: plan.id,
      name: plan.name.en,
      description: plan.description.en,
      descriptions: plan.description,
      termUnit: price.term,
      currency: price.currency,
      priceMinor: price.minor,
      rank: plan.rank,
      ...(price.per === 'full_license' && { seats: plan.policies.quantity! }),
      dimensions: METERS.flatMap((meter) => plan.quotas[meter]?.overage.dimension ?? []),
      limits: Object.fromEntries(METERS.map((meter) => [meter, unitsOf(plan.quotas[meter]?.amount)])) as SandboxPlan['limits'],
    })),
  );
}

/** What a meter's place in a plan says in units; null = unlimited, and what a plan does not have is 0. */
const unitsOf = (amount: number | 'unlimited' | undefined): number | null => (amount === 'unlimited' ? null : (amount ?? 0));
