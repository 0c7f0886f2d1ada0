// A process of its own: the product's webhook with a marketplace that takes ten seconds for everything, and beside it a bare Express route.
import { generateKeyPairSync } from 'node:crypto';
import { createServer as createHttpServer } from 'node:http';
import { createRequire } from 'node:module';
import { built, contextOn } from './product.mjs';

const require = createRequire(import.meta.url);
const express = require('express');
const { SignJWT, exportJWK } = require('jose');
const { MarketplaceClient } = built('clients/marketplace/marketplace-client');
const { parseConfig } = built('config');
const { loadCatalog } = built('features/plans/catalog');
const { publishPlans } = built('features/plans/publish-plans');
const { createEventRunner } = built('features/subscriptions/event-runner');
const { marketplaceWebhookRoutes } = built('http/routes/marketplace-webhook');
const { createServer } = built('http/server');
const { createEntraVerifier } = built('http/verify-entra-token');
const { createMarketplaceVerifier } = built('http/verify-marketplace-token');
const { systemClock } = built('platform/clock');
const { openServerDatabase } = built('platform/db/server');
const { createLogger } = built('platform/logger');

const MARKETPLACE_TAKES_MS = 10_000;
const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
const jwks = JSON.stringify({ keys: [{ ...(await exportJWK(publicKey)), kid: 'bench', alg: 'RS256', use: 'sig' }] });
const keys = await listen(createHttpServer((_req, res) => res.setHeader('content-type', 'application/json').end(jwks)));
const slow = await listen(createHttpServer((_req, res) => setTimeout(() => res.writeHead(404).end(), MARKETPLACE_TAKES_MS)));

const config = parseConfig({ MARKETPLACE_WEBHOOK_JWKS_URL: `http://127.0.0.1:${keys}/`, LOG_LEVEL: 'warn' });
const quiet = createLogger('silent');
const ctx = { ...contextOn(await openServerDatabase(process.env.DATABASE_URL, quiet)), log: quiet };
await publishPlans(ctx, await loadCatalog(config.planCatalog));
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const settings = { apiUrl: `http://127.0.0.1:${slow}/api`, apiHosts: [`127.0.0.1:${slow}`] };
const marketplace = new MarketplaceClient(settings, { token: async () => 'bench', log: quiet, pause });
const selling = { marketplace, realTime: systemClock, pause };
const pass = (_req, _res, next) => next();
const product = await listen(
  createHttpServer(
    createServer({
      ctx,
      config,
      version: 'bench',
      pages: process.cwd(),
      verify: createEntraVerifier(config.entra),
      api: [],
      operator: [],
      bot: null,
      webhook: marketplaceWebhookRoutes({
        ctx,
        selling,
        events: createEventRunner(ctx, selling),
        verify: createMarketplaceVerifier(config.marketplace.webhook),
      }),
      account: pass,
      sandbox: null,
      ready: async () => true,
    }),
  ),
);
const bare = await listen(createHttpServer(express().post('/bare', (_req, res) => res.json({}))));

const { issuers, audience, tenantId, callerId } = config.marketplace.webhook;
const token = await new SignJWT({ tid: tenantId, azp: callerId, ver: '2.0' })
  .setProtectedHeader({ alg: 'RS256', kid: 'bench' })
  .setIssuer(issuers.find((one) => one.endsWith('/v2.0')) ?? issuers[0])
  .setAudience(audience)
  .setIssuedAt()
  .setExpirationTime('2h')
  .sign(privateKey);
process.send({ webhook: `http://127.0.0.1:${product}/api/marketplace/webhook`, bare: `http://127.0.0.1:${bare}/bare`, token });
process.on('disconnect', () => process.exit(0));

function listen(server) {
  return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(server.address().port)));
}
