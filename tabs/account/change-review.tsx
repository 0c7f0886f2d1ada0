import { type FormEvent, type ReactNode, type RefObject, useId, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { ChangeOrder, PlanRef, Preview, TrimmedItem } from '../../src/contract/plan-changes';
import { count, day, money } from './language';
import { inOrder } from './subscription-facts';

export type Consent = NonNullable<ChangeOrder['consent']>;
type Allowed = Extract<Preview, { allowed: true }>;

interface ChangeReviewProps {
  title: RefObject<HTMLHeadingElement | null>;
  preview: Allowed;
  names: Record<string, string>;
  endsTrial: boolean;
  busy: boolean;
  problem: ReactNode;
  back(): void;
  order(previewId: string, consent: Consent): void;
}

/** What a change means, and the consent to exactly that. */
export function ChangeReview({ title, preview, names, endsTrial, busy, problem, back, order }: ChangeReviewProps) {
  const { t, i18n } = useTranslation('account');
  const { previewId, from, to, effective, effectiveAt, irreversible, licenses } = preview;
  const [agreed, setAgreed] = useState(false);
  const [removal, setRemoval] = useState<boolean | null>(null);
  const [asked, setAsked] = useState(false);
  const id = useId();
  const form = useRef<HTMLFormElement>(null);
  const undecided = irreversible.length > 0 && removal === null;

  const submit = (event: FormEvent) => {
    event.preventDefault();
    setAsked(true);
    if (agreed && !undecided) return order(previewId, { change: true, ...(removal !== null && { removal }) });
    form.current?.querySelector<HTMLElement>(undecided ? 'input[type=radio]' : 'input[type=checkbox]')?.focus();
  };
  const named = ({ name, quantity }: PlanRef) =>
    quantity === null ? name : t('change.planSeats', { plan: name, seats: count(i18n.language, quantity) });

  return (
    <form ref={form} className="step" noValidate onSubmit={submit} aria-busy={busy}>
      <h3 ref={title} tabIndex={-1}>
        {t('change.review')}
      </h3>
      <dl className="facts">
        <dt>{t('change.now')}</dt>
        <dd>{named(from)}</dd>
        <dt>{t('change.then')}</dt>
        <dd>
          <strong>{named(to)}</strong>
        </dd>
        <dt>{t('change.effective')}</dt>
        <dd>{effective === 'now' ? t('change.effectiveNow') : t('change.effectiveAt', { day: day(i18n.language, effectiveAt) })}</dd>
        <dt>{t('change.limits')}</dt>
        <dd>
          <Limits preview={preview} names={names} />
        </dd>
        <dt>{t('change.cost')}</dt>
        <dd>
          <Cost preview={preview} />
        </dd>
      </dl>
      {endsTrial && <p className="note note-warn">{t('change.trial')}</p>}
      {licenses && (
        <Warning title={t('change.licensesTitle')}>
          <p>
            {t('change.licenses', { taken: count(i18n.language, licenses.taken), purchased: count(i18n.language, licenses.purchased) })}{' '}
            {t('change.licensesGrace', { count: licenses.graceDays })}
          </p>
        </Warning>
      )}
      <Excess preview={preview} names={names} />
      {irreversible.length > 0 && (
        <fieldset className="note note-warn" aria-describedby={asked && undecided ? `${id}-removal` : undefined}>
          <legend>{t('change.removalTitle')}</legend>
          <Items items={irreversible} />
          {[true, false].map((may) => (
            <label key={String(may)} className="check">
              <input type="radio" name={`${id}-removal`} checked={removal === may} onChange={() => setRemoval(may)} />
              <span>{t(may ? 'change.removalYes' : 'change.removalNo')}</span>
            </label>
          ))}
          {asked && undecided && (
            <span className="wrong" id={`${id}-removal`} role="alert">
              {t('change.removalWrong')}
            </span>
          )}
        </fieldset>
      )}
      <div className="field">
        <label className="check">
          <input
            type="checkbox"
            checked={agreed}
            aria-invalid={(asked && !agreed) || undefined}
            aria-describedby={asked && !agreed ? `${id}-consent` : undefined}
            onChange={(event) => setAgreed(event.target.checked)}
          />
          <span>{t('change.consent')}</span>
        </label>
        {asked && !agreed && (
          <span className="wrong" id={`${id}-consent`} role="alert">
            {t('change.consentWrong')}
          </span>
        )}
      </div>
      {problem}
      <div className="acts">
        <button type="submit" className="button primary" disabled={busy}>
          {busy && <span className="spinner" aria-hidden="true" />}
          {t(busy ? 'change.ordering' : 'change.order')}
        </button>
        <button type="button" className="button" disabled={busy} onClick={back}>
          {t('change.back')}
        </button>
      </div>
    </form>
  );
}

function Limits({ preview: { limits }, names }: Pick<ChangeReviewProps, 'preview' | 'names'>) {
  const { t, i18n } = useTranslation('account');
  const others = limits.filter(({ before, after }) => before !== after).sort(inOrder);
  const amount = (value: number | null) => (value === null ? t('change.unlimited') : count(i18n.language, value));
  if (others.length === 0) return <>{t('change.limitsSame')}</>;
  return (
    <ul className="limits">
      {others.map(({ meter, before, after }) => (
        <li key={meter}>{t('change.limit', { meter: names[meter] ?? meter, before: amount(before), after: amount(after) })}</li>
      ))}
    </ul>
  );
}

function Cost({ preview }: Pick<ChangeReviewProps, 'preview'>) {
  const { t, i18n } = useTranslation('account');
  if (!preview.money) return <>{t('change.costNone')}</>;
  const { lines, refunds, totalMinor, currency, isEstimate } = preview.money;
  const amount = (minor: number) => money(i18n.language, minor, currency);
  return (
    <>
      <ul className="lines">
        {[...lines, ...refunds].map(({ words, formula, amountMinor }) => (
          <li key={`${words} ${formula}`}>
            <span>
              {words} <span className="hint">{formula}</span>
            </span>
            <span>{amount(amountMinor)}</span>
          </li>
        ))}
        <li className="total">
          <span>{t('change.costTotal')}</span>
          <span>{amount(totalMinor)}</span>
        </li>
      </ul>
      {isEstimate && <p className="hint">{t('change.estimate')}</p>}
    </>
  );
}

/** What the new plan has no room for, and what becomes of it. */
function Excess({ preview: { frozen, trim, irreversible }, names }: Pick<ChangeReviewProps, 'preview' | 'names'>) {
  const { t, i18n } = useTranslation('account');
  const lost = new Set(irreversible.map(({ id }) => id));
  const changed = trim.filter(({ id }) => !lost.has(id));
  return (
    <>
      {frozen.length > 0 && (
        <Warning title={t('change.exceedsTitle')}>
          <ul>
            {frozen.map(({ meter, held, limit }) => (
              <li key={meter}>
                {t('change.exceeds', {
                  meter: names[meter] ?? meter,
                  held: count(i18n.language, held),
                  limit: count(i18n.language, limit),
                })}
              </li>
            ))}
          </ul>
          <p>{t('change.exceedsText')}</p>
        </Warning>
      )}
      {changed.length > 0 && (
        <Warning title={t('change.trimTitle')}>
          <Items items={changed} />
          <p>{t('change.trimText')}</p>
        </Warning>
      )}
    </>
  );
}

function Warning({ title, children }: { title: string; children: ReactNode }) {
  return (
    <div className="note note-warn">
      <p>
        <strong>{title}</strong>
      </p>
      {children}
    </div>
  );
}

/** Longer lists are counted from here on: this page asks for a decision, the app shows the rest. */
const MOST_ITEMS = 20;

function Items({ items }: { items: TrimmedItem[] }) {
  const { t, i18n } = useTranslation('account');
  const rest = items.length - MOST_ITEMS;
  return (
    <ul>
      {items.slice(0, MOST_ITEMS).map(({ id, name, result, before, after }) => (
        <li key={id}>
          {name}:{' '}
          {t(`change.result.${result}`, {
            before: before === null ? '' : count(i18n.language, before),
            after: after === null ? '' : count(i18n.language, after),
          })}
        </li>
      ))}
      {rest > 0 && <li>{t('change.more', { rest: count(i18n.language, rest) })}</li>}
    </ul>
  );
}
