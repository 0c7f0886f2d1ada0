import { makeStyles, mergeClasses, tokens } from '@fluentui/react-components';
import { useTranslation } from 'react-i18next';
import type { Me } from '../../src/contract/me';
import type { MeterUsage } from '../../src/contract/usage';
import { OpenInBrowser } from '../shared/creation';
import { type Format, useFormat } from '../shared/format';
import { Card, Heading, PageHead } from '../shared/layout';
import { MeterBar, useMeterWords } from '../shared/meter';
import { hrefOf } from '../shared/router';
import { useMe, useSession } from '../shared/session';
import { Failure, Skeleton } from '../shared/states';
import { TextLink } from '../shared/text-link';
import { mayBeOfferedMore, useDrafts, useUsage } from '../shared/usage';

const useStyles = makeStyles({
  crumbs: { display: 'flex', gap: '6px', marginBottom: '4px', fontSize: tokens.fontSizeBase200, color: tokens.colorNeutralForeground3 },
  crumb: { color: tokens.colorBrandForegroundLink, minHeight: '24px', display: 'inline-flex', alignItems: 'center' },
  grid: { display: 'grid', gridTemplateColumns: 'repeat(auto-fit, minmax(min(100%, 300px), 1fr))', gap: '12px', marginBottom: '12px' },
  meter: { display: 'flex', flexDirection: 'column', gap: '10px' },
  figure: { display: 'flex', alignItems: 'baseline', gap: '8px', fontVariantNumeric: 'tabular-nums' },
  big: { fontSize: tokens.fontSizeHero700, lineHeight: tokens.lineHeightHero700, fontWeight: tokens.fontWeightSemibold },
  muted: { color: tokens.colorNeutralForeground2, margin: 0, overflowWrap: 'anywhere' },
  state: { margin: 0, fontWeight: tokens.fontWeightSemibold },
  warning: { color: tokens.colorStatusWarningForeground3 },
  exhausted: { color: tokens.colorStatusDangerForeground3 },
  summary: { cursor: 'pointer', minHeight: '24px', color: tokens.colorBrandForegroundLink },
  grants: { listStyleType: 'none', margin: '6px 0 0', padding: 0, display: 'flex', flexDirection: 'column', gap: '4px' },
  grant: { display: 'flex', justifyContent: 'space-between', gap: '12px', fontVariantNumeric: 'tabular-nums' },
  total: { borderTop: `1px solid ${tokens.colorNeutralStroke2}`, paddingTop: '4px', fontWeight: tokens.fontWeightSemibold },
  facts: { display: 'grid', gridTemplateColumns: 'minmax(110px, auto) minmax(0, 1fr)', gap: '4px 16px', margin: '8px 0 12px' },
  value: { margin: 0, overflowWrap: 'anywhere' },
  rules: { margin: '8px 0 0', paddingInlineStart: '18px', display: 'flex', flexDirection: 'column', gap: '4px' },
  actions: { display: 'flex', flexWrap: 'wrap', alignItems: 'center', gap: '8px' },
});

/** Where the three limits stand, how each is made up, and what counts. */
export default function UsagePage() {
  const styles = useStyles();
  const { t } = useTranslation();
  const usage = useUsage();
  const waiting = useDrafts().data?.items.length ?? 0;
  return (
    <>
      <nav className={styles.crumbs} aria-label={t('common.breadcrumb')}>
        <a className={styles.crumb} href={hrefOf('settings')}>
          {t('nav.settings')}
        </a>
      </nav>
      <PageHead title={t('nav.usage')} />
      {usage.isPending ? (
        <Skeleton rows={3} />
      ) : usage.data ? (
        <>
          <div className={styles.grid}>
            {usage.data.meters.map((meter) => (
              <MeterCard key={meter.meter} usage={meter} />
            ))}
          </div>
          <div className={styles.grid}>
            <PlanCard />
            <Card>
              <Heading>{t('usage.countsTitle')}</Heading>
              <ul className={styles.rules}>
                <li>{t('usage.countsTickets')}</li>
                <li>{t('usage.countsChecklists')}</li>
                <li>{t('usage.countsOpportunities')}</li>
                <li>{t('usage.countsUndo')}</li>
                <li>{t('usage.countsFull')}</li>
              </ul>
              {waiting > 0 && (
                <p className={styles.muted}>
                  <TextLink href={hrefOf('drafts')}>{t('draft.waiting', { count: waiting })}</TextLink>
                </p>
              )}
            </Card>
          </div>
        </>
      ) : (
        <Failure error={usage.error} retry={() => void usage.refetch()} />
      )}
    </>
  );
}

