import { mkdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Page } from 'playwright-core';

const FOLDER = path.resolve(__dirname, '../../../docs/screenshots');

export const takesPictures = process.env.UPDATE_SCREENSHOTS === '1';

/** Pictures of the README; taken anew only when UPDATE_SCREENSHOTS=1. */
export async function picture(page: Page, name: 'tab-tickets' | 'quota-exhausted' | 'account' | 'bot' | 'dark-phone'): Promise<void> {
  if (!takesPictures) return;
  await mkdir(FOLDER, { recursive: true });
  await page.evaluate(() => document.fonts.ready);
  await page.screenshot({ path: path.join(FOLDER, `${name}.png`), animations: 'disabled', caret: 'hide' });
}

/** What the browser showed when a test failed. */
export async function keepPicture(page: Page): Promise<void> {
  const file = path.join(tmpdir(), `kontingent-failed-${process.pid}.png`);
  await page.screenshot({ path: file });
  console.error(`What the browser showed: ${file}`);
}
