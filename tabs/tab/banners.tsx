import { Button, makeStyles } from '@fluentui/react-components';
import { useQueryClient } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { Meter } from '../../src/contract/meters';
import type { MeterUsage, Usage } from '../../src/contract/usage';
import { api } from '../api';
import { Banner } from '../shared/banner';
import { useFormat } from '../shared/format';
import { useWidth } from '../shared/layout';
import { METERS } from '../shared/meters';
import { go, hrefOf, usePlace } from '../shared/router';
import { useMe } from '../shared/session';
import { useDrafts, useUsage } from '../shared/usage';

const PAGE_OF: Record<Meter, string> = { tickets: 'tickets', checklists: 'checklists', opportunities: 'crm' };

const useStyles = makeStyles({
  stack: { display: 'flex', flexDirection: 'column', gap: '8px', marginBottom: '12px', ':empty': { display: 'none' } },
  aside: { '@media (max-width: 639px)': { display: 'none' } },
});

/** What every page should know: offline, read-only, a limit near or reached, drafts that wait. */
export function Banners() {
  const styles = useStyles();
  const place = usePlace();
  const width = useWidth();
  // On a phone the opened item comes first, and a tool speaks of its own limit; the first page says the rest.
  const everything = width !== 'phone' || place.page === 'home';
  const own = place.id === null ? METERS.filter((meter) => PAGE_OF[meter] === place.page) : [];
  return (
    <div className={styles.stack}>
      <OfflineBanner />
      <ReadOnlyBanner />
      <LimitBanners meters={everything ? METERS : own} />
      {(everything || own.length > 0) && <DraftsBanner />}
    </div>
  );
}

function OfflineBanner() {
  const { t } = useTranslation();
  const [online, setOnline] = useState(() => navigator.onLine !== false);
  useEffect(() => {
    const update = () => setOnline(navigator.onLine !== false);
    window.addEventListener('online', update);
    window.addEventListener('offline', update);
    return () => {
      window.removeEventListener('online', update);
      window.removeEventListener('offline', update);
    };
  }, []);
  return online ? null : <Banner tone="warning">{t('banner.offline')}</Banner>;
}

function ReadOnlyBanner() {
  const { t } = useTranslation();
  const format = useFormat();
  const { subscription, dataDeletedAt } = useMe();
  const status = subscription?.status;
  if (status === undefined || status === 'Subscribed') return null;
  return (
    <Banner tone="warning">
      {t(`refusals:subscription_inactive_${status}`)}
      {dataDeletedAt && <strong> {t('banner.deletion', { day: format.dayOfInstant(dataDeletedAt) })}</strong>}
    </Banner>
  );
}

function LimitBanners({ meters }: { meters: readonly Meter[] }) {
  const usage = useUsage();
  return meters.map((meter) => {
    const one = usage.data?.meters.find((candidate) => candidate.meter === meter);
    return one?.notice ? <LimitBanner key={meter} usage={one} noticeKey={one.notice.key} /> : null;
  });
}

function LimitBanner({ usage, noticeKey }: { usage: MeterUsage; noticeKey: string }) {
  const styles = useStyles();
  const { t } = useTranslation();
  const format = useFormat();
  const queryClient = useQueryClient();
  const dismiss = () => {
    queryClient.setQueryData<Usage>(
      ['usage'],
      (shown) =>
        shown && { ...shown, meters: shown.meters.map((meter) => (meter.meter === usage.meter ? { ...meter, notice: null } : meter)) },
    );
    void api.dismissNotice(noticeKey).finally(() => queryClient.invalidateQueries({ queryKey: ['usage'] }));
  };
  const facts = {
    meterName: t(`meter.${usage.meter}`),
    used: format.number(usage.used),
    limit: format.number(usage.limit ?? 0),
    left: format.number(usage.remaining ?? 0),
    resetsAt: format.reset(usage.resetsAt),
  };
  const exhausted = usage.state === 'exhausted';
  return (
    <Banner
      tone={exhausted ? 'danger' : 'warning'}
      onDismiss={dismiss}
      actions={
        <Button size="small" onClick={() => go(hrefOf('usage'))}>
          {t('banner.seeUsage')}
        </Button>
      }
    >
      {exhausted ? t('banner.exhausted', facts) : t('banner.warning', facts)}{' '}
      <span className={styles.aside}>{exhausted ? t('banner.exhaustedMeans') : t('banner.warningMeans')}</span>
    </Banner>
  );
}

/** Says so as soon as something that waited can be submitted. */
function DraftsBanner() {
  const { t } = useTranslation();
  const place = usePlace();
  const me = useMe();
  const drafts = useDrafts().data?.items ?? [];
  const usage = useUsage().data;
  if (drafts.length === 0 || place.page === 'drafts') return null;
  const free = usage?.meters.filter((meter) => meter.state !== 'exhausted').map((meter) => meter.meter) ?? [];
  const ready = me.may.create ? drafts.filter((draft) => free.includes(draft.meter)).length : 0;
  return (
    <Banner
      tone="info"
      actions={
        <Button size="small" appearance={ready > 0 ? 'primary' : 'secondary'} onClick={() => go(hrefOf('drafts'))}>
          {t('banner.seeDrafts')}
        </Button>
      }
    >
      {ready > 0 ? t('draft.ready', { count: ready }) : t('draft.waiting', { count: drafts.length })}
    </Banner>
  );
}
