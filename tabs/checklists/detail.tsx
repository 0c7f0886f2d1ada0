import { Button, Checkbox, makeStyles, tokens } from '@fluentui/react-components';
import { ArrowLeftRegular } from '@fluentui/react-icons/svg/arrow-left';
import { DismissRegular } from '@fluentui/react-icons/svg/dismiss';
import { PlayRegular } from '@fluentui/react-icons/svg/play';
import { useQueryClient } from '@tanstack/react-query';
import { useEffect, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { Checklist, ChecklistItem } from '../../src/contract/checklists';
import type { Problem } from '../../src/contract/refusals';
import { ApiError, api } from '../api';
import { RefusalPanel } from '../shared/creation';
import { useFormat } from '../shared/format';
import { actKey, forget } from '../shared/kept';
import { Card } from '../shared/layout';
import { useProblemText } from '../shared/problem';
import { go, hrefOf, parseHash } from '../shared/router';
import { useKeptName, useMe } from '../shared/session';
import { useShortcut } from '../shared/shortcuts';
import { Failure, Skeleton } from '../shared/states';
import { toast } from '../shared/toasts';
import { checklistChanged, checklistKey, doneCount, useChecklist } from './queries';

const useStyles = makeStyles({
  top: { display: 'flex', flexWrap: 'wrap', alignItems: 'center', gap: '4px 8px' },
  grow: { flex: '1 1 auto', color: tokens.colorNeutralForeground3 },
  title: {
    margin: '6px 0 10px',
    fontSize: tokens.fontSizeBase500,
    lineHeight: tokens.lineHeightBase500,
    fontWeight: tokens.fontWeightSemibold,
    overflowWrap: 'anywhere',
    outlineStyle: 'none',
  },
  items: { listStyleType: 'none', margin: 0, padding: 0 },
  item: { borderTop: `1px solid ${tokens.colorNeutralStroke3}`, paddingBlock: '2px' },
  label: { overflowWrap: 'anywhere', color: tokens.colorNeutralForeground1 },
  done: { color: tokens.colorNeutralForeground3, textDecorationLine: 'line-through' },
  who: {
    display: 'block',
    marginInlineStart: '36px',
    marginBottom: '6px',
    fontSize: tokens.fontSizeBase200,
    color: tokens.colorNeutralForeground3,
  },
  start: { display: 'flex', flexDirection: 'column', alignItems: 'flex-start', gap: '8px', marginTop: '12px' },
  hint: { margin: 0, color: tokens.colorNeutralForeground2 },
});

const close = () => go(hrefOf('checklists', null, parseHash(window.location.hash).search));

export default function ChecklistDetail({ id, beside }: { id: string; beside: boolean }) {
  const { t } = useTranslation();
  const query = useChecklist(id);
  if (query.isPending) return <Skeleton rows={6} />;
  if (!query.data)
    return (
      <Card>
        <Failure error={query.error} retry={() => void query.refetch()} />
        <Button icon={<ArrowLeftRegular />} onClick={close}>
          {t('common.back')}
        </Button>
      </Card>
    );
  return <LoadedChecklist checklist={query.data} beside={beside} />;
}

function LoadedChecklist({ checklist, beside }: { checklist: Checklist; beside: boolean }) {
  const styles = useStyles();
  const { t } = useTranslation();
  const me = useMe();
  const tick = useTick(checklist.id);
  // Alone on the page, the checklist is what the page is about.
  const Title = beside ? 'h2' : 'h1';
  const heading = useRef<HTMLHeadingElement>(null);
  useShortcut('Escape', close);
  useEffect(() => heading.current?.focus({ preventScroll: true }), []);
  return (
    <article aria-labelledby="checklist-title">
      <Card>
        <div className={styles.top}>
          {!beside && (
            <Button appearance="subtle" icon={<ArrowLeftRegular />} onClick={close}>
              {t('nav.checklists')}
            </Button>
          )}
          <span className={styles.grow}>
            {checklist.state === 'running'
              ? t('checklist.progress', { done: doneCount(checklist), total: checklist.items.length })
              : t(`checklist.state.${checklist.state}`)}
          </span>
          {beside && <Button appearance="subtle" icon={<DismissRegular />} aria-label={t('common.close')} onClick={close} />}
        </div>
        <Title id="checklist-title" ref={heading} tabIndex={-1} className={styles.title}>
          {checklist.title}
        </Title>
        <ul className={styles.items}>
          {checklist.items.map((item) => (
            <Item
              key={item.id}
              item={item}
              disabled={!me.may.edit || checklist.state === 'draft'}
              onTick={(done) => void tick(item, done, true)}
            />
          ))}
        </ul>
        {checklist.state === 'draft' && me.may.create && <Start checklist={checklist} />}
      </Card>
    </article>
  );
}

function Item({ item, disabled, onTick }: { item: ChecklistItem; disabled: boolean; onTick: (done: boolean) => void }) {
  const styles = useStyles();
  const { t } = useTranslation();
  const format = useFormat();
  const done = item.doneAt !== null;
  return (
    <li className={styles.item}>
      <Checkbox
        checked={done}
        disabled={disabled}
        onChange={(_, data) => onTick(data.checked === true)}
        label={<span className={done ? styles.done : styles.label}>{item.text}</span>}
      />
      {item.doneAt && item.doneBy ? (
        <span className={styles.who}>{t('checklist.doneBy', { name: item.doneBy.name, at: format.instant(item.doneAt) })}</span>
      ) : (
        item.assignee && <span className={styles.who}>{item.assignee.name}</span>
      )}
    </li>
  );
}

/**
 * Ticks at once on the screen and one after another on the server. A tick says nothing about other items, so that
 * somebody else's tick in between (412) is no conflict: the same tick is sent again on the newer version.
 */
function useTick(id: string): (item: ChecklistItem, done: boolean, offerUndo: boolean) => Promise<void> {
  const { t } = useTranslation();
  const queryClient = useQueryClient();
  const problemText = useProblemText();
  const me = useMe();
  const queue = useRef<Promise<unknown>>(Promise.resolve());

  async function send(itemId: string, done: boolean): Promise<Checklist> {
    const revision = () => queryClient.getQueryData<Checklist>(checklistKey(id))?.revision ?? 1;
    try {
      return await api.tickItem(id, itemId, done, revision());
    } catch (error) {
      if (!(error instanceof ApiError && error.code === 'stale_revision')) throw error;
      const now = await api.checklist(id);
      return api.tickItem(id, itemId, done, now.revision);
    }
  }

  return async function tick(item, done, offerUndo) {
    await queryClient.cancelQueries({ queryKey: checklistKey(id) });
    queryClient.setQueryData<Checklist>(
      checklistKey(id),
      (shown) =>
        shown && {
          ...shown,
          items: shown.items.map((other) =>
            other.id === item.id
              ? {
                  ...other,
                  doneAt: done ? new Date().toISOString() : null,
                  doneBy: done && me.member ? { id: me.member.id, name: me.member.name } : null,
                }
              : other,
          ),
        },
    );
    const result = queue.current.then(() => send(item.id, done));
    queue.current = result.catch(() => undefined);
    try {
      const saved = await result;
      checklistChanged(queryClient, saved);
      const words =
        saved.state === 'completed'
          ? t('checklist.completed', { title: saved.title })
          : done
            ? t('checklist.ticked', { item: item.text })
            : t('checklist.unticked', { item: item.text });
      toast(words, offerUndo ? { undo: () => tick(item, !done, false) } : {});
    } catch (error) {
      toast(problemText(error), { tone: 'failed' });
      void queryClient.invalidateQueries({ queryKey: checklistKey(id) });
    }
  };
}

/** Starting an unstarted checklist is what counts. */
function Start({ checklist }: { checklist: Checklist }) {
  const styles = useStyles();
  const { t } = useTranslation();
  const queryClient = useQueryClient();
  const problemText = useProblemText();
  const keptName = useKeptName(`start.${checklist.id}`);
  const [busy, setBusy] = useState(false);
  const [refused, setRefused] = useState<Problem | null>(null);
  const start = async () => {
    setBusy(true);
    try {
      checklistChanged(queryClient, await api.startChecklist(checklist.id, actKey(keptName, checklist.id)));
      forget(`${keptName}.act`);
      toast(t('checklist.started', { title: checklist.title }));
    } catch (error) {
      if (error instanceof ApiError && error.code === 'quota_exhausted') setRefused(error.problem);
      else toast(problemText(error), { tone: 'failed' });
      void queryClient.invalidateQueries({ queryKey: checklistKey(checklist.id) });
    } finally {
      setBusy(false);
      void queryClient.invalidateQueries({ queryKey: ['usage'] });
    }
  };
  return (
    <div className={styles.start}>
      {refused && <RefusalPanel problem={refused} meter="checklists" />}
      <p className={styles.hint}>{t('checklist.draftHint')}</p>
      <Button appearance="primary" icon={<PlayRegular />} disabled={busy} onClick={() => void start()}>
        {t('checklist.start')}
      </Button>
    </div>
  );
}
