/** @jest-environment jsdom */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { amountText, parseAmount } from '../../tabs/crm/fields';
import { languageTag } from '../../tabs/shared/format';
import { localeOf } from '../../tabs/shared/i18n';
import { actKey, forget } from '../../tabs/shared/kept';
import { hashOfSubPage, parseHash } from '../../tabs/shared/router';
import { themeNameOf } from '../../tabs/shared/theme-name';
import { tagsOf } from '../../tabs/tickets/tags';

jest.mock('../../tabs/teams', () => ({}));

describe('amounts are read as people of each language type them', () => {
  test.each([
    ['12.500,50', 'EUR', 1_250_050],
    ['12,500.50', 'USD', 1_250_050],
    ['12 500', 'EUR', 1_250_000],
    ["12'500", 'CHF', 1_250_000],
    ['12.500', 'EUR', 1_250_000],
    ['0,5', 'EUR', 50],
    ['1500', 'JPY', 1_500],
  ])('%s %s', (text, currency, minor) => {
    expect(parseAmount(text, currency)).toEqual({ minor, currency });
  });

  test('nothing is no amount, and what is unclear is refused', () => {
    expect(parseAmount('  ', 'EUR')).toBeNull();
    for (const text of ['abc', '-5', '1,2,3', '1.2345']) expect(parseAmount(text, 'EUR')).toBeUndefined();
    expect(parseAmount('1.5', 'JPY')).toBeUndefined();
    expect(parseAmount('99999999999999', 'EUR')).toBeUndefined();
  });

  test.each(['en-US', 'de-DE', 'it-IT'])('what is shown for editing in %s is read back as the same amount', (tag) => {
    for (const minor of [0, 1, 50, 100, 1_250_050, 9_000_000_000_000])
      expect(parseAmount(amountText({ minor, currency: 'EUR' }, tag), 'EUR')).toEqual({ minor, currency: 'EUR' });
  });
});

test('a deep link opens its item on every host, and an unknown one opens nothing', () => {
  expect(hashOfSubPage('t/abc')).toBe('#/tickets/abc');
  expect(hashOfSubPage('c/abc')).toBe('#/checklists/abc');
  expect(hashOfSubPage('o/abc')).toBe('#/crm/abc');
  expect(hashOfSubPage('usage')).toBe('#/usage');
  expect(hashOfSubPage('elsewhere/x')).toBeNull();
  expect(hashOfSubPage(null)).toBeNull();
  expect(parseHash('#/tickets/a%2Fb?view=mine')).toMatchObject({ page: 'tickets', id: 'a/b' });
  expect(parseHash('#/nonsense').page).toBe('home');
});

test('an unknown theme is the default one, an unknown language English', () => {
  expect(['default', 'dark', 'contrast', 'glass', '', null].map(themeNameOf)).toEqual([
    'default',
    'dark',
    'contrast',
    'default',
    'default',
    'default',
  ]);
  expect(['de-AT', 'it', 'en-GB', 'fr-FR', ''].map(localeOf)).toEqual(['de', 'it', 'en', 'en', 'en']);
  expect(languageTag('en', 'en-gb')).toBe('en-GB');
  expect(languageTag('de', 'en-gb')).toBe('de-DE');
  expect(languageTag('en', '!')).toBe('en-US');
});

test('the same content keeps its key over retries and reloads, other content is another act', () => {
  const first = actKey('act', { title: 'a' });
  expect(actKey('act', { title: 'a' })).toBe(first);
  expect(actKey('act', { title: 'b' })).not.toBe(first);
  forget('act.act');
});

test('tags are trimmed, each once, at most twenty', () => {
  expect(tagsOf(' vpn, Bolzano ,, vpn')).toEqual(['vpn', 'Bolzano']);
  expect(tagsOf(Array.from({ length: 30 }, (_, index) => `t${index}`).join(','))).toHaveLength(20);
});

describe('words', () => {
  const root = path.resolve(__dirname, '../..');
  const read = (locale: string, name: string) =>
    JSON.parse(readFileSync(path.join(root, `src/contract/locales/${locale}/${name}.json`), 'utf8')) as Record<string, unknown>;
  const flat = (value: unknown, at = ''): [string, string][] =>
    typeof value === 'string'
      ? [[at, value]]
      : Object.entries(value as object).flatMap(([key, inner]) => flat(inner, at ? `${at}.${key}` : key));
  const placeholders = (text: string) => [...text.matchAll(/\{\{(\w+)\}\}/gu)].map((match) => match[1]).sort();

  test.each(['tab', 'refusals'])('%s says everything in three languages with the same facts', (name) => {
    const english = flat(read('en', name));
    for (const locale of ['de', 'it']) {
      const other = new Map(flat(read(locale, name)));
      expect([...other.keys()].sort()).toEqual(english.map(([key]) => key).sort());
      for (const [key, text] of english) expect([key, placeholders(other.get(key)!)]).toEqual([key, placeholders(text)]);
    }
  });

  test('every word the screens ask for exists', () => {
    const known = new Set(flat(read('en', 'tab')).map(([key]) => key.replace(/_(one|other)$/u, '')));
    const sources = ['.', 'shared', 'tab', 'home', 'tickets', 'checklists', 'crm', 'drafts', 'usage', 'settings'].flatMap((folder) =>
      readdirSync(path.join(root, 'tabs', folder))
        .filter((file) => /\.tsx?$/u.test(file))
        .map((file) => readFileSync(path.join(root, 'tabs', folder, file), 'utf8')),
    );
    const asked = sources.flatMap((text) => [...text.matchAll(/\bt\(\s*'([a-zA-Z.]+)'/gu)].map((match) => match[1]!));
    expect(asked.length).toBeGreaterThan(100);
    expect(asked.filter((key) => !known.has(key))).toEqual([]);
  });
});
