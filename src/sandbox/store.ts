import { mkdir, open, readFile, rename } from 'node:fs/promises';
import path from 'node:path';

/** JSON state in one file. What `change` has answered survives a crash of the process and of the machine. */
export interface Store<T> {
  /** The last state that reached the disk; never edit it. */
  readonly current: T;
  /** Runs `edit` on a copy, writes it, then makes it current. An edit that throws changes nothing. One at a time. */
  change<R>(edit: (draft: T) => R): Promise<R>;
}

export async function openStore<T>(folder: string, name: string, initial: T): Promise<Store<T>> {
  await mkdir(folder, { recursive: true });
  const file = path.join(folder, `${name}.json`);
  let current = (await read<T>(file)) ?? initial;
  let last: Promise<unknown> = Promise.resolve();

  return {
    get current() {
      return current;
    },
    change<R>(edit: (draft: T) => R): Promise<R> {
      const next = last.then(async () => {
        const draft = structuredClone(current);
        const answer = edit(draft);
        await write(folder, file, draft);
        current = draft;
        return answer;
      });
      last = next.catch(() => undefined);
      return next;
    },
  };
}

async function read<T>(file: string): Promise<T | undefined> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  try {
    return JSON.parse(text) as T;
  } catch {
    throw new Error(`The sandbox's ${path.basename(file)} is not readable JSON; delete it to begin anew.`);
  }
}

/** Temporary file, flush, rename, flush of the folder: a crash leaves either the old state or the new one. */
async function write(folder: string, file: string, state: unknown): Promise<void> {
  const temporary = `${file}.new`;
  const handle = await open(temporary, 'w', 0o600);
  try {
    await handle.writeFile(JSON.stringify(state));
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(temporary, file);
  await flushFolder(folder);
}

async function flushFolder(folder: string): Promise<void> {
  if (process.platform === 'win32') return; // folders cannot be opened there
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
