// Measures the product against what it stands on, in one run: ratios, each the median of three interleaved runs.
// npm run bench [-- --json FILE] [--seconds N]
import { execFileSync, fork } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { findBinaries, startPostgres } from './postgres.mjs';

const here = path.dirname(fileURLToPath(import.meta.url));
const { values: options } = parseArgs({ options: { json: { type: 'string' }, seconds: { type: 'string', default: '10' } } });
const seconds = Number(options.seconds);
const RUNS = 3;
const CEILINGS = { snapshot_ratio: 13, entitled_ratio: 1.3, explain_ratio: 1.3, webhook_ratio: 5, webhook_longest_ms: 2000 };
const FLOORS = { spread_ratio: 0.8, hot_ratio: 3, http_ratio: 0.5, history_ratio: 0.8 };

const bin = findBinaries();
if (!bin) {
  console.error(
    'The benchmark needs PostgreSQL’s pgbench (and initdb and pg_ctl when DATABASE_URL is not set); install the postgresql package.',
  );
  process.exit(1);
}
execFileSync('npm', ['run', '--silent', 'build:server'], { cwd: path.join(here, '../..'), stdio: 'inherit' });

const { Client } = createRequire(import.meta.url)('pg');
const product = await import('./product.mjs');
const { pgbench } = await import('./pgbench.mjs');
const { entitledTimes } = await import('./entitled.mjs');
const { snapshotTimes } = await import('./snapshot.mjs');
const { invitationTimes } = await import('./licenses.mjs');
const { webhookTimes } = await import('./webhook.mjs');
const { openServerDatabase } = product.built('platform/db/server');
const { openEmbeddedDatabase } = product.built('platform/db/embedded');
const { CALLERS, HOT, HOT_WITH_HISTORY, TENANTS, anyTenant, creationsPerSecond } = product;

const folder = mkdtempSync(path.join(tmpdir(), 'kontingent-bench-run-'));
const own = process.env.DATABASE_URL ? null : await startPostgres(bin);
const url = process.env.DATABASE_URL ?? own.url;
const log = { info() {}, warn: console.error };
const children = [];
const median = (numbers) => [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)];
const rounded = (number) => Math.round(number * 100) / 100;
const figures = { seconds_per_run: seconds, runs: RUNS, callers: CALLERS };

try {
  const database = await openServerDatabase(url, log);
  const ctx = product.contextOn(database);
  const owner = new Client({ connectionString: url });
  await owner.connect();
  await product.seedTenants((sql) => owner.query(sql), 1, HOT_WITH_HISTORY);
  await product.seedHistory((sql) => owner.query(sql), HOT_WITH_HISTORY, { records: 1_000_000, tickets: 100_000 });
  await owner.query('vacuum analyze');

  const spread = () => creationsPerSecond(ctx, { callers: CALLERS, seconds, tenantOf: anyTenant });
  const hot = (tenant) => creationsPerSecond(ctx, { callers: CALLERS, seconds, tenantOf: () => tenant });
  const bare = (tenants) => pgbench(bin, url, folder, { clients: CALLERS, seconds, tenants });

  await creationsPerSecond(ctx, { callers: CALLERS, seconds: 2, tenantOf: anyTenant });
  await compare('spread', 'the use case over 1,000 tenants', spread, 'pgbench, the same statement', () => bare([1, TENANTS]));
  await compare(
    'hot',
    'the use case on one tenant',
    () => hot(HOT),
    'pgbench, the same statement one by one',
    () => bare([HOT, HOT]),
  );
  await compare(
    'history',
    'a tenant with 1,000,000 records and 100,000 tickets',
    () => hot(HOT_WITH_HISTORY),
    'a tenant without',
    () => hot(HOT),
  );
  for (const callers of [1, 8]) {
    note(`server_${callers}_callers`, await creationsPerSecond(ctx, { callers, seconds: Math.min(seconds, 5), tenantOf: anyTenant }));
  }
  const entitled = await entitledTimes(ctx, (sql) => owner.query(sql), 800_001, { seconds: Math.min(seconds, 5), runs: RUNS });
  figures.entitled_ratio = rounded(median(entitled.fresh.map((perSecond, run) => perSecond / entitled.old[run])));
  figures.explain_ratio = rounded(median(entitled.explainOld) / median(entitled.explainGranted));
  console.log(
    `entitled: an act with 200 grants, 24 periods and 1,000,000 uses behind it costs ${figures.entitled_ratio} of a fresh one; ` +
      `explaining ${median(entitled.explainOld).toFixed(1)} ms, without the history ${median(entitled.explainGranted).toFixed(1)} ms, ratio ${figures.explain_ratio}`,
  );
  const invited = await invitationTimes(ctx, (sql) => owner.query(sql), 900_001);
  figures.licenses_ratio = rounded(median(invited.large) / median(invited.small));
  figures.licenses_statements = invited.statements;
  figures.licenses_transactions = invited.transactions;
  console.log(
    `licenses: 500 invitees ${median(invited.large).toFixed(1)} ms, 50 invitees ${median(invited.small).toFixed(1)} ms, ratio ${figures.licenses_ratio}; ` +
      `${invited.transactions.large} transaction of ${invited.statements.large} and ${invited.statements.small} statements`,
  );
  await compareSnapshots(ctx, (sql) => owner.query(sql));
  await database.close();

  const app = fork(path.join(here, 'http-app.mjs'), { env: { ...process.env, DATABASE_URL: url } });
  const load = fork(path.join(here, 'load.mjs'));
  children.push(app, load);
  const { port, tokens } = await new Promise((resolve) => app.once('message', resolve));
  const post = (place, forSeconds = seconds) =>
    new Promise((resolve, reject) => {
      load.once('message', ({ perSecond, failed }) =>
        failed ? reject(new Error(`${failed} requests to ${place} failed`)) : resolve(perSecond),
      );
      load.send({
        url: `http://127.0.0.1:${port}/api/v1${place}`,
        tokens,
        body: product.sample,
        connections: CALLERS,
        seconds: forSeconds,
      });
    });
  await post('/tickets', 2);
  await post('/bare', 2);
  await compare(
    'http',
    'POST /api/v1/tickets',
    () => post('/tickets'),
    'the same middleware without a database',
    () => post('/bare'),
  );
  await owner.end();

  const answers = await webhookTimes(url);
  figures.webhook_ratio = rounded(median(answers.webhook) / median(answers.bare));
  figures.webhook_longest_ms = Math.round(answers.longest);
  console.log(
    `webhook: p99 ${median(answers.webhook).toFixed(1)} ms of 50 deliveries at once, a bare route ${median(answers.bare).toFixed(1)} ms, ratio ` +
      `${figures.webhook_ratio}; the longest answer ${figures.webhook_longest_ms} ms while the marketplace takes 10 s`,
  );

  const embedded = await openEmbeddedDatabase(path.join(folder, 'embedded'));
  await embedded.query('reset role');
  await product.seedTenants((sql) => embeddedScript(embedded, sql), 1, 100);
  await embedded.query('set role kontingent_app');
  for (const callers of [1, 8, CALLERS]) {
    const tenantOf = () => 1 + Math.floor(Math.random() * 100);
    note(
      `embedded_${callers}_callers`,
      await creationsPerSecond(product.contextOn(embedded), { callers, seconds: Math.min(seconds, 5), tenantOf }),
    );
  }
  await embedded.close();
} finally {
  for (const child of children) child.disconnect();
  own?.stop();
  rmSync(folder, { recursive: true, force: true });
}

