import { makeStyles, mergeClasses, tokens } from '@fluentui/react-components';
import { type CSSProperties, type ReactNode, useEffect, useState } from 'react';

/** Widths of specs: below 640 cards and a bottom bar, from 1024 list and detail side by side. */
export type Width = 'phone' | 'medium' | 'wide';

const QUERIES = { wide: '(min-width: 1024px)', phone: '(max-width: 639px)' };

const widthNow = (): Width => {
  if (!window.matchMedia) return 'wide';
  if (window.matchMedia(QUERIES.wide).matches) return 'wide';
  return window.matchMedia(QUERIES.phone).matches ? 'phone' : 'medium';
};

export function useWidth(): Width {
  const [width, setWidth] = useState(widthNow);
  useEffect(() => {
    if (!window.matchMedia) return;
    const lists = Object.values(QUERIES).map((query) => window.matchMedia(query));
    const update = () => setWidth(widthNow());
    for (const list of lists) list.addEventListener('change', update);
    return () => {
      for (const list of lists) list.removeEventListener('change', update);
    };
  }, []);
  return width;
}

const useStyles = makeStyles({
  head: { display: 'flex', flexWrap: 'wrap', alignItems: 'center', gap: '8px 16px', marginBottom: '12px' },
  title: {
    margin: 0,
    flex: '1 1 auto',
    fontSize: tokens.fontSizeBase500,
    lineHeight: tokens.lineHeightBase500,
    fontWeight: tokens.fontWeightSemibold,
    outlineStyle: 'none',
  },
  card: {
    backgroundColor: tokens.colorNeutralBackground1,
    border: `1px solid ${tokens.colorNeutralStroke2}`,
    borderRadius: tokens.borderRadiusXLarge,
    padding: '16px',
    minWidth: 0,
  },
  bar: {
    position: 'fixed',
    zIndex: 10,
    insetInline: 0,
    bottom: 0,
    display: 'flex',
    gap: '8px',
    padding: '10px 12px calc(10px + env(safe-area-inset-bottom))',
    backgroundColor: tokens.colorNeutralBackground1,
    borderTop: `1px solid ${tokens.colorNeutralStroke2}`,
    '> *': { flex: '1 1 0' },
  },
  heading: { margin: 0, fontSize: tokens.fontSizeBase400, lineHeight: tokens.lineHeightBase400, fontWeight: tokens.fontWeightSemibold },
  list: { listStyleType: 'none', margin: 0, padding: 0 },
});

/** The page's heading with what belongs beside it. */
export function PageHead({ title, children }: { title: string; children?: ReactNode }) {
  const styles = useStyles();
  return (
    <div className={styles.head}>
      <h1 className={styles.title} tabIndex={-1}>
        {title}
      </h1>
      {children}
    </div>
  );
}

export function Card({
  children,
  className,
  style,
  label,
}: {
  children: ReactNode;
  className?: string;
  style?: CSSProperties;
  label?: string;
}) {
  const styles = useStyles();
  return (
    <section className={mergeClasses(styles.card, className)} style={style} aria-label={label}>
      {children}
    </section>
  );
}

/** The main action under the thumb, on phones. */
export function BottomBar({ children }: { children: ReactNode }) {
  const styles = useStyles();
  return <div className={styles.bar}>{children}</div>;
}

export function Heading({ children, id, className }: { children: ReactNode; id?: string; className?: string }) {
  const styles = useStyles();
  return (
    <h2 id={id} className={mergeClasses(styles.heading, className)}>
      {children}
    </h2>
  );
}

export function List({ children, className, label }: { children: ReactNode; className?: string; label?: string }) {
  const styles = useStyles();
  return (
    <ul className={mergeClasses(styles.list, className)} aria-label={label}>
      {children}
    </ul>
  );
}
