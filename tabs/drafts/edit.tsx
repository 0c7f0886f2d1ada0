import { Button, Field, Input, Textarea } from '@fluentui/react-components';
import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { Draft, DraftPatch } from '../../src/contract/drafts';
import { api } from '../api';
import { FormError } from '../shared/creation';
import { forget, useKept } from '../shared/kept';
import { Modal } from '../shared/modal';
import { useKeptName } from '../shared/session';
import { toast } from '../shared/toasts';

interface Typed {
  title: string;
  /** A ticket's description, or a checklist's items, one a line. */
  text: string;
}

const typedOf = (draft: Draft): Typed => ({
  title: draft.payload.title,
  text:
    draft.meter === 'tickets'
      ? draft.payload.description
      : draft.meter === 'checklists'
        ? draft.payload.items.map((item) => item.text).join('\n')
        : (draft.payload.customer ?? ''),
});

/** The draft with the typed words; everything else stays as it was. */
function patchOf(draft: Draft, { title, text }: Typed): DraftPatch {
  if (draft.meter === 'tickets') return { meter: draft.meter, payload: { ...draft.payload, title: title.trim(), description: text } };
  if (draft.meter === 'opportunities')
    return { meter: draft.meter, payload: { ...draft.payload, title: title.trim(), customer: text.trim() || null } };
  const lines = text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
  const assignees = new Map(draft.payload.items.map((item) => [item.text, item.assigneeId]));
  return {
    meter: draft.meter,
    payload: {
      ...draft.payload,
      title: title.trim(),
      items: lines.map((line) => ({ text: line, assigneeId: assignees.get(line) ?? null })),
    },
  };
}

export default function EditDraft({ draft, onClose }: { draft: Draft; onClose: () => void }) {
  const { t } = useTranslation();
  const queryClient = useQueryClient();
  const keptName = useKeptName(`draft.${draft.id}`);
  const [begun] = useState(() => typedOf(draft));
  const kept = useKept<Typed>(keptName, begun);
  const typed = kept.value;
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const incomplete = typed.title.trim() === '' || (draft.meter === 'checklists' && typed.text.trim() === '');
  const finish = () => {
    forget(keptName);
    onClose();
  };
  const save = async () => {
    if (incomplete || busy) return;
    setBusy(true);
    setError(null);
    try {
      await api.changeDraft(draft.id, patchOf(draft, typed), draft.revision);
      await queryClient.invalidateQueries({ queryKey: ['drafts'] });
      toast(t('common.saved'));
      finish();
    } catch (failure) {
      setError(failure);
      void queryClient.invalidateQueries({ queryKey: ['drafts'] });
    } finally {
      setBusy(false);
    }
  };
  const change = (part: Partial<Typed>) => kept.set({ ...typed, ...part });
  return (
    <Modal
      title={t('draft.editTitle')}
      onClose={finish}
      onSubmit={() => void save()}
      actions={
        <>
          <Button onClick={finish}>{t('common.cancel')}</Button>
          <Button appearance="primary" type="submit" disabled={busy || incomplete}>
            {busy ? t('common.saving') : t('common.save')}
          </Button>
        </>
      }
    >
      <FormError error={error} />
      <Field label={t('ticket.title')} required>
        <Input value={typed.title} maxLength={200} onChange={(_, data) => change({ title: data.value })} />
      </Field>
      {draft.meter === 'opportunities' ? (
        <Field label={t('opportunity.customer')}>
          <Input value={typed.text} maxLength={200} onChange={(_, data) => change({ text: data.value })} />
        </Field>
      ) : (
        <Field label={draft.meter === 'tickets' ? t('ticket.description') : t('draft.itemsPerLine')}>
          <Textarea rows={8} resize="vertical" maxLength={20_000} value={typed.text} onChange={(_, data) => change({ text: data.value })} />
        </Field>
      )}
    </Modal>
  );
}
