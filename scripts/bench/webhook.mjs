// How long the marketplace waits for the webhook's answer: 50 deliveries at a time for 200 organizations, while its own API takes ten
// seconds for everything; beside it a bare Express route in the same process.
// node scripts/bench/webhook.mjs measures this alone (DATABASE_URL, or PostgreSQL's programs).
import { fork } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import http from 'node:http';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { onServer } from './postgres.mjs';

const here = path.dirname(fileURLToPath(import.meta.url));
const AT_ONCE = 50;
const ORGANIZATIONS = 200;
const DELIVERIES = 4_000;
/** The first are for the engines to warm up. */
const WARM_UP = 500;
const RUNS = 3;
const ACTIONS = ['ChangePlan', 'ChangeQuantity', 'Renew', 'Suspend', 'Reinstate', 'Unsubscribe'];

/** Milliseconds: the 99th percentile of each run of both, and the longest answer of the webhook. */
export async function webhookTimes(databaseUrl) {
  const app = fork(path.join(here, 'webhook-app.mjs'), { env: { ...process.env, DATABASE_URL: databaseUrl } });
  try {
    const { webhook, bare, token } = await new Promise((resolve) => app.once('message', resolve));
    const subscriptions = Array.from({ length: ORGANIZATIONS }, () => randomUUID());
    const bodyOf = (n) => {
      const action = ACTIONS[n % ACTIONS.length];
      const id = randomUUID();
      return JSON.stringify({
        id,
        subscriptionId: subscriptions[n % ORGANIZATIONS],
        action,
        planId: 'standard',
        quantity: 3,
        status: 'InProgress',
      });
    };
    const deliver = (url, count) => measure(url, count, bodyOf, token);
    await deliver(webhook, WARM_UP);
    await deliver(bare, WARM_UP);
    const times = { webhook: [], bare: [], longest: 0 };
    for (let run = 0; run < RUNS; run += 1) {
      const ours = await deliver(webhook, DELIVERIES);
      times.bare.push(percentile(await deliver(bare, DELIVERIES)));
      times.webhook.push(percentile(ours));
      times.longest = Math.max(times.longest, ...ours);
    }
    return times;
  } finally {
    app.disconnect();
  }
}

async function measure(url, count, bodyOf, token) {
  const agent = new http.Agent({ keepAlive: true, maxSockets: AT_ONCE });
  const times = [];
  let next = 0;
  const worker = async () => {
    while (next < count) {
      const body = bodyOf(next);
      next += 1;
      const from = performance.now();
      const status = await post(agent, url, body, token);
      if (status !== 200) throw new Error(`${url} answered ${status}`);
      times.push(performance.now() - from);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  agent.destroy();
  return times;
}

const post = (agent, url, body, token) =>
  new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body), authorization: `Bearer ${token}` };
    const request = http.request(url, { method: 'POST', agent, headers }, (answer) => {
      answer.resume();
      answer.on('end', () => resolve(answer.statusCode));
    });
    request.on('error', reject);
    request.end(body);
  });

const percentile = (times) => times.sort((a, b) => a - b)[Math.ceil(times.length * 0.99) - 1];

if (process.argv[1] === fileURLToPath(import.meta.url)) console.log(await onServer(webhookTimes));
