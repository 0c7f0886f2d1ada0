import { Button, Field, Input, makeStyles } from '@fluentui/react-components';
import { AddRegular } from '@fluentui/react-icons/svg/add';
import { DismissRegular } from '@fluentui/react-icons/svg/dismiss';
import { useQueryClient } from '@tanstack/react-query';
import { type ClipboardEvent, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { Checklist, NewChecklist } from '../../src/contract/checklists';
import { api, NetworkError } from '../api';
import { FormError, RefusalPanel, useCreation } from '../shared/creation';
import { forget, useKept } from '../shared/kept';
import { Modal } from '../shared/modal';
import { go, hrefOf } from '../shared/router';
import { useKeptName } from '../shared/session';
import { toast } from '../shared/toasts';

interface Typed {
  title: string;
  items: string[];
}

const EMPTY: Typed = { title: '', items: ['', ''] };
const MAX_ITEMS = 200;

const useStyles = makeStyles({
  items: { listStyleType: 'none', margin: 0, padding: 0, display: 'flex', flexDirection: 'column', gap: '6px' },
  item: { display: 'flex', gap: '4px', alignItems: 'center', '& > :first-child': { flex: '1 1 auto', minWidth: 0 } },
});

/** Starting counts one checklist; kept unstarted it counts nothing. */
export default function CreateChecklist({ onClose }: { onClose: () => void }) {
  const styles = useStyles();
  const { t } = useTranslation();
  const queryClient = useQueryClient();
  const keptName = useKeptName('new-checklist');
  const kept = useKept<Typed>(keptName, EMPTY);
  const { title, items } = kept.value;
  const [missing, setMissing] = useState(false);
  const list = useRef<HTMLUListElement>(null);
  const texts = items.map((text) => text.trim()).filter((text) => text !== '');

  const creation = useCreation({
    keptName,
    create: api.createChecklist,
    content: (payload: NewChecklist) => ({ meter: 'checklists' as const, payload }),
    onCreated: (checklist: Checklist) => {
      kept.clear();
      void queryClient.invalidateQueries({ queryKey: ['checklists', 'list'] });
      void queryClient.invalidateQueries({ queryKey: ['drafts'] });
      toast(
        checklist.state === 'draft'
          ? t('checklist.savedDraft', { title: checklist.title })
          : t('checklist.started', { title: checklist.title }),
      );
      onClose();
      go(hrefOf('checklists', checklist.id));
    },
  });

  const submit = (start: boolean) => {
    const incomplete = title.trim() === '' || texts.length === 0;
    setMissing(incomplete);
    if (!incomplete) void creation.submit({ title: title.trim(), items: texts.map((text) => ({ text, assigneeId: null })), submit: start });
  };
  const close = () => {
    if (creation.refused?.draftId) {
      forget(keptName);
      forget(`${keptName}.act`);
    }
    onClose();
  };
  const setItems = (next: string[]) => kept.set({ title, items: next.slice(0, MAX_ITEMS) });
  const focusItem = (index: number) => setTimeout(() => list.current?.querySelectorAll('input')[index]?.focus());
  const insertAfter = (index: number) => {
    setItems([...items.slice(0, index + 1), '', ...items.slice(index + 1)]);
    focusItem(index + 1);
  };
  const paste = (event: ClipboardEvent, index: number) => {
    const lines = event.clipboardData
      .getData('text')
      .split(/\r?\n/u)
      .map((line) => line.replace(/^\s*(?:[-*•]|\d+[.)])\s+/u, '').trim())
      .filter((line) => line !== '');
    if (lines.length < 2) return;
    event.preventDefault();
    setItems([...items.slice(0, index), ...lines, ...items.slice(index + 1).filter((text) => text.trim() !== '')]);
  };
  const retrying = creation.refused !== null || creation.error instanceof NetworkError;

  return (
    <Modal
      title={t('checklist.new')}
      onClose={close}
      onSubmit={() => submit(true)}
      actions={
        <>
          <Button onClick={close}>{creation.refused ? t('common.close') : t('common.cancel')}</Button>
          {!creation.refused && (
            <Button disabled={creation.busy} onClick={() => submit(false)}>
              {t('checklist.keepUnstarted')}
            </Button>
          )}
          <Button appearance="primary" type="submit" disabled={creation.busy}>
            {creation.busy ? t('common.saving') : retrying ? t('common.retry') : t('checklist.start')}
          </Button>
        </>
      }
    >
      {creation.refused && <RefusalPanel problem={creation.refused} meter="checklists" />}
      <FormError error={creation.error} />
      <Field
        label={t('checklist.title')}
        required
        {...(missing && title.trim() === '' ? { validationState: 'error' as const, validationMessage: t('checklist.titleMissing') } : {})}
      >
        <Input value={title} maxLength={200} onChange={(_, data) => kept.set({ title: data.value, items })} />
      </Field>
      <Field
        label={t('checklist.items')}
        hint={t('checklist.itemsHint')}
        {...(missing && texts.length === 0 ? { validationState: 'error' as const, validationMessage: t('checklist.itemsMissing') } : {})}
      >
        <div>
          <ul className={styles.items} ref={list}>
            {items.map((text, index) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: the lines have no other identity
              <li key={index} className={styles.item}>
                <Input
                  value={text}
                  maxLength={500}
                  aria-label={t('checklist.itemNumber', { number: index + 1 })}
                  onChange={(_, data) => setItems(items.map((former, at) => (at === index ? data.value : former)))}
                  onPaste={(event) => paste(event, index)}
                  onKeyDown={(event) => {
                    if (event.key !== 'Enter' || event.nativeEvent.isComposing) return;
                    event.preventDefault();
                    if (event.ctrlKey || event.metaKey) submit(true);
                    else insertAfter(index);
                  }}
                />
                <Button
                  appearance="subtle"
                  icon={<DismissRegular />}
                  aria-label={t('checklist.removeItem', { number: index + 1 })}
                  disabled={items.length === 1}
                  onClick={() => {
                    setItems(items.filter((_, at) => at !== index));
                    focusItem(Math.max(0, index - 1));
                  }}
                />
              </li>
            ))}
          </ul>
          <Button
            appearance="subtle"
            icon={<AddRegular />}
            disabled={items.length >= MAX_ITEMS}
            onClick={() => insertAfter(items.length - 1)}
          >
            {t('checklist.addItem')}
          </Button>
        </div>
      </Field>
    </Modal>
  );
}
