import { Button, makeStyles, tokens } from '@fluentui/react-components';
import { AddRegular } from '@fluentui/react-icons/svg/add';
import { CheckmarkCircleRegular } from '@fluentui/react-icons/svg/checkmark-circle';
import { lazy, type ReactNode, Suspense, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useChecklists } from '../checklists/queries';
import { useOpportunities } from '../crm/queries';
import { useFormat } from '../shared/format';
import { BottomBar, Card, Heading, List, PageHead, useWidth } from '../shared/layout';
import { CompactMeter } from '../shared/meter';
import { METERS } from '../shared/meters';
import { hrefOf } from '../shared/router';
import { useMe } from '../shared/session';
import { useShortcut } from '../shared/shortcuts';
import { Empty, Failure, Skeleton } from '../shared/states';
import { useMayCreate } from '../shared/usage';
import { useTickets } from '../tickets/queries';
import { PriorityWord, StatusChip, ticketNumber } from '../tickets/words';

const CreateTicket = lazy(() => import('../tickets/create'));

const useStyles = makeStyles({
  meters: { display: 'flex', flexWrap: 'wrap', gap: '4px 8px' },
  grid: { display: 'grid', gridTemplateColumns: 'repeat(auto-fit, minmax(min(100%, 300px), 1fr))', gap: '12px', alignItems: 'start' },
  head: { display: 'flex', alignItems: 'baseline', gap: '8px', marginBottom: '6px' },
  grow: { flex: '1 1 auto' },
  count: { color: tokens.colorNeutralForeground3, fontVariantNumeric: 'tabular-nums' },
  row: {
    display: 'flex',
    flexDirection: 'column',
    gap: '3px',
    padding: '8px 6px',
    marginInline: '-6px',
    borderTop: `1px solid ${tokens.colorNeutralStroke3}`,
    borderRadius: tokens.borderRadiusMedium,
    color: tokens.colorNeutralForeground1,
    textDecorationLine: 'none',
    ':hover': { backgroundColor: tokens.colorNeutralBackground1Hover },
    ':focus-visible': { outline: `2px solid ${tokens.colorStrokeFocus2}` },
  },
  title: { fontWeight: tokens.fontWeightSemibold, overflowWrap: 'anywhere' },
  meta: {
    display: 'flex',
    flexWrap: 'wrap',
    alignItems: 'center',
    gap: '4px 10px',
    fontSize: tokens.fontSizeBase200,
    color: tokens.colorNeutralForeground3,
  },
  all: { display: 'inline-flex', alignItems: 'center', minHeight: '24px', marginTop: '6px', color: tokens.colorBrandForegroundLink },
});

const SHOWN = 6;

/** What waits for one person, across the three tools. */
export default function HomePage() {
  const styles = useStyles();
  const { t } = useTranslation();
  const width = useWidth();
  const [creating, setCreating] = useState(false);
  const mayCreate = useMayCreate();
  const create = () => setCreating(true);
  useShortcut('c', create, mayCreate);
  return (
    <>
      <PageHead title={t('home.title')}>
        {width !== 'phone' && (
          <div className={styles.meters}>
            {METERS.map((meter) => (
              <CompactMeter key={meter} meter={meter} />
            ))}
          </div>
        )}
        {mayCreate && width !== 'phone' && (
          <Button appearance="primary" icon={<AddRegular />} onClick={create}>
            {t('ticket.new')}
          </Button>
        )}
      </PageHead>
      <div className={styles.grid}>
        <MyTickets />
        <MyItems />
        <MyDeals />
      </div>
      {mayCreate && width === 'phone' && (
        <BottomBar>
          <Button appearance="primary" size="large" icon={<AddRegular />} onClick={create}>
            {t('ticket.new')}
          </Button>
        </BottomBar>
      )}
      {creating && (
        <Suspense>
          <CreateTicket onClose={() => setCreating(false)} />
        </Suspense>
      )}
    </>
  );
}

interface SectionProps {
  title: string;
  count: string;
  query: { isPending: boolean; isError: boolean; error: unknown; refetch: () => unknown; data?: unknown };
  empty: string;
  rows: ReactNode[];
  all: { href: string; text: string };
}

