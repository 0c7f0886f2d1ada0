import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { CLIENT_ID, ISSUER, type KeyServer, stagingEnv, startKeyServer } from '../support/app';
import { compileServer, fillDataFolder, freePort, ServerProcess } from '../support/server-process';
import { anActor } from '../support/tenant';

let server: Awaited<ReturnType<typeof compileServer>>;
let keys: KeyServer;
let folder: string;
beforeAll(async () => {
  [server, keys, folder] = await Promise.all([compileServer(), startKeyServer(), mkdtemp(path.join(tmpdir(), 'kontingent-drain-'))]);
  await fillDataFolder(folder);
});
afterAll(async () => {
  await keys.stop();
  await server.remove();
  await rm(folder, { recursive: true, force: true });
});

const envOf = (port: number) =>
  stagingEnv({
    PORT: String(port),
    HOST: '127.0.0.1',
    DATA_DIR: folder,
    ENTRA_JWKS_URL: keys.url,
    MARKETPLACE_API_URL: 'http://127.0.0.1:9/api',
    LOG_LEVEL: 'error',
  });

/** Everything a connection hears until it is closed. */
function listen(socket: Socket): { heard(): string; closed: Promise<string>; hears(part: string): Promise<void> } {
  let text = '';
  socket.on('data', (chunk) => {
    text += chunk;
  });
  socket.on('error', () => {});
  return {
    heard: () => text,
    closed: new Promise((resolve) => socket.once('close', () => resolve(text))),
    async hears(part) {
      while (!text.includes(part)) await new Promise((resolve) => setTimeout(resolve, 10));
    },
  };
}

const open = async (port: number): Promise<Socket> => {
  const socket = connect(port, '127.0.0.1');
  await new Promise((resolve, reject) => socket.once('connect', resolve).once('error', reject));
  return socket;
};

/** Resolves when nothing listens at the port any more. */
async function refused(port: number): Promise<void> {
  for (let tries = 0; tries < 200; tries += 1) {
    const socket = await open(port).catch((error: NodeJS.ErrnoException) => error.code);
    if (socket === 'ECONNREFUSED') return;
    if (typeof socket === 'object') socket.destroy();
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error('new connections are still taken');
}

test('SIGTERM: an answer under way is finished, idle connections are closed, new ones are refused, and the exit code is 0', async () => {
  const port = await freePort();
  const running = await ServerProcess.start(server.main, envOf(port));
  const { tenantId, memberId } = anActor();
  const claims = {
    aud: CLIENT_ID,
    iss: ISSUER.replace('{tid}', tenantId),
    tid: tenantId,
    oid: memberId,
    scp: 'access_as_user',
    ver: '2.0',
  };
  const token = await keys.issuer.sign(claims);

  const idle = await open(port);
  const idleEar = listen(idle);
  idle.write('GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n');
  await idleEar.hears('"live"');

  const slow = await open(port);
  const ear = listen(slow);
  const body = JSON.stringify({ title: 'Half of this came before the signal' });
  slow.write(
    `POST /api/v1/tickets HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${token}\r\nContent-Type: application/json\r\nIdempotency-Key: under-way\r\nContent-Length: ${body.length}\r\n\r\n${body.slice(0, 10)}`,
  );
  await new Promise((resolve) => setTimeout(resolve, 300));
  running.signal('SIGTERM');
  await refused(port);
  await idleEar.closed;
  expect(ear.heard()).toBe('');

  slow.write(body.slice(10));
  expect(await ear.closed).toMatch(/^HTTP\/1\.1 403 .*"no_subscription"/su);
  const answered = Date.now();
  expect(await running.exited).toEqual({ code: 0, signal: null });
  // Far below what a connection that is kept alive, or the cut, would take.
  expect(Date.now() - answered).toBeLessThan(4_000);
}, 180_000);

test('a client that never finishes its request is cut, and the exit code is 0 all the same; a second signal changes nothing', async () => {
  const port = await freePort();
  const running = await ServerProcess.start(server.main, envOf(port));
  const stuck = await open(port);
  const ear = listen(stuck);
  stuck.write('POST /api/messages HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{');
  await new Promise((resolve) => setTimeout(resolve, 200));
  running.signal('SIGTERM');
  running.signal('SIGINT');
  await ear.closed;
  expect(await running.exited).toEqual({ code: 0, signal: null });
}, 180_000);

test('a taken port is named in a sentence, the exit code is not 0, and the folder is free again', async () => {
  const taken = createServer();
  await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', () => resolve()));
  const { port } = taken.address() as AddressInfo;
  try {
    const running = ServerProcess.spawn(server.main, envOf(port));
    expect(await running.exited).toEqual({ code: 1, signal: null });
    expect(running.output.trim()).toBe(`Port ${port} is taken by another program. Stop it, or set PORT to another number.`);
  } finally {
    taken.close();
  }
  const next = await ServerProcess.start(server.main, envOf(await freePort()));
  next.signal('SIGTERM');
  expect(await next.exited).toEqual({ code: 0, signal: null });
}, 180_000);

test('wrong settings are named, without their values, and nothing is opened', async () => {
  const running = ServerProcess.spawn(server.main, { ...envOf(4229), PORT: 'eighty', ENTRA_CLIENT_SECRET: '', SESSION_SECRET: 'S3CRET' });
  expect(await running.exited).toEqual({ code: 1, signal: null });
  expect(running.output).toContain('The configuration has 3 problems:');
  for (const name of ['PORT', 'ENTRA_CLIENT_SECRET', 'SESSION_SECRET']) expect(running.output).toContain(`  - ${name} `);
  expect(running.output).not.toMatch(/S3CRET|eighty|at parseConfig/u);
});

test('a database that cannot be reached is named in a sentence, without its password', async () => {
  const running = ServerProcess.spawn(server.main, { ...envOf(4229), DATABASE_URL: 'postgres://owner:S3CRET@127.0.0.1:9/kontingent' });
  expect(await running.exited).toEqual({ code: 1, signal: null });
  expect(running.output.trim()).toBe('The database is away: connect ECONNREFUSED 127.0.0.1:9');
});
