import { Button, Field, Input, makeStyles, Select, Textarea } from '@fluentui/react-components';
import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { PersonRef } from '../../src/contract/common';
import type { NewTicket, Ticket, TicketPriority } from '../../src/contract/tickets';
import { ApiError, api, NetworkError } from '../api';
import { FormError, RefusalPanel, useCreation } from '../shared/creation';
import { forget, useKept } from '../shared/kept';
import { Modal } from '../shared/modal';
import { PersonPicker } from '../shared/person-picker';
import { useProblemText } from '../shared/problem';
import { go, hrefOf, parseHash } from '../shared/router';
import { useKeptName } from '../shared/session';
import { toast } from '../shared/toasts';
import { ticketGone } from './queries';
import { tagsOf } from './tags';
import { PRIORITIES, ticketNumber } from './words';

interface Typed {
  title: string;
  description: string;
  priority: TicketPriority;
  assignee: PersonRef | null;
  dueOn: string;
  tags: string;
}

const EMPTY: Typed = { title: '', description: '', priority: 'normal', assignee: null, dueOn: '', tags: '' };

const payloadOf = (typed: Typed): NewTicket => ({
  title: typed.title.trim(),
  description: typed.description,
  priority: typed.priority,
  assigneeId: typed.assignee?.id ?? null,
  dueOn: typed.dueOn || null,
  tags: tagsOf(typed.tags),
});

const useStyles = makeStyles({
  pair: {
    display: 'grid',
    gridTemplateColumns: 'minmax(0, 1fr) minmax(0, 1fr)',
    alignItems: 'start',
    gap: '12px',
    '@media (max-width: 639px)': { gridTemplateColumns: '1fr' },
  },
});

/** A title is enough. Closed without sending, the text is there again the next time. */
export default function CreateTicket({ onClose }: { onClose: () => void }) {
  const styles = useStyles();
  const { t } = useTranslation();
  const queryClient = useQueryClient();
  const keptName = useKeptName('new-ticket');
  const kept = useKept<Typed>(keptName, EMPTY);
  const typed = kept.value;
  const undo = useUndoCreation();
  const [missing, setMissing] = useState(false);
  const change = (part: Partial<Typed>) => kept.set({ ...typed, ...part });

  const creation = useCreation({
    keptName,
    create: api.createTicket,
    content: (payload: NewTicket) => ({ meter: 'tickets' as const, payload }),
    onCreated: (ticket: Ticket) => {
      kept.clear();
      void queryClient.invalidateQueries({ queryKey: ['tickets', 'list'] });
      void queryClient.invalidateQueries({ queryKey: ['drafts'] });
      toast(t('ticket.created', { number: ticketNumber(ticket.number), title: ticket.title }), { undo: () => undo(ticket) });
      onClose();
      go(hrefOf('tickets', ticket.id, parseHash(window.location.hash).search));
    },
  });

  const submit = () => {
    const empty = typed.title.trim() === '';
    setMissing(empty);
    if (!empty) void creation.submit(payloadOf(typed));
  };
  const close = () => {
    // Once refused the text is a draft on the server; here it would only be offered a second time.
    if (creation.refused?.draftId) {
      forget(keptName);
      forget(`${keptName}.act`);
    }
    onClose();
  };
  const retrying = creation.refused !== null || creation.error instanceof NetworkError;

  return (
    <Modal
      title={t('ticket.new')}
      onClose={close}
      onSubmit={submit}
      actions={
        <>
          <Button onClick={close}>{creation.refused ? t('common.close') : t('common.cancel')}</Button>
          <Button appearance="primary" type="submit" disabled={creation.busy}>
            {creation.busy ? t('common.saving') : retrying ? t('common.retry') : t('ticket.create')}
          </Button>
        </>
      }
    >
      {creation.refused && <RefusalPanel problem={creation.refused} meter="tickets" />}
      <FormError error={creation.error} />
      <Field
        label={t('ticket.title')}
        required
        {...(missing && typed.title.trim() === ''
          ? { validationState: 'error' as const, validationMessage: t('ticket.titleMissing') }
          : {})}
      >
        <Input value={typed.title} maxLength={200} onChange={(_, data) => change({ title: data.value })} />
      </Field>
      <Field label={t('ticket.description')}>
        <Textarea
          value={typed.description}
          maxLength={20_000}
          rows={4}
          resize="vertical"
          onChange={(_, data) => change({ description: data.value })}
        />
      </Field>
      <div className={styles.pair}>
        <Field label={t('ticket.assignee')}>
          <PersonPicker value={typed.assignee} nobody={t('ticket.nobody')} onChange={(assignee) => change({ assignee })} />
        </Field>
        <Field label={t('ticket.priorityLabel')}>
          <Select value={typed.priority} onChange={(_, data) => change({ priority: data.value as TicketPriority })}>
            {PRIORITIES.map((priority) => (
              <option key={priority} value={priority}>
                {t(`ticket.priority.${priority}`)}
              </option>
            ))}
          </Select>
        </Field>
        <Field label={t('ticket.due')}>
          <Input type="date" value={typed.dueOn} onChange={(_, data) => change({ dueOn: data.value })} />
        </Field>
        <Field label={t('ticket.tags')} hint={t('ticket.tagsHint')}>
          <Input value={typed.tags} onChange={(_, data) => change({ tags: data.value })} />
        </Field>
      </div>
    </Modal>
  );
}

/** Takes a creation back; within 60 s its unit comes back too. */
function useUndoCreation(): (ticket: Ticket) => Promise<void> {
  const { t } = useTranslation();
  const queryClient = useQueryClient();
  const problemText = useProblemText();
  return async (ticket) => {
    try {
      await api.undoTicket(ticket.id);
      if (parseHash(window.location.hash).id === ticket.id) go('#/tickets', { replace: true });
      ticketGone(queryClient, ticket.id);
      toast(t('ticket.undone', { number: ticketNumber(ticket.number) }));
    } catch (error) {
      const gone = error instanceof ApiError && error.code === 'ticket_not_found';
      if (gone) ticketGone(queryClient, ticket.id);
      else toast(problemText(error), { tone: 'failed' });
    }
  };
}
