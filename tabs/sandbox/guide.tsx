import { type ReactNode, useEffect, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { Address } from './address';
import { fillTickets } from './fill';
import { aMonthLater } from './format';
import { CheckIcon, ChevronIcon, CloseIcon } from './icons';
import { fetchToken, moveClock, Refused } from './sandbox-api';
import { STEPS, type Step } from './walk';

interface GuideProps {
  address: Address;
  now: string;
  done: readonly Step[];
  go(change: Partial<Address>): void;
  /** The clock or the counters have moved: what is shown is to be read anew. */
  changed(now?: string): void;
  close(): void;
  startOver(): void;
}

/** The walk: what to try, in seven steps, each ticked when it is recognizably done. */
export function Guide({ address, now, done, go, changed, close, startOver }: GuideProps) {
  const { t } = useTranslation('host');
  const next = STEPS.find((step) => !done.includes(step));
  const act = {
    buy: (
      <button type="button" className="button" onClick={() => go({ view: 'marketplace' })}>
        {t('guide.toMarketplace')}
      </button>
    ),
    create: (
      <>
        <button type="button" className="button" onClick={() => go({ view: 'tab' })}>
          {t('guide.toTab')}
        </button>
        <button type="button" className="button" onClick={() => go({ view: 'chat' })}>
          {t('guide.toChat')}
        </button>
      </>
    ),
    limit: <FillUp person={address.person} changed={changed} />,
    upgrade: (
      <button type="button" className="button" onClick={() => go({ view: 'marketplace' })}>
        {t('guide.toMarketplace')}
      </button>
    ),
    clock: <MoveOn now={now} changed={changed} />,
  } as Partial<Record<Step, ReactNode>>;

  return (
    <aside id="guide" className="guide" aria-labelledby="guide-title">
      <header className="guide-head">
        <h2 id="guide-title">{t('guide.title')}</h2>
        <button type="button" className="icon-button" aria-label={t('guide.close')} onClick={close}>
          <CloseIcon />
        </button>
      </header>
      <p className="quiet">{t('guide.intro')}</p>
      <ol className="steps">
        {STEPS.map((step) => (
          <WalkStep key={step} step={step} done={done.includes(step)} next={step === next}>
            {act[step]}
          </WalkStep>
        ))}
      </ol>
      {done.length > 0 && (
        <button type="button" className="link" onClick={startOver}>
          {t('guide.startOver')}
        </button>
      )}
    </aside>
  );
}

/** One step: opens when its turn comes, and stays as the reader leaves it. */
function WalkStep({ step, done, next, children }: { step: Step; done: boolean; next: boolean; children: ReactNode }) {
  const { t } = useTranslation('host');
  const [open, setOpen] = useState(next);
  useEffect(() => {
    if (next) setOpen(true);
  }, [next]);
  return (
    <li className={`step ${done ? 'step-done' : ''} ${next ? 'step-next' : ''}`} aria-current={next ? 'step' : undefined}>
      <details open={open} onToggle={(event) => setOpen(event.currentTarget.open)}>
        <summary>
          <span className="step-tick">{done ? <CheckIcon /> : STEPS.indexOf(step) + 1}</span>
          <h3>
            {t(`guide.steps.${step}.title`)}
            {done && <span className="spoken">, {t('guide.done')}</span>}
          </h3>
          <ChevronIcon />
        </summary>
        <div className="step-body">
          <p className="step-text">{t(`guide.steps.${step}.text`)}</p>
          {children && <div className="step-acts">{children}</div>}
        </div>
      </details>
    </li>
  );
}

/** Sample tickets through the app's own API, up to a share of the limit. */
function FillUp({ person, changed }: { person: string; changed(): void }) {
  const { t } = useTranslation('host');
  const [progress, setProgress] = useState<{ made: number; of: number } | null>(null);
  const [outcome, setOutcome] = useState('');
  const running = useRef<AbortController>(null);
  useEffect(() => () => running.current?.abort(), []);

  const fill = async (percent: number) => {
    if (progress) return;
    const abort = new AbortController();
    running.current = abort;
    setOutcome('');
    setProgress({ made: 0, of: 0 });
    try {
      const made = await fillTickets({
        token: await fetchToken(person),
        percent,
        title: (nth) => t(`guide.samples.${nth % 8}`),
        progress: (done, of) => setProgress({ made: done, of }),
        signal: abort.signal,
      });
      setOutcome(made === null ? t('guide.fillImpossible') : t('guide.filled', { count: made }));
    } catch (error) {
      setOutcome(t('guide.fillEnded', { reason: error instanceof Refused ? error.message : t('notAnswering') }));
    } finally {
      setProgress(null);
      changed();
    }
  };

  return (
    <>
      {[80, 100].map((percent) => (
        <button key={percent} type="button" className="button" aria-disabled={progress !== null} onClick={() => void fill(percent)}>
          {t('guide.fillTo', { percent })}
        </button>
      ))}
      {progress && (
        <>
          <progress aria-label={t('guide.filling')} value={progress.made} max={Math.max(1, progress.of)} />
          <button type="button" className="link" onClick={() => running.current?.abort()}>
            {t('guide.stop')}
          </button>
        </>
      )}
      <p role="status" className="step-outcome">
        {outcome}
      </p>
    </>
  );
}

function MoveOn({ now, changed }: { now: string; changed(now: string): void }) {
  const { t } = useTranslation('host');
  const [busy, setBusy] = useState(false);
  const move = async () => {
    if (busy) return;
    setBusy(true);
    await moveClock({ to: aMonthLater(now) }).then(
      (clock) => changed(clock.now),
      () => undefined,
    );
    setBusy(false);
  };
  return (
    <button type="button" className="button" aria-disabled={busy} onClick={() => void move()}>
      {t('bar.nextMonth')}
    </button>
  );
}
