import { createStore } from './store';

/** What just happened, with a way back while it is shown. */
export interface Toast {
  id: number;
  text: string;
  tone: 'done' | 'failed';
  undo?: (() => Promise<void> | void) | undefined;
}

export const toasts = createStore<Toast[]>([]);
/** The page's one polite live region says this. */
export const announcement = createStore('');

let last = 0;

/** Shows a toast and reads it out. One at a time: a new one takes the place of the former. */
export function toast(text: string, options: { undo?: () => Promise<void> | void; tone?: Toast['tone'] } = {}): void {
  last += 1;
  toasts.set([{ id: last, text, tone: options.tone ?? 'done', undo: options.undo }]);
  announce(text);
}

export function dismissToast(id: number): void {
  toasts.set(toasts.get().filter((shown) => shown.id !== id));
}

/** A trailing space makes the same words twice in a row two announcements. */
export function announce(text: string): void {
  announcement.set(announcement.get() === text ? `${text} ` : text);
}
