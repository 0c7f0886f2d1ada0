import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { Locale } from '../../src/contract/common';
import { Dialog } from './dialog';
import { day } from './format';
import { buyContract, type DirectPlan, fetchContracts, type Person } from './sandbox-api';

/** Plans that are sold by contract: bought from Kontingent itself, by its API, as the chosen person. */
export function ContractsView({ person, lang }: { person: Person; lang: Locale }) {
  const { t } = useTranslation('host');
  const { data } = useQuery({
    queryKey: ['contracts', person.key, lang],
    queryFn: () => fetchContracts(person.key, lang),
    refetchInterval: 5000,
  });
  const [buying, setBuying] = useState<DirectPlan | null>(null);
  if (!data || data.plans.length === 0) return null;
  return (
    <>
      <h2>{t('market.contracts.of', { organization: person.organization })}</h2>
      {data.contracts.length === 0 && <p className="quiet">{t('market.none')}</p>}
      <ul className="subscriptions">
        {data.contracts.map((contract) => (
          <li className="subscription" key={contract.id}>
            <header className="subscription-head">
              <h3>{contract.planName}</h3>
              <span className={`status status-${contract.status.toLowerCase()}`}>
                {t(`market.status.${contract.status}`, { defaultValue: contract.status })}
              </span>
            </header>
            <dl className="facts">
              <dt>{t('market.term')}</dt>
              <dd>
                {contract.termStart &&
                  contract.termEnd &&
                  t(contract.autoRenew ? 'market.termRenews' : 'market.termEnds', {
                    from: day(lang, contract.termStart),
                    to: day(lang, contract.termEnd),
                  })}
              </dd>
            </dl>
          </li>
        ))}
      </ul>
      <h2>{t('market.contracts.plans')}</h2>
      <p className="quiet">{t('market.contracts.explain')}</p>
      <ul className="plans">
        {data.plans.map((plan) => (
          <li className="plan" key={plan.planId}>
            <h3 id={`contract-${plan.planId}`}>{plan.name}</h3>
            <p className="price">
              <strong>{plan.prices.map(({ words }) => words).join(' · ')}</strong>
            </p>
            <p className="quiet">{plan.description}</p>
            <button type="button" className="button primary" onClick={() => setBuying(plan)} aria-describedby={`contract-${plan.planId}`}>
              {t('market.buy')}
            </button>
          </li>
        ))}
      </ul>
      {buying && <BuyContract plan={buying} person={person} lang={lang} close={() => setBuying(null)} />}
    </>
  );
}

/** The price, and the buyer's consent to it; the plan is there at once. */
function BuyContract({ plan, person, lang, close }: { plan: DirectPlan; person: Person; lang: Locale; close(): void }) {
  const { t } = useTranslation('host');
  const client = useQueryClient();
  const [price, setPrice] = useState(plan.prices[0]!);
  const [quantity, setQuantity] = useState(plan.quantity?.min ?? 1);
  const [isAgreed, setAgreed] = useState(false);
  // One key for this order: a second click, or a try after a lost answer, buys nothing twice.
  const key = useRef(crypto.randomUUID());
  const order = useMutation({
    mutationFn: () => buyContract(person, lang, key.current, { plan, price, quantity: plan.quantity ? quantity : null }),
    onSettled: () => client.invalidateQueries(),
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (!order.isPending) order.mutate();
  };
  return (
    <Dialog title={order.data ? t('market.contracts.bought') : t('market.review')} close={close}>
      {order.data ? (
        <p>{t('market.contracts.boughtText', { plan: plan.name, organization: person.organization })}</p>
      ) : (
        <form onSubmit={submit}>
          <dl className="facts">
            <dt>{t('market.plan')}</dt>
            <dd>{plan.name}</dd>
            <dt>{t('market.buyer')}</dt>
            <dd>
              {person.name}, {person.organization}
            </dd>
          </dl>
          <fieldset className="choices">
            <legend>{t('market.price')}</legend>
            {plan.prices.map((one) => (
              <label key={one.term}>
                <input type="radio" name="term" checked={one === price} onChange={() => setPrice(one)} />
                {one.words}
              </label>
            ))}
          </fieldset>
          {plan.quantity && (
            <label className="field">
              {t('market.seatCount')}
              <input
                type="number"
                required
                min={plan.quantity.min}
                max={plan.quantity.max}
                value={quantity}
                onChange={(event) => setQuantity(event.target.valueAsNumber)}
              />
            </label>
          )}
          <label className="field">
            <span>
              <input type="checkbox" required checked={isAgreed} onChange={(event) => setAgreed(event.target.checked)} />{' '}
              {t('market.contracts.consent', { price: price.words })}
            </span>
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
