import { Button, makeStyles, mergeClasses, Textarea, tokens } from '@fluentui/react-components';
import { ArrowReplyRegular } from '@fluentui/react-icons/svg/arrow-reply';
import { LockClosedRegular } from '@fluentui/react-icons/svg/lock-closed';
import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { NewComment, Ticket, TimelineEntry } from '../../src/contract/tickets';
import { api } from '../api';
import { FormError } from '../shared/creation';
import { useFormat } from '../shared/format';
import { actKey, useKept } from '../shared/kept';
import { Card, Heading } from '../shared/layout';
import { useKeptName, useMe } from '../shared/session';
import { Failure, Skeleton } from '../shared/states';
import { announce } from '../shared/toasts';
import { timelineKey, useTimeline } from './queries';
import { PRIORITIES, STATUSES } from './words';

const useStyles = makeStyles({
  list: { listStyleType: 'none', margin: '8px 0 0', padding: 0, display: 'flex', flexDirection: 'column', gap: '8px' },
  comment: {
    padding: '10px 12px',
    borderRadius: tokens.borderRadiusLarge,
    backgroundColor: tokens.colorNeutralBackground3,
    border: `1px solid ${tokens.colorTransparentStroke}`,
  },
  note: {
    backgroundColor: tokens.colorStatusWarningBackground1,
    border: `1px dashed ${tokens.colorStatusWarningBorder2}`,
  },
  head: {
    display: 'flex',
    flexWrap: 'wrap',
    alignItems: 'center',
    gap: '2px 8px',
    fontSize: tokens.fontSizeBase200,
    lineHeight: tokens.lineHeightBase200,
    color: tokens.colorNeutralForeground2,
    '& svg': { width: '14px', height: '14px' },
  },
  name: { fontWeight: tokens.fontWeightSemibold, color: tokens.colorNeutralForeground1 },
  body: { whiteSpace: 'pre-wrap', overflowWrap: 'anywhere', margin: '4px 0 0' },
  change: {
    padding: '0 12px',
    fontSize: tokens.fontSizeBase200,
    lineHeight: tokens.lineHeightBase300,
    color: tokens.colorNeutralForeground2,
    overflowWrap: 'anywhere',
  },
  composer: { display: 'flex', flexDirection: 'column', gap: '8px', marginTop: '14px' },
  modes: { display: 'flex', flexWrap: 'wrap', gap: '8px', border: 'none', padding: 0, margin: 0 },
  noteField: { backgroundColor: tokens.colorStatusWarningBackground1 },
  send: { display: 'flex', flexWrap: 'wrap', alignItems: 'center', justifyContent: 'space-between', gap: '8px' },
  hint: { fontSize: tokens.fontSizeBase200, color: tokens.colorNeutralForeground3 },
});

export function Timeline({ ticket }: { ticket: Ticket }) {
  const styles = useStyles();
  const { t } = useTranslation();
  const me = useMe();
  const timeline = useTimeline(ticket.id);
  return (
    <Card>
      <Heading>{t('ticket.timeline')}</Heading>
      {timeline.isPending ? (
        <Skeleton rows={2} />
      ) : timeline.data ? (
        <ul className={styles.list}>
          {timeline.data.items.length === 0 && <li className={styles.hint}>{t('ticket.timelineEmpty')}</li>}
          {timeline.data.items.map((entry) => (
            <Entry
              key={`${entry.type} ${entry.at} ${entry.type === 'comment' ? entry.comment.id : JSON.stringify(entry.changes)}`}
              entry={entry}
            />
          ))}
        </ul>
      ) : (
        <Failure error={timeline.error} retry={() => void timeline.refetch()} />
      )}
      {me.may.edit && <Composer ticket={ticket} />}
    </Card>
  );
}

function Entry({ entry }: { entry: TimelineEntry }) {
  const styles = useStyles();
  const { t } = useTranslation();
  const format = useFormat();
  const read = useValueWords();
  if (entry.type === 'comment') {
    const note = entry.comment.kind === 'note';
    return (
      <li className={mergeClasses(styles.comment, note && styles.note)}>
        <div className={styles.head}>
          {note ? <LockClosedRegular aria-hidden /> : <ArrowReplyRegular aria-hidden />}
          <span className={styles.name}>{entry.comment.author.name}</span>
          <span>{note ? t('ticket.noteLabel') : t('ticket.replyLabel')}</span>
          <time dateTime={entry.at}>{format.instant(entry.at)}</time>
        </div>
        <p className={styles.body}>{entry.comment.body}</p>
      </li>
    );
  }
  return (
    <li className={styles.change}>
      {Object.entries(entry.changes).map(([field, [before, after]]) => (
        <div key={field}>
          {t('ticket.changeLine', {
            name: entry.actor.name,
            field: t(`ticket.field.${field}`, { defaultValue: field }),
            before: read(field, before),
            after: read(field, after),
            at: format.instant(entry.at),
          })}
        </div>
      ))}
    </li>
  );
}