let missed = 0;
if (figures.licenses_transactions.large !== 1 || figures.licenses_statements.large !== figures.licenses_statements.small) {
  missed += 1;
  console.log('licenses: a long list takes more transactions or statements than a short one: ABOVE THE CEILING');
}
for (const [name, floor] of Object.entries(FLOORS)) {
  const ok = figures[name] >= floor;
  if (!ok) missed += 1;
  console.log(`${name} ${figures[name]} (floor ${floor}) ${ok ? 'ok' : 'BELOW THE FLOOR'}`);
}
for (const [name, ceiling] of Object.entries(CEILINGS)) {
  const ok = figures[name] <= ceiling;
  if (!ok) missed += 1;
  console.log(`${name} ${figures[name]} (ceiling ${ceiling}) ${ok ? 'ok' : 'ABOVE THE CEILING'}`);
}
if (options.json) writeFileSync(options.json, `${JSON.stringify(figures, null, 2)}\n`);
process.exit(missed > 0 ? 2 : 0);

async function compare(name, ours, runOurs, theirs, runTheirs) {
  const pairs = [];
  for (let run = 0; run < RUNS; run += 1) pairs.push([await runOurs(), await runTheirs()]);
  figures[`${name}_per_second`] = pairs.map((pair) => Math.round(pair[0]));
  figures[`${name}_against_per_second`] = pairs.map((pair) => Math.round(pair[1]));
  figures[`${name}_ratio`] = rounded(median(pairs.map(([a, b]) => a / b)));
  console.log(
    `${name}: ${ours} ${figures[`${name}_per_second`].join(', ')} /s; ${theirs} ${figures[`${name}_against_per_second`].join(', ')} /s; ratio ${figures[`${name}_ratio`]}`,
  );
}

async function compareSnapshots(ctx, owner) {
  const { small, large } = await snapshotTimes(ctx, owner, HOT_WITH_HISTORY + 1);
  figures.snapshot_small_ms = small.map(Math.round);
  figures.snapshot_large_ms = large.map(Math.round);
  figures.snapshot_ratio = rounded(median(large) / median(small));
  console.log(
    `snapshot: a month of 50,000 members ${figures.snapshot_large_ms.join(', ')} ms; of 5,000 ${figures.snapshot_small_ms.join(', ')} ms; ratio ${figures.snapshot_ratio}`,
  );
}

function note(name, perSecond) {
  figures[`${name}_per_second`] = Math.round(perSecond);
  console.log(`${name}: ${Math.round(perSecond)} creations/s`);
}

/** The driver takes one statement at a time there. */
async function embeddedScript(database, sql) {
  for (const statement of sql
    .split(';')
    .map((part) => part.trim())
    .filter(Boolean))
    await database.query(statement);
}
