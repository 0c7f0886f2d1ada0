import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type App, createApp } from '../../src/app';
import { parseConfig } from '../../src/config';
import { inTenant } from '../../src/platform/context';
import { openDatabase, quiet } from '../support/database';
import { freePort } from '../support/server-process';
import { aTenant } from '../support/tenant';

let app: App;
let url: string;
const stops: (() => Promise<unknown>)[] = [];
beforeAll(async () => {
  const dataDir = await mkdtemp(path.join(tmpdir(), 'kontingent-command-line-'));
  const config = parseConfig({ PORT: String(await freePort()), DATA_DIR: dataDir, LOG_LEVEL: 'silent' });
  const { database, drop } = await openDatabase();
  app = await createApp(config, { database, log: quiet });
  await app.start();
  url = config.publicUrl;
  stops.push(
    () => app.stop(),
    drop,
    () => rm(dataDir, { recursive: true, force: true }),
  );
});
afterAll(async () => {
  for (const stop of stops) await stop();
});

interface Ran {
  code: number;
  out: string;
  err: string;
}

const kontingent = (...words: string[]): Promise<Ran> => runWith({ KONTINGENT_URL: url }, ...words);

function runWith(env: Record<string, string>, ...words: string[]): Promise<Ran> {
  return new Promise((resolve) => {
    const options = { env: { PATH: process.env.PATH ?? '', HOME: tmpdir(), ...env } };
    execFile(process.execPath, ['scripts/kontingent.mjs', ...words], options, (error, out, err) =>
      resolve({ code: Number(error?.code ?? 0), out, err }),
    );
  });
}

const read = async (...words: string[]) => {
  const { code, out, err } = await kontingent(...words, '--json');
  return { code, err, answer: out ? JSON.parse(out) : null };
};

test('a purchase that waits is seen in the status, the list of those that wait, and the calls that found it', async () => {
  await app.settle();
  expect(await kontingent('status')).toMatchObject({ code: 0, out: expect.stringMatching(/^concerns: none$/mu) });

  const bought = await fetch(`${url}/sandbox/api/marketplace/purchases`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ person: 'owner', planId: 'free' }),
  });
  const { id } = ((await bought.json()) as { subscription: { id: string } }).subscription;
  await app.settle();
  const status = await read('status');
  expect([status.code, status.answer.concerns]).toEqual([3, ['purchases that nobody has activated: 1']]);
  const pending = await kontingent('pending');
  expect([pending.code, pending.out]).toEqual([0, expect.stringContaining(id)]);

  const calls = await read('calls', '--subscription', id);
  expect(calls.answer.items).toMatchObject([{ method: 'GET', status: 200, outcome: 'done', subscriptionId: id.toLowerCase() }]);
  const { correlationId } = calls.answer.items[0];
  const act = await read('calls', '--correlation', correlationId, '--limit', '1');
  expect(act.answer).toMatchObject({ items: [{ correlationId }], nextCursor: expect.any(String) });
  expect((await kontingent('drift')).out).toBe('Nothing.\n');
});

test('the self-test reaches the sandbox’s own address with a signed event, which can be looked at and replayed', async () => {
  const tested = await read('self-test');
  expect([tested.code, tested.answer.passed, tested.answer.signed]).toEqual([0, true, true]);
  const { eventId } = tested.answer.event;
  const events = await kontingent('events', '--from', '2026-01-01');
  expect([events.code, events.out]).toEqual([0, expect.stringContaining(eventId)]);
  expect((await read('event', eventId)).answer).toMatchObject({ eventId, payload: { action: 'SelfTest' } });
  expect((await read('replay', eventId, '--reason', 'to be sure')).answer).toMatchObject({ eventId, outcome: 'subscription_unknown' });
});

