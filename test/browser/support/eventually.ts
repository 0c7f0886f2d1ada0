import { setTimeout as pause } from 'node:timers/promises';

const WITHIN_MS = 30_000;

/** Repeats a check until it holds, and fails as it last failed. */
export async function eventually(check: () => Promise<void>): Promise<void> {
  const deadline = Date.now() + WITHIN_MS;
  for (;;) {
    try {
      return await check();
    } catch (failure) {
      if (Date.now() > deadline) throw failure;
      await pause(100);
    }
  }
}
