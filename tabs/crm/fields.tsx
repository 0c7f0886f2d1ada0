import { Field, Input, makeStyles, Select } from '@fluentui/react-components';
import { useTranslation } from 'react-i18next';
import type { PersonRef } from '../../src/contract/common';
import type { Money } from '../../src/contract/opportunities';
import { minorDigits } from '../shared/format';
import { PersonPicker } from '../shared/person-picker';
import { useMe } from '../shared/session';

export interface TypedOpportunity {
  title: string;
  customer: string;
  amount: string;
  currency: string;
  closesOn: string;
  owner: PersonRef | null;
}

export const EMPTY_OPPORTUNITY: TypedOpportunity = { title: '', customer: '', amount: '', currency: 'EUR', closesOn: '', owner: null };
const CURRENCIES = ['EUR', 'USD', 'CHF', 'GBP', 'SEK', 'NOK', 'DKK', 'PLN', 'CZK', 'JPY'];

/**
 * An amount as people type it in any of our languages ("12.500,50", "12,500.50", "12 500") to minor units; null for
 * nothing, undefined for what is no amount. The last separator is the decimal one unless three digits follow it.
 */
export function parseAmount(text: string, currency: string): Money | null | undefined {
  const compact = text.replace(/[\s'’\u00a0]/gu, '');
  if (compact === '') return null;
  const digits = minorDigits(currency);
  const match = /^(?<whole>\d[\d.,]*?)(?:[.,](?<fraction>\d{1,2}))?$/u.exec(compact);
  if (!match?.groups) return undefined;
  const whole = match.groups.whole!;
  if (!/^\d+$|^\d{1,3}(?:[.,]\d{3})+$/u.test(whole)) return undefined;
  const fraction = match.groups.fraction ?? '';
  if (fraction.length > digits) return undefined;
  const minor = Number(whole.replace(/[.,]/gu, '')) * 10 ** digits + Number(fraction.padEnd(digits, '0') || 0);
  return Number.isSafeInteger(minor) && minor <= 9_000_000_000_000 ? { minor, currency } : undefined;
}

/** Minor units as they are typed: 1250050 EUR → "12500.50", in the language's own way. */
export function amountText(money: Money | null, tag: string): string {
  if (!money) return '';
  const digits = minorDigits(money.currency);
  return new Intl.NumberFormat(tag, {
    useGrouping: false,
    minimumFractionDigits: money.minor % 10 ** digits === 0 ? 0 : digits,
    maximumFractionDigits: digits,
  }).format(money.minor / 10 ** digits);
}

const useStyles = makeStyles({
  pair: {
    display: 'grid',
    gridTemplateColumns: 'minmax(0, 1fr) minmax(0, 1fr)',
    alignItems: 'start',
    gap: '12px',
    '@media (max-width: 639px)': { gridTemplateColumns: '1fr' },
  },
  money: { display: 'grid', gridTemplateColumns: 'minmax(0, 1fr) 96px', gap: '6px' },
});

interface OpportunityFieldsProps {
  typed: TypedOpportunity;
  onChange: (part: Partial<TypedOpportunity>) => void;
  /** Whether sending was tried: from then on what is missing is marked. */
  checked: boolean;
}

export function OpportunityFields({ typed, onChange, checked }: OpportunityFieldsProps) {
  const styles = useStyles();
  const { t } = useTranslation();
  const me = useMe();
  const error = (message: string) => ({ validationState: 'error' as const, validationMessage: message });
  return (
    <>
      <Field
        label={t('opportunity.title')}
        required
        {...(checked && typed.title.trim() === '' ? error(t('opportunity.titleMissing')) : {})}
      >
        <Input value={typed.title} maxLength={200} onChange={(_, data) => onChange({ title: data.value })} />
      </Field>
      <div className={styles.pair}>
        <Field label={t('opportunity.customer')}>
          <Input value={typed.customer} maxLength={200} onChange={(_, data) => onChange({ customer: data.value })} />
        </Field>
        <Field
          label={t('opportunity.value')}
          {...(parseAmount(typed.amount, typed.currency) === undefined ? error(t('opportunity.valueWrong')) : {})}
        >
          {(field) => (
            <div className={styles.money}>
              <Input
                {...field}
                inputMode="decimal"
                value={typed.amount}
                onChange={(_, data) => onChange({ amount: data.value })}
                input={{ style: { minWidth: 0, width: '100%' } }}
              />
              <Select
                aria-label={t('opportunity.currency')}
                value={typed.currency}
                onChange={(_, data) => onChange({ currency: data.value })}
              >
                {[...new Set([typed.currency, ...CURRENCIES])].map((currency) => (
                  <option key={currency}>{currency}</option>
                ))}
              </Select>
            </div>
          )}
        </Field>
        <Field label={t('opportunity.closesOn')}>
          <Input type="date" value={typed.closesOn} onChange={(_, data) => onChange({ closesOn: data.value })} />
        </Field>
        <Field label={t('opportunity.owner')}>
          <PersonPicker value={typed.owner ?? me.member} onChange={(owner) => onChange({ owner })} />
        </Field>
      </div>
    </>
  );
}
