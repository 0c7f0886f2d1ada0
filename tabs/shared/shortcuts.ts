import { useEffect, useRef } from 'react';
import { useSession } from './session';

const isTyping = (target: EventTarget | null) =>
  target instanceof HTMLElement && (target.isContentEditable || ['INPUT', 'TEXTAREA', 'SELECT'].includes(target.tagName));

const isModalOpen = () => document.querySelector('[role="dialog"], [role="alertdialog"], [role="menu"]') !== null;

/** Runs `action` when the single key is pressed outside of fields and dialogs, unless the person switched such keys off (WCAG 2.1.4). */
export function useShortcut(key: string, action: () => void, enabled = true): void {
  const { shortcuts } = useSession();
  const latest = useRef(action);
  latest.current = action;
  const active = shortcuts && enabled;
  useEffect(() => {
    if (!active) return;
    const onKey = (event: KeyboardEvent) => {
      if (event.key !== key || event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented || event.repeat) return;
      if (isTyping(event.target) || isModalOpen()) return;
      event.preventDefault();
      latest.current();
    };
    window.addEventListener('keydown', onKey);
    return () => window.removeEventListener('keydown', onKey);
  }, [key, active]);
}
