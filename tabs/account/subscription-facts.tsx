import { useTranslation } from 'react-i18next';
import type { AccountSubscription } from '../../src/contract/account';
import { count, day } from './language';

const ORDER = ['tickets', 'checklists', 'opportunities'];
const placeOf = (meter: string) => (ORDER.includes(meter) ? ORDER.indexOf(meter) : ORDER.length);
/** The meters in the order in which they stand everywhere else, then what only a catalog knows. */
export const inOrder = (a: { meter: string }, b: { meter: string }) => placeOf(a.meter) - placeOf(b.meter);

/** Plan, status, term and limits of one subscription; no prices, for Microsoft bills. */
export function SubscriptionFacts({ subscription }: { subscription: AccountSubscription }) {
  const { t, i18n } = useTranslation('account');
  const { offerId, planName, name, status, quantity, isFreeTrial, purchasedAt, activatedAt, limits } = subscription;
  return (
    <dl className="facts">
      <dt>{t('facts.offer')}</dt>
      <dd>{offerId}</dd>
      <dt>{t('facts.plan')}</dt>
      <dd>
        <strong>{planName}</strong>
        {isFreeTrial && ` (${t('facts.trial')})`}
      </dd>
      <dt>{t('facts.name')}</dt>
      <dd>{name}</dd>
      <dt>{t('facts.status')}</dt>
      <dd>
        <span className={`status status-${status.toLowerCase()}`}>{t(`status.${status}`)}</span>
      </dd>
      <dt>{t('facts.term')}</dt>
      <dd>
        <Term subscription={subscription} />
      </dd>
      {quantity !== null && (
        <>
          <dt>{t('facts.seats')}</dt>
          <dd>{count(i18n.language, quantity)}</dd>
        </>
      )}
      {purchasedAt && (
        <>
          <dt>{t('facts.purchased')}</dt>
          <dd>{day(i18n.language, purchasedAt)}</dd>
        </>
      )}
      {activatedAt && (
        <>
          <dt>{t('facts.activated')}</dt>
          <dd>{day(i18n.language, activatedAt)}</dd>
        </>
      )}
      {limits.length > 0 && (
        <>
          <dt>{t('facts.includes')}</dt>
          <dd>
            <ul className="limits">
              {[...limits].sort(inOrder).map(({ meter, amount }) => (
                <li key={meter}>
                  {amount === null
                    ? t('limits.unlimited', { meter: t(`meters.${meter}`, { count: 2, defaultValue: meter }) })
                    : t('limits.counted', {
                        amount: count(i18n.language, amount),
                        meter: t(`meters.${meter}`, { count: amount, defaultValue: meter }),
                      })}
                </li>
              ))}
            </ul>
          </dd>
        </>
      )}
    </dl>
  );
}

function Term({ subscription: { termUnit, termStart, termEnd, autoRenew, status } }: { subscription: AccountSubscription }) {
  const { t, i18n } = useTranslation('account');
  const [, length, unit] = termUnit?.match(/^P(\d+)([MY])$/u) ?? [];
  return (
    <>
      {length && <div>{t(unit === 'M' ? 'term.months' : 'term.years', { count: Number(length) })}</div>}
      {termStart && termEnd && <div>{t('term.span', { from: day(i18n.language, termStart), to: day(i18n.language, termEnd) })}</div>}
      {status !== 'Unsubscribed' && <div>{t(autoRenew ? 'term.renews' : 'term.ends')}</div>}
    </>
  );
}
