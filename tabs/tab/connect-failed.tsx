import { Button, makeStyles, tokens } from '@fluentui/react-components';
import { useTranslation } from 'react-i18next';

const useStyles = makeStyles({
  page: { maxWidth: '480px', margin: '0 auto', padding: '64px 20px', textAlign: 'center' },
  heading: { fontSize: tokens.fontSizeBase500, lineHeight: tokens.lineHeightBase500, margin: '0 0 8px' },
  text: { margin: '0 0 20px', color: tokens.colorNeutralForeground2 },
});

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
