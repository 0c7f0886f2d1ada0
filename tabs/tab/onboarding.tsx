import { makeStyles, tokens } from '@fluentui/react-components';
import { BuildingRegular } from '@fluentui/react-icons/svg/building';
import { useTranslation } from 'react-i18next';
import type { Me } from '../../src/contract/me';
import { OpenInBrowser } from '../shared/creation';
import { useSession } from '../shared/session';
import { SupportContact } from '../shared/support-contact';

const useStyles = makeStyles({
  page: { maxWidth: '640px', margin: '0 auto', padding: '48px 20px', display: 'flex', flexDirection: 'column', gap: '16px' },
  icon: { fontSize: '44px', lineHeight: 1, color: tokens.colorBrandForeground1, display: 'flex' },
  title: { margin: 0, fontSize: tokens.fontSizeBase600, lineHeight: tokens.lineHeightBase600, fontWeight: tokens.fontWeightSemibold },
  text: { margin: 0, fontSize: tokens.fontSizeBase400, lineHeight: tokens.lineHeightBase400, color: tokens.colorNeutralForeground2 },
  list: { margin: 0, paddingInlineStart: '20px', display: 'flex', flexDirection: 'column', gap: '6px' },
  card: {
    padding: '16px',
    borderRadius: tokens.borderRadiusXLarge,
    backgroundColor: tokens.colorNeutralBackground1,
    border: `1px solid ${tokens.colorNeutralStroke2}`,
    display: 'flex',
    flexDirection: 'column',
    alignItems: 'flex-start',
    gap: '10px',
  },
  heading: { margin: 0, fontSize: tokens.fontSizeBase400, fontWeight: tokens.fontWeightSemibold },
  plain: { margin: 0 },
});

/** For an organization without a subscription. On phones it says only whom to ask. */
export default function Onboarding({ me }: { me: Me | null }) {
  const styles = useStyles();
  const { t } = useTranslation();
  const { host } = useSession();
  return (
    <main className={styles.page}>
      <span className={styles.icon} aria-hidden>
        <BuildingRegular />
      </span>
      <h1 className={styles.title}>{t('onboarding.title')}</h1>
      <p className={styles.text}>{t('onboarding.what')}</p>
      <ul className={styles.list}>
        <li>{t('onboarding.tickets')}</li>
        <li>{t('onboarding.checklists')}</li>
        <li>{t('onboarding.crm')}</li>
      </ul>
      <section className={styles.card}>
        <h2 className={styles.heading}>{t('onboarding.nextTitle')}</h2>
        <p className={styles.plain}>{host.phone ? t('onboarding.nextPhone') : t('onboarding.next')}</p>
        {!host.phone && me && (
          <>
            <p className={styles.plain}>{t('onboarding.bought')}</p>
            <OpenInBrowser url={me.accountUrl}>{t('usage.openSubscription')}</OpenInBrowser>
          </>
        )}
        <p className={styles.plain}>{t('onboarding.waits')}</p>
      </section>
      {me && (
        <p className={styles.plain}>
          {t('settings.support')}: <SupportContact contact={me.supportContact} />
        </p>
      )}
    </main>
  );
}