function Section({ title, count, query, empty, rows, all }: SectionProps) {
  const styles = useStyles();
  return (
    <Card>
      <div className={styles.head}>
        <Heading className={styles.grow}>{title}</Heading>
        {rows.length > 0 && <span className={styles.count}>{count}</span>}
      </div>
      {query.isPending ? (
        <Skeleton rows={3} />
      ) : query.isError && !query.data ? (
        <Failure error={query.error} retry={() => void query.refetch()} />
      ) : rows.length === 0 ? (
        <Empty compact icon={<CheckmarkCircleRegular />} title={empty} />
      ) : (
        <List>{rows}</List>
      )}
      <a className={styles.all} href={all.href}>
        {all.text}
      </a>
    </Card>
  );
}

const countWords = (number: number, more: boolean) => (more ? `${number}+` : `${number}`);

function MyTickets() {
  const styles = useStyles();
  const { t } = useTranslation();
  const format = useFormat();
  const query = useTickets({ status: 'unclosed', assignee: 'me' });
  const tickets = query.data?.pages.flatMap((page) => page.items) ?? [];
  return (
    <Section
      title={t('home.tickets')}
      count={countWords(tickets.length, query.hasNextPage)}
      query={query}
      empty={t('home.noTickets')}
      all={{ href: '#/tickets?view=unassigned', text: t('home.toQueue') }}
      rows={tickets.slice(0, SHOWN).map((ticket) => (
        <li key={ticket.id}>
          <a className={styles.row} href={hrefOf('tickets', ticket.id, new URLSearchParams({ view: 'mine' }))}>
            <span className={styles.title}>{ticket.title}</span>
            <span className={styles.meta}>
              <span>{ticketNumber(ticket.number)}</span>
              <StatusChip status={ticket.status} />
              {ticket.priority !== 'normal' && <PriorityWord priority={ticket.priority} />}
              {ticket.dueOn && <span>{t('ticket.dueOn', { day: format.day(ticket.dueOn) })}</span>}
            </span>
          </a>
        </li>
      ))}
    />
  );
}

/** Items of running checklists that are mine, or nobody's in a list that I started. */
function MyItems() {
  const styles = useStyles();
  const { t } = useTranslation();
  const me = useMe();
  const query = useChecklists('running');
  const items = (query.data?.pages.flatMap((page) => page.items) ?? []).flatMap((checklist) =>
    checklist.items
      .filter((item) => !item.doneAt && (item.assignee ? item.assignee.id === me.member?.id : checklist.createdBy.id === me.member?.id))
      .map((item) => ({ item, checklist })),
  );
  return (
    <Section
      title={t('home.items')}
      count={countWords(items.length, query.hasNextPage)}
      query={query}
      empty={t('home.noItems')}
      all={{ href: '#/checklists', text: t('home.toChecklists') }}
      rows={items.slice(0, SHOWN).map(({ item, checklist }) => (
        <li key={item.id}>
          <a className={styles.row} href={hrefOf('checklists', checklist.id)}>
            <span className={styles.title}>{item.text}</span>
            <span className={styles.meta}>{checklist.title}</span>
          </a>
        </li>
      ))}
    />
  );
}

function MyDeals() {
  const styles = useStyles();
  const { t } = useTranslation();
  const format = useFormat();
  const me = useMe();
  const query = useOpportunities('open');
  const deals = (query.data?.pages.flatMap((page) => page.items) ?? []).filter((deal) => deal.owner.id === me.member?.id);
  return (
    <Section
      title={t('home.deals')}
      count={countWords(deals.length, query.hasNextPage)}
      query={query}
      empty={t('home.noDeals')}
      all={{ href: '#/crm', text: t('home.toCrm') }}
      rows={deals.slice(0, SHOWN).map((deal) => (
        <li key={deal.id}>
          <a className={styles.row} href={hrefOf('crm', deal.id)}>
            <span className={styles.title}>{deal.title}</span>
            <span className={styles.meta}>
              <span>{t(`opportunity.stage.${deal.stage}`)}</span>
              {deal.value && <span>{format.money(deal.value)}</span>}
              {deal.closesOn && <span>{t('opportunity.closesDay', { day: format.day(deal.closesOn) })}</span>}
            </span>
          </a>
        </li>
      ))}
    />
  );
}
