import axe, { type AxeResults } from 'axe-core';
import type { Frame, Page } from 'playwright-core';

/** What keeps people out: axe's serious and critical findings in these frames, each with the first places. Empty is good. */
export async function barriers(page: Page, frames: Frame[] = page.frames()): Promise<string[]> {
  const found: string[] = [];
  for (const frame of frames) {
    if (await frame.evaluate(() => !('axe' in window))) await frame.evaluate(axe.source);
    const violations = await frame.evaluate(async () => {
      const { axe: here } = window as unknown as { axe: typeof axe };
      // A color on its way to another one is neither; a spinner never arrives.
      const passing = document.getAnimations().filter(({ effect }) => effect?.getComputedTiming().iterations !== Infinity);
      await Promise.allSettled(passing.map(({ finished }) => finished));
      const results: AxeResults = await here.run(document, { resultTypes: ['violations'], iframes: false });
      return results.violations.map(({ id, help, impact, nodes }) => ({
        id,
        help,
        impact,
        places: nodes.slice(0, 3).map(({ target }) => target.join(' ')),
      }));
    });
    for (const { id, help, impact, places } of violations)
      if (impact === 'serious' || impact === 'critical') found.push(`${id}: ${help} (${places.join(', ')}; ${frame.url()})`);
  }
  return found;
}

/** Documents that scroll sideways, frames included, by how many pixels. Empty is good. */
export async function sidewaysScrolling(page: Page): Promise<string[]> {
  const found: string[] = [];
  for (const frame of page.frames()) {
    const { scroll, room } = await frame.evaluate(() => ({
      scroll: document.documentElement.scrollWidth,
      room: document.documentElement.clientWidth,
    }));
    if (scroll > room) found.push(`${frame.url()}: ${scroll - room} px`);
  }
  return found;
}
