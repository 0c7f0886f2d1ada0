import { type FormEvent, useEffect, useId, useMemo, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { AccountState } from '../../src/contract/account';
import type { Locale } from '../../src/contract/common';
import { AccountError, activate } from './account-api';
import { browserTimeZone, LANGUAGES, timeZones } from './language';
import { ProblemNote } from './problem-note';
import { SubscriptionFacts } from './subscription-facts';

interface ActivationFormProps {
  account: AccountState & { subscription: NonNullable<AccountState['subscription']> };
  activated(account: AccountState): void;
  reload(): void;
}

type Field = 'organization' | 'contactAddress';

/** A first visit: what was bought, whom it is for, and one button that activates it. */
export function ActivationForm({ account, activated, reload }: ActivationFormProps) {
  const { t, i18n } = useTranslation('account');
  const { subscription, suggestedContact, csrfToken } = account;
  const [organization, setOrganization] = useState(suggestedContact?.organization ?? '');
  const [contactAddress, setContactAddress] = useState(suggestedContact?.address ?? '');
  const [locale, setLocale] = useState(i18n.language as Locale);
  const [timeZone, setTimeZone] = useState(browserTimeZone);
  const [problem, setProblem] = useState<AccountError | null>(null);
  const [busy, setBusy] = useState(false);
  const sent = useRef(false);
  const form = useRef<HTMLFormElement>(null);
  const zones = useMemo(timeZones, []);

  useEffect(() => {
    if (problem) form.current?.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus();
  }, [problem]);

  const submit = async (event: FormEvent) => {
    event.preventDefault();
    // State arrives with the next drawing; a second click may come before.
    if (sent.current) return;
    const unfit = unfitFields(event.currentTarget as HTMLFormElement);
    if (unfit.length > 0) return setProblem(invalidInput(unfit));
    sent.current = true;
    setBusy(true);
    setProblem(null);
    try {
      activated(await activate({ subscriptionId: subscription.id, organization, contactAddress, locale, timeZone }, csrfToken ?? ''));
    } catch (error) {
      setProblem(error instanceof AccountError ? error : new AccountError({ code: 'internal' }));
    } finally {
      sent.current = false;
      setBusy(false);
    }
  };
  const wrong = (field: Field) => problem?.problem.errors?.some(({ path }) => path === field || path === `body.${field}`) ?? false;

  return (
    <div className="columns">
      <section className="panel" aria-labelledby="activation-title">
        <h1 id="activation-title" tabIndex={-1}>
          {t('new.title', { plan: subscription.planName })}
        </h1>
        <p className="quiet">{t('new.intro')}</p>
        <form ref={form} className="form" noValidate onSubmit={(event) => void submit(event)} aria-busy={busy}>
          <TextField
            name="organization"
            label={t('new.organization')}
            wrong={wrong('organization') ? t('new.organizationWrong') : null}
            value={organization}
            change={setOrganization}
            maxLength={200}
            autoComplete="organization"
          />
          <TextField
            name="contactAddress"
            label={t('new.contact')}
            hint={t('new.contactHint')}
            wrong={wrong('contactAddress') ? t('new.contactWrong') : null}
            value={contactAddress}
            change={setContactAddress}
            type="email"
            maxLength={320}
            autoComplete="email"
          />
          <label className="field">
            {t('new.language')}
            <select value={locale} onChange={(event) => setLocale(event.target.value as Locale)}>
              {LANGUAGES.map(([value, name]) => (
                <option key={value} value={value} lang={value}>
                  {name}
                </option>
              ))}
            </select>
          </label>
          <label className="field">
            {t('new.timeZone')}
            <select value={timeZone} onChange={(event) => setTimeZone(event.target.value)}>
              {zones.map((zone) => (
                <option key={zone} value={zone}>
                  {zone.replaceAll('_', ' ')}
                </option>
              ))}
            </select>
            <span className="hint">{t('new.timeZoneHint')}</span>
          </label>
          {problem && <ProblemNote problem={problem} reload={reload} />}
          <p className="hint">{t('new.beforeActivate')}</p>
          <button type="submit" className="button primary" disabled={busy}>
            {busy && <span className="spinner" aria-hidden="true" />}
            {t(busy ? 'new.activating' : 'new.activate')}
          </button>
        </form>
      </section>
      <aside className="panel">
        <h2>{t('new.order')}</h2>
        <SubscriptionFacts subscription={subscription} />
        <p className="quiet">{t('new.price')}</p>
        <h2>{t('new.nextTitle')}</h2>
        <ul className="steps">
          <li>{t('new.next.starts')}</li>
          <li>{t('new.next.everyone')}</li>
          <li>{t('new.next.refund')}</li>
        </ul>
      </aside>
    </div>
  );
}

/** Fields that the browser itself sees to be empty or malformed; said in the page's language, which need not be the browser's. */
const unfitFields = (form: HTMLFormElement) =>
  [...form.querySelectorAll('input')].filter(({ validity }) => !validity.valid).map(({ name }) => name);

const invalidInput = (fields: string[]) =>
  new AccountError({ code: 'invalid_input', errors: fields.map((path) => ({ path, message: '' })) });

interface TextFieldProps {
  name: Field;
  label: string;
  hint?: string;
  /** What is wrong with the value; null: nothing known. */
  wrong: string | null;
  value: string;
  change(value: string): void;
  type?: 'text' | 'email';
  maxLength: number;
  autoComplete: string;
}

function TextField({ name, label, hint, wrong, value, change, type = 'text', maxLength, autoComplete }: TextFieldProps) {
  const id = useId();
  const described = [hint && `${id}-hint`, wrong && `${id}-wrong`].filter(Boolean).join(' ') || undefined;
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      <input
        id={id}
        name={name}
        type={type}
        required
        value={value}
        maxLength={maxLength}
        autoComplete={autoComplete}
        aria-invalid={wrong !== null || undefined}
        aria-describedby={described}
        onChange={(event) => change(event.target.value)}
      />
      {hint && (
        <span className="hint" id={`${id}-hint`}>
          {hint}
        </span>
      )}
      {wrong && (
        <span className="wrong" id={`${id}-wrong`}>
          {wrong}
        </span>
      )}
    </div>
  );
}
