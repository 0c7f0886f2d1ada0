import { type ReactNode, useCallback, useEffect, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { AccountState, AccountSubscription } from '../../src/contract/account';
import type { Locale } from '../../src/contract/common';
import { changeLocale } from '../shared/i18n';
import { AccountError, ADMIN_CENTER_URL, fetchAccount, SIGN_IN_URL, signOut } from './account-api';
import { ActivationForm } from './activation-form';
import { ChangeSection } from './change-section';
import { Ending } from './ending';
import { chosenLanguage, day, dayHere, keepLanguage, LANGUAGES } from './language';
import { ProblemNote } from './problem-note';
import { SubscriptionFacts } from './subscription-facts';

/** How often to look whether Microsoft has confirmed an activation or a change. */
const CONFIRMATION_POLL_MS = 4000;
const LONGEST_POLL_MS = 30_000;

/** The account page: where a purchase is activated and a subscription looked up, outside Teams. */
export function AccountApp() {
  const { t } = useTranslation('account');
  const [account, setAccount] = useState<AccountState | null>(null);
  const [problem, setProblem] = useState<AccountError | null>(null);
  const [justActivated, setJustActivated] = useState(false);
  const main = useRef<HTMLElement>(null);

  const load = useCallback(async () => {
    try {
      const next = await fetchAccount();
      if (!chosenLanguage()) await changeLocale(next.locale);
      setAccount(next);
      setProblem(null);
    } catch (error) {
      setProblem(error instanceof AccountError ? error : new AccountError({ code: 'internal' }));
    }
  }, []);
  useEffect(() => void load(), [load]);

  useEffect(() => {
    if (!justActivated) return;
    // The form is gone: the reader goes on at the heading of what took its place.
    main.current?.querySelector<HTMLElement>('h1')?.focus();
  }, [justActivated]);

  const unconfirmed = justActivated && account?.state === 'new';
  useEffect(() => {
    if (!unconfirmed) return;
    const poll = setInterval(() => void load(), CONFIRMATION_POLL_MS);
    return () => clearInterval(poll);
  }, [unconfirmed, load]);

  const isChanging = account?.change?.latest?.state === 'awaiting_marketplace';
  useEffect(() => {
    if (!isChanging) return;
    let pauseMs = CONFIRMATION_POLL_MS;
    let timer = setTimeout(look, pauseMs);
    return () => clearTimeout(timer);
    function look() {
      // What takes longer is looked after less often.
      pauseMs = Math.min(pauseMs * 1.2, LONGEST_POLL_MS);
      void load().finally(() => (timer = setTimeout(look, pauseMs)));
    }
  }, [isChanging, load]);

  const activated = (next: AccountState) => {
    setAccount(next);
    setJustActivated(true);
  };

  return (
    <div className="page">
      <Header account={account} reload={load} />
      <main ref={main}>
        {!account && !problem && <p role="status">{t('loading')}</p>}
        {!account && problem && (
          <section className="panel">
            <h1 tabIndex={-1}>{t('unreachable')}</h1>
            <ProblemNote problem={problem} reload={() => void load()} />
            <button type="button" className="button primary" onClick={() => void load()}>
              {t('retry')}
            </button>
          </section>
        )}
        {account && (
          <Content
            account={account}
            justActivated={justActivated}
            unconfirmed={unconfirmed}
            activated={activated}
            changed={setAccount}
            reload={() => void load()}
          />
        )}
      </main>
      <footer className="foot">
        <p>{t('foot')}</p>
        {account && (
          <p>
            {t('support')} <SupportContact contact={account.supportContact} />
          </p>
        )}
      </footer>
    </div>
  );
}

function SupportContact({ contact }: { contact: string }) {
  const href = /^https?:\/\//u.test(contact) ? contact : contact.includes('@') ? `mailto:${contact}` : null;
  return href ? <a href={href}>{contact}</a> : <span>{contact}</span>;
}

function Header({ account, reload }: { account: AccountState | null; reload(): Promise<void> }) {
  const { t, i18n } = useTranslation('account');
  const choose = (locale: Locale) => {
    keepLanguage(locale);
    void changeLocale(locale);
  };
  return (
    <header className="head">
      <p className="brand">
        <Mark /> Kontingent
      </p>
      <div className="head-end">
        {account?.signedInAs && (
          <>
            <span className="signed-in">
              <span className="spoken">{t('signedInAs')}</span> {account.signedInAs.name}
            </span>
            <button type="button" className="link" onClick={() => void signOut(account.csrfToken ?? '').then(reload, reload)}>
              {t('signOut')}
            </button>
          </>
        )}
        <label>
          <span className="spoken">{t('language')}</span>
          <select value={i18n.language} onChange={(event) => choose(event.target.value as Locale)}>
            {LANGUAGES.map(([value, name]) => (
              <option key={value} value={value} lang={value}>
                {name}
              </option>
            ))}
          </select>
        </label>
      </div>
    </header>
  );
}

interface ContentProps {
  account: AccountState;
  justActivated: boolean;
  /** Activated here, but Microsoft has not confirmed it yet. */
  unconfirmed: boolean;
  activated(account: AccountState): void;
  changed(account: AccountState): void;
  reload(): void;
}

function Content({ account, justActivated, unconfirmed, activated, changed, reload }: ContentProps) {
  const { t } = useTranslation('account');
  const { state, subscription } = account;
  const name = nameOf(account);
  const isPersonal = account.signedInAs?.organizationId === PERSONAL_ACCOUNTS;
  if (unconfirmed) return <Told title={t('confirming.title')} texts={[t('confirming.text')]} waiting />;
  if (state === 'new' && subscription)
    return <ActivationForm account={{ ...account, subscription }} activated={activated} reload={reload} />;
  switch (state) {
    case 'signed_out':
      return (
        <Told title={t('signed_out.title')} texts={[t('signed_out.text'), t('signed_out.account')]}>
          {signInFailed() && (
            <p className="note note-problem" role="alert">
              {t('signed_out.failed')}
            </p>
          )}
          <a className="button primary" href={SIGN_IN_URL}>
            <MicrosoftMark /> {t('signIn')}
          </a>
        </Told>
      );
    case 'token_invalid':
      return (
        <Told
          title={t('token_invalid.title')}
          texts={[t('token_invalid.text')]}
          steps={[t('token_invalid.first'), t('token_invalid.second'), t('token_invalid.third')]}
        >
          <AdminCenterLink primary />
        </Told>
      );
    case 'marketplace_unavailable':
      return (
        <Told title={t('marketplace_unavailable.title')} texts={[t('marketplace_unavailable.text')]}>
          <button type="button" className="button primary" onClick={reload}>
            {t('retry')}
          </button>
        </Told>
      );
    case 'active':
    case 'suspended':
    case 'ended':
      if (subscription)
        return <Subscribed account={{ ...account, subscription }} justActivated={justActivated} changed={changed} reload={reload} />;
      break;
    case 'activated':
    case 'visitor':
      return <Colleague account={account} />;
    case 'wrong_account':
      return (
        <Told
          title={t('wrong_account.title')}
          texts={[t('wrong_account.text', { name }), t(`wrong_account.${isPersonal ? 'personal' : 'how'}`)]}
        >
          <div className="acts">
            <AnotherAccount account={account} primary />
            {isPersonal && <AdminCenterLink />}
          </div>
        </Told>
      );
  }
  return (
    <Told title={t('no_purchase.title')} texts={[t('no_purchase.text', { name }), t('no_purchase.how')]}>
      <div className="acts">
        <AnotherAccount account={account} />
        <AdminCenterLink />
      </div>
    </Told>
  );
}

/** By the address people know which of their accounts it is. */
const nameOf = ({ signedInAs }: AccountState) => signedInAs?.address ?? signedInAs?.name;

/** The one tenant of all personal Microsoft accounts. */
const PERSONAL_ACCOUNTS = '9188040d-6c67-4c5b-b112-36a304b66dad';

/** Somebody of the organization who has nothing to decide here: what is so, and where to go. */
function Colleague({ account }: { account: AccountState }) {
  const { t, i18n } = useTranslation('account');
  const { state, subscription, openTeamsUrl } = account;
  const [title, ...texts] = wordsFor();
  function wordsFor(): string[] {
    const who = t('visitor.who', { name: nameOf(account) });
    const activatedAt = subscription?.activatedAt;
    if (state === 'activated')
      return [
        t('activated.title'),
        activatedAt ? t('activated.text', { day: day(i18n.language, activatedAt) }) : t('activated.textWithoutDay'),
        t('activated.teams'),
        t('activated.who', { name: nameOf(account) }),
      ];
    if (subscription?.status === 'PendingFulfillmentStart') return [t('visitor.pending.title'), t('visitor.pending.text'), who];
    if (subscription?.status === 'Unsubscribed') return [t('visitor.ended.title'), t('visitor.ended.text'), who];
    return [t('visitor.title'), t('visitor.text'), who];
  }
  const isPending = subscription?.status === 'PendingFulfillmentStart';
  return (
    <Told title={title!} texts={texts}>
      {subscription && <SubscriptionFacts subscription={subscription} />}
      <div className="acts">
        {!isPending && (
          <a className="button primary" href={openTeamsUrl}>
            {t('openTeams')}
          </a>
        )}
        <AnotherAccount account={account} primary={isPending} />
      </div>
    </Told>
  );
}

/** The server sends a visitor back with this word when Microsoft's answer was not what it had asked for. */
const signInFailed = () => new URLSearchParams(window.location.search).get('problem') === 'sign_in';

interface ToldProps {
  title: string;
  texts: string[];
  steps?: string[];
  waiting?: boolean;
  children?: ReactNode;
}

/** A state that is mostly words: what it is, and how to go on. */
function Told({ title, texts, steps, waiting, children }: ToldProps) {
  return (
    <section className="panel told" aria-busy={waiting || undefined}>
      <h1 tabIndex={-1}>{title}</h1>
      {texts.map((text) => (
        <p key={text}>{text}</p>
      ))}
      {waiting && <span className="spinner" aria-hidden="true" />}
      {steps && (
        <ol className="steps">
          {steps.map((step) => (
            <li key={step}>{step}</li>
          ))}
        </ol>
      )}
      {children}
    </section>
  );
}

/** A live or past subscription of one's own. */
function Subscribed({
  account,
  justActivated,
  changed,
  reload,
}: {
  account: AccountState & { subscription: AccountSubscription };
  justActivated: boolean;
  changed(next: AccountState): void;
  reload(): void;
}) {
  const { t, i18n } = useTranslation('account');
  const { subscription, others, openTeamsUrl, change, ending } = account;
  const state = account.state as 'active' | 'suspended' | 'ended';
  const isKept = state !== 'ended' || !!ending?.keptUntil;
  return (
    <div className="columns">
      <section className="panel">
        {justActivated && state === 'active' && !change?.latest && (
          <p className="note note-good" role="status">
            {t('active.justActivated')}
          </p>
        )}
        <h1 tabIndex={-1}>{t(`${state}.title`, { plan: subscription.planName })}</h1>
        <p>{t(isKept ? `${state}.text` : others.length > 0 ? 'ended.others' : 'ended.gone')}</p>
        {ending?.deletedAt && <p className="note note-problem">{t('kept.deleted', { day: dayHere(i18n.language, ending.deletedAt) })}</p>}
        <div className="acts">
          {state === 'suspended' && <AdminCenterLink primary />}
          <a className={`button ${state === 'active' ? 'primary' : ''}`} href={openTeamsUrl}>
            {t('openTeams')}
          </a>
        </div>
        <h2>{t('subscription')}</h2>
        <SubscriptionFacts subscription={subscription} />
        {change && <ChangeSection account={{ ...account, subscription, change }} changed={changed} reload={reload} />}
      </section>
      <aside className="panel">
        <h2>{t(`${state}.asideTitle`)}</h2>
        {isKept ? <p>{t(`${state}.aside`)}</p> : others.length === 0 && <p>{t('ended.asideGone')}</p>}
        {state === 'active' && <p>{t('active.refund')}</p>}
        {state !== 'suspended' && <AdminCenterLink />}
        <Ending account={account} changed={changed} />
        {others.length > 0 && (
          <>
            <h2>{t('others.title')}</h2>
            <p className="quiet">{t('others.text')}</p>
            <ul className="others">
              {others.map((other) => (
                <li key={other.id}>
                  <SubscriptionFacts subscription={other} />
                </li>
              ))}
            </ul>
          </>
        )}
      </aside>
    </div>
  );
}

function AdminCenterLink({ primary }: { primary?: boolean }) {
  const { t } = useTranslation('account');
  return (
    <a className={`button ${primary ? 'primary' : ''}`} href={ADMIN_CENTER_URL} target="_blank" rel="noopener noreferrer">
      {t('adminCenter')}
    </a>
  );
}

function AnotherAccount({ account, primary }: { account: AccountState; primary?: boolean }) {
  const { t } = useTranslation('account');
  const leave = () => signOut(account.csrfToken ?? '').then(() => window.location.assign(SIGN_IN_URL));
  return (
    <button
      type="button"
      className={`button ${primary ? 'primary' : ''}`}
      onClick={() => void leave().catch(() => window.location.assign(SIGN_IN_URL))}
    >
      {t('anotherAccount')}
    </button>
  );
}

const Mark = () => (
  <svg viewBox="0 0 32 32" width="28" height="28" aria-hidden="true" focusable="false">
    <rect width="32" height="32" rx="7" fill="#0e7a6f" />
    <g fill="none" strokeWidth="2.6">
      <path d="M10.7 22.3A7.5 7.5 0 1 1 23.4 15.8" stroke="#fff" />
      <path d="M23.4 15.8A7.5 7.5 0 0 1 21.3 22.3" stroke="#fff" strokeOpacity="0.4" />
      <path d="M16 17l4.4-1.8" stroke="#fff" strokeWidth="1.8" strokeLinecap="round" />
    </g>
    <circle cx="16" cy="17" r="2" fill="#fff" />
  </svg>
);

const MicrosoftMark = () => (
  <svg viewBox="0 0 21 21" width="18" height="18" aria-hidden="true" focusable="false">
    <path fill="#f25022" d="M1 1h9v9H1z" />
    <path fill="#7fba00" d="M11 1h9v9h-9z" />
    <path fill="#00a4ef" d="M1 11h9v9H1z" />
    <path fill="#ffb900" d="M11 11h9v9h-9z" />
  </svg>
);
