import { type QueryKey, useQueryClient } from '@tanstack/react-query';
import { lazy, type ReactNode, Suspense, useRef, useState } from 'react';
import { ApiError } from '../api';
import { useProblemText } from './problem';
import { toast } from './toasts';

interface Revisioned {
  id: string;
  revision: number;
}

interface SavingOptions<R extends Revisioned, P> {
  /** The query that holds the record; every answer goes there. */
  queryKey: QueryKey;
  change: (patch: P, revision: number) => Promise<R>;
  onSaved?: (record: R) => void;
  /** A field and its value, as a person reads them, for the question of whose change stays. */
  describe: (record: Partial<R> | P) => { label: string; value: string }[];
}

interface SaveOptions {
  /** The revision the person saw while typing; else the newest that is known here. */
  revision?: number;
  done?: string;
  undo?: () => void;
}

/**
 * Saves changes one after another under If-Match. When somebody else was faster, asks whose change stays; what was
 * typed is not lost. `dialog` must be rendered.
 */
export function useSaving<R extends Revisioned, P extends object>({ queryKey, change, onSaved, describe }: SavingOptions<R, P>) {
  const queryClient = useQueryClient();
  const problemText = useProblemText();
  const [stale, setStale] = useState<{ patch: P; theirs: R; done: (saved: boolean) => void } | null>(null);
  const [busy, setBusy] = useState(false);
  const queue = useRef<Promise<unknown>>(Promise.resolve());

  function keep(record: R) {
    queryClient.setQueryData(queryKey, record);
    onSaved?.(record);
  }

  async function attempt(patch: P, options: SaveOptions): Promise<boolean> {
    setBusy(true);
    try {
      const known = queryClient.getQueryData<R>(queryKey);
      keep(await change(patch, options.revision ?? known?.revision ?? 1));
      if (options.done) toast(options.done, options.undo ? { undo: options.undo } : {});
      return true;
    } catch (error) {
      if (error instanceof ApiError && error.code === 'stale_revision' && error.current) {
        const theirs = error.current as unknown as R;
        return await new Promise<boolean>((done) => setStale({ patch, theirs, done }));
      }
      toast(problemText(error), { tone: 'failed' });
      return false;
    } finally {
      setBusy(false);
    }
  }

  /** Resolves to whether the change is stored; false leaves the typed text where it is. */
  function save(patch: P, options: SaveOptions = {}): Promise<boolean> {
    const result = queue.current.then(() => attempt(patch, options));
    queue.current = result;
    return result;
  }

  const dialog: ReactNode = stale && (
    <Suspense>
      <StaleDialog
        mine={describe(stale.patch)}
        theirs={describe(pick(stale.theirs, Object.keys(stale.patch)))}
        onMine={() => {
          const { patch, theirs, done } = stale;
          setStale(null);
          queryClient.setQueryData(queryKey, theirs);
          void attempt(patch, { revision: theirs.revision }).then(done);
        }}
        onTheirs={() => {
          keep(stale.theirs);
          stale.done(true);
          setStale(null);
        }}
        onClose={() => {
          stale.done(false);
          setStale(null);
        }}
      />
    </Suspense>
  );
  return { save, busy, dialog };
}

const pick = <R extends object>(record: R, fields: string[]): Partial<R> =>
  Object.fromEntries(Object.entries(record).filter(([field]) => fields.includes(field) || fields.includes(`${field}Id`))) as Partial<R>;

const StaleDialog = lazy(() => import('./stale-dialog'));
