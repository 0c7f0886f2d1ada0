import { Button } from '@fluentui/react-components';
import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { NewOpportunity, Opportunity } from '../../src/contract/opportunities';
import { api, NetworkError } from '../api';
import { FormError, RefusalPanel, useCreation } from '../shared/creation';
import { forget, useKept } from '../shared/kept';
import { Modal } from '../shared/modal';
import { useKeptName } from '../shared/session';
import { toast } from '../shared/toasts';
import { EMPTY_OPPORTUNITY, OpportunityFields, parseAmount, type TypedOpportunity } from './fields';
import { opportunityChanged } from './queries';

export default function CreateOpportunity({ onClose }: { onClose: () => void }) {
  const { t } = useTranslation();
  const queryClient = useQueryClient();
  const keptName = useKeptName('new-opportunity');
  const kept = useKept<TypedOpportunity>(keptName, EMPTY_OPPORTUNITY);
  const typed = kept.value;
  const [checked, setChecked] = useState(false);

  const creation = useCreation({
    keptName,
    create: api.createOpportunity,
    content: (payload: NewOpportunity) => ({ meter: 'opportunities' as const, payload }),
    onCreated: (opportunity: Opportunity) => {
      kept.clear();
      opportunityChanged(queryClient, opportunity);
      void queryClient.invalidateQueries({ queryKey: ['drafts'] });
      toast(t('opportunity.created', { title: opportunity.title }));
      onClose();
    },
  });
  const submit = () => {
    setChecked(true);
    const value = parseAmount(typed.amount, typed.currency);
    if (typed.title.trim() === '' || value === undefined) return;
    void creation.submit({
      title: typed.title.trim(),
      customer: typed.customer.trim() || null,
      value,
      closesOn: typed.closesOn || null,
      ownerId: typed.owner?.id ?? null,
    });
  };
  const close = () => {
    if (creation.refused?.draftId) {
      forget(keptName);
      forget(`${keptName}.act`);
    }
    onClose();
  };
  const retrying = creation.refused !== null || creation.error instanceof NetworkError;
  return (
    <Modal
      title={t('opportunity.new')}
      onClose={close}
      onSubmit={submit}
      actions={
        <>
          <Button onClick={close}>{creation.refused ? t('common.close') : t('common.cancel')}</Button>
          <Button appearance="primary" type="submit" disabled={creation.busy}>
            {creation.busy ? t('common.saving') : retrying ? t('common.retry') : t('opportunity.create')}
          </Button>
        </>
      }
    >
      {creation.refused && <RefusalPanel problem={creation.refused} meter="opportunities" />}
      <FormError error={creation.error} />
      <OpportunityFields typed={typed} checked={checked} onChange={(part) => kept.set({ ...typed, ...part })} />
    </Modal>
  );
}
