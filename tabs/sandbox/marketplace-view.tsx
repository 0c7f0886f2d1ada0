import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useEffect, useId, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { Locale } from '../../src/contract/common';
import { ContractsView } from './contracts-view';
import { Dialog } from './dialog';
import { count, day, money, time } from './format';
import { OpenIcon } from './icons';
import {
  buy,
  changePlan,
  fetchMarketplace,
  manage,
  type Order,
  type Person,
  type Plan,
  type Subscription,
  setAutoRenew,
  tellSubscription,
} from './sandbox-api';

interface MarketplaceProps {
  person: Person;
  lang: Locale;
  /** The plan the app asked to buy, shown opened. */
  wanted: string | null;
  forgetWanted(): void;
}

const POLL_MS = 3000;

/** The stand-in for Microsoft's store and admin center: buying, and everything that happens to a subscription afterwards. */
export function MarketplaceView({ person, lang, wanted, forgetWanted }: MarketplaceProps) {
  const { t } = useTranslation('host');
  const { data, isError, refetch } = useQuery({
    queryKey: ['marketplace', person.key],
    queryFn: () => fetchMarketplace(person.key),
    refetchInterval: POLL_MS,
  });
  const [buying, setBuying] = useState<Plan[] | null>(null);
  useEffect(() => {
    const terms = data?.plans.filter(({ planId }) => planId === wanted) ?? [];
    if (terms.length === 0) return;
    setBuying(terms);
    forgetWanted();
  }, [data, wanted, forgetWanted]);

  return (
    <section className="market" aria-labelledby="market-title">
      <header className="market-head">
        <h1 id="market-title">{t('market.title')}</h1>
        <p className="badge">{t('market.badge')}</p>
        <p className="quiet">{t('market.explain')}</p>
      </header>
      {!data && !isError && <p className="quiet">{t('loading')}</p>}
      {!data && isError && (
        <p role="alert">
          {t('notAnswering')}{' '}
          <button type="button" className="link" onClick={() => void refetch()}>
            {t('retry')}
          </button>
        </p>
      )}
      {data && (
        <>
          {data.plans.length === 0 && <ContractsView person={person} lang={lang} />}
          {(data.plans.length > 0 || data.subscriptions.length > 0) && (
            <>
              <h2>{t('market.subscriptionsOf', { organization: person.organization })}</h2>
              {data.subscriptions.length === 0 && <p className="quiet">{t('market.none')}</p>}
              <ul className="subscriptions">
                {data.subscriptions.map((subscription) => (
                  <SubscriptionRow key={subscription.id} subscription={subscription} plans={data.plans} person={person} lang={lang} />
                ))}
              </ul>
            </>
          )}
          {data.plans.length > 0 && (
            <>
              <h2>{t('market.plans')}</h2>
              <ul className="plans">
                {plansOf(data.plans).map((terms) => (
                  <PlanCard key={terms[0]!.planId} terms={terms} lang={lang} buy={() => setBuying(terms)} />
                ))}
              </ul>
            </>
          )}
        </>
      )}
      {buying && <BuyDialog terms={buying} person={person} lang={lang} close={() => setBuying(null)} />}
    </section>
  );
}

/** Each plan with the terms it is sold at, smallest plan first. */
function plansOf(plans: Plan[]): Plan[][] {
  const byId = new Map<string, Plan[]>();
  for (const plan of [...plans].sort((a, b) => a.rank - b.rank)) byId.set(plan.planId, [...(byId.get(plan.planId) ?? []), plan]);
  return [...byId.values()];
}

function usePrice(lang: Locale) {
  const { t } = useTranslation('host');
  return (plan: Plan) => ({
    amount: plan.priceMinor === 0 ? t('market.free') : money(lang, plan.priceMinor, plan.currency),
    term: plan.priceMinor === 0 ? '' : t(`market.${plan.seats ? 'perSeat' : 'per'}.${plan.termUnit}`, { defaultValue: plan.termUnit }),
  });
}

function PlanCard({ terms, lang, buy: open }: { terms: Plan[]; lang: Locale; buy(): void }) {
  const { t } = useTranslation('host');
  const priceOf = usePrice(lang);
  const [plan, ...others] = terms as [Plan, ...Plan[]];
  const price = priceOf(plan);
  const title = useId();
  return (
    <li className="plan">
      <h3 id={title}>{plan.name}</h3>
      <p className="price">
        <strong>{price.amount}</strong> <span className="quiet">{price.term}</span>
        {others.map((other) => (
          <span key={other.termUnit} className="price-else">
            {t('market.orElse', priceOf(other))}
          </span>
        ))}
      </p>
      <p className="quiet">{plan.descriptions?.[lang] ?? plan.description}</p>
      <ul className="limits">
        {Object.entries(plan.limits).map(([meter, limit]) => (
          <li key={meter}>
            {limit === null
              ? t('market.unlimited', { meter: t(`meters.${meter}`, { count: 2, defaultValue: meter }) })
              : `${count(lang, limit)} ${t(`meters.${meter}`, { count: limit, defaultValue: meter })}`}
          </li>
        ))}
      </ul>
      <button type="button" className="button primary" onClick={open} aria-describedby={title}>
        {t('market.buy')}
      </button>
    </li>
  );
}

