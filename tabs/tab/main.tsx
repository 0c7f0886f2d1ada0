import { type ReactNode, StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { readKept, writeKept } from '../shared/kept';
import { loadTheme, Themed, type ThemeName, themeNameOf } from '../shared/theme';
import { FirstSkeleton } from './first-skeleton';

// What is needed after the first paint is on its way before it.
const teams = import('../teams');
const running = import('./running');

const LAST_THEME = 'kontingent.theme';
const root = createRoot(document.getElementById('root')!);

const show = (node: ReactNode) => root.render(<StrictMode>{node}</StrictMode>);
const afterPaint = () => new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)));
const rememberTheme = (name: ThemeName) => writeKept(LAST_THEME, name);

async function start(): Promise<void> {
  // The theme of the last visit, so that the first paint does not flash.
  const guess = themeNameOf(readKept<string>(LAST_THEME));
  const guessed = await loadTheme(guess);
  show(
    <Themed name={guess} initial={guessed}>
      <FirstSkeleton />
    </Themed>,
  );
  await afterPaint();
  try {
    const { connect, notifyLoaded, notifySuccess } = await teams;
    const host = await connect();
    notifyLoaded();
    rememberTheme(host.theme);
    const [theme, { prepare }] = await Promise.all([loadTheme(host.theme), running]);
    show(await prepare(host, theme, rememberTheme));
    await afterPaint();
    notifySuccess();
  } catch (error) {
    console.error(error);
    const { prepareFailure } = await running;
    show(
      <Themed name={guess} initial={guessed}>
        {await prepareFailure()}
      </Themed>,
    );
  }
}

void start();
