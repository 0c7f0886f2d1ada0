import { makeStyles, tokens } from '@fluentui/react-components';
import type { AnchorHTMLAttributes } from 'react';

const useStyles = makeStyles({
  link: {
    color: tokens.colorBrandForegroundLink,
    display: 'inline-block',
    minHeight: '24px',
    overflowWrap: 'anywhere',
    ':hover': { color: tokens.colorBrandForegroundLinkHover },
    ':focus-visible': { outline: `2px solid ${tokens.colorStrokeFocus2}` },
  },
});

/** A link in running text, in the theme's color. */
export function TextLink({ children, ...rest }: AnchorHTMLAttributes<HTMLAnchorElement>) {
  const styles = useStyles();
  return (
    <a className={styles.link} {...rest}>
      {children}
    </a>
  );
}