/** Turns the values a change names by code into words; leaves names and free text as they are. */
function useValueWords(): (field: string, value: string | null) => string {
  const { t } = useTranslation();
  const format = useFormat();
  return (field, value) => {
    if (value === null || value === '') return t('common.none');
    if (field === 'status' && (STATUSES as readonly string[]).includes(value)) return t(`ticket.status.${value}`);
    if (field === 'priority' && (PRIORITIES as readonly string[]).includes(value)) return t(`ticket.priority.${value}`);
    if (field.startsWith('due') && /^\d{4}-\d{2}-\d{2}$/u.test(value)) return format.day(value);
    return value.length > 120 ? `${value.slice(0, 120)}…` : value;
  };
}

const AGENTS = ['owner', 'admin', 'agent'];
const EMPTY: NewComment = { body: '', kind: 'reply' };

/** One composer; what it writes, and for whom, is on the button. */
function Composer({ ticket }: { ticket: Ticket }) {
  const styles = useStyles();
  const { t } = useTranslation();
  const me = useMe();
  const queryClient = useQueryClient();
  const keptName = useKeptName(`comment.${ticket.id}`);
  const kept = useKept<NewComment>(keptName, EMPTY);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const mayNote = AGENTS.includes(me.member?.role ?? '');
  const { body, kind: chosen } = kept.value;
  const kind = mayNote ? chosen : 'reply';

  const send = async () => {
    if (!body.trim() || busy) return;
    setBusy(true);
    setError(null);
    try {
      const comment = { body, kind };
      await api.comment(ticket.id, comment, actKey(keptName, comment));
      kept.clear();
      announce(kind === 'note' ? t('ticket.noteAdded') : t('ticket.replySent'));
      await queryClient.invalidateQueries({ queryKey: timelineKey(ticket.id) });
      void queryClient.invalidateQueries({ queryKey: ['tickets', 'list'] });
    } catch (failure) {
      setError(failure);
    } finally {
      setBusy(false);
    }
  };

  return (
    <form
      className={styles.composer}
      onSubmit={(event) => {
        event.preventDefault();
        void send();
      }}
    >
      {mayNote && (
        <fieldset className={styles.modes} aria-label={t('ticket.composerMode')}>
          <Button
            size="small"
            appearance={kind === 'reply' ? 'primary' : 'secondary'}
            aria-pressed={kind === 'reply'}
            icon={<ArrowReplyRegular />}
            onClick={() => kept.set({ body, kind: 'reply' })}
          >
            {t('ticket.reply')}
          </Button>
          <Button
            size="small"
            appearance={kind === 'note' ? 'primary' : 'secondary'}
            aria-pressed={kind === 'note'}
            icon={<LockClosedRegular />}
            onClick={() => kept.set({ body, kind: 'note' })}
          >
            {t('ticket.note')}
          </Button>
        </fieldset>
      )}
      <Textarea
        className={kind === 'note' ? styles.noteField : undefined}
        value={body}
        rows={3}
        resize="vertical"
        maxLength={20_000}
        aria-label={kind === 'note' ? t('ticket.notePlaceholder') : t('ticket.replyPlaceholder')}
        placeholder={kind === 'note' ? t('ticket.notePlaceholder') : t('ticket.replyPlaceholder')}
        onChange={(_, data) => kept.set({ body: data.value, kind })}
        onKeyDown={(event) => {
          if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) void send();
        }}
      />
      <FormError error={error} />
      <div className={styles.send}>
        <span className={styles.hint}>
          {kind === 'note' ? t('ticket.noteHint') : t('ticket.replyHint', { name: ticket.requester.name })}
        </span>
        <Button type="submit" appearance="primary" disabled={busy || body.trim() === ''}>
          {busy ? t('common.saving') : kind === 'note' ? t('ticket.addNote') : t('ticket.sendReply')}
        </Button>
      </div>
    </form>
  );
}
