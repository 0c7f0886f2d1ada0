import { type FormEvent, type ReactNode, useEffect, useId, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { type Address, CLIENTS, LANGUAGES, LOCALES, THEMES } from './address';

import { aMonthLater, clockDay } from './format';
import { ChevronIcon, ClockIcon, GuideIcon, SettingsIcon } from './icons';
import { moveClock, Refused, type SandboxState } from './sandbox-api';

interface BarProps {
  address: Address;
  state: SandboxState;
  guideShown: boolean;
  go(change: Partial<Address>): void;
  moved(now: string): void;
}

/** What is not Teams: who looks, with what, in which language, and when. */
export function SandboxBar({ address, state, guideShown, go, moved }: BarProps) {
  const { t } = useTranslation('host');
  const [open, setOpen] = useState(false);
  const switches = useId();
  return (
    <section className="bar" aria-label={t('bar.region')}>
      <strong className="bar-name">{t('bar.name')}</strong>
      <button type="button" className="bar-button bar-more" aria-expanded={open} aria-controls={switches} onClick={() => setOpen(!open)}>
        <SettingsIcon /> {t('bar.switches')}
      </button>
      <div id={switches} className={`bar-switches ${open ? 'bar-open' : ''}`}>
        <label className="bar-field">
          <span>{t('bar.person')}</span>
          <select value={address.person} onChange={(event) => go({ person: event.target.value, sub: null })}>
            {state.people.map((person) => (
              <option key={person.key} value={person.key}>
                {person.name} · {t(`roles.${person.role}`, { organization: person.organization })}
              </option>
            ))}
          </select>
        </label>
        <Segments
          name="theme"
          label={t('bar.theme')}
          value={address.theme}
          values={THEMES}
          text={(theme) => t(`bar.themes.${theme}`)}
          choose={(theme) => go({ theme })}
        />
        <Segments
          name="client"
          label={t('bar.client')}
          value={address.client}
          values={CLIENTS}
          text={(client) => t(`bar.clients.${client}`)}
          choose={(client) => go({ client })}
        />
        <Segments
          name="lang"
          label={t('bar.language')}
          value={address.lang}
          values={LOCALES}
          text={(lang) => (
            <span lang={lang}>
              <span aria-hidden="true">{lang.toUpperCase()}</span>
              <span className="spoken">{LANGUAGES[lang]}</span>
            </span>
          )}
          choose={(lang) => go({ lang })}
        />
      </div>
      <Clock now={state.now} lang={address.lang} moved={moved} />
      <button
        type="button"
        className="bar-button"
        aria-expanded={guideShown}
        aria-controls="guide"
        onClick={() => go({ guide: guideShown ? 'off' : 'on' })}
      >
        <GuideIcon /> <span className="bar-guide-name">{t('bar.guide')}</span>
      </button>
    </section>
  );
}

interface SegmentsProps<Value extends string> {
  name: string;
  label: string;
  value: Value;
  values: readonly Value[];
  text(value: Value): ReactNode;
  choose(value: Value): void;
}

function Segments<Value extends string>({ name, label, value, values, text, choose }: SegmentsProps<Value>) {
  return (
    <fieldset className="segments">
      <legend>{label}</legend>
      {values.map((each) => (
        <label key={each}>
          <input type="radio" name={name} value={each} checked={each === value} onChange={() => choose(each)} />
          <span>{text(each)}</span>
        </label>
      ))}
    </fieldset>
  );
}

/** The sandbox's clock: it only moves forward, and the marketplace's terms follow it. */
function Clock({ now, lang, moved }: { now: string; lang: Address['lang']; moved(now: string): void }) {
  const { t } = useTranslation('host');
  const [open, setOpen] = useState(false);
  const [problem, setProblem] = useState<string>();
  const [busy, setBusy] = useState(false);
  const [date, setDate] = useState('');
  const around = useRef<HTMLDivElement>(null);
  const panel = useId();

  useEffect(() => {
    if (!open) return;
    const closeOutside = (event: Event) => {
      if (!around.current?.contains(event.target as Node)) setOpen(false);
    };
    document.addEventListener('pointerdown', closeOutside);
    document.addEventListener('focusin', closeOutside);
    return () => {
      document.removeEventListener('pointerdown', closeOutside);
      document.removeEventListener('focusin', closeOutside);
    };
  }, [open]);

  const move = async (to: Parameters<typeof moveClock>[0]) => {
    if (busy) return;
    setBusy(true);
    setProblem(undefined);
    try {
      moved((await moveClock(to)).now);
    } catch (error) {
      setProblem(t(error instanceof Refused && error.status === 409 ? 'bar.clockBackward' : 'notAnswering'));
    } finally {
      setBusy(false);
    }
  };
  const moveToDate = (event: FormEvent) => {
    event.preventDefault();
    if (date) void move({ to: new Date(`${date}T12:00:00`).toISOString() });
  };

  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: Escape closes the panel from anywhere inside it
    <div
      className="clock"
      ref={around}
      onKeyDown={(event) => {
        if (event.key !== 'Escape' || !open) return;
        setOpen(false);
        around.current?.querySelector('button')?.focus();
      }}
    >
      <button type="button" className="bar-button" aria-expanded={open} aria-controls={panel} onClick={() => setOpen(!open)}>
        <ClockIcon /> <span className="spoken">{t('bar.clock')}</span> <time dateTime={now}>{clockDay(lang, now)}</time> <ChevronIcon />
      </button>
      <div id={panel} className="clock-panel" hidden={!open}>
        <h2>{t('bar.clock')}</h2>
        <p className="quiet">{t('bar.clockText')}</p>
        <div className="clock-acts">
          <button type="button" className="button" aria-disabled={busy} onClick={() => void move({ advanceDays: 1 })}>
            {t('bar.nextDay')}
          </button>
          <button type="button" className="button" aria-disabled={busy} onClick={() => void move({ to: aMonthLater(now) })}>
            {t('bar.nextMonth')}
          </button>
        </div>
        <form onSubmit={moveToDate}>
          <label className="field">
            {t('bar.date')}
            <input type="date" required min={now.slice(0, 10)} value={date} onChange={(event) => setDate(event.target.value)} />
          </label>
          <button type="submit" className="button" aria-disabled={busy}>
            {t('bar.moveToDate')}
          </button>
        </form>
        {problem && <p role="alert">{problem}</p>}
      </div>
    </div>
  );
}
