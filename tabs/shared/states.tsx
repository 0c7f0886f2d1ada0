import { Button, makeStyles, mergeClasses, tokens } from '@fluentui/react-components';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { requestIdOf, useProblemText } from './problem';

const useStyles = makeStyles({
  bones: { display: 'flex', flexDirection: 'column', gap: '8px', paddingBlock: '4px' },
  bone: {
    height: '56px',
    borderRadius: tokens.borderRadiusLarge,
    backgroundColor: tokens.colorNeutralBackground5,
    animationName: { from: { opacity: 1 }, '50%': { opacity: 0.5 }, to: { opacity: 1 } },
    animationDuration: '1.6s',
    animationIterationCount: 'infinite',
    '@media (prefers-reduced-motion: reduce)': { animationName: 'none' },
  },
  notice: {
    display: 'flex',
    flexDirection: 'column',
    alignItems: 'center',
    textAlign: 'center',
    gap: '12px',
    padding: '48px 16px',
    maxWidth: '520px',
    marginInline: 'auto',
  },
  compact: { padding: '24px 12px' },
  picture: { fontSize: '40px', lineHeight: 1, color: tokens.colorNeutralForeground3, display: 'flex' },
  title: { fontSize: tokens.fontSizeBase400, lineHeight: tokens.lineHeightBase400, fontWeight: tokens.fontWeightSemibold, margin: 0 },
  text: { margin: 0, color: tokens.colorNeutralForeground2, overflowWrap: 'anywhere' },
  small: {
    margin: 0,
    fontSize: tokens.fontSizeBase200,
    color: tokens.colorNeutralForeground3,
    overflowWrap: 'anywhere',
    userSelect: 'text',
  },
});

/** Grey shapes where rows will be. */
export function Skeleton({ rows = 5 }: { rows?: number }) {
  const styles = useStyles();
  const { t } = useTranslation();
  return (
    <div className={styles.bones} role="progressbar" aria-label={t('common.loading')} aria-busy="true">
      {Array.from({ length: rows }, (_, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: identical shapes
        <div key={index} className={styles.bone} />
      ))}
    </div>
  );
}

interface EmptyProps {
  icon?: ReactNode;
  title: string;
  text?: string;
  action?: ReactNode;
  compact?: boolean;
}

/** Nothing here, and what to do next. */
export function Empty({ icon, title, text, action, compact = false }: EmptyProps) {
  const styles = useStyles();
  return (
    <div className={mergeClasses(styles.notice, compact && styles.compact)}>
      {icon && (
        <span className={styles.picture} aria-hidden>
          {icon}
        </span>
      )}
      <p className={styles.title}>{title}</p>
      {text && <p className={styles.text}>{text}</p>}
      {action}
    </div>
  );
}

/** What went wrong, a way to try again, and the number support asks for. */
export function Failure({ error, retry }: { error: unknown; retry?: () => void }) {
  const styles = useStyles();
  const { t } = useTranslation();
  const text = useProblemText();
  const requestId = requestIdOf(error);
  return (
    <div className={styles.notice} role="alert">
      <p className={styles.title}>{t('problem.title')}</p>
      <p className={styles.text}>{text(error)}</p>
      {retry && (
        <Button appearance="primary" onClick={retry}>
          {t('common.retry')}
        </Button>
      )}
      {requestId && <p className={styles.small}>{t('problem.requestId', { id: requestId })}</p>}
    </div>
  );
}
