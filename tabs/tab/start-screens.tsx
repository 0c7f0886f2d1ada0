import { Button, makeStyles, mergeClasses, tokens } from '@fluentui/react-components';
import { useTranslation } from 'react-i18next';

const useStyles = makeStyles({
  bar: { height: '44px', backgroundColor: tokens.colorNeutralBackground1, borderBottom: `1px solid ${tokens.colorNeutralStroke2}` },
  bones: { maxWidth: '1440px', margin: '0 auto', padding: '24px', display: 'flex', flexDirection: 'column', gap: '8px' },
  bone: { height: '56px', borderRadius: tokens.borderRadiusLarge, backgroundColor: tokens.colorNeutralBackground5 },
  title: { height: '28px', width: '160px', marginBottom: '8px' },
  page: { maxWidth: '480px', margin: '0 auto', padding: '64px 20px', textAlign: 'center' },
  heading: { fontSize: tokens.fontSizeBase500, lineHeight: tokens.lineHeightBase500, margin: '0 0 8px' },
  text: { margin: '0 0 20px', color: tokens.colorNeutralForeground2 },
});

/** Painted before the host, the person or the language is known: shapes without words. */
export function FirstSkeleton() {
  const styles = useStyles();
  return (
    <div aria-hidden>
      <div className={styles.bar} />
      <div className={styles.bones}>
        <div className={mergeClasses(styles.bone, styles.title)} />
        <div className={styles.bone} />
        <div className={styles.bone} />
        <div className={styles.bone} />
      </div>
    </div>
  );
}

/** No host answered. Opened plainly in a browser, that is no fault but the wrong door. */
export function ConnectFailed({ framed }: { framed: boolean }) {
  const styles = useStyles();
  const { t } = useTranslation();
  return (
    <main className={styles.page}>
      <h1 className={styles.heading}>{t(framed ? 'start.failedTitle' : 'start.outsideTitle')}</h1>
      <p className={styles.text}>{t(framed ? 'start.failedText' : 'start.outsideText')}</p>
      <Button appearance="primary" onClick={() => window.location.reload()}>
        {t('common.retry')}
      </Button>
    </main>
  );
}
