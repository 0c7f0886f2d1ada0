import { makeStyles, mergeClasses, tokens } from '@fluentui/react-components';
import { BoardRegular } from '@fluentui/react-icons/svg/board';
import { ClipboardTaskRegular } from '@fluentui/react-icons/svg/clipboard-task';
import { HomeRegular } from '@fluentui/react-icons/svg/home';
import { SettingsRegular } from '@fluentui/react-icons/svg/settings';
import { TicketDiagonalRegular } from '@fluentui/react-icons/svg/ticket-diagonal';
import { lazy, Suspense, useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { ApiError } from '../api';
import { hrefOf, usePlace } from '../shared/router';
import { useMeQuery } from '../shared/session';
import { useShortcut } from '../shared/shortcuts';
import { Failure, Skeleton } from '../shared/states';
import { Toaster } from '../shared/toaster';
import { Banners } from './banners';
import { Guard } from './guard';

const PAGES = {
  home: lazy(() => import('../home/page')),
  tickets: lazy(() => import('../tickets/page')),
  checklists: lazy(() => import('../checklists/page')),
  crm: lazy(() => import('../crm/page')),
  drafts: lazy(() => import('../drafts/page')),
  usage: lazy(() => import('../usage/page')),
};
const SettingsPage = lazy(() => import('../settings/page'));
const Onboarding = lazy(() => import('./onboarding'));
const FocusKeeper = lazy(() => import('../shared/focus-keeper'));
const ShortcutSheet = lazy(() => import('./shortcut-sheet'));

const NAV = [
  { page: 'home', Icon: HomeRegular },
  { page: 'tickets', Icon: TicketDiagonalRegular },
  { page: 'checklists', Icon: ClipboardTaskRegular },
  { page: 'crm', Icon: BoardRegular },
  { page: 'settings', Icon: SettingsRegular },
] as const;

/** Pages below Settings light up Settings. */
const PARENT: Record<string, string> = { usage: 'settings', drafts: 'settings' };

const useStyles = makeStyles({
  bar: {
    position: 'sticky',
    top: 0,
    zIndex: 20,
    backgroundColor: tokens.colorNeutralBackground1,
    borderBottom: `1px solid ${tokens.colorNeutralStroke2}`,
  },
  nav: { display: 'flex', maxWidth: '1440px', marginInline: 'auto', paddingInline: '12px', '@media (max-width: 639px)': { padding: 0 } },
  link: {
    position: 'relative',
    display: 'flex',
    alignItems: 'center',
    gap: '6px',
    minHeight: '44px',
    paddingInline: '12px',
    color: tokens.colorNeutralForeground2,
    textDecorationLine: 'none',
    '& svg': { width: '18px', height: '18px', flexShrink: 0 },
    ':hover': { color: tokens.colorNeutralForeground1 },
    ':focus-visible': { outline: `2px solid ${tokens.colorStrokeFocus2}`, outlineOffset: '-3px', borderRadius: tokens.borderRadiusMedium },
    '@media (max-width: 639px)': {
      // Long words get the room that short ones leave.
      flex: '1 1 auto',
      minWidth: 0,
      flexDirection: 'column',
      justifyContent: 'center',
      gap: '2px',
      minHeight: '52px',
      paddingInline: '1px',
      fontSize: '11px',
      lineHeight: '14px',
      '& svg': { width: '20px', height: '20px' },
    },
  },
  current: {
    color: tokens.colorBrandForeground1,
    ':hover': { color: tokens.colorBrandForeground1 },
    '& svg': { color: tokens.colorBrandForeground1 },
    '::after': {
      content: '""',
      position: 'absolute',
      insetInline: '12px',
      bottom: 0,
      height: '3px',
      borderRadius: '3px 3px 0 0',
      backgroundColor: tokens.colorCompoundBrandStroke,
      forcedColorAdjust: 'none',
    },
  },
  longName: { '@media (max-width: 639px)': { display: 'none' } },
  shortName: {
    display: 'none',
    '@media (max-width: 639px)': { display: 'inline', maxWidth: '100%', overflowWrap: 'anywhere', textAlign: 'center' },
  },
  main: {
    maxWidth: '1440px',
    marginInline: 'auto',
    padding: '16px 24px 40px',
    boxSizing: 'border-box',
    scrollMarginTop: '60px',
    '@media (max-width: 639px)': { padding: '12px 12px 96px' },
  },
});

/** Lets in who has an organization with a subscription; the others learn what to do. */
export function App() {
  const me = useMeQuery();
  const nobodyBought = me.error instanceof ApiError && me.error.code === 'no_subscription';
  if (me.data?.subscription)
    return (
      <>
        <Shell />
        <Toaster />
      </>
    );
  if (me.data || nobodyBought)
    return (
      <Suspense fallback={<LoadingPage />}>
        <Onboarding me={me.data ?? null} />
      </Suspense>
    );
  if (me.isError)
    return (
      <main>
        <Failure error={me.error} retry={() => void me.refetch()} />
      </main>
    );
  return <LoadingPage />;
}

function LoadingPage() {
  const styles = useStyles();
  return (
    <main className={styles.main}>
      <Skeleton />
    </main>
  );
}

function Shell() {
  const styles = useStyles();
  const { t } = useTranslation();
  const place = usePlace();
  const [sheet, setSheet] = useState(false);
  const showSheet = () => setSheet(true);
  useShortcut('?', showSheet);
  useEffect(() => {
    document.title = t('common.pageTitle', { page: t(`nav.${place.page}`) });
  }, [place.page, t]);
  const current = PARENT[place.page] ?? place.page;
  const Page = PAGES[place.page as keyof typeof PAGES];
  return (
    <>
      <header className={styles.bar}>
        <nav className={styles.nav} aria-label={t('nav.label')}>
          {NAV.map(({ page, Icon }) => (
            <a
              key={page}
              href={hrefOf(page)}
              className={mergeClasses(styles.link, page === current && styles.current)}
              aria-current={page === current ? 'page' : undefined}
            >
              <Icon aria-hidden />
              <span className={styles.longName}>{t(`nav.${page}`)}</span>
              <span className={styles.shortName}>{t(`nav.short.${page}`)}</span>
            </a>
          ))}
        </nav>
      </header>
      <main className={styles.main}>
        <Banners />
        <Guard key={place.page}>
          <Suspense fallback={<Skeleton />}>{Page ? <Page /> : <SettingsPage onShortcuts={showSheet} />}</Suspense>
        </Guard>
      </main>
      <Suspense>
        <FocusKeeper />
      </Suspense>
      {sheet && (
        <Suspense>
          <ShortcutSheet onClose={() => setSheet(false)} />
        </Suspense>
      )}
    </>
  );
}
