import { makeStyles, mergeClasses, tokens } from '@fluentui/react-components';
import { ArrowUpFilled } from '@fluentui/react-icons/svg/arrow-up';
import { CheckmarkRegular } from '@fluentui/react-icons/svg/checkmark';
import { CircleRegular } from '@fluentui/react-icons/svg/circle';
import { CircleHalfFillRegular } from '@fluentui/react-icons/svg/circle-half-fill';
import { PauseRegular } from '@fluentui/react-icons/svg/pause';
import { WarningFilled } from '@fluentui/react-icons/svg/warning';
import { useTranslation } from 'react-i18next';
import type { TicketPriority, TicketStatus } from '../../src/contract/tickets';

export const STATUSES: readonly TicketStatus[] = ['open', 'in_progress', 'waiting', 'closed'];
export const PRIORITIES: readonly TicketPriority[] = ['low', 'normal', 'high', 'urgent'];

const useStyles = makeStyles({
  chip: {
    display: 'inline-flex',
    alignItems: 'center',
    gap: '4px',
    padding: '1px 8px 1px 6px',
    borderRadius: tokens.borderRadiusCircular,
    border: `1px solid ${tokens.colorNeutralStroke2}`,
    backgroundColor: tokens.colorNeutralBackground3,
    color: tokens.colorNeutralForeground2,
    fontSize: tokens.fontSizeBase200,
    lineHeight: tokens.lineHeightBase200,
    whiteSpace: 'nowrap',
    '& svg': { width: '14px', height: '14px', flexShrink: 0 },
  },
  active: {
    backgroundColor: tokens.colorBrandBackground2,
    color: tokens.colorBrandForeground2,
    border: `1px solid ${tokens.colorBrandStroke2}`,
  },
  closed: {
    backgroundColor: tokens.colorStatusSuccessBackground1,
    color: tokens.colorStatusSuccessForeground1,
    border: `1px solid ${tokens.colorStatusSuccessBorder1}`,
  },
  plain: {
    display: 'inline-flex',
    alignItems: 'center',
    gap: '3px',
    whiteSpace: 'nowrap',
    '& svg': { width: '14px', height: '14px', flexShrink: 0 },
  },
  urgent: { color: tokens.colorStatusDangerForeground3, fontWeight: tokens.fontWeightSemibold },
});

const ICON = { open: CircleRegular, in_progress: CircleHalfFillRegular, waiting: PauseRegular, closed: CheckmarkRegular };

export function StatusChip({ status }: { status: TicketStatus }) {
  const styles = useStyles();
  const { t } = useTranslation();
  const Icon = ICON[status];
  return (
    <span className={mergeClasses(styles.chip, status === 'in_progress' && styles.active, status === 'closed' && styles.closed)}>
      <Icon aria-hidden />
      {t(`ticket.status.${status}`)}
    </span>
  );
}

/** Only what stands out has an icon and a weight. */
export function PriorityWord({ priority }: { priority: TicketPriority }) {
  const styles = useStyles();
  const { t } = useTranslation();
  return (
    <span className={mergeClasses(styles.plain, priority === 'urgent' && styles.urgent)}>
      {priority === 'urgent' && <WarningFilled aria-hidden />}
      {priority === 'high' && <ArrowUpFilled aria-hidden />}
      {t(`ticket.priority.${priority}`)}
    </span>
  );
}

export const ticketNumber = (number: number): string => `T-${number}`;
