import { Button, Menu, MenuItem, MenuList, MenuPopover, MenuTrigger, makeStyles, mergeClasses, tokens } from '@fluentui/react-components';
import { AddRegular } from '@fluentui/react-icons/svg/add';
import { AppsListRegular } from '@fluentui/react-icons/svg/apps-list';
import { ArrowSwapRegular } from '@fluentui/react-icons/svg/arrow-swap';
import { BoardRegular } from '@fluentui/react-icons/svg/board';
import { HandshakeRegular } from '@fluentui/react-icons/svg/handshake';
import { useQueryClient } from '@tanstack/react-query';
import { lazy, Suspense, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { Opportunity, Stage } from '../../src/contract/opportunities';
import { ApiError, api } from '../api';
import { useFormat } from '../shared/format';
import { BottomBar, Card, List, PageHead, useWidth } from '../shared/layout';
import { CompactMeter } from '../shared/meter';
import { useProblemText } from '../shared/problem';
import { go, hrefOf, parseHash, usePlace, useSearchValue } from '../shared/router';
import { useMe } from '../shared/session';
import { useShortcut } from '../shared/shortcuts';
import { Empty, Failure, Skeleton } from '../shared/states';
import { toast } from '../shared/toasts';
import { useMayCreate } from '../shared/usage';
import { opportunityChanged, STAGES, sums, useOpportunities } from './queries';

const CreateOpportunity = lazy(() => import('./create'));
const OpportunityDetail = lazy(() => import('./detail'));

const useStyles = makeStyles({
  tools: { display: 'flex', flexWrap: 'wrap', gap: '8px', marginBottom: '8px' },
  board: { display: 'grid', gridTemplateColumns: 'repeat(5, minmax(0, 1fr))', gap: '10px', alignItems: 'start' },
  stacked: { gridTemplateColumns: 'minmax(0, 1fr)' },
  column: {
    minWidth: 0,
    padding: '10px',
    borderRadius: tokens.borderRadiusXLarge,
    backgroundColor: tokens.colorNeutralBackground3,
    border: `1px solid ${tokens.colorTransparentStroke}`,
  },
  columnHead: { display: 'flex', flexWrap: 'wrap', alignItems: 'baseline', gap: '0 8px', marginBottom: '8px', paddingInline: '2px' },
  stage: { margin: 0, fontSize: tokens.fontSizeBase300, lineHeight: tokens.lineHeightBase300, fontWeight: tokens.fontWeightSemibold },
  count: { color: tokens.colorNeutralForeground3, fontVariantNumeric: 'tabular-nums' },
  sum: {
    color: tokens.colorNeutralForeground2,
    fontSize: tokens.fontSizeBase200,
    fontVariantNumeric: 'tabular-nums',
    flexBasis: '100%',
    minHeight: '16px',
  },
  cards: { display: 'flex', flexDirection: 'column', gap: '8px' },
  card: {
    display: 'flex',
    alignItems: 'flex-start',
    gap: '4px',
    padding: '10px 6px 10px 12px',
    borderRadius: tokens.borderRadiusLarge,
    backgroundColor: tokens.colorNeutralBackground1,
    border: `1px solid ${tokens.colorNeutralStroke2}`,
  },
  body: { flex: '1 1 auto', minWidth: 0, display: 'flex', flexDirection: 'column', gap: '2px' },
  link: {
    color: tokens.colorNeutralForeground1,
    fontWeight: tokens.fontWeightSemibold,
    textDecorationLine: 'none',
    overflowWrap: 'anywhere',
    minHeight: '24px',
    ':hover': { textDecorationLine: 'underline' },
    ':focus-visible': { outline: `2px solid ${tokens.colorStrokeFocus2}` },
  },
  meta: {
    fontSize: tokens.fontSizeBase200,
    lineHeight: tokens.lineHeightBase200,
    color: tokens.colorNeutralForeground3,
    overflowWrap: 'anywhere',
  },
  money: { fontVariantNumeric: 'tabular-nums', color: tokens.colorNeutralForeground2 },
  nothing: { margin: 0, padding: '6px 4px', color: tokens.colorNeutralForeground3, fontSize: tokens.fontSizeBase200 },
  chips: { display: 'flex', flexWrap: 'wrap', gap: '6px', marginBottom: '10px' },
  rows: { padding: 0 },
  row: {
    display: 'grid',
    gridTemplateColumns: 'minmax(0, 2fr) minmax(0, 1.3fr) 110px 110px 130px minmax(0, 1fr) 40px',
    gap: '12px',
    alignItems: 'center',
    padding: '6px 8px 6px 16px',
    minHeight: '36px',
    borderBottom: `1px solid ${tokens.colorNeutralStroke3}`,
  },
  head: { fontSize: tokens.fontSizeBase200, color: tokens.colorNeutralForeground3 },
  cut: { overflow: 'hidden', textOverflow: 'ellipsis', whiteSpace: 'nowrap' },
  more: { display: 'flex', justifyContent: 'center', padding: '12px' },
});

type View = 'board' | 'list';

export default function CrmPage() {
  const styles = useStyles();
  const { t } = useTranslation();
  const width = useWidth();
  const place = usePlace();
  const [creating, setCreating] = useState(false);
  const [viewName, setView] = useSearchValue('view', 'board');
  const view: View = viewName === 'list' ? 'list' : 'board';
  const mayCreate = useMayCreate();
  const create = () => setCreating(true);
  useShortcut('c', create, mayCreate);
  const opportunities = useOpportunities('any');
  const rows = opportunities.data?.pages.flatMap((page) => page.items) ?? [];
  return (
    <>
      <PageHead title={t('nav.crm')}>
        <CompactMeter meter="opportunities" />
        {mayCreate && width !== 'phone' && (
          <Button appearance="primary" icon={<AddRegular />} onClick={create}>
            {t('opportunity.new')}
          </Button>
        )}
      </PageHead>
      {opportunities.isPending ? (
        <Skeleton />
      ) : opportunities.isError && rows.length === 0 ? (
        <Failure error={opportunities.error} retry={() => void opportunities.refetch()} />
      ) : rows.length === 0 ? (
        <Card>
          <Empty
            icon={<HandshakeRegular />}
            title={t('opportunity.empty')}
            text={t('opportunity.emptyText')}
            action={
              mayCreate ? (
                <Button appearance="primary" icon={<AddRegular />} onClick={create}>
                  {t('opportunity.new')}
                </Button>
              ) : undefined
            }
          />
        </Card>
      ) : (
        <>
          {width === 'wide' && (
            <div className={styles.tools}>
              <Button
                size="small"
                icon={<BoardRegular />}
                aria-pressed={view === 'board'}
                appearance={view === 'board' ? 'primary' : 'secondary'}
                onClick={() => setView('board')}
              >
                {t('opportunity.board')}
              </Button>
              <Button
                size="small"
                icon={<AppsListRegular />}
                aria-pressed={view === 'list'}
                appearance={view === 'list' ? 'primary' : 'secondary'}
                onClick={() => setView('list')}
              >
                {t('opportunity.list')}
              </Button>
            </div>
          )}
          {width !== 'wide' ? <StageStack rows={rows} /> : view === 'board' ? <Board rows={rows} /> : <OpportunityRows rows={rows} />}
          {opportunities.hasNextPage && (
            <div className={styles.more}>
              <Button disabled={opportunities.isFetchingNextPage} onClick={() => void opportunities.fetchNextPage()}>
                {opportunities.isFetchingNextPage ? t('common.loading') : t('common.more')}
              </Button>
            </div>
          )}
        </>
      )}
      {mayCreate && width === 'phone' && (
        <BottomBar>
          <Button appearance="primary" size="large" icon={<AddRegular />} onClick={create}>
            {t('opportunity.new')}
          </Button>
        </BottomBar>
      )}
      {creating && (
        <Suspense>
          <CreateOpportunity onClose={() => setCreating(false)} />
        </Suspense>
      )}
      {place.id !== null && (
        <Suspense>
          <OpportunityDetail key={place.id} id={place.id} onClose={() => go(hrefOf('crm', null, parseHash(window.location.hash).search))} />
        </Suspense>
      )}
    </>
  );
}

/** A list of lists: every card carries a menu, nothing needs to be dragged. */
function Board({ rows, stages = STAGES, stacked = false }: { rows: Opportunity[]; stages?: readonly Stage[]; stacked?: boolean }) {
  const styles = useStyles();
  const { t } = useTranslation();
  const format = useFormat();
  return (
    <div className={mergeClasses(styles.board, stacked && styles.stacked)}>
      {stages.map((stage) => {
        const inStage = rows.filter((opportunity) => opportunity.stage === stage);
        return (
          <section key={stage} className={styles.column} aria-labelledby={`stage-${stage}`}>
            <div className={styles.columnHead}>
              <h2 id={`stage-${stage}`} className={styles.stage}>
                {t(`opportunity.stage.${stage}`)}
              </h2>
              <span className={styles.count}>{inStage.length}</span>
              <span className={styles.sum}>{sums(inStage).map(format.money).join(' · ')}</span>
            </div>
            {inStage.length === 0 ? (
              <p className={styles.nothing}>{t('opportunity.nothingHere')}</p>
            ) : (
              <List className={styles.cards}>
                {inStage.map((opportunity) => (
                  <BoardCard key={opportunity.id} opportunity={opportunity} rows={rows} />
                ))}
              </List>
            )}
          </section>
        );
      })}
    </div>
  );
}

/** On narrow screens one stage at a time. */
function StageStack({ rows }: { rows: Opportunity[] }) {
  const styles = useStyles();
  const { t } = useTranslation();
  const [stageName, setStage] = useSearchValue('stage', 'new');
  const stage = STAGES.find((known) => known === stageName) ?? 'new';
  return (
    <>
      <div className={styles.chips}>
        {STAGES.map((name) => (
          <Button
            key={name}
            shape="circular"
            size="small"
            aria-pressed={name === stage}
            appearance={name === stage ? 'primary' : 'secondary'}
            onClick={() => setStage(name)}
          >
            {t('opportunity.stageCount', {
              stage: t(`opportunity.stage.${name}`),
              number: rows.filter((row) => row.stage === name).length,
            })}
          </Button>
        ))}
      </div>
      <Board rows={rows} stages={[stage]} stacked />
    </>
  );
}

const linkTo = (opportunity: Opportunity) => hrefOf('crm', opportunity.id, parseHash(window.location.hash).search);

function BoardCard({ opportunity, rows }: { opportunity: Opportunity; rows: Opportunity[] }) {
  const styles = useStyles();
  const { t } = useTranslation();
  const format = useFormat();
  return (
    <li className={styles.card}>
      <div className={styles.body}>
        <a className={styles.link} href={linkTo(opportunity)}>
          {opportunity.title}
        </a>
        {opportunity.customer && <span className={styles.meta}>{opportunity.customer}</span>}
        {opportunity.value && <span className={styles.money}>{format.money(opportunity.value)}</span>}
        <span className={styles.meta}>
          {opportunity.closesOn
            ? t('opportunity.ownerAndDay', { name: opportunity.owner.name, day: format.day(opportunity.closesOn) })
            : opportunity.owner.name}
        </span>
      </div>
      <MoveMenu opportunity={opportunity} rows={rows} />
    </li>
  );
}

function OpportunityRows({ rows }: { rows: Opportunity[] }) {
  const styles = useStyles();
  const { t } = useTranslation();
  const format = useFormat();
  return (
    <Card className={styles.rows}>
      <div className={mergeClasses(styles.row, styles.head)} aria-hidden>
        <span>{t('opportunity.title')}</span>
        <span>{t('opportunity.customer')}</span>
        <span>{t('opportunity.stageLabel')}</span>
        <span>{t('opportunity.value')}</span>
        <span>{t('opportunity.closesOn')}</span>
        <span>{t('opportunity.owner')}</span>
        <span />
      </div>
      <List label={t('nav.crm')}>
        {rows.map((opportunity) => (
          <li key={opportunity.id} className={styles.row}>
            <a className={styles.link} href={linkTo(opportunity)}>
              {opportunity.title}
            </a>
            <span className={styles.cut}>{opportunity.customer}</span>
            <span>{t(`opportunity.stage.${opportunity.stage}`)}</span>
            <span className={styles.money}>{opportunity.value && format.money(opportunity.value)}</span>
            <span>{opportunity.closesOn && format.day(opportunity.closesOn)}</span>
            <span className={styles.cut}>{opportunity.owner.name}</span>
            <MoveMenu opportunity={opportunity} rows={rows} />
          </li>
        ))}
      </List>
    </Card>
  );
}

function MoveMenu({ opportunity, rows }: { opportunity: Opportunity; rows: Opportunity[] }) {
  const { t } = useTranslation();
  const me = useMe();
  const move = useMove(rows);
  if (!me.may.edit) return null;
  const label = t('opportunity.moveLabel', { title: opportunity.title });
  return (
    <Menu positioning={{ autoSize: true }}>
      <MenuTrigger disableButtonEnhancement>
        <Button appearance="subtle" size="small" icon={<ArrowSwapRegular />} aria-label={label} title={t('opportunity.moveTo')} />
      </MenuTrigger>
      <MenuPopover>
        <MenuList aria-label={label}>
          {STAGES.filter((stage) => stage !== opportunity.stage).map((stage) => (
            <MenuItem key={stage} onClick={() => void move(opportunity, stage)}>
              {t(`opportunity.move.${stage}`)}
            </MenuItem>
          ))}
        </MenuList>
      </MenuPopover>
    </Menu>
  );
}

/** Moves and says where to, with a way back. A move concerns the stage alone, so it is sent again over somebody else's other change. */
function useMove(rows: Opportunity[]): (opportunity: Opportunity, stage: Stage) => Promise<void> {
  const { t } = useTranslation();
  const queryClient = useQueryClient();
  const problemText = useProblemText();
  return async function move(opportunity, stage) {
    const from = opportunity.stage;
    const send = async (revision: number): Promise<Opportunity> => {
      try {
        return await api.changeOpportunity(opportunity.id, { stage }, revision);
      } catch (error) {
        const current =
          error instanceof ApiError && error.code === 'stale_revision' ? (error.current as unknown as Opportunity | null) : null;
        if (!current || current.stage !== from) throw error;
        return api.changeOpportunity(opportunity.id, { stage }, current.revision);
      }
    };
    try {
      const moved = await send(opportunity.revision);
      opportunityChanged(queryClient, moved);
      const total = rows.filter((row) => row.stage === stage && row.id !== opportunity.id).length + 1;
      toast(t('opportunity.moved', { title: opportunity.title, stage: t(`opportunity.stage.${stage}`), number: total }), {
        undo: () => move(moved, from),
      });
    } catch (error) {
      toast(problemText(error), { tone: 'failed' });
      void queryClient.invalidateQueries({ queryKey: ['opportunities'] });
    }
  };
}