/** Review, order, then the link that leads to the app's account page. */
function BuyDialog({ terms, person, lang, close }: { terms: Plan[]; person: Person; lang: Locale; close(): void }) {
  const { t } = useTranslation('host');
  const client = useQueryClient();
  const priceOf = usePrice(lang);
  const [plan, setPlan] = useState(terms[0]!);
  const [name, setName] = useState(plan.name);
  const [seats, setSeats] = useState(plan.seats?.min ?? 1);
  const order = useMutation({
    mutationFn: () => buy(person.key, orderOf(plan, name, seats)),
    onSettled: () => client.invalidateQueries({ queryKey: ['marketplace'] }),
  });
  const ordering = useRef(false);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    // The mutation's own state arrives with the next drawing; a second click may come before.
    if (ordering.current) return;
    ordering.current = true;
    order.mutate(undefined, {
      onError: () => {
        ordering.current = false;
      },
    });
  };
  return (
    <Dialog title={order.data ? t('market.bought') : t('market.review')} close={close}>
      {order.data ? (
        <>
          <p>{t('market.boughtText', { plan: plan.name })}</p>
          <p className="dialog-acts">
            <a className="button primary" href={order.data.landingUrl} target="_blank" rel="noopener">
              {t('market.configure')} <OpenIcon />
            </a>
          </p>
          <p className="quiet">{t('market.landingUrl')}</p>
          <p>
            <a className="landing-url" href={order.data.landingUrl} target="_blank" rel="noopener">
              {order.data.landingUrl}
            </a>
          </p>
        </>
      ) : (
        <form onSubmit={submit}>
          <dl className="facts">
            <dt>{t('market.plan')}</dt>
            <dd>{plan.name}</dd>
            {terms.length === 1 && (
              <>
                <dt>{t('market.price')}</dt>
                <dd>
                  {priceOf(plan).amount} {priceOf(plan).term}
                </dd>
              </>
            )}
            <dt>{t('market.buyer')}</dt>
            <dd>
              {person.name}, {person.organization}
            </dd>
          </dl>
          {terms.length > 1 && (
            <fieldset className="choices">
              <legend>{t('market.price')}</legend>
              {terms.map((term) => (
                <label key={term.termUnit}>
                  <input type="radio" name="term" checked={term === plan} onChange={() => setPlan(term)} />
                  {priceOf(term).amount} {priceOf(term).term}
                </label>
              ))}
            </fieldset>
          )}
          {plan.seats && (
            <label className="field">
              {t('market.seatCount')}
              <input
                type="number"
                required
                min={plan.seats.min}
                max={plan.seats.max}
                value={seats}
                onChange={(event) => setSeats(event.target.valueAsNumber)}
              />
            </label>
          )}
          <label className="field">
            {t('market.subscriptionName')}
            <input value={name} maxLength={100} onChange={(event) => setName(event.target.value)} />
          </label>
          <p className="quiet">{t('market.noMoney')}</p>
          {order.isError && <p role="alert">{order.error.message}</p>}
          <p className="dialog-acts">
            <button type="submit" className="button primary" disabled={order.isPending}>
              {t('market.order')}
            </button>
            <button type="button" className="button" onClick={close}>
              {t('cancel')}
            </button>
          </p>
        </form>
      )}
    </Dialog>
  );
}

const orderOf = ({ planId, termUnit, name: planName, seats }: Plan, name: string, quantity: number): Order => ({
  planId,
  termUnit,
  name: name.trim() || planName,
  ...(seats ? { quantity } : {}),
});

type Act = 'suspend' | 'reinstate' | 'renew' | 'cancel';

/** What Microsoft's portals offer in each status. */
const ACTS: Record<string, Act[]> = {
  PendingFulfillmentStart: ['cancel'],
  Subscribed: ['renew', 'suspend', 'cancel'],
  Suspended: ['reinstate', 'cancel'],
};

