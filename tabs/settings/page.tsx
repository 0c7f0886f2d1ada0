import { Button, Field, makeStyles, Select, Switch, tokens } from '@fluentui/react-components';
import { ChevronRightRegular } from '@fluentui/react-icons/svg/chevron-right';
import { useTranslation } from 'react-i18next';
import type { Locale } from '../../src/contract/common';
import { OpenInBrowser } from '../shared/creation';
import { Card, Heading, PageHead } from '../shared/layout';
import { hrefOf } from '../shared/router';
import { useMe, useSession } from '../shared/session';
import { SupportContact } from '../shared/support-contact';
import { useDrafts } from '../shared/usage';
import { version } from '../shared/version';

const NAMES: Record<Locale, string> = { en: 'English', de: 'Deutsch', it: 'Italiano' };

const useStyles = makeStyles({
  grid: { display: 'grid', gridTemplateColumns: 'repeat(auto-fit, minmax(min(100%, 320px), 1fr))', gap: '12px', alignItems: 'start' },
  stack: { display: 'flex', flexDirection: 'column', gap: '12px', alignItems: 'stretch', marginTop: '10px' },
  link: {
    display: 'flex',
    alignItems: 'center',
    justifyContent: 'space-between',
    minHeight: '40px',
    color: tokens.colorNeutralForeground1,
    textDecorationLine: 'none',
    borderBottom: `1px solid ${tokens.colorNeutralStroke3}`,
    ':hover': { color: tokens.colorBrandForegroundLinkHover },
    ':focus-visible': { outline: `2px solid ${tokens.colorStrokeFocus2}` },
    ':last-child': { borderBottomColor: 'transparent' },
  },
  facts: { display: 'grid', gridTemplateColumns: 'minmax(90px, auto) minmax(0, 1fr)', gap: '6px 16px', margin: 0 },
  muted: { color: tokens.colorNeutralForeground2 },
  value: { margin: 0, overflowWrap: 'anywhere' },
  start: { alignSelf: 'flex-start' },
});

interface SettingsPageProps {
  onShortcuts: () => void;
}

export default function SettingsPage({ onShortcuts }: SettingsPageProps) {
  const styles = useStyles();
  const { t } = useTranslation();
  const session = useSession();
  const me = useMe();
  const waiting = useDrafts().data?.items.length ?? 0;
  return (
    <>
      <PageHead title={t('nav.settings')} />
      <div className={styles.grid}>
        <Card>
          <Heading>{t('settings.pages')}</Heading>
          <div>
            <a className={styles.link} href={hrefOf('usage')}>
              {t('nav.usage')}
              <ChevronRightRegular aria-hidden />
            </a>
            <a className={styles.link} href={hrefOf('drafts')}>
              {waiting > 0 ? t('settings.draftsCount', { count: waiting }) : t('nav.drafts')}
              <ChevronRightRegular aria-hidden />
            </a>
          </div>
        </Card>
        <Card>
          <Heading>{t('settings.personal')}</Heading>
          <div className={styles.stack}>
            <Field label={t('settings.language')} hint={t('settings.languageHint')}>
              <Select
                value={session.chosenLocale ?? ''}
                onChange={(_, data) => session.chooseLocale(data.value === '' ? null : (data.value as Locale))}
              >
                <option value="">{t('settings.asTeams')}</option>
                {(Object.keys(NAMES) as Locale[]).map((locale) => (
                  <option key={locale} value={locale} lang={locale}>
                    {NAMES[locale]}
                  </option>
                ))}
              </Select>
            </Field>
            {!session.host.phone && (
              <>
                <Switch
                  checked={session.shortcuts}
                  onChange={(_, data) => session.setShortcuts(data.checked)}
                  label={t('settings.shortcuts')}
                />
                <Button className={styles.start} onClick={onShortcuts}>
                  {t('settings.showShortcuts')}
                </Button>
              </>
            )}
          </div>
        </Card>
        <Card>
          <Heading>{t('settings.about')}</Heading>
          <div className={styles.stack}>
            <dl className={styles.facts}>
              <dt className={styles.muted}>{t('settings.version')}</dt>
              <dd className={styles.value}>{version}</dd>
              <dt className={styles.muted}>{t('settings.organization')}</dt>
              <dd className={styles.value}>{me.organization ?? '–'}</dd>
              <dt className={styles.muted}>{t('settings.you')}</dt>
              <dd className={styles.value}>
                {me.member ? t('settings.youAs', { name: me.member.name, role: t(`role.${me.member.role}`) }) : '–'}
              </dd>
              <dt className={styles.muted}>{t('settings.support')}</dt>
              <dd className={styles.value}>
                <SupportContact contact={me.supportContact} />
              </dd>
            </dl>
            {!session.host.phone && me.may.managePlan && (
              <div>
                <OpenInBrowser url={me.accountUrl}>{t('usage.openSubscription')}</OpenInBrowser>
              </div>
            )}
          </div>
        </Card>
      </div>
    </>
  );
}
