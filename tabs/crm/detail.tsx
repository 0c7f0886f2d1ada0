import { Button, Field, Select } from '@fluentui/react-components';
import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { Opportunity, OpportunityPatch, Stage } from '../../src/contract/opportunities';
import { api } from '../api';
import { languageTag, useFormat } from '../shared/format';
import { forget, useKept } from '../shared/kept';
import { Modal } from '../shared/modal';
import { useSaving } from '../shared/saving';
import { useKeptName, useMe, useSession } from '../shared/session';
import { Failure, Skeleton } from '../shared/states';
import { amountText, OpportunityFields, parseAmount, type TypedOpportunity } from './fields';
import { opportunityChanged, opportunityKey, STAGES, useOpportunity } from './queries';

/** One opportunity in a dialog above the board. */
export default function OpportunityDetail({ id, onClose }: { id: string; onClose: () => void }) {
  const { t } = useTranslation();
  const query = useOpportunity(id);
  if (query.data) return <Editor opportunity={query.data} onClose={onClose} />;
  return (
    <Modal title={t('opportunity.one')} onClose={onClose} actions={<Button onClick={onClose}>{t('common.close')}</Button>}>
      {query.isPending ? <Skeleton rows={3} /> : <Failure error={query.error} retry={() => void query.refetch()} />}
    </Modal>
  );
}

type Typed = TypedOpportunity & { stage: Stage; revision: number };

function Editor({ opportunity, onClose }: { opportunity: Opportunity; onClose: () => void }) {
  const { t } = useTranslation();
  const format = useFormat();
  const me = useMe();
  const { locale, host } = useSession();
  const queryClient = useQueryClient();
  const [begun] = useState<Typed>(() => ({
    title: opportunity.title,
    customer: opportunity.customer ?? '',
    amount: amountText(opportunity.value, languageTag(locale, host.language)),
    currency: opportunity.value?.currency ?? 'EUR',
    closesOn: opportunity.closesOn ?? '',
    owner: opportunity.owner,
    stage: opportunity.stage,
    revision: opportunity.revision,
  }));
  const keptName = useKeptName(`edit.${opportunity.id}`);
  const kept = useKept<Typed>(keptName, begun);
  const typed = kept.value;
  const [checked, setChecked] = useState(false);
  const saving = useSaving<Opportunity, OpportunityPatch>({
    queryKey: opportunityKey(opportunity.id),
    change: (patch, revision) => api.changeOpportunity(opportunity.id, patch, revision),
    onSaved: (saved) => opportunityChanged(queryClient, saved),
    describe: (record) => {
      const fields = record as Partial<Opportunity> & OpportunityPatch;
      const lines: { label: string; value: string }[] = [];
      if (fields.title !== undefined) lines.push({ label: t('opportunity.title'), value: fields.title });
      if (fields.customer !== undefined) lines.push({ label: t('opportunity.customer'), value: fields.customer ?? '' });
      if (fields.value !== undefined) lines.push({ label: t('opportunity.value'), value: fields.value ? format.money(fields.value) : '' });
      if (fields.closesOn !== undefined)
        lines.push({ label: t('opportunity.closesOn'), value: fields.closesOn ? format.day(fields.closesOn) : '' });
      if (fields.owner !== undefined) lines.push({ label: t('opportunity.owner'), value: fields.owner.name });
      else if (fields.ownerId !== undefined) lines.push({ label: t('opportunity.owner'), value: typed.owner?.name ?? '' });
      if (fields.stage !== undefined) lines.push({ label: t('opportunity.stageLabel'), value: t(`opportunity.stage.${fields.stage}`) });
      return lines;
    },
  });
  const close = () => {
    forget(keptName);
    onClose();
  };
  const submit = async () => {
    setChecked(true);
    const value = parseAmount(typed.amount, typed.currency);
    if (typed.title.trim() === '' || value === undefined) return;
    const patch = changed(begun, typed, value);
    if (Object.keys(patch).length === 0) return close();
    if (await saving.save(patch, { revision: typed.revision, done: t('common.saved') })) close();
  };
  return (
    <>
      <Modal
        title={me.may.edit ? t('opportunity.edit') : t('opportunity.one')}
        onClose={close}
        onSubmit={() => void submit()}
        actions={
          <>
            <Button onClick={close}>{t('common.cancel')}</Button>
            {me.may.edit && (
              <Button appearance="primary" type="submit" disabled={saving.busy}>
                {saving.busy ? t('common.saving') : t('common.save')}
              </Button>
            )}
          </>
        }
      >
        <OpportunityFields typed={typed} checked={checked} onChange={(part) => kept.set({ ...typed, ...part })} />
        <Field label={t('opportunity.stageLabel')}>
          <Select value={typed.stage} onChange={(_, data) => kept.set({ ...typed, stage: data.value as Stage })}>
            {STAGES.map((stage) => (
              <option key={stage} value={stage}>
                {t(`opportunity.stage.${stage}`)}
              </option>
            ))}
          </Select>
        </Field>
      </Modal>
      {saving.dialog}
    </>
  );
}

/** Only what differs from what editing began with, so that another person's change of another field stays. */
function changed(begun: Typed, typed: Typed, value: OpportunityPatch['value']): OpportunityPatch {
  const patch: OpportunityPatch = {};
  if (typed.title.trim() !== begun.title) patch.title = typed.title.trim();
  if (typed.customer.trim() !== begun.customer) patch.customer = typed.customer.trim() || null;
  if ((typed.amount !== begun.amount || typed.currency !== begun.currency) && value !== undefined) patch.value = value;
  if (typed.closesOn !== begun.closesOn) patch.closesOn = typed.closesOn || null;
  if (typed.owner && typed.owner.id !== begun.owner?.id) patch.ownerId = typed.owner.id;
  if (typed.stage !== begun.stage) patch.stage = typed.stage;
  return patch;
}