test('an organization is found, shown, given units and unlocked; what the server refuses is said in its words, with the request’s id', async () => {
  const tenant = await aTenant(app.ctx);
  expect((await read('subscriptions', tenant.tenantId)).answer.items).toMatchObject([{ tenantId: tenant.tenantId }]);
  expect((await read('subscription', tenant.tenantId)).answer).toMatchObject({ subscriptions: [{ id: tenant.subscriptionId }] });
  const given = await read('grant', tenant.tenantId, 'tickets', '5', '--until', '2099-01-01', '--reason', 'an outage of ours');
  expect(given).toMatchObject({ code: 0, answer: { amount: 5, expiresAt: '2099-01-01T00:00:00.000Z' } });

  const refused = await kontingent('unlock', tenant.tenantId, 'tickets', '--reason', 'paid by telephone');
  expect([refused.code, refused.out, refused.err]).toEqual([1, '', expect.stringMatching(/409 nothing_to_unlock\)[\s\S]*Request \S+\./u)]);
  const role = await kontingent('grant', tenant.tenantId, 'tickets', '5', '--until', '2099-01-01', '--reason', 'r', '--as', 'accounting');
  expect([role.code, role.err]).toEqual([1, expect.stringContaining('not_allowed')]);
  expect(await kontingent('event', '00000000-0000-4000-8000-000000000000')).toMatchObject({
    code: 1,
    err: expect.stringContaining('event_not_found'),
  });
});

test('what was reported as usage is looked at, and a meter that was stopped goes on', async () => {
  const tenant = await aTenant(app.ctx);
  const marks = `insert into metering_marks (tenant_id, subscription_id, meter, window_start, window_end, closed_until, stopped_at, stopped_why)
                 values ($1, $2, 'tickets', '2026-01-01', '2026-02-01', '2026-01-01', '2026-01-02', 'InvalidDimension')`;
  await inTenant(app.ctx, tenant.tenantId, ({ db }) => db.query(marks, [tenant.tenantId, tenant.subscriptionId]));
  const report = `insert into usage_reports (report_id, tenant_id, subscription_id, meter, resource_id, dimension, plan_id, hour, effective_at, quantity,
                                             state, next_attempt_at, created_at)
                  values (gen_random_uuid(), $1, $2::uuid, 'tickets', $2::text, 'extra', 'gold', $3, $3, 2, $4, $3, $3)`;
  for (const [hour, state] of [
    ['2026-01-01T10:00:00Z', 'accepted'],
    ['2026-01-01T11:00:00Z', 'refused'],
  ])
    await app.ctx.database.query(report, [tenant.tenantId, tenant.subscriptionId, hour, state]);

  const states = async (...words: string[]) => (await read('reports', ...words)).answer.items.map(({ state }: { state: string }) => state);
  expect(await states()).toEqual(['refused']);
  expect(await states('--all', '--organization', tenant.tenantId)).toEqual(['refused', 'accepted']);
  expect(await states('--outcome', 'accepted')).toEqual(['accepted']);
  expect(await kontingent('reports')).toMatchObject({ code: 0, out: expect.stringMatching(/2026-01-01T11:00:00.000Z +refused +2 /u) });
  expect(await kontingent('differences')).toMatchObject({ code: 0, out: 'Nothing.\n' });
  const resumed = () => read('resume', tenant.tenantId, tenant.subscriptionId, '--reason', 'mended in Partner Center');
  expect((await resumed()).answer).toEqual({ resumed: ['tickets'] });
  expect((await resumed()).answer).toEqual({ resumed: [] });
});

test('a wrong command line ends with 2 and names what is wrong; nobody who answers, no sign-in and a wrong token end with 1', async () => {
  const wrong = [
    [['nope'], /no command “nope”/u],
    [['replay'], /needs event id/u],
    [['replay', 'x'], /needs --reason/u],
    [['pending', '--all'], /takes no --all/u],
    [['pending', 'x'], /takes no “x”/u],
    [['events', '--sideways'], /sideways/u],
  ] as const;
  for (const [words, said] of wrong)
    expect([words, await kontingent(...words)]).toMatchObject([words, { code: 2, out: '', err: expect.stringMatching(said) }]);
  const port = await freePort();
  expect(await runWith({}, 'pending', '--url', `http://127.0.0.1:${port}`)).toMatchObject({
    code: 1,
    err: expect.stringContaining('Nobody answers'),
  });
  expect(await kontingent('pending', '--token', 'forged')).toMatchObject({ code: 1, err: expect.stringContaining('token_invalid') });
  expect(await runWith({ KONTINGENT_URL: 'https://elsewhere.example' }, 'pending')).toMatchObject({
    code: 1,
    err: expect.stringContaining('ENTRA_CLIENT_ID'),
  });
  expect(await kontingent('help', 'replay')).toMatchObject({ code: 0, out: expect.stringContaining('replay <event id> --reason WORDS') });
});
