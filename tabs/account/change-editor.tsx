import { type FormEvent, type ReactNode, useCallback, useEffect, useId, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { AccountChoices, AccountPreview, AccountState, AccountSubscription } from '../../src/contract/account';
import { AccountError, fetchChoices, orderChange, previewChange } from './account-api';
import { ChangeReview, type Consent } from './change-review';
import { count } from './language';
import { ProblemNote } from './problem-note';

/** What is to be another one. Microsoft takes one at a time. */
export type Wish = 'plan' | 'seats';

interface ChangeEditorProps {
  wish: Wish;
  account: AccountState & { subscription: AccountSubscription };
  ordered(next: AccountState): void;
  close(): void;
  reload(): void;
}

const problemOf = (error: unknown) => (error instanceof AccountError ? error : new AccountError({ code: 'internal' }));

/** Two steps: what it is to be, and what that means. What was chosen stays through errors and on the way back. */
export function ChangeEditor({ wish, account, ordered, close, reload }: ChangeEditorProps) {
  const { t } = useTranslation('account');
  const { subscription, csrfToken } = account;
  const [choices, setChoices] = useState<AccountChoices | null>(null);
  const [planId, setPlanId] = useState<string | null>(null);
  const [seats, setSeats] = useState<string | null>(null);
  const [shown, setShown] = useState<AccountPreview | null>(null);
  const [problem, setProblem] = useState<AccountError | null>(null);
  const [busy, setBusy] = useState(false);
  const sent = useRef(false);
  const title = useRef<HTMLHeadingElement>(null);

  /** One at a time: state arrives with the next drawing, and a second click may come before. */
  const once = useCallback(async (run: () => Promise<void>) => {
    if (sent.current) return;
    sent.current = true;
    setBusy(true);
    setProblem(null);
    try {
      await run();
    } catch (error) {
      setProblem(problemOf(error));
    } finally {
      sent.current = false;
      setBusy(false);
    }
  }, []);

  const load = useCallback(() => void once(async () => setChoices(await fetchChoices(subscription.id))), [once, subscription.id]);
  useEffect(load, [load]);

  // A preview made anew is another one: it is read and agreed to anew.
  const step = shown?.preview.allowed ? shown.preview.previewId : choices ? 'choose' : 'load';
  // biome-ignore lint/correctness/useExhaustiveDependencies: every step begins at its heading
  useEffect(() => title.current?.focus(), [step]);

  const preview = () =>
    once(async () => {
      const wanted = wish === 'plan' ? { toPlanId: planId ?? '' } : { toPlanId: subscription.planId, quantity: Number(seats) };
      const next = await previewChange({ subscriptionId: subscription.id, ...wanted }, csrfToken ?? '');
      setShown(next);
      if (!next.preview.allowed) setProblem(new AccountError(next.preview.refusal));
    });
  const order = (previewId: string, consent: Consent) =>
    once(async () => ordered(await orderChange({ subscriptionId: subscription.id, previewId, consent }, csrfToken ?? '')));

  const chosen = choices?.plans.find((plan) => plan.planId === planId);
  const note = problem && (
    <ProblemNote problem={problem} reload={problem.problem.code === 'preview_outdated' ? () => void preview() : reload} />
  );
  if (shown?.preview.allowed)
    return (
      <ChangeReview
        key={step}
        title={title}
        preview={shown.preview}
        names={shown.names}
        endsTrial={chosen?.endsTrial ?? false}
        busy={busy}
        problem={note}
        back={() => {
          setShown(null);
          setProblem(null);
        }}
        order={(previewId, consent) => void order(previewId, consent)}
      />
    );
  return (
    <div className="step">
      <h3 ref={title} tabIndex={-1}>
        {t(wish === 'plan' ? 'change.choosePlan' : 'change.chooseSeats')}
      </h3>
      {!choices && !problem && <p role="status">{t('loading')}</p>}
      {!choices && problem && (
        <>
          {note}
          <div className="acts">
            <button type="button" className="button primary" disabled={busy} onClick={load}>
              {t('retry')}
            </button>
            <Close close={close} />
          </div>
        </>
      )}
      {choices && wish === 'plan' && choices.plans.length === 0 && (
        <>
          <p>{t('change.none')}</p>
          <div className="acts">
            <Close close={close} />
          </div>
        </>
      )}
      {choices && (wish === 'seats' || choices.plans.length > 0) && (
        <Choice {...{ choices, wish, planId, setPlanId, seats, setSeats, busy, close, preview }} problem={note} />
      )}
    </div>
  );
}

interface ChoiceProps {
  choices: AccountChoices;
  wish: Wish;
  planId: string | null;
  setPlanId(planId: string): void;
  /** As it was typed; null: not touched. */
  seats: string | null;
  setSeats(seats: string): void;
  busy: boolean;
  problem: ReactNode;
  close(): void;
  preview(): Promise<void>;
}

function Choice({ choices, wish, planId, setPlanId, seats, setSeats, busy, problem, close, preview }: ChoiceProps) {
  const { t } = useTranslation('account');
  const [wrong, setWrong] = useState(false);
  const form = useRef<HTMLFormElement>(null);
  const fits = wish === 'plan' ? choices.plans.some((plan) => plan.planId === planId && !plan.seats) : seatsFit(choices, seats);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    setWrong(!fits);
    if (fits) void preview();
    else form.current?.querySelector<HTMLElement>('input:not(:disabled)')?.focus();
  };
  return (
    <form ref={form} className="form" noValidate onSubmit={submit} aria-busy={busy}>
      {wish === 'plan' ? (
        <Plans choices={choices} planId={planId} choose={setPlanId} wrong={wrong && !fits} />
      ) : (
        <Seats choices={choices} seats={seats} change={setSeats} wrong={wrong && !fits} />
      )}
      {problem}
      <div className="acts">
        <button type="submit" className="button primary" disabled={busy}>
          {t(busy ? 'change.checking' : 'change.toReview')}
        </button>
        <Close close={close} />
      </div>
    </form>
  );
}

