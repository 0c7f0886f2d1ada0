// Kontingent in sandbox mode with Microsoft 365 Agents Playground in front of its bot. The tool sends no tokens: the bot then takes
// activities of the sample organization from this machine without one. Ends with Ctrl-C.
import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const TOOL = '@microsoft/m365agentsplayground@0.2.28';
const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
const configFile = path.join(root, 'playground/m365agentsplayground.yml');
const tenantId = /^tenantId: (\S+)$/mu.exec(readFileSync(configFile, 'utf8'))[1];
const port = process.env.PORT || '3978';
const toolPort = process.env.PLAYGROUND_PORT || '56150';
const isWindows = process.platform === 'win32';

const children = [];
let stopping = false;

/** Ends what is left; the first one that ends takes the others with it. */
function stop(code) {
  if (stopping) return;
  stopping = true;
  process.exitCode = code;
  for (const child of children) if (child.exitCode === null) child.kill('SIGTERM');
}

function start(file, args, options) {
  const child = spawn(file, args, { stdio: 'inherit', ...options });
  children.push(child);
  child.on('error', (error) => {
    console.error(`${file} could not be started: ${error.message}`);
    stop(1);
  });
  return child;
}

const answers = (address) =>
  fetch(address).then(
    (res) => res.ok,
    () => false,
  );

async function answersSoon(address, seconds) {
  for (let tries = 0; tries < seconds * 4 && !stopping; tries += 1) {
    if (await answers(address)) return true;
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
  return false;
}

const isFree = (wanted) =>
  new Promise((resolve) => {
    const probe = createServer().once('error', () => resolve(false));
    probe.listen(Number(wanted), () => probe.close(() => resolve(true)));
  });

for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => stop(0));

for (const taken of [port, toolPort]) {
  if (await isFree(taken)) continue;
  console.error(
    `Port ${taken} is taken by another program. Stop it, or set ${taken === port ? 'PORT' : 'PLAYGROUND_PORT'} to another number.`,
  );
  process.exit(1);
}

const server = start(process.execPath, [path.join(root, 'scripts/start.mjs')], {
  cwd: root,
  env: { ...process.env, KONTINGENT_MODE: 'sandbox', HOST: '127.0.0.1', PORT: port, PLAYGROUND_TENANT_ID: tenantId },
});
server.on('exit', (code) => stop(code ?? 1));

if (await answersSoon(`http://127.0.0.1:${port}/health/ready`, 120)) {
  // The tool writes its logs below the folder it is started in.
  const folder = path.join(root, '.data/playground');
  mkdirSync(folder, { recursive: true });
  const args = [
    'start',
    '-e',
    `http://127.0.0.1:${port}/api/messages`,
    '-c',
    'msteams',
    '-p',
    toolPort,
    '--su',
    `http://localhost:${toolPort}/_connector`,
    '--dt',
  ];
  const tool = start('npx', ['--yes', TOOL, ...args], {
    cwd: folder,
    shell: isWindows,
    env: { ...process.env, M365_AGENTS_PLAYGROUND_CONFIG_PATH: configFile, BROWSER: process.env.BROWSER ?? 'none' },
  });
  tool.on('exit', (code) => {
    if (!stopping)
      console.error(
        `Microsoft 365 Agents Playground ended${code ? `, or could not be had from the registry (${TOOL})` : ''}; its log is below ${folder}.`,
      );
    stop(code ?? 1);
  });
  if (await answersSoon(`http://127.0.0.1:${toolPort}/_debug/ping`, 120)) {
    console.log(`
  Microsoft 365 Agents Playground: http://localhost:${toolPort}  (it listens on every interface of this machine)
  It writes to the bot as Adam Agent of the sandbox's Sample Logistics. Without a plan the bot says so:
  buy one first at http://localhost:${port} as Olivia Owner. Ctrl-C stops both.
`);
  }
} else if (!stopping) {
  console.error('The server did not get ready.');
  stop(1);
}