function SubscriptionRow({
  subscription,
  plans,
  person,
  lang,
}: {
  subscription: Subscription;
  plans: Plan[];
  person: Person;
  lang: Locale;
}) {
  const { t } = useTranslation('host');
  const client = useQueryClient();
  const [landingUrl, setLandingUrl] = useState<string>();
  const [asked, setAsked] = useState(false);
  const { id, status } = subscription;
  const acting = useRef(false);
  const act = useMutation({
    mutationFn: (tell: () => Promise<unknown>) => tell(),
    onSettled: () => {
      acting.current = false;
      return client.invalidateQueries({ queryKey: ['marketplace'] });
    },
  });
  const once = (tell: () => Promise<unknown>) => {
    if (acting.current) return;
    acting.current = true;
    act.mutate(tell);
  };
  const openLanding = () =>
    once(async () => {
      // The window is opened in the click itself, else the browser takes it for an advertisement.
      const opened = window.open('about:blank', '_blank');
      try {
        const answer = await manage(person.key, id);
        setLandingUrl(answer.landingUrl);
        if (opened) opened.location.href = answer.landingUrl;
      } catch (error) {
        opened?.close();
        throw error;
      }
    });
  const others = plansOf(plans.filter((plan) => plan.offerId === subscription.offerId && plan.planId !== subscription.planId)).map(
    ([plan]) => plan!,
  );

  return (
    <li className="subscription">
      <header className="subscription-head">
        <h3>{subscription.name}</h3>
        <span className={`status status-${status.toLowerCase()}`}>{t(`market.status.${status}`, { defaultValue: status })}</span>
      </header>
      <dl className="facts">
        <dt>{t('market.plan')}</dt>
        <dd>
          {subscription.planName}
          {subscription.quantity !== null && ` · ${t('market.seats', { count: subscription.quantity })}`}
        </dd>
        <dt>{t('market.term')}</dt>
        <dd>
          {subscription.termStart && subscription.termEnd
            ? t(subscription.autoRenew ? 'market.termRenews' : 'market.termEnds', {
                from: day(lang, subscription.termStart),
                to: day(lang, subscription.termEnd),
              })
            : t('market.termNotStarted')}
        </dd>
        {subscription.pendingOperation && (
          <>
            <dt>{t('market.pending')}</dt>
            <dd>{t('market.pendingText', { action: subscription.pendingOperation.action })}</dd>
          </>
        )}
        <dt>{t('market.webhook')}</dt>
        <dd>
          {subscription.lastWebhook
            ? t(webhookOutcome(subscription.lastWebhook.status), {
                action: subscription.lastWebhook.action,
                status: subscription.lastWebhook.status,
                at: time(lang, subscription.lastWebhook.at),
              })
            : t('market.webhookNone')}
        </dd>
      </dl>
      {status !== 'Unsubscribed' && (
        <div className="subscription-acts">
          <button
            type="button"
            className={`button ${status === 'PendingFulfillmentStart' ? 'primary' : ''}`}
            disabled={act.isPending}
            onClick={openLanding}
          >
            {t(status === 'PendingFulfillmentStart' ? 'market.configure' : 'market.manage')} <OpenIcon />
          </button>
          {status === 'Subscribed' && others.length > 0 && (
            <PlanChange plans={others} busy={act.isPending} choose={(planId) => once(() => changePlan(person.key, id, planId))} />
          )}
          {status === 'Subscribed' && (
            <button
              type="button"
              className="button"
              disabled={act.isPending}
              onClick={() => once(() => setAutoRenew(person.key, id, !subscription.autoRenew))}
            >
              {t(subscription.autoRenew ? 'market.acts.renewOff' : 'market.acts.renewOn')}
            </button>
          )}
          {ACTS[status]?.map((name) =>
            name === 'cancel' && !asked ? (
              <button key={name} type="button" className="button" disabled={act.isPending} onClick={() => setAsked(true)}>
                {t('market.acts.cancel')}
              </button>
            ) : (
              <button
                key={name}
                type="button"
                className={`button ${name === 'cancel' ? 'danger' : ''}`}
                disabled={act.isPending}
                onClick={() => {
                  setAsked(false);
                  once(() => tellSubscription(person.key, id, name));
                }}
              >
                {t(name === 'cancel' ? 'market.acts.reallyCancel' : `market.acts.${name}`)}
              </button>
            ),
          )}
          {asked && (
            <button type="button" className="button" onClick={() => setAsked(false)}>
              {t('market.acts.keep')}
            </button>
          )}
        </div>
      )}
      {act.isError && <p role="alert">{act.error.message}</p>}
      {landingUrl && status !== 'Unsubscribed' && (
        <p>
          <a className="landing-url" href={landingUrl} target="_blank" rel="noopener">
            {landingUrl}
          </a>
        </p>
      )}
    </li>
  );
}

function webhookOutcome(status: number | null): string {
  if (status === null) return 'market.webhookUnanswered';
  return status < 300 ? 'market.webhookAccepted' : 'market.webhookRefused';
}

function PlanChange({ plans, busy, choose }: { plans: Plan[]; busy: boolean; choose(planId: string): void }) {
  const { t } = useTranslation('host');
  const [planId, setPlanId] = useState('');
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (planId) choose(planId);
    setPlanId('');
  };
  return (
    <form className="plan-change" onSubmit={submit}>
      <select value={planId} aria-label={t('market.newPlan')} onChange={(event) => setPlanId(event.target.value)}>
        <option value="">{t('market.newPlan')}</option>
        {plans.map((plan) => (
          <option key={plan.planId} value={plan.planId}>
            {plan.name}
          </option>
        ))}
      </select>
      <button type="submit" className="button" disabled={busy || planId === ''}>
        {t('market.changePlan')}
      </button>
    </form>
  );
}
