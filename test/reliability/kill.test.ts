import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Context } from '../../src/platform/context';
import { openEmbeddedDatabase } from '../../src/platform/db/embedded';
import { newId } from '../../src/platform/ids';
import { createMetrics } from '../../src/platform/metrics';
import { books } from '../support/acts';
import { CLIENT_ID, ISSUER, type KeyServer, stagingEnv, startKeyServer } from '../support/app';
import { quiet } from '../support/database';
import { createTicket, keepCreating, seeded } from '../support/load';
import { compileServer, fillDataFolder, freePort, ServerProcess } from '../support/server-process';
import { aTenant, type TestTenant } from '../support/tenant';

const SEED = Number(process.env.KILL_SEED ?? 20_261_121);
const ROUNDS = 3;

let server: Awaited<ReturnType<typeof compileServer>>;
let keys: KeyServer;
let dataDir: string;
beforeAll(async () => {
  [server, keys, dataDir] = await Promise.all([compileServer(), startKeyServer(), mkdtemp(path.join(tmpdir(), 'kontingent-kill-'))]);
  await fillDataFolder(dataDir);
});
afterAll(async () => {
  await keys.stop();
  await server.remove();
  await rm(dataDir, { recursive: true, force: true });
});

/** Works on the data folder while no server does. */
async function offline<T>(work: (ctx: Context) => Promise<T>): Promise<T> {
  const database = await openEmbeddedDatabase(dataDir);
  try {
    return await work({ database, now: () => new Date(), newId, log: quiet, metrics: createMetrics() });
  } finally {
    await database.close();
  }
}

const tokenOf = ({ owner }: TestTenant) =>
  keys.issuer.sign({
    aud: CLIENT_ID,
    iss: ISSUER.replace('{tid}', owner.tenantId),
    tid: owner.tenantId,
    oid: owner.memberId,
    name: owner.name,
    scp: 'access_as_user',
    ver: '2.0',
  });

test(`G12 kill −9 at random points (seed ${SEED}) loses nothing acknowledged, and every retry completes to exactly one`, async () => {
  const random = seeded(SEED);
  const tenant = await offline((ctx) => aTenant(ctx, { limits: { tickets: null } }));
  const token = await tokenOf(tenant);
  const port = await freePort();
  const env = stagingEnv({
    PORT: String(port),
    HOST: '127.0.0.1',
    DATA_DIR: dataDir,
    ENTRA_JWKS_URL: keys.url,
    MARKETPLACE_API_URL: 'http://127.0.0.1:9/api',
    LOG_LEVEL: 'error',
  });

  const ids = new Map<string, string>();
  let acknowledged = 0;
  let unanswered = 0;
  let running = await ServerProcess.start(server.main, env);
  for (let round = 0; round < ROUNDS; round += 1) {
    const load = keepCreating(running.url, token, `round-${round}`, 8);
    await new Promise((resolve) => setTimeout(resolve, 150 + random() * 900));
    await running.kill();
    const outcomes = await load.stop();

    running = await ServerProcess.start(server.main, env);
    const retries = [...outcomes].map(async ([key, before]) => ({ key, before, after: await createTicket(running.url, token, key) }));
    for (const { key, before, after } of await Promise.all(retries)) {
      expect([key, after?.status]).toEqual([key, 201]);
      if (before) {
        expect([key, before.status, after]).toEqual([key, 201, { status: 201, id: before.id, replayed: true }]);
        acknowledged += 1;
      } else unanswered += 1;
      ids.set(key, after!.id!);
    }
  }
  await running.kill();
  expect(acknowledged).toBeGreaterThan(ROUNDS);
  expect(unanswered).toBeGreaterThan(0);
  expect(new Set(ids.values()).size).toBe(ids.size);

  const { counted, ledger, records } = await offline((ctx) => books(ctx, tenant.tenantId, 'tickets'));
  expect({ counted, ledger, records }).toEqual({ counted: ids.size, ledger: ids.size, records: ids.size });
}, 240_000);
