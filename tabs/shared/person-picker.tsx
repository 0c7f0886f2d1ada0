import { Combobox, Option } from '@fluentui/react-components';
import { useQuery } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { PersonRef } from '../../src/contract/common';
import { api } from '../api';
import { useMe } from './session';

interface PersonPickerProps {
  value: PersonRef | null;
  onChange: (person: PersonRef | null) => void;
  /** What choosing nobody is called; left out where somebody is needed. */
  nobody?: string;
  disabled?: boolean;
  id?: string;
  label?: string;
}

const NOBODY = '-';
const TYPING_MS = 200;

/** Finds a person of the organization by name; oneself comes first. */
export function PersonPicker({ value, onChange, nobody, disabled, id, label }: PersonPickerProps) {
  const { t } = useTranslation();
  const me = useMe();
  const [typed, setTyped] = useState<string | null>(null);
  const [query, setQuery] = useState('');
  const [open, setOpen] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setQuery(typed ?? ''), TYPING_MS);
    return () => clearTimeout(timer);
  }, [typed]);
  const found = useQuery({
    queryKey: ['members', query],
    queryFn: ({ signal }) => api.members(query, signal),
    enabled: open,
    staleTime: 60_000,
    placeholderData: (previous) => previous,
  });
  const self = me.member;
  const others = (found.data?.items ?? []).filter((person) => person.id !== self?.id);
  const matches = (name: string) => name.toLowerCase().includes((typed ?? '').toLowerCase());
  const people = [...(self && matches(self.name) ? [self] : []), ...others];
  return (
    <Combobox
      id={id}
      aria-label={label}
      disabled={disabled}
      value={typed ?? value?.name ?? nobody ?? ''}
      selectedOptions={[value?.id ?? NOBODY]}
      open={open}
      onOpenChange={(_, data) => {
        setOpen(data.open);
        if (!data.open) setTyped(null);
      }}
      onFocus={(event) => event.currentTarget.select()}
      onInput={(event) => {
        setTyped(event.currentTarget.value);
        setOpen(true);
      }}
      onOptionSelect={(_, data) => {
        setTyped(null);
        const person = people.find((candidate) => candidate.id === data.optionValue);
        if (data.optionValue === NOBODY) onChange(null);
        else if (person) onChange({ id: person.id, name: person.name });
      }}
      style={{ minWidth: 0, width: '100%' }}
      input={{ style: { minWidth: 0, width: '100%' } }}
      expandIcon={{ style: { minWidth: '24px', minHeight: '24px', justifyContent: 'center', alignItems: 'center' } }}
    >
      {nobody !== undefined && !typed && (
        <Option value={NOBODY} text={nobody}>
          {nobody}
        </Option>
      )}
      {people.map((person) => (
        <Option key={person.id} value={person.id} text={person.name}>
          {person.id === self?.id ? t('common.you', { name: person.name }) : person.name}
        </Option>
      ))}
      {people.length === 0 && typed && (
        <Option value="none" text={typed} disabled>
          {found.isFetching ? t('common.loading') : t('common.nobodyFound')}
        </Option>
      )}
    </Combobox>
  );
}
