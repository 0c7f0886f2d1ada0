import { makeStyles, mergeClasses, tokens } from '@fluentui/react-components';

const useStyles = makeStyles({
  bar: { height: '44px', backgroundColor: tokens.colorNeutralBackground1, borderBottom: `1px solid ${tokens.colorNeutralStroke2}` },
  bones: { maxWidth: '1440px', margin: '0 auto', padding: '24px', display: 'flex', flexDirection: 'column', gap: '8px' },
  bone: { height: '56px', borderRadius: tokens.borderRadiusLarge, backgroundColor: tokens.colorNeutralBackground5 },
  title: { height: '28px', width: '160px', marginBottom: '8px' },
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
