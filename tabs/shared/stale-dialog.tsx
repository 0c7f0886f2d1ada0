import { Button, makeStyles, tokens } from '@fluentui/react-components';
import { useTranslation } from 'react-i18next';
import { Modal } from './modal';

type Described = { label: string; value: string }[];

const useStyles = makeStyles({
  field: { display: 'grid', gridTemplateColumns: '1fr 1fr', gap: '8px', '@media (max-width: 639px)': { gridTemplateColumns: '1fr' } },
  box: {
    padding: '8px 10px',
    borderRadius: tokens.borderRadiusMedium,
    border: `1px solid ${tokens.colorNeutralStroke2}`,
    whiteSpace: 'pre-wrap',
    overflowWrap: 'anywhere',
    maxHeight: '180px',
    overflowY: 'auto',
  },
  label: { fontSize: tokens.fontSizeBase200, color: tokens.colorNeutralForeground3, display: 'block' },
});

interface StaleDialogProps {
  mine: Described;
  theirs: Described;
  onMine: () => void;
  onTheirs: () => void;
  onClose: () => void;
}

/** Somebody else was faster: shows both versions and asks which one stays. */
export default function StaleDialog({ mine, theirs, onMine, onTheirs, onClose }: StaleDialogProps) {
  const styles = useStyles();
  const { t } = useTranslation();
  return (
    <Modal
      alert
      title={t('stale.title')}
      onClose={onClose}
      actions={
        <>
          <Button onClick={onTheirs}>{t('stale.takeTheirs')}</Button>
          <Button appearance="primary" onClick={onMine}>
            {t('stale.keepMine')}
          </Button>
        </>
      }
    >
      <div>{t('stale.text')}</div>
      {mine.map((field, index) => (
        <div key={field.label} className={styles.field}>
          {/* biome-ignore lint/a11y/noNoninteractiveTabindex: long text scrolls */}
          <div className={styles.box} tabIndex={0}>
            <span className={styles.label}>{t('stale.theirs', { field: field.label })}</span>
            {theirs[index]?.value || '–'}
          </div>
          {/* biome-ignore lint/a11y/noNoninteractiveTabindex: long text scrolls */}
          <div className={styles.box} tabIndex={0}>
            <span className={styles.label}>{t('stale.mine', { field: field.label })}</span>
            {field.value || '–'}
          </div>
        </div>
      ))}
    </Modal>
  );
}
