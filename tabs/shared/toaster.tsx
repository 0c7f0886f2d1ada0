import { Button, makeStyles, tokens } from '@fluentui/react-components';
import { CheckmarkCircleFilled } from '@fluentui/react-icons/svg/checkmark-circle';
import { DismissRegular } from '@fluentui/react-icons/svg/dismiss';
import { ErrorCircleFilled } from '@fluentui/react-icons/svg/error-circle';
import { useEffect, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { announcement, dismissToast, type Toast, toasts } from './toasts';

const SHOWN_MS = 10_000;

const useStyles = makeStyles({
  place: {
    position: 'fixed',
    insetInline: '0',
    bottom: '16px',
    display: 'flex',
    justifyContent: 'center',
    pointerEvents: 'none',
    zIndex: 2_000_000,
    paddingInline: '12px',
    '@media (max-width: 639px)': { bottom: '72px' },
  },
  toast: {
    pointerEvents: 'auto',
    display: 'flex',
    alignItems: 'center',
    gap: '12px',
    maxWidth: '560px',
    padding: '10px 8px 10px 14px',
    borderRadius: tokens.borderRadiusLarge,
    border: `1px solid ${tokens.colorTransparentStroke}`,
    backgroundColor: tokens.colorNeutralBackground1,
    color: tokens.colorNeutralForeground1,
    boxShadow: tokens.shadow16,
    fontSize: tokens.fontSizeBase300,
    lineHeight: tokens.lineHeightBase300,
  },
  text: { overflowWrap: 'anywhere' },
  done: { color: tokens.colorStatusSuccessForeground1, flexShrink: 0, width: '20px', height: '20px' },
  failed: { color: tokens.colorStatusDangerForeground3, flexShrink: 0, width: '20px', height: '20px' },
  said: { position: 'absolute', width: '1px', height: '1px', overflow: 'hidden', clipPath: 'inset(50%)', whiteSpace: 'nowrap' },
});

/** Shows toasts, and holds the page's one live region. */
export function Toaster() {
  const styles = useStyles();
  const shown = toasts.use();
  return (
    <>
      <div className={styles.said} role="status" aria-live="polite">
        {announcement.use()}
      </div>
      <div className={styles.place}>
        {shown.map((toast) => (
          <ToastCard key={toast.id} toast={toast} />
        ))}
      </div>
    </>
  );
}

/** Stays ten seconds, and as long as somebody points at it or has the focus in it. */
function ToastCard({ toast }: { toast: Toast }) {
  const styles = useStyles();
  const { t } = useTranslation();
  const [held, setHeld] = useState(0);
  const left = useRef(SHOWN_MS);
  useEffect(() => {
    if (held > 0) return;
    const since = performance.now();
    const timer = setTimeout(() => dismissToast(toast.id), left.current);
    return () => {
      clearTimeout(timer);
      left.current = Math.max(2_000, left.current - (performance.now() - since));
    };
  }, [held, toast.id]);
  const hold = () => setHeld((count) => count + 1);
  const release = () => setHeld((count) => Math.max(0, count - 1));
  const undo = () => {
    dismissToast(toast.id);
    void toast.undo?.();
  };
  const Icon = toast.tone === 'done' ? CheckmarkCircleFilled : ErrorCircleFilled;
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: pointing at it only keeps it shown
    <div
      className={styles.toast}
      onFocus={hold}
      onBlur={release}
      onPointerEnter={hold}
      onPointerLeave={release}
      onKeyDown={(event) => {
        if (event.key === 'Escape') dismissToast(toast.id);
      }}
    >
      <Icon className={toast.tone === 'done' ? styles.done : styles.failed} aria-hidden />
      <span className={styles.text}>{toast.text}</span>
      {toast.undo && (
        <Button appearance="transparent" size="small" onClick={undo}>
          {t('common.undo')}
        </Button>
      )}
      <Button
        appearance="subtle"
        size="small"
        icon={<DismissRegular />}
        aria-label={t('common.dismiss')}
        onClick={() => dismissToast(toast.id)}
      />
    </div>
  );
}
