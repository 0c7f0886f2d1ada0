import { Button, makeStyles, mergeClasses, Select, tokens } from '@fluentui/react-components';
import { AddRegular } from '@fluentui/react-icons/svg/add';
import { CheckmarkCircleFilled } from '@fluentui/react-icons/svg/checkmark-circle';
import { ClipboardTaskRegular } from '@fluentui/react-icons/svg/clipboard-task';
import { lazy, Suspense, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { Checklist } from '../../src/contract/checklists';
import { useFormat } from '../shared/format';
import { BottomBar, Card, List, PageHead, useWidth } from '../shared/layout';
import { CompactMeter } from '../shared/meter';
import { hrefOf, parseHash, usePlace, useSearchValue } from '../shared/router';
import { useShortcut } from '../shared/shortcuts';
import { Empty, Failure, Skeleton } from '../shared/states';
import { useMayCreate } from '../shared/usage';
import { doneCount, useChecklists } from './queries';

const ChecklistDetail = lazy(() => import('./detail'));
const CreateChecklist = lazy(() => import('./create'));

const VIEWS = ['running', 'completed', 'draft', 'any'] as const;

const useStyles = makeStyles({
  split: { display: 'grid', gridTemplateColumns: 'minmax(280px, 380px) minmax(0, 1fr)', gap: '16px', alignItems: 'start' },
  tools: { display: 'flex', flexWrap: 'wrap', gap: '8px', marginBottom: '8px' },
  cards: { display: 'grid', gridTemplateColumns: 'repeat(auto-fill, minmax(min(100%, 300px), 1fr))', gap: '8px' },
  oneColumn: { gridTemplateColumns: 'minmax(0, 1fr)' },
  row: {
    display: 'flex',
    flexDirection: 'column',
    gap: '8px',
    height: '100%',
    boxSizing: 'border-box',
    padding: '14px 16px',
    borderRadius: tokens.borderRadiusXLarge,
    border: `1px solid ${tokens.colorNeutralStroke2}`,
    backgroundColor: tokens.colorNeutralBackground1,
    color: tokens.colorNeutralForeground1,
    textDecorationLine: 'none',
    ':hover': { backgroundColor: tokens.colorNeutralBackground1Hover },
    ':focus-visible': { outline: `2px solid ${tokens.colorStrokeFocus2}` },
  },
  selected: { border: `1px solid ${tokens.colorBrandStroke1}`, boxShadow: `inset 3px 0 0 ${tokens.colorBrandStroke1}` },
  title: { fontWeight: tokens.fontWeightSemibold, overflowWrap: 'anywhere', flexGrow: 1 },
  meta: {
    display: 'flex',
    flexWrap: 'wrap',
    justifyContent: 'space-between',
    gap: '2px 12px',
    fontSize: tokens.fontSizeBase200,
    color: tokens.colorNeutralForeground3,
  },
  done: {
    display: 'inline-flex',
    alignItems: 'center',
    gap: '4px',
    color: tokens.colorStatusSuccessForeground1,
    '& svg': { width: '14px', height: '14px' },
  },
  more: { display: 'flex', justifyContent: 'center', padding: '12px' },
});

export default function ChecklistsPage() {
  const styles = useStyles();
  const { t } = useTranslation();
  const width = useWidth();
  const place = usePlace();
  const [creating, setCreating] = useState(false);
  const mayCreate = useMayCreate();
  const create = () => setCreating(true);
  useShortcut('c', create, mayCreate);
  const beside = width === 'wide' && place.id !== null;
  const listShown = width === 'wide' || place.id === null;
  return (
    <>
      {listShown && (
        <PageHead title={t('nav.checklists')}>
          <CompactMeter meter="checklists" />
          {mayCreate && width !== 'phone' && (
            <Button appearance="primary" icon={<AddRegular />} onClick={create}>
              {t('checklist.new')}
            </Button>
          )}
        </PageHead>
      )}
      <div className={beside ? styles.split : undefined}>
        {listShown && <ChecklistList oneColumn={beside} selected={place.id} onCreate={mayCreate ? create : null} />}
        {place.id !== null && (
          <Suspense fallback={<Skeleton rows={6} />}>
            <ChecklistDetail key={place.id} id={place.id} beside={beside} />
          </Suspense>
        )}
      </div>
      {mayCreate && width === 'phone' && place.id === null && (
        <BottomBar>
          <Button appearance="primary" size="large" icon={<AddRegular />} onClick={create}>
            {t('checklist.new')}
          </Button>
        </BottomBar>
      )}
      {creating && (
        <Suspense>
          <CreateChecklist onClose={() => setCreating(false)} />
        </Suspense>
      )}
    </>
  );
}

function ChecklistList({ oneColumn, selected, onCreate }: { oneColumn: boolean; selected: string | null; onCreate: (() => void) | null }) {
  const styles = useStyles();
  const { t } = useTranslation();
  const [viewName, setView] = useSearchValue('view', 'running');
  const view = VIEWS.find((known) => known === viewName) ?? 'running';
  const checklists = useChecklists(view);
  const rows = checklists.data?.pages.flatMap((page) => page.items) ?? [];
  return (
    <div>
      <div className={styles.tools}>
        <Select aria-label={t('checklist.view')} value={view} onChange={(_, data) => setView(data.value)}>
          {VIEWS.map((name) => (
            <option key={name} value={name}>
              {t(`checklist.views.${name}`)}
            </option>
          ))}
        </Select>
      </div>
      {checklists.isPending ? (
        <Skeleton />
      ) : checklists.isError && rows.length === 0 ? (
        <Failure error={checklists.error} retry={() => void checklists.refetch()} />
      ) : rows.length === 0 ? (
        <Card>
          <Empty
            icon={<ClipboardTaskRegular />}
            title={t(`checklist.empty.${view}`)}
            text={t('checklist.emptyText')}
            action={
              onCreate ? (
                <Button appearance="primary" icon={<AddRegular />} onClick={onCreate}>
                  {t('checklist.new')}
                </Button>
              ) : undefined
            }
          />
        </Card>
      ) : (
        <List className={mergeClasses(styles.cards, oneColumn && styles.oneColumn)} label={t('nav.checklists')}>
          {rows.map((checklist) => (
            <ChecklistCard key={checklist.id} checklist={checklist} selected={checklist.id === selected} />
          ))}
        </List>
      )}
      {checklists.hasNextPage && (
        <div className={styles.more}>
          <Button disabled={checklists.isFetchingNextPage} onClick={() => void checklists.fetchNextPage()}>
            {checklists.isFetchingNextPage ? t('common.loading') : t('common.more')}
          </Button>
        </div>
      )}
    </div>
  );
}

function ChecklistCard({ checklist, selected }: { checklist: Checklist; selected: boolean }) {
  const styles = useStyles();
  const { t } = useTranslation();
  const format = useFormat();
  return (
    <li>
      <a
        className={mergeClasses(styles.row, selected && styles.selected)}
        href={hrefOf('checklists', checklist.id, parseHash(window.location.hash).search)}
        aria-current={selected ? 'true' : undefined}
      >
        <span className={styles.title}>{checklist.title}</span>
        {checklist.state !== 'draft' && <Progress checklist={checklist} />}
        <span className={styles.meta}>
          {checklist.state === 'completed' ? (
            <span className={styles.done}>
              <CheckmarkCircleFilled aria-hidden />
              {t('checklist.state.completed')}
            </span>
          ) : checklist.state === 'draft' ? (
            <span>{t('checklist.state.draft')}</span>
          ) : (
            <span>{t('checklist.progress', { done: doneCount(checklist), total: checklist.items.length })}</span>
          )}
          <span>{t('checklist.by', { name: checklist.createdBy.name, at: format.ago(checklist.startedAt ?? checklist.createdAt) })}</span>
        </span>
      </a>
    </li>
  );
}

const useBar = makeStyles({
  track: {
    height: '4px',
    borderRadius: '2px',
    overflow: 'hidden',
    backgroundColor: tokens.colorNeutralBackground6,
    outline: `1px solid ${tokens.colorTransparentStroke}`,
  },
  fill: { height: '100%', backgroundColor: tokens.colorStatusSuccessForeground3 },
});

function Progress({ checklist }: { checklist: Checklist }) {
  const styles = useBar();
  return (
    <div className={styles.track} aria-hidden>
      <div className={styles.fill} style={{ width: `${(doneCount(checklist) / Math.max(1, checklist.items.length)) * 100}%` }} />
    </div>
  );
}