function seatsFit({ seats: bounds }: AccountChoices, typed: string | null): boolean {
  const number = Number(typed);
  return bounds !== null && /^\d+$/u.test(typed ?? '') && number >= bounds.min && number <= bounds.max && number !== bounds.held;
}

interface PlansProps {
  choices: AccountChoices;
  planId: string | null;
  choose(planId: string): void;
  wrong: boolean;
}

function Plans({ choices, planId, choose, wrong }: PlansProps) {
  const { t, i18n } = useTranslation('account');
  const id = useId();
  return (
    <fieldset aria-describedby={wrong ? `${id}-hint ${id}-wrong` : `${id}-hint`}>
      <legend className="spoken">{t('change.choosePlan')}</legend>
      <p className="hint" id={`${id}-hint`}>
        {t('change.sameTerm')}
      </p>
      {choices.plans.map((plan) => (
        <label key={plan.planId} className={`choice ${plan.seats ? 'choice-off' : ''}`}>
          <input
            type="radio"
            name={id}
            value={plan.planId}
            checked={plan.planId === planId}
            disabled={plan.seats !== null}
            onChange={() => choose(plan.planId)}
          />
          <span className="choice-text">
            <span className="choice-head">
              <strong>{plan.name}</strong>
              <span className="tag">{t(`change.${plan.direction}`)}</span>
              {plan.endsTrial && <span className="tag tag-warn">{t('change.endsTrial')}</span>}
            </span>
            <span>{plan.price}</span>
            <span className="hint">{plan.grants.map(({ name, words }) => `${name}: ${words}`).join(' · ')}</span>
            {plan.seats && (
              <span className="wrong">
                {t('change.seatsFirst', { min: count(i18n.language, plan.seats.min), max: count(i18n.language, plan.seats.max) })}
              </span>
            )}
          </span>
        </label>
      ))}
      {wrong && (
        <span className="wrong" id={`${id}-wrong`} role="alert">
          {t('change.planWrong')}
        </span>
      )}
    </fieldset>
  );
}

interface SeatsProps {
  choices: AccountChoices;
  seats: string | null;
  change(seats: string): void;
  wrong: boolean;
}

function Seats({ choices: { seats: bounds }, seats, change, wrong }: SeatsProps) {
  const { t, i18n } = useTranslation('account');
  const id = useId();
  if (!bounds) return null;
  const { held, min, max, taken } = bounds;
  const facts = Object.fromEntries(Object.entries({ held, min, max }).map(([name, value]) => [name, count(i18n.language, value)]));
  return (
    <div className="field">
      <label htmlFor={id}>{t('change.seats')}</label>
      <input
        id={id}
        className="number"
        inputMode="numeric"
        autoComplete="off"
        maxLength={7}
        value={seats ?? String(held)}
        aria-invalid={wrong || undefined}
        aria-describedby={wrong ? `${id}-hint ${id}-wrong` : `${id}-hint`}
        onChange={(event) => change(event.target.value.trim())}
      />
      <span className="hint" id={`${id}-hint`}>
        {t('change.seatsHint', facts)}
        {taken !== null && ` ${t('change.seatsTaken', { taken: count(i18n.language, taken) })}`}
      </span>
      {wrong && (
        <span className="wrong" id={`${id}-wrong`} role="alert">
          {t('change.seatsWrong', facts)}
        </span>
      )}
    </div>
  );
}

function Close({ close }: { close(): void }) {
  const { t } = useTranslation('account');
  return (
    <button type="button" className="button" onClick={close}>
      {t('change.cancel')}
    </button>
  );
}
