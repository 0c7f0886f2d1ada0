import { readFileSync } from 'node:fs';
import { link, mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { systemClock } from '../clock';
import { newSecret } from '../ids';

/** Another living process works on this data folder. */
export class DataFolderInUse extends Error {
  constructor(folder: string, pid: number) {
    super(`The data folder ${folder} is in use by process ${pid}. Stop that process first, or set DATA_DIR to another folder.`);
    this.name = 'DataFolderInUse';
  }
}

interface Owner {
  pid: number;
  /** When that process started, in the kernel's own ticks; null where it cannot be read. A pid alone may have been reused. */
  startedAt: string | null;
}

/**
 * Takes the folder for this process alone. Two processes on one embedded database corrupt it silently.
 * A lock left by a killed process is taken over. Returns the release.
 */
export async function lockDataFolder(folder: string): Promise<() => Promise<void>> {
  await mkdir(folder, { recursive: true });
  const lock = path.join(folder, 'lock');
  const own: Owner = { pid: process.pid, startedAt: startOf(process.pid) };
  const candidate = path.join(folder, `lock.${process.pid}.${newSecret().slice(0, 8)}`);
  await writeFile(candidate, JSON.stringify(own), { flush: true });
  try {
    while (!(await claim(candidate, lock))) {
      const holder = await readOwner(lock);
      if (holder === 'none') continue;
      if (holder !== 'unreadable' && isAlive(holder)) throw new DataFolderInUse(folder, holder.pid);
      await removeStale(folder, lock);
    }
  } finally {
    await rm(candidate, { force: true });
  }
  return () => rm(lock, { force: true });
}

/** A hard link fails when the name exists: the file system decides who is first. */
async function claim(candidate: string, lock: string): Promise<boolean> {
  try {
    await link(candidate, lock);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

/** Only one process at a time removes a stale lock, and only after looking again. */
async function removeStale(folder: string, lock: string): Promise<void> {
  const broom = path.join(folder, 'lock.takeover');
  try {
    await writeFile(broom, '', { flag: 'wx' });
  } catch {
    const age = await stat(broom).then(
      (found) => systemClock.now().getTime() - found.mtimeMs,
      () => 0,
    );
    if (age > 10_000) await rm(broom, { force: true });
    return;
  }
  try {
    const holder = await readOwner(lock);
    // A lock that is gone may be back by now, as somebody's own: nobody but us removes one that is there.
    if (holder === 'unreadable' || (holder !== 'none' && !isAlive(holder))) await rm(lock, { force: true });
  } finally {
    await rm(broom, { force: true });
  }
}

/** A lock is linked into place when it is complete: one that cannot be read is nobody's. */
async function readOwner(lock: string): Promise<Owner | 'none' | 'unreadable'> {
  try {
    const owner = JSON.parse(await readFile(lock, 'utf8')) as Owner | null;
    return Number.isInteger(owner?.pid) ? owner! : 'unreadable';
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'none' : 'unreadable';
  }
}

function isAlive(owner: Owner): boolean {
  try {
    process.kill(owner.pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
  }
  return owner.startedAt === null || owner.startedAt === startOf(owner.pid);
}

/** Field 22 of /proc/<pid>/stat, after the name in parentheses. */
function startOf(pid: number): string | null {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)!.split(' ')[19] ?? null;
  } catch {
    return null;
  }
}
