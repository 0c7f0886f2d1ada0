import { Button, makeStyles, mergeClasses, tokens } from '@fluentui/react-components';
import { DismissRegular } from '@fluentui/react-icons/svg/dismiss';
import { ErrorCircleRegular } from '@fluentui/react-icons/svg/error-circle';
import { InfoRegular } from '@fluentui/react-icons/svg/info';
import { WarningRegular } from '@fluentui/react-icons/svg/warning';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';

export type Tone = 'info' | 'warning' | 'danger';

const useStyles = makeStyles({
  banner: {
    display: 'flex',
    flexWrap: 'wrap',
    alignItems: 'center',
    gap: '4px 12px',
    padding: '8px 8px 8px 12px',
    borderRadius: tokens.borderRadiusLarge,
    border: `1px solid ${tokens.colorNeutralStroke1}`,
    backgroundColor: tokens.colorNeutralBackground3,
    color: tokens.colorNeutralForeground1,
    minHeight: '24px',
  },
  warning: { backgroundColor: tokens.colorStatusWarningBackground1, border: `1px solid ${tokens.colorStatusWarningBorder1}` },
  danger: { backgroundColor: tokens.colorStatusDangerBackground1, border: `1px solid ${tokens.colorStatusDangerBorder1}` },
  icon: { flexShrink: 0, alignSelf: 'flex-start', marginTop: '2px', width: '20px', height: '20px', color: tokens.colorNeutralForeground2 },
  warningIcon: { color: tokens.colorStatusWarningForeground3 },
  dangerIcon: { color: tokens.colorStatusDangerForeground3 },
  text: { flex: '1 1 200px', minWidth: 0, overflowWrap: 'anywhere' },
  actions: { display: 'flex', flexWrap: 'wrap', alignItems: 'center', gap: '4px' },
  dismissable: { position: 'relative', '@media (max-width: 639px)': { paddingInlineEnd: '40px' } },
  dismiss: { '@media (max-width: 639px)': { position: 'absolute', insetInlineEnd: '6px', top: '6px' } },
});

const ICONS = { info: InfoRegular, warning: WarningRegular, danger: ErrorCircleRegular };

interface BannerProps {
  tone: Tone;
  children: ReactNode;
  actions?: ReactNode;
  onDismiss?: () => void;
}

/** One line above the content that says something the whole page should know. */
export function Banner({ tone, children, actions, onDismiss }: BannerProps) {
  const styles = useStyles();
  const { t } = useTranslation();
  const Icon = ICONS[tone];
  return (
    <div
      className={mergeClasses(
        styles.banner,
        tone === 'warning' && styles.warning,
        tone === 'danger' && styles.danger,
        onDismiss && styles.dismissable,
      )}
    >
      <Icon
        className={mergeClasses(styles.icon, tone === 'warning' && styles.warningIcon, tone === 'danger' && styles.dangerIcon)}
        aria-hidden
      />
      <div className={styles.text}>{children}</div>
      <div className={styles.actions}>
        {actions}
        {onDismiss && (
          <Button
            className={styles.dismiss}
            appearance="subtle"
            size="small"
            icon={<DismissRegular />}
            aria-label={t('common.dismiss')}
            onClick={onDismiss}
          />
        )}
      </div>
    </div>
  );
}
