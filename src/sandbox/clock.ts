import type { Clock } from '../platform/clock';
import { openStore } from './store';
import type { Timers } from './timers';

/** The sandbox's clock: real time plus a stored offset that only grows. */
export interface SandboxClock extends Clock {
  /** Moves to `to` and answers true; false, and nothing moves, when that is not later than now. */
  moveTo(to: Date): Promise<boolean>;
  /** Called after each move. */
  onMove(listener: () => void): void;
}

export async function openClock(folder: string, timers: Timers): Promise<SandboxClock> {
  const store = await openStore(folder, 'clock', { offsetMs: 0 });
  const listeners: (() => void)[] = [];
  return {
    now: () => new Date(timers.now().getTime() + store.current.offsetMs),
    async moveTo(to) {
      const moved = await store.change((draft) => {
        const offsetMs = to.getTime() - timers.now().getTime();
        if (offsetMs <= draft.offsetMs) return false;
        draft.offsetMs = offsetMs;
        return true;
      });
      if (moved) for (const listener of listeners) listener();
      return moved;
    },
    onMove: (listener) => listeners.push(listener),
  };
}
