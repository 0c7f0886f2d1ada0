import { createApp } from './app';
import { type Config, ConfigError, parseConfig, readEnv } from './config';
import { CatalogError } from './features/plans/catalog';
import { DataFolderInUse } from './platform/db/data-folder-lock';
import { DatabaseAway } from './platform/db/database';

const EXPECTED = [ConfigError, CatalogError, DataFolderInUse, DatabaseAway];

async function main(): Promise<void> {
  const config = parseConfig(readEnv());
  const app = await createApp(config);
  let stopping = false;
  const stop = () => {
    if (stopping) return;
    stopping = true;
    app.stop().then(
      () => process.exit(0),
      (error: unknown) => fail(error),
    );
  };
  process.on('SIGINT', stop);
  process.on('SIGTERM', stop);
  await app.start();
  if (config.mode === 'sandbox') greet(config);
  else app.ctx.log.info({ mode: config.mode, port: config.port }, 'Kontingent is ready');
}

function greet({ publicUrl, dataDir, databaseUrl }: Config): void {
  console.log(`
  Kontingent is ready in sandbox mode: ${publicUrl}

  What to try:
    1. Open ${publicUrl} – a small Teams look-alike with the app’s tab, a chat with the bot and a marketplace.
    2. Buy a plan in its marketplace (the smallest has the smallest limits). “Configure account now” activates it; a contract holds at once.
    3. Create tickets in the tab until the warning at 80 % and the limit come; the bot says the same.
    4. Change to a larger plan, or move the sandbox’s clock to the next month: what waited as a draft can be submitted.

  Everything is kept in ${databaseUrl ? 'the database server and ' : ''}${dataDir}. Nothing leaves this machine. Ctrl-C stops.
`);
}

function fail(error: unknown): never {
  const known = EXPECTED.some((kind) => error instanceof kind) || (error as { code?: unknown }).code === 'EADDRINUSE';
  console.error(known ? explain(error as Error) : error);
  process.exit(1);
}

function explain(error: Error): string {
  if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') return error.message;
  return `Port ${(error as { port?: number }).port} is taken by another program. Stop it, or set PORT to another number.`;
}

main().catch(fail);
