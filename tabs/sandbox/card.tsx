import { useEffect, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { HostTheme } from './address';
import type { CardAct } from './card-renderer';

/** An Adaptive Card. The renderer is fetched with the first card; an update replaces the card where it stands. */
export function Card({ payload, theme, act, busy }: { payload: unknown; theme: HostTheme; act: CardAct; busy?: boolean }) {
  const { t } = useTranslation('host');
  const place = useRef<HTMLDivElement>(null);
  const latestAct = useRef(act);
  const [broken, setBroken] = useState(false);
  useEffect(() => {
    latestAct.current = act;
  });
  useEffect(() => {
    let current = true;
    void import('./card-renderer').then(
      ({ drawCard }) => {
        const target = place.current;
        if (!current || !target) return;
        const hadFocus = target.contains(document.activeElement);
        const drawn = drawCard(payload, theme, {
          submit: (data) => latestAct.current.submit(data),
          execute: (verb, data) => latestAct.current.execute(verb, data),
          open: (url) => latestAct.current.open(url),
        });
        setBroken(!drawn);
        target.replaceChildren(...(drawn ? [drawn] : []));
        // The button that was pressed is gone: the reader goes on at the new card, not at the top of the page.
        if (hadFocus) target.focus();
      },
      () => current && setBroken(true),
    );
    return () => {
      current = false;
    };
  }, [payload, theme]);
  return (
    <div className="card" aria-busy={busy || undefined}>
      <div ref={place} tabIndex={-1} className="card-place" />
      {broken && <p className="quiet">{t('chat.cardBroken')}</p>}
    </div>
  );
}
