/** @jest-environment jsdom */
import { addressOf, placeOfDeepLink, searchOf } from '../../../tabs/sandbox/address';
import { aMonthLater } from '../../../tabs/sandbox/format';
import { markdownToHtml } from '../../../tabs/sandbox/markdown';

test('a link reproduces the view it was copied from', () => {
  const search = '?person=member&theme=contrast&client=phone&lang=it&view=chat&page=home&sub=t%2F7&guide=off';
  const address = addressOf(search, 'en-US');
  expect(address).toMatchObject({
    person: 'member',
    theme: 'contrast',
    client: 'phone',
    lang: 'it',
    view: 'chat',
    sub: 't/7',
    guide: 'off',
  });
  expect(addressOf(searchOf(address), 'en-US')).toEqual(address);
});

test('what a link does not say, or says wrongly, is the default', () => {
  expect(addressOf('?theme=neon&client=watch&view=%00&lang=xx', 'de-AT')).toMatchObject({
    theme: 'light',
    client: 'desktop',
    view: 'tab',
    lang: 'en',
  });
  expect(addressOf('', 'de-AT').lang).toBe('de');
});

test.each([
  ['https://teams.microsoft.com/l/entity/app/home?context=%7B%22subEntityId%22%3A%22t%2F7%22%7D', { page: 'home', sub: 't/7' }],
  ['https://teams.microsoft.com/l/entity/app/home', { page: 'home', sub: null }],
  ['https://teams.microsoft.com/l/entity/app/home?context=%7Bbroken', { page: 'home', sub: null }],
])('the deep link %s leads into the tab', (link, place) => {
  expect(placeOfDeepLink(link)).toEqual(place);
});

test.each([
  'https://teams.microsoft.com.evil.example/l/entity/app/home',
  'https://example.com/l/entity/app/home',
  'javascript:alert(1)',
  '',
])('%s is no deep link', (link) => {
  expect(placeOfDeepLink(link)).toBeUndefined();
});

test('a month later is never beyond the end of that month', () => {
  expect(aMonthLater('2026-11-27T09:12:00.000Z')).toBe('2026-12-27T09:12:00.000Z');
  expect(aMonthLater('2027-01-31T00:00:00.000Z')).toBe('2027-02-28T00:00:00.000Z');
  expect(aMonthLater('2026-12-31T23:00:00.000Z')).toBe('2027-01-31T23:00:00.000Z');
});

test('Markdown becomes bold, italic, links and lists', () => {
  expect(markdownToHtml('Hello **you** _there_\n- one\n- [two](https://example.com/)')).toBe(
    '<p>Hello <strong>you</strong> <em>there</em></p><ul><li>one</li><li><a href="https://example.com/" target="_blank" rel="noopener noreferrer">two</a></li></ul>',
  );
});

test.each(['<img src=x onerror=alert(1)>', '[x](javascript:alert(1))', '[x](https://a"onmouseover="alert(1))', '**<script>**'])(
  'text that looks like markup stays text: %s',
  (text) => {
    const holder = document.createElement('div');
    holder.innerHTML = markdownToHtml(text);
    expect(holder.querySelector('img, script')).toBeNull();
    for (const element of holder.querySelectorAll('*'))
      expect(element.getAttributeNames().filter((name) => name.startsWith('on'))).toEqual([]);
    for (const link of holder.querySelectorAll('a')) expect(link.protocol).toMatch(/^https?:$/);
  },
);
