import { useCallback, useState } from 'react';
import { newActKey } from '../api';

/** Storage may be blocked in a frame: then things are kept as long as the page lives. */
const fallback = new Map<string, string>();

export function readKept<T>(key: string): T | null {
  try {
    const text = window.localStorage.getItem(key) ?? fallback.get(key) ?? null;
    return text === null ? null : (JSON.parse(text) as T);
  } catch {
    return null;
  }
}

export function writeKept(key: string, value: unknown): void {
  const text = JSON.stringify(value);
  try {
    window.localStorage.setItem(key, text);
  } catch {
    fallback.set(key, text);
  }
}

export function forget(key: string): void {
  fallback.delete(key);
  try {
    window.localStorage.removeItem(key);
  } catch {
    // nothing was stored
  }
}

/** Typed text that survives a closed dialog, a lost session and a reload, until it is sent. */
export function useKept<T>(key: string, empty: T): { value: T; set: (value: T) => void; clear: () => void; restored: boolean } {
  const [stored] = useState(() => readKept<T>(key));
  const [value, setValue] = useState<T>(stored ?? empty);
  const set = useCallback(
    (next: T) => {
      setValue(next);
      writeKept(key, next);
    },
    [key],
  );
  const clear = useCallback(() => {
    setValue(empty);
    forget(key);
    forget(`${key}.act`);
  }, [key, empty]);
  return { value, set, clear, restored: stored !== null };
}

/**
 * The Idempotency-Key of the act of sending exactly this content: the same for every retry, also after a reload,
 * and another one as soon as the content is another, since that is another act.
 */
export function actKey(key: string, content: unknown): string {
  const of = JSON.stringify(content);
  const known = readKept<{ of: string; key: string }>(`${key}.act`);
  if (known?.of === of) return known.key;
  const made = newActKey();
  writeKept(`${key}.act`, { of, key: made });
  return made;
}
