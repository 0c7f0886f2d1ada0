import { makeStyles, mergeClasses, tokens } from '@fluentui/react-components';
import { useTranslation } from 'react-i18next';
import type { Meter } from '../../src/contract/meters';
import type { MeterUsage } from '../../src/contract/usage';
import { useFormat } from './format';
import { hrefOf } from './router';
import { useMeter } from './usage';

const useStyles = makeStyles({
  track: {
    position: 'relative',
    overflow: 'hidden',
    height: '8px',
    borderRadius: tokens.borderRadiusCircular,
    backgroundColor: tokens.colorNeutralBackground6,
    outline: `1px solid ${tokens.colorTransparentStroke}`,
    forcedColorAdjust: 'none',
  },
  fill: { position: 'absolute', insetBlock: 0, insetInlineStart: 0, backgroundColor: tokens.colorCompoundBrandBackground },
  warning: { backgroundColor: tokens.colorStatusWarningForeground3 },
  exhausted: { backgroundColor: tokens.colorStatusDangerForeground3 },
  compact: {
    display: 'flex',
    flexDirection: 'column',
    gap: '3px',
    minWidth: '132px',
    padding: '4px 8px',
    borderRadius: tokens.borderRadiusMedium,
    color: tokens.colorNeutralForeground2,
    textDecorationLine: 'none',
    fontSize: tokens.fontSizeBase200,
    lineHeight: tokens.lineHeightBase200,
    fontVariantNumeric: 'tabular-nums',
    ':hover': { backgroundColor: tokens.colorSubtleBackgroundHover, color: tokens.colorNeutralForeground1 },
    ':focus-visible': { outline: `2px solid ${tokens.colorStrokeFocus2}` },
  },
  line: { display: 'flex', justifyContent: 'space-between', gap: '12px', whiteSpace: 'nowrap' },
  strong: { fontWeight: tokens.fontWeightSemibold, color: tokens.colorNeutralForeground1 },
});

/** The bar alone; the words beside it say the same. */
export function MeterBar({ usage }: { usage: MeterUsage }) {
  const styles = useStyles();
  const share = usage.limit === null ? 0 : usage.limit === 0 ? 100 : Math.min(100, ((usage.used + usage.held) / usage.limit) * 100);
  return (
    <div className={styles.track} aria-hidden>
      <div
        className={mergeClasses(
          styles.fill,
          (usage.state === 'warning' || usage.state === 'over') && styles.warning,
          usage.state === 'exhausted' && styles.exhausted,
        )}
        style={{ width: `${share}%` }}
      />
    </div>
  );
}

/** "240 of 500, 260 left, resets 15 Dec, 00:00 Europe/Berlin" */
export function useMeterWords(): (usage: MeterUsage) => string {
  const { t } = useTranslation();
  const format = useFormat();
  return (usage) =>
    usage.limit === null
      ? t('usage.wordsUnlimited', { used: format.number(usage.used), resetsAt: format.reset(usage.resetsAt) })
      : t('usage.words', {
          used: format.number(usage.used),
          limit: format.number(usage.limit),
          left: format.number(usage.remaining ?? 0),
          resetsAt: format.reset(usage.resetsAt),
        });
}

/** The page's own meter, small; leads to the whole usage page. */
export function CompactMeter({ meter }: { meter: Meter }) {
  const styles = useStyles();
  const { t } = useTranslation();
  const format = useFormat();
  const words = useMeterWords();
  const usage = useMeter(meter);
  if (!usage) return null;
  const label = words(usage);
  return (
    <a className={styles.compact} href={hrefOf('usage')} title={label} aria-label={`${t(`meter.${meter}`)}: ${label}`}>
      <span className={styles.line}>
        <span>{t(`meter.${meter}`)}</span>
        <span className={styles.strong}>
          {usage.limit === null
            ? format.number(usage.used)
            : t('usage.short', { used: format.number(usage.used), limit: format.number(usage.limit) })}
        </span>
      </span>
      <MeterBar usage={usage} />
    </a>
  );
}
