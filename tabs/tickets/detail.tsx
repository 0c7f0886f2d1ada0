import { Button, Field, Input, makeStyles, Select, Textarea, tokens } from '@fluentui/react-components';
import { ArrowLeftRegular } from '@fluentui/react-icons/svg/arrow-left';
import { DeleteRegular } from '@fluentui/react-icons/svg/delete';
import { DismissRegular } from '@fluentui/react-icons/svg/dismiss';
import { EditRegular } from '@fluentui/react-icons/svg/edit';
import { LinkRegular } from '@fluentui/react-icons/svg/link';
import { useQueryClient } from '@tanstack/react-query';
import { lazy, Suspense, useEffect, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { PersonRef } from '../../src/contract/common';
import type { Ticket, TicketPatch, TicketPriority, TicketStatus } from '../../src/contract/tickets';
import { ApiError, api } from '../api';
import { useFormat } from '../shared/format';
import { forget, useKept } from '../shared/kept';
import { Card } from '../shared/layout';
import { PersonPicker } from '../shared/person-picker';
import { useProblemText } from '../shared/problem';
import { go, hrefOf, parseHash } from '../shared/router';
import { useSaving } from '../shared/saving';
import { useKeptName, useMe } from '../shared/session';
import { useShortcut } from '../shared/shortcuts';
import { Failure, Skeleton } from '../shared/states';
import { toast } from '../shared/toasts';
import { ticketChanged, ticketGone, ticketKey, useTicket } from './queries';
import { tagsOf } from './tags';
import { Timeline } from './timeline';
import { PRIORITIES, PriorityWord, STATUSES, StatusChip, ticketNumber } from './words';

const Confirm = lazy(() => import('../shared/modal'));

const useStyles = makeStyles({
  column: { display: 'flex', flexDirection: 'column', gap: '12px', minWidth: 0 },
  top: { display: 'flex', flexWrap: 'wrap', alignItems: 'center', gap: '4px 8px' },
  acts: { display: 'flex', marginInlineStart: 'auto' },
  number: { color: tokens.colorNeutralForeground3, fontVariantNumeric: 'tabular-nums' },
  title: {
    margin: '6px 0 0',
    fontSize: tokens.fontSizeBase500,
    lineHeight: tokens.lineHeightBase500,
    fontWeight: tokens.fontWeightSemibold,
    overflowWrap: 'anywhere',
    outlineStyle: 'none',
  },
  description: { whiteSpace: 'pre-wrap', overflowWrap: 'anywhere', margin: '8px 0 0', color: tokens.colorNeutralForeground1 },
  meta: { color: tokens.colorNeutralForeground3, fontSize: tokens.fontSizeBase200, margin: '8px 0 0' },
  fields: { display: 'grid', gridTemplateColumns: 'repeat(auto-fit, minmax(min(100%, 170px), 1fr))', gap: '10px 14px' },
  form: { display: 'flex', flexDirection: 'column', gap: '10px', marginTop: '8px' },
  buttons: { display: 'flex', flexWrap: 'wrap', gap: '8px' },
});

export default function TicketDetail({ id, beside }: { id: string; beside: boolean }) {
  const query = useTicket(id);
  const { t } = useTranslation();
  if (query.isPending) return <Skeleton rows={6} />;
  if (!query.data) {
    const gone = query.error instanceof ApiError && query.error.problem.status === 404;
    return (
      <Card>
        <Failure error={query.error} {...(gone ? {} : { retry: () => void query.refetch() })} />
        <Button icon={<ArrowLeftRegular />} onClick={closeDetail}>
          {t('common.back')}
        </Button>
      </Card>
    );
  }
  return <LoadedTicket ticket={query.data} beside={beside} />;
}

const closeDetail = () => go(hrefOf('tickets', null, parseHash(window.location.hash).search));

function LoadedTicket({ ticket, beside }: { ticket: Ticket; beside: boolean }) {
  const styles = useStyles();
  const { t } = useTranslation();
  const format = useFormat();
  const me = useMe();
  const queryClient = useQueryClient();
  const problemText = useProblemText();
  const [editing, setEditing] = useState(false);
  const [confirming, setConfirming] = useState(false);
  const people = useRef(new Map<string, string>());
  const heading = useRef<HTMLHeadingElement>(null);
  useShortcut('Escape', closeDetail);
  useEffect(() => heading.current?.focus({ preventScroll: true }), []);

  const describe = (record: Partial<Ticket> | TicketPatch) => {
    const lines: { label: string; value: string }[] = [];
    const fields = record as Partial<Ticket> & TicketPatch;
    if (fields.title !== undefined) lines.push({ label: t('ticket.title'), value: fields.title });
    if (fields.description !== undefined) lines.push({ label: t('ticket.description'), value: fields.description });
    if (fields.status !== undefined) lines.push({ label: t('ticket.statusLabel'), value: t(`ticket.status.${fields.status}`) });
    if (fields.priority !== undefined) lines.push({ label: t('ticket.priorityLabel'), value: t(`ticket.priority.${fields.priority}`) });
    if (fields.assignee !== undefined) lines.push({ label: t('ticket.assignee'), value: fields.assignee?.name ?? t('ticket.nobody') });
    else if (fields.assigneeId !== undefined)
      lines.push({ label: t('ticket.assignee'), value: people.current.get(fields.assigneeId ?? '') ?? t('ticket.nobody') });
    if (fields.dueOn !== undefined) lines.push({ label: t('ticket.due'), value: fields.dueOn ? format.day(fields.dueOn) : '' });
    if (fields.tags !== undefined) lines.push({ label: t('ticket.tags'), value: fields.tags.join(', ') });
    return lines;
  };

  const saving = useSaving<Ticket, TicketPatch>({
    queryKey: ticketKey(ticket.id),
    change: (patch, revision) => api.changeTicket(ticket.id, patch, revision),
    onSaved: (saved) => ticketChanged(queryClient, saved),
    describe,
  });

  const change = (patch: TicketPatch, back: TicketPatch, done: string) =>
    saving.save(patch, { done, undo: () => void saving.save(back, { done: t('common.undone') }) });
  const assign = (person: PersonRef | null) => {
    if (person) people.current.set(person.id, person.name);
    if (ticket.assignee) people.current.set(ticket.assignee.id, ticket.assignee.name);
    void change(
      { assigneeId: person?.id ?? null },
      { assigneeId: ticket.assignee?.id ?? null },
      person ? t('ticket.assignedTo', { name: person.name }) : t('ticket.unassigned'),
    );
  };

  const remove = async () => {
    try {
      await api.deleteTicket(ticket.id, ticket.revision);
      closeDetail();
      ticketGone(queryClient, ticket.id);
      toast(t('ticket.deleted', { number: ticketNumber(ticket.number) }));
    } catch (error) {
      toast(problemText(error), { tone: 'failed' });
      void queryClient.invalidateQueries({ queryKey: ticketKey(ticket.id) });
    }
  };
  const share = () =>
    void import('../teams').then(async (teams) => {
      if (teams.canShareLink()) await teams.shareLink(`t/${ticket.id}`, `${ticketNumber(ticket.number)} ${ticket.title}`);
    });
  const mayEdit = me.may.edit;
  // Alone on the page, the ticket is what the page is about.
  const Title = beside ? 'h2' : 'h1';

  return (
    <article className={styles.column} aria-label={ticket.title}>
      <Card>
        <div className={styles.top}>
          {!beside && (
            <Button appearance="subtle" icon={<ArrowLeftRegular />} onClick={closeDetail}>
              {t('nav.tickets')}
            </Button>
          )}
          <span className={styles.number}>{ticketNumber(ticket.number)}</span>
          <StatusChip status={ticket.status} />
          {ticket.priority !== 'normal' && <PriorityWord priority={ticket.priority} />}
          <div className={styles.acts}>
            <Button appearance="subtle" icon={<LinkRegular />} aria-label={t('ticket.share')} title={t('ticket.share')} onClick={share} />
            {mayEdit && !editing && (
              <Button
                appearance="subtle"
                icon={<EditRegular />}
                aria-label={t('ticket.edit')}
                title={t('ticket.edit')}
                onClick={() => setEditing(true)}
              />
            )}
            {mayEdit && (
              <Button
                appearance="subtle"
                icon={<DeleteRegular />}
                aria-label={t('ticket.delete')}
                title={t('ticket.delete')}
                onClick={() => setConfirming(true)}
              />
            )}
            {beside && (
              <Button
                appearance="subtle"
                icon={<DismissRegular />}
                aria-label={t('common.close')}
                title={t('common.close')}
                onClick={closeDetail}
              />
            )}
          </div>
        </div>
        {editing ? (
          <EditText ticket={ticket} save={saving.save} onDone={() => setEditing(false)} />
        ) : (
          <>
            <Title ref={heading} tabIndex={-1} className={styles.title}>
              {ticket.title}
            </Title>
            {ticket.description && <p className={styles.description}>{ticket.description}</p>}
            <p className={styles.meta}>{t('ticket.requestedBy', { name: ticket.requester.name, at: format.instant(ticket.createdAt) })}</p>
          </>
        )}
      </Card>
      <Card label={t('ticket.properties')}>
        <div className={styles.fields}>
          <Field label={t('ticket.statusLabel')}>
            <Select
              disabled={!mayEdit}
              value={ticket.status}
              onChange={(_, data) => {
                const status = data.value as TicketStatus;
                void change({ status }, { status: ticket.status }, t('ticket.statusChanged', { status: t(`ticket.status.${status}`) }));
              }}
            >
              {STATUSES.map((status) => (
                <option key={status} value={status}>
                  {t(`ticket.status.${status}`)}
                </option>
              ))}
            </Select>
          </Field>
          <Field label={t('ticket.assignee')}>
            <PersonPicker value={ticket.assignee} nobody={t('ticket.nobody')} disabled={!mayEdit} onChange={assign} />
          </Field>
          <Field label={t('ticket.priorityLabel')}>
            <Select
              disabled={!mayEdit}
              value={ticket.priority}
              onChange={(_, data) => {
                const priority = data.value as TicketPriority;
                void change(
                  { priority },
                  { priority: ticket.priority },
                  t('ticket.priorityChanged', { priority: t(`ticket.priority.${priority}`) }),
                );
              }}
            >
              {PRIORITIES.map((priority) => (
                <option key={priority} value={priority}>
                  {t(`ticket.priority.${priority}`)}
                </option>
              ))}
            </Select>
          </Field>
          <Field label={t('ticket.due')}>
            <Saved
              type="date"
              disabled={!mayEdit}
              value={ticket.dueOn ?? ''}
              onSave={(dueOn) => change({ dueOn: dueOn || null }, { dueOn: ticket.dueOn }, t('common.saved'))}
            />
          </Field>
          <Field label={t('ticket.tags')}>
            <Saved
              disabled={!mayEdit}
              value={ticket.tags.join(', ')}
              placeholder={t('ticket.tagsHint')}
              onSave={(text) => change({ tags: tagsOf(text) }, { tags: ticket.tags }, t('common.saved'))}
            />
          </Field>
        </div>
      </Card>
      <Timeline ticket={ticket} />
      {saving.dialog}
      {confirming && (
        <Suspense>
          <Confirm
            title={t('ticket.deleteTitle', { number: ticketNumber(ticket.number) })}
            text={t('ticket.deleteText')}
            action={t('ticket.delete')}
            onConfirm={() => void remove()}
            onClose={() => setConfirming(false)}
          />
        </Suspense>
      )}
    </article>
  );
}

interface SavedProps {
  value: string;
  onSave: (value: string) => Promise<boolean>;
  type?: 'text' | 'date';
  disabled?: boolean;
  placeholder?: string;
}

/** A field that is saved when it is left or Enter is pressed, and keeps what was typed when saving fails. */
function Saved({ value, onSave, type = 'text', disabled = false, placeholder }: SavedProps) {
  const [typed, setTyped] = useState<string | null>(null);
  const commit = async () => {
    if (typed === null || typed === value) return setTyped(null);
    if (await onSave(typed)) setTyped(null);
  };
  return (
    <Input
      type={type}
      disabled={disabled}
      {...(placeholder ? { placeholder } : {})}
      value={typed ?? value}
      onChange={(_, data) => setTyped(data.value)}
      onBlur={() => void commit()}
      onKeyDown={(event) => {
        if (event.key === 'Enter') void commit();
        if (event.key === 'Escape') setTyped(null);
      }}
      style={{ minWidth: 0 }}
      input={{ style: { minWidth: 0, width: '100%' } }}
    />
  );
}

interface EditTextProps {
  ticket: Ticket;
  save: (patch: TicketPatch, options: { revision: number; done: string }) => Promise<boolean>;
  onDone: () => void;
}

/** Title and description; kept on the device until saved, checked against the version that was on the screen when editing began. */
function EditText({ ticket, save, onDone }: EditTextProps) {
  const styles = useStyles();
  const { t } = useTranslation();
  const name = useKeptName(`edit.${ticket.id}`);
  const [begun] = useState({ title: ticket.title, description: ticket.description, revision: ticket.revision });
  const kept = useKept(name, begun);
  const typed = kept.value;
  const [busy, setBusy] = useState(false);
  const finish = () => {
    forget(name);
    onDone();
  };
  const submit = async () => {
    if (!typed.title.trim()) return;
    setBusy(true);
    const patch = { title: typed.title.trim(), description: typed.description };
    const saved = await save(patch, { revision: typed.revision, done: t('common.saved') });
    setBusy(false);
    if (saved) finish();
  };
  return (
    <form
      className={styles.form}
      onSubmit={(event) => {
        event.preventDefault();
        void submit();
      }}
    >
      <Field
        label={t('ticket.title')}
        required
        {...(typed.title.trim() === '' ? { validationState: 'error' as const, validationMessage: t('ticket.titleMissing') } : {})}
      >
        <Input autoFocus maxLength={200} value={typed.title} onChange={(_, data) => kept.set({ ...typed, title: data.value })} />
      </Field>
      <Field label={t('ticket.description')}>
        <Textarea
          rows={6}
          resize="vertical"
          maxLength={20_000}
          value={typed.description}
          onChange={(_, data) => kept.set({ ...typed, description: data.value })}
        />
      </Field>
      <div className={styles.buttons}>
        <Button appearance="primary" type="submit" disabled={busy}>
          {busy ? t('common.saving') : t('common.save')}
        </Button>
        <Button onClick={finish}>{t('common.cancel')}</Button>
      </div>
    </form>
  );
}
