import { type ChildProcess, fork } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { stagingEnv } from '../support/app';
import { compileServer, freePort, ServerProcess } from '../support/server-process';

let server: Awaited<ReturnType<typeof compileServer>>;
let folder: string;
beforeAll(async () => {
  server = await compileServer();
});
afterAll(() => server.remove());
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'kontingent-lock-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const envOf = (port: number) =>
  stagingEnv({
    PORT: String(port),
    HOST: '127.0.0.1',
    DATA_DIR: folder,
    MARKETPLACE_API_URL: 'http://127.0.0.1:9/api',
    LOG_LEVEL: 'error',
  });

test('a second process on the same folder is refused with a sentence while the first goes on; a killed one’s folder is taken over', async () => {
  const first = await ServerProcess.start(server.main, envOf(await freePort()));
  const second = ServerProcess.spawn(server.main, envOf(await freePort()));
  expect(await second.exited).toEqual({ code: 1, signal: null });
  expect(second.output.trim()).toMatch(
    /^The data folder \S+ is in use by process \d+\. Stop that process first, or set DATA_DIR to another folder\.$/u,
  );
  expect((await fetch(`${first.url}/health/ready`)).status).toBe(200);

  await first.kill();
  const third = await ServerProcess.start(server.main, envOf(await freePort()));
  third.signal('SIGTERM');
  expect(await third.exited).toEqual({ code: 0, signal: null });
  expect((await readdir(folder)).filter((name) => name.startsWith('lock'))).toEqual([]);
}, 180_000);

/** Takes the lock when told to, says what came of it, and lets go when told to. */
const CONTENDER = `
  const { lockDataFolder } = require(process.argv[2]);
  let release = null;
  process.on('message', async (word) => {
    if (word === 'release') { await release?.(); release = null; return process.send('released'); }
    const wanted = Number(word);
    while (Date.now() < wanted);
    try { release = await lockDataFolder(process.argv[3]); process.send('won'); }
    catch (error) { process.send(error.name === 'DataFolderInUse' ? 'lost' : 'failed ' + error.stack); }
  });
  process.send('here');
`;

const said = (child: ChildProcess): Promise<string> => new Promise((resolve) => child.once('message', (word) => resolve(String(word))));

async function contenders(count: number): Promise<ChildProcess[]> {
  const script = path.join(folder, 'contender.cjs');
  await writeFile(script, CONTENDER);
  const children = Array.from({ length: count }, () => fork(script, [path.join(server.folder, 'platform/db/data-folder-lock.js'), folder]));
  expect(await Promise.all(children.map(said))).toEqual(Array(count).fill('here'));
  return children;
}

/** A process that is over: its number and start name nobody any more. */
const STALE = JSON.stringify({ pid: 2 ** 22 - 7, startedAt: '1' });
const LEFT_BEHIND: [string, string | null][] = [
  ['a killed process left', STALE],
  ['a reused process number left', JSON.stringify({ pid: process.pid, startedAt: '1' })],
  ['a full disk left, empty', ''],
  ['somebody wrote by hand', 'null'],
  ['nobody left', null],
];

test.each(LEFT_BEHIND)(
  'of four contenders for a lock that %s exactly one wins, round after round',
  async (_what, content) => {
    const children = await contenders(4);
    try {
      for (let round = 0; round < 30; round += 1) {
        if (content !== null) await writeFile(path.join(folder, 'lock'), content);
        const answers = Promise.all(children.map(said));
        const start = String(Date.now() + 4);
        for (const child of children) child.send(start);
        const words = await answers;
        expect([round, ...words.sort()]).toEqual([round, 'lost', 'lost', 'lost', 'won']);
        const released = Promise.all(children.map(said));
        for (const child of children) child.send('release');
        await released;
        expect((await readdir(folder)).sort()).toEqual(['contender.cjs']);
      }
    } finally {
      for (const child of children) child.kill('SIGKILL');
    }
  },
  40_000,
);

test('the lock names its process, and only its holder’s release takes it away', async () => {
  const [child, other] = await contenders(2);
  try {
    const won = said(child!);
    child!.send(String(Date.now()));
    expect(await won).toBe('won');
    expect(JSON.parse(await readFile(path.join(folder, 'lock'), 'utf8'))).toMatchObject({ pid: child!.pid });
    const lost = said(other!);
    other!.send(String(Date.now()));
    expect(await lost).toBe('lost');
    const released = said(other!);
    other!.send('release');
    await released;
    expect(JSON.parse(await readFile(path.join(folder, 'lock'), 'utf8'))).toMatchObject({ pid: child!.pid });
  } finally {
    child!.kill('SIGKILL');
    other!.kill('SIGKILL');
  }
});
