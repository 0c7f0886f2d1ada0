import { Button, makeStyles, tokens } from '@fluentui/react-components';
import { useTranslation } from 'react-i18next';
import { Modal } from '../shared/modal';

const KEYS = [
  ['c', 'shortcuts.create'],
  ['/', 'shortcuts.search'],
  ['?', 'shortcuts.sheet'],
  ['Esc', 'shortcuts.escape'],
  ['Ctrl + Enter', 'shortcuts.send'],
] as const;

const useStyles = makeStyles({
  list: { display: 'grid', gridTemplateColumns: 'auto 1fr', gap: '8px 16px', margin: 0, alignItems: 'center' },
  key: {
    display: 'inline-block',
    minWidth: '14px',
    textAlign: 'center',
    padding: '2px 8px',
    border: `1px solid ${tokens.colorNeutralStroke1}`,
    borderRadius: tokens.borderRadiusMedium,
    backgroundColor: tokens.colorNeutralBackground3,
    fontFamily: tokens.fontFamilyMonospace,
    fontSize: tokens.fontSizeBase200,
  },
  what: { margin: 0 },
});

export default function ShortcutSheet({ onClose }: { onClose: () => void }) {
  const styles = useStyles();
  const { t } = useTranslation();
  return (
    <Modal
      title={t('shortcuts.title')}
      onClose={onClose}
      actions={
        <Button appearance="primary" onClick={onClose}>
          {t('common.close')}
        </Button>
      }
    >
      <dl className={styles.list}>
        {KEYS.map(([key, what]) => (
          <Line key={key} name={key} what={t(what)} />
        ))}
      </dl>
      <div>{t('shortcuts.off')}</div>
    </Modal>
  );
}

function Line({ name, what }: { name: string; what: string }) {
  const styles = useStyles();
  return (
    <>
      <dt>
        <kbd className={styles.key}>{name}</kbd>
      </dt>
      <dd className={styles.what}>{what}</dd>
    </>
  );
}