function MeterCard({ usage }: { usage: MeterUsage }) {
  const styles = useStyles();
  const { t } = useTranslation();
  const format = useFormat();
  const words = useMeterWords();
  return (
    <Card>
      <div className={styles.meter}>
        <Heading>{t(`meter.${usage.meter}`)}</Heading>
        <div className={styles.figure} aria-hidden>
          <span className={styles.big}>{format.number(usage.used)}</span>
          <span className={styles.muted}>
            {usage.limit === null ? t('usage.unlimited') : t('usage.ofLimit', { limit: format.number(usage.limit) })}
          </span>
        </div>
        <MeterBar usage={usage} />
        <p className={styles.muted}>{words(usage)}</p>
        {usage.state !== 'open' && (
          <p className={mergeClasses(styles.state, usage.state === 'exhausted' ? styles.exhausted : styles.warning)}>
            {t(usage.state === 'exhausted' ? 'usage.stateExhausted' : 'usage.stateWarning', { resetsAt: format.reset(usage.resetsAt) })}
          </p>
        )}
        <details>
          <summary className={styles.summary}>{t('usage.madeUp')}</summary>
          <Grants usage={usage} format={format} />
        </details>
      </div>
    </Card>
  );
}

function Grants({ usage, format }: { usage: MeterUsage; format: Format }) {
  const styles = useStyles();
  const { t } = useTranslation();
  const amount = (units: number | null) => (units === null ? t('usage.unlimited') : format.number(units));
  return (
    <ul className={styles.grants}>
      {usage.grants.map((grant, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: grants have no identity here
        <li key={index} className={styles.grant}>
          <span>
            {t('usage.grant', { source: t(`usage.source.${grant.source}`), state: t(`usage.grantState.${grant.state}`) })}
            {grant.reason && <span className={styles.muted}> {t('usage.grantReason', { reason: grant.reason })}</span>}
          </span>
          <span>{amount(grant.amount)}</span>
        </li>
      ))}
      {usage.limit !== null && usage.available !== null && usage.limit !== usage.available && (
        <li className={styles.grant}>
          <span>{t('usage.tolerance')}</span>
          <span>{format.number(usage.limit - usage.available)}</span>
        </li>
      )}
      <li className={mergeClasses(styles.grant, styles.total)}>
        <span>{t('usage.limit')}</span>
        <span>{amount(usage.limit)}</span>
      </li>
      <li className={styles.muted}>
        {t('usage.period', { start: format.instant(usage.periodStart), end: format.instant(usage.resetsAt) })}
      </li>
    </ul>
  );
}

function PlanCard() {
  const styles = useStyles();
  const { t } = useTranslation();
  const format = useFormat();
  const me = useMe();
  const { host } = useSession();
  const subscription = me.subscription;
  const offer = mayBeOfferedMore(host.phone, me);
  return (
    <Card>
      <Heading>{t('usage.plan')}</Heading>
      {subscription && (
        <dl className={styles.facts}>
          {factsOf(subscription, format, t).map(([name, value]) => (
            <Fact key={name} name={name} value={value} />
          ))}
        </dl>
      )}
      {offer ? (
        <div className={styles.actions}>
          <OpenInBrowser url={me.accountUrl}>{t('usage.openSubscription')}</OpenInBrowser>
          <span className={styles.muted}>{t('usage.leavesTeams')}</span>
        </div>
      ) : (
        <p className={styles.muted}>{t('usage.whoManages')}</p>
      )}
    </Card>
  );
}

function Fact({ name, value }: { name: string; value: string }) {
  const styles = useStyles();
  return (
    <>
      <dt className={styles.muted}>{name}</dt>
      <dd className={styles.value}>{value}</dd>
    </>
  );
}

function factsOf(subscription: NonNullable<Me['subscription']>, format: Format, t: (key: string) => string): [string, string][] {
  const facts: [string, string][] = [
    [t('usage.planName'), subscription.planName],
    [t('usage.status'), t(`usage.statuses.${subscription.status}`)],
  ];
  if (subscription.termStart) facts.push([t('usage.termStart'), format.dayOfInstant(subscription.termStart)]);
  if (subscription.termEnd)
    facts.push([t(subscription.autoRenew ? 'usage.renews' : 'usage.ends'), format.dayOfInstant(subscription.termEnd)]);
  return facts;
}
