// A process of its own: the product's server with one more route that has the same middleware and token check and no database.
import { generateKeyPairSync } from 'node:crypto';
import { createServer as createHttpServer } from 'node:http';
import { createRequire } from 'node:module';
import { built, contextOn, tenantId } from './product.mjs';

const require = createRequire(import.meta.url);
const { SignJWT, exportJWK } = require('jose');
const { parseConfig } = built('config');
const { createServer } = built('http/server');
const { route } = built('http/api-route');
const { ticketRoutes } = built('http/routes/tickets');
const { createEntraVerifier } = built('http/verify-entra-token');
const { openServerDatabase } = built('platform/db/server');
const { NewTicket, Ticket } = built('contract/tickets');

const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
const jwks = JSON.stringify({ keys: [{ ...(await exportJWK(publicKey)), kid: 'bench', alg: 'RS256', use: 'sig' }] });
const keys = await listen(createHttpServer((_req, res) => res.setHeader('content-type', 'application/json').end(jwks)));

const config = parseConfig({ RATE_LIMIT_PER_MINUTE: '100000000', ENTRA_JWKS_URL: `http://127.0.0.1:${keys}/`, LOG_LEVEL: 'warn' });
const ctx = contextOn(await openServerDatabase(process.env.DATABASE_URL, { info() {}, warn: console.error }));
const answer = {
  id: tenantId(1),
  number: 1,
  title: 'x',
  description: '',
  status: 'open',
  priority: 'normal',
  requester: { id: tenantId(1), name: 'Sample' },
  assignee: null,
  dueOn: null,
  tags: [],
  createdAt: new Date().toISOString(),
  updatedAt: new Date().toISOString(),
  closedAt: null,
  undoableUntil: new Date().toISOString(),
  revision: 1,
};
const bare = route({
  method: 'post',
  path: '/bare',
  summary: 'no database',
  body: NewTicket,
  answer: Ticket,
  creates: true,
  run: async () => ({ ok: true, value: { record: answer, replayed: false } }),
});
const pass = (_req, _res, next) => next();
const server = createServer({
  ctx,
  config,
  version: 'bench',
  pages: process.cwd(),
  verify: createEntraVerifier(config.entra),
  api: [...ticketRoutes, bare],
  operator: [],
  bot: null,
  webhook: pass,
  account: pass,
  sandbox: null,
  ready: async () => true,
});
const port = await listen(createHttpServer(server));

/** Many organizations at work at once. */
const ORGANIZATIONS = 100;
const tokens = [];
for (let n = 1; n <= ORGANIZATIONS; n += 1) {
  tokens.push(
    await new SignJWT({ tid: tenantId(n), oid: tenantId(n), name: 'Sample', ver: '2.0', scp: 'access_as_user' })
      .setProtectedHeader({ alg: 'RS256', kid: 'bench' })
      .setIssuer(config.entra.issuerTemplate.replace('{tid}', tenantId(n)))
      .setAudience(config.entra.clientId)
      .setIssuedAt()
      .setExpirationTime('2h')
      .sign(privateKey),
  );
}
process.send({ port, tokens });
process.on('disconnect', () => process.exit(0));

function listen(server) {
  return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(server.address().port)));
}
