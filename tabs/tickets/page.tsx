import { Button, makeStyles, mergeClasses, SearchBox, Select, tokens } from '@fluentui/react-components';
import { AddRegular } from '@fluentui/react-icons/svg/add';
import { TicketDiagonalRegular } from '@fluentui/react-icons/svg/ticket-diagonal';
import { lazy, Suspense, useEffect, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { Ticket } from '../../src/contract/tickets';
import type { TicketFilter } from '../api';
import { useFormat } from '../shared/format';
import { BottomBar, Card, List, PageHead, useWidth } from '../shared/layout';
import { CompactMeter } from '../shared/meter';
import { hrefOf, parseHash, usePlace, useSearchValue } from '../shared/router';
import { useShortcut } from '../shared/shortcuts';
import { Empty, Failure, Skeleton } from '../shared/states';
import { useMayCreate } from '../shared/usage';
import { useTickets } from './queries';
import { PriorityWord, StatusChip, ticketNumber } from './words';

const TicketDetail = lazy(() => import('./detail'));
const CreateTicket = lazy(() => import('./create'));

const VIEWS = ['mine', 'unassigned', 'all', 'closed'] as const;
type View = (typeof VIEWS)[number];

const FILTERS: Record<View, TicketFilter> = {
  mine: { status: 'unclosed', assignee: 'me' },
  unassigned: { status: 'unclosed', assignee: 'none' },
  all: { status: 'unclosed' },
  closed: { status: 'closed' },
};

const useStyles = makeStyles({
  split: { display: 'grid', gridTemplateColumns: 'minmax(300px, 380px) minmax(0, 1fr)', gap: '16px', alignItems: 'start' },
  aside: {
    position: 'sticky',
    top: '60px',
    maxHeight: 'calc(100dvh - 76px)',
    overflowY: 'auto',
    display: 'flex',
    flexDirection: 'column',
    gap: '8px',
    padding: '2px',
  },
  tools: { display: 'flex', flexWrap: 'wrap', gap: '8px', marginBottom: '8px', alignItems: 'center' },
  search: { flex: '1 1 200px', minWidth: 0, maxWidth: '360px' },
  searchFull: { maxWidth: 'none' },
  view: { flex: '0 1 auto', minWidth: '140px' },
  table: { padding: 0, overflow: 'hidden' },
  columns: {
    display: 'grid',
    gridTemplateColumns: '76px minmax(0, 1fr) 130px 150px 150px 100px 120px',
    gap: '12px',
    alignItems: 'center',
    paddingInline: '16px',
  },
  header: {
    paddingBlock: '8px',
    fontSize: tokens.fontSizeBase200,
    color: tokens.colorNeutralForeground3,
    borderBottom: `1px solid ${tokens.colorNeutralStroke2}`,
  },
  row: {
    minHeight: '48px',
    color: tokens.colorNeutralForeground1,
    textDecorationLine: 'none',
    borderBottom: `1px solid ${tokens.colorNeutralStroke3}`,
    ':hover': { backgroundColor: tokens.colorNeutralBackground1Hover },
    ':focus-visible': { outline: `2px solid ${tokens.colorStrokeFocus2}`, outlineOffset: '-2px' },
  },
  last: { '& > li:last-child > a': { borderBottomColor: 'transparent' } },
  number: { color: tokens.colorNeutralForeground3, fontVariantNumeric: 'tabular-nums', whiteSpace: 'nowrap' },
  title: { fontWeight: tokens.fontWeightSemibold, overflowWrap: 'anywhere' },
  cut: { overflow: 'hidden', textOverflow: 'ellipsis', whiteSpace: 'nowrap' },
  cards: { display: 'flex', flexDirection: 'column', gap: '8px' },
  cardRow: {
    display: 'flex',
    flexDirection: 'column',
    gap: '6px',
    padding: '12px 14px',
    borderRadius: tokens.borderRadiusXLarge,
    border: `1px solid ${tokens.colorNeutralStroke2}`,
    backgroundColor: tokens.colorNeutralBackground1,
    color: tokens.colorNeutralForeground1,
    textDecorationLine: 'none',
    ':hover': { backgroundColor: tokens.colorNeutralBackground1Hover },
    ':focus-visible': { outline: `2px solid ${tokens.colorStrokeFocus2}` },
  },
  selected: { border: `1px solid ${tokens.colorBrandStroke1}`, boxShadow: `inset 3px 0 0 ${tokens.colorBrandStroke1}` },
  meta: {
    display: 'flex',
    flexWrap: 'wrap',
    alignItems: 'center',
    gap: '4px 12px',
    fontSize: tokens.fontSizeBase200,
    color: tokens.colorNeutralForeground3,
  },
  more: { display: 'flex', justifyContent: 'center', padding: '12px' },
  overdue: { color: tokens.colorStatusDangerForeground3, fontWeight: tokens.fontWeightSemibold },
});

const TYPING_MS = 250;

export default function TicketsPage() {
  const styles = useStyles();
  const { t } = useTranslation();
  const width = useWidth();
  const place = usePlace();
  const [creating, setCreating] = useState(false);
  const mayCreate = useMayCreate();
  const search = useRef<HTMLInputElement>(null);
  const create = () => setCreating(true);
  useShortcut('c', create, mayCreate);
  useShortcut('/', () => search.current?.focus());

  const beside = width === 'wide' && place.id !== null;
  const listShown = width === 'wide' || place.id === null;
  return (
    <>
      {listShown && (
        <PageHead title={t('nav.tickets')}>
          <CompactMeter meter="tickets" />
          {mayCreate && width !== 'phone' && (
            <Button appearance="primary" icon={<AddRegular />} onClick={create}>
              {t('ticket.new')}
            </Button>
          )}
        </PageHead>
      )}
      <div className={beside ? styles.split : undefined}>
        {listShown && (
          <div className={beside ? styles.aside : undefined}>
            <TicketList searchRef={search} dense={beside || width !== 'wide'} selected={place.id} onCreate={mayCreate ? create : null} />
          </div>
        )}
        {place.id !== null && (
          <Suspense fallback={<Skeleton rows={6} />}>
            <TicketDetail key={place.id} id={place.id} beside={beside} />
          </Suspense>
        )}
      </div>
      {mayCreate && width === 'phone' && place.id === null && (
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

interface TicketListProps {
  searchRef: React.RefObject<HTMLInputElement | null>;
  dense: boolean;
  selected: string | null;
  onCreate: (() => void) | null;
}

function TicketList({ searchRef, dense, selected, onCreate }: TicketListProps) {
  const styles = useStyles();
  const { t } = useTranslation();
  const [viewName, setView] = useSearchValue('view', 'all');
  const view: View = VIEWS.find((known) => known === viewName) ?? 'all';
  const [q, setQ] = useSearchValue('q', '');
  const [typed, setTyped] = useState(q);
  useEffect(() => {
    const timer = setTimeout(() => setQ(typed.trim()), TYPING_MS);
    return () => clearTimeout(timer);
  }, [typed, setQ]);
  // Who searches looks for a ticket, open or closed, whatever view they come from.
  const filter: TicketFilter = q ? { ...FILTERS[view], status: view === 'closed' ? 'closed' : 'any', q } : FILTERS[view];
  const tickets = useTickets(filter);
  const rows = tickets.data?.pages.flatMap((page) => page.items) ?? [];

  return (
    <>
      <search className={styles.tools}>
        <SearchBox
          ref={searchRef}
          className={mergeClasses(styles.search, dense && styles.searchFull)}
          placeholder={t('ticket.search')}
          aria-label={t('ticket.search')}
          value={typed}
          onChange={(_, data) => setTyped(data.value)}
        />
        <Select className={styles.view} aria-label={t('ticket.view')} value={view} onChange={(_, data) => setView(data.value)}>
          {VIEWS.map((name) => (
            <option key={name} value={name}>
              {t(`ticket.views.${name}`)}
            </option>
          ))}
        </Select>
      </search>
      {tickets.isPending ? (
        <Skeleton />
      ) : tickets.isError && rows.length === 0 ? (
        <Failure error={tickets.error} retry={() => void tickets.refetch()} />
      ) : rows.length === 0 ? (
        <Card>
          <Empty
            icon={<TicketDiagonalRegular />}
            title={q ? t('ticket.noneFound') : t(`ticket.empty.${view}`)}
            text={q ? t('ticket.noneFoundText') : t('ticket.emptyText')}
            action={
              q ? (
                <Button onClick={() => setTyped('')}>{t('common.clearSearch')}</Button>
              ) : onCreate ? (
                <Button appearance="primary" icon={<AddRegular />} onClick={onCreate}>
                  {t('ticket.new')}
                </Button>
              ) : undefined
            }
          />
        </Card>
      ) : dense ? (
        <List className={styles.cards} label={t('nav.tickets')}>
          {rows.map((ticket) => (
            <TicketCard key={ticket.id} ticket={ticket} selected={ticket.id === selected} />
          ))}
        </List>
      ) : (
        <TicketTable rows={rows} />
      )}
      {tickets.hasNextPage && (
        <div className={styles.more}>
          <Button disabled={tickets.isFetchingNextPage} onClick={() => void tickets.fetchNextPage()}>
            {tickets.isFetchingNextPage ? t('common.loading') : t('common.more')}
          </Button>
        </div>
      )}
    </>
  );
}

const linkTo = (ticket: Ticket) => hrefOf('tickets', ticket.id, parseHash(window.location.hash).search);

function TicketTable({ rows }: { rows: Ticket[] }) {
  const styles = useStyles();
  const { t } = useTranslation();
  const format = useFormat();
  return (
    <Card className={styles.table}>
      <div className={mergeClasses(styles.columns, styles.header)} aria-hidden>
        <span>{t('ticket.number')}</span>
        <span>{t('ticket.title')}</span>
        <span>{t('ticket.statusLabel')}</span>
        <span>{t('ticket.requester')}</span>
        <span>{t('ticket.assignee')}</span>
        <span>{t('ticket.priorityLabel')}</span>
        <span>{t('ticket.updated')}</span>
      </div>
      <List className={styles.last} label={t('nav.tickets')}>
        {rows.map((ticket) => (
          <li key={ticket.id}>
            <a href={linkTo(ticket)} className={mergeClasses(styles.columns, styles.row)}>
              <span className={styles.number}>{ticketNumber(ticket.number)}</span>
              <span className={mergeClasses(styles.title, styles.cut)} title={ticket.title}>
                {ticket.title}
              </span>
              <span>
                <StatusChip status={ticket.status} />
              </span>
              <span className={styles.cut}>{ticket.requester.name}</span>
              <span className={styles.cut}>{ticket.assignee?.name ?? t('ticket.nobody')}</span>
              <PriorityWord priority={ticket.priority} />
              <span className={styles.number}>{format.ago(ticket.updatedAt)}</span>
            </a>
          </li>
        ))}
      </List>
    </Card>
  );
}

function TicketCard({ ticket, selected }: { ticket: Ticket; selected: boolean }) {
  const styles = useStyles();
  const { t } = useTranslation();
  const format = useFormat();
  return (
    <li>
      <a
        href={linkTo(ticket)}
        className={mergeClasses(styles.cardRow, selected && styles.selected)}
        aria-current={selected ? 'true' : undefined}
      >
        <span className={styles.title}>{ticket.title}</span>
        <span className={styles.meta}>
          <span>{ticketNumber(ticket.number)}</span>
          <StatusChip status={ticket.status} />
          {ticket.priority !== 'normal' && <PriorityWord priority={ticket.priority} />}
          <span>{ticket.assignee?.name ?? t('ticket.nobody')}</span>
          {ticket.dueOn && ticket.status !== 'closed' && <span>{t('ticket.dueOn', { day: format.day(ticket.dueOn) })}</span>}
        </span>
      </a>
    </li>
  );
}
