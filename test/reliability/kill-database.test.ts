import { openServerDatabase } from '../../src/platform/db/server';
import { newId } from '../../src/platform/ids';
import { createMetrics } from '../../src/platform/metrics';
import { books } from '../support/acts';
import { CLIENT_ID, ISSUER, type KeyServer, stagingEnv, startKeyServer } from '../support/app';
import { Cluster, postgresBinaries } from '../support/cluster';
import { quiet } from '../support/database';
import { createTicket, keepCreating, seeded } from '../support/load';
import { compileServer, freePort, ServerProcess } from '../support/server-process';
import { aTenant } from '../support/tenant';

const bin = postgresBinaries();
if (!bin) console.warn('*** No PostgreSQL programs found: killing the database under load is LEFT OUT. ***');
const withPostgres = bin ? test : test.skip;

const SEED = Number(process.env.KILL_SEED ?? 20_261_121);
const ROUNDS = 3;

let server: Awaited<ReturnType<typeof compileServer>>;
let keys: KeyServer;
let cluster: Cluster | null = null;
beforeAll(async () => {
  [server, keys] = await Promise.all([compileServer(), startKeyServer()]);
});
afterAll(async () => {
  await keys.stop();
  await server.remove();
  cluster?.remove();
});

withPostgres(
  `G12 kill −9 of the database at random points (seed ${SEED}): the server lives on and says so, nothing acknowledged is lost, every retry completes to exactly one`,
  async () => {
    cluster = await Cluster.start(bin!);
    const random = seeded(SEED);
    const seeding = await openServerDatabase(cluster.url, quiet);
    const ctx = { database: seeding, now: () => new Date(), newId, log: quiet, metrics: createMetrics() };
    const tenant = await aTenant(ctx, { limits: { tickets: null } });
    await seeding.close();
    const token = await keys.issuer.sign({
      aud: CLIENT_ID,
      iss: ISSUER.replace('{tid}', tenant.tenantId),
      tid: tenant.tenantId,
      oid: tenant.owner.memberId,
      scp: 'access_as_user',
      ver: '2.0',
    });
    const running = await ServerProcess.start(
      server.main,
      stagingEnv({
        PORT: String(await freePort()),
        HOST: '127.0.0.1',
        DATABASE_URL: cluster.url,
        ENTRA_JWKS_URL: keys.url,
        MARKETPLACE_API_URL: 'http://127.0.0.1:9/api',
        LOG_LEVEL: 'error',
      }),
    );

    const ids = new Map<string, string>();
    const refusedWith = new Set<number>();
    let acknowledged = 0;
    for (let round = 0; round < ROUNDS; round += 1) {
      const load = keepCreating(running.url, token, `round-${round}`, 8);
      await new Promise((resolve) => setTimeout(resolve, 150 + random() * 600));
      cluster.kill();
      await new Promise((resolve) => setTimeout(resolve, 200));
      expect((await fetch(`${running.url}/health/live`)).status).toBe(200);
      expect((await fetch(`${running.url}/health/ready`)).status).toBe(503);
      const outcomes = await load.stop();
      await cluster.up();
      await running.ready(10_000);

      for (const [key, before] of outcomes) {
        const after = await createTicket(running.url, token, key);
        expect([key, after?.status]).toEqual([key, 201]);
        if (before?.status === 201) {
          expect([key, after]).toEqual([key, { status: 201, id: before.id, replayed: true }]);
          acknowledged += 1;
        } else refusedWith.add(before?.status ?? 0);
        ids.set(key, after!.id!);
      }
    }
    expect(acknowledged).toBeGreaterThan(ROUNDS);
    expect([...refusedWith]).toEqual([503]);

    running.signal('SIGTERM');
    expect(await running.exited).toEqual({ code: 0, signal: null });
    const database = await openServerDatabase(cluster.url, quiet);
    expect(await books({ ...ctx, database }, tenant.tenantId, 'tickets')).toEqual({
      counted: ids.size,
      ledger: ids.size,
      records: ids.size,
    });
    await database.close();
  },
  120_000,
);
