import { type NoticeFacts, noticeWords } from '../../src/features/notices/quota-notice-words.rules';

const resetsAt = new Date('2026-03-31T22:00:00Z');
const reader = { locale: 'en', timeZone: 'Europe/Rome' } as const;
const facts = (given: Partial<NoticeFacts> = {}): NoticeFacts => ({
  kind: 'threshold',
  meter: 'tickets',
  threshold: 80,
  used: 80,
  limit: 100,
  resetsAt,
  outlook: null,
  advice: null,
  pending: null,
  ...given,
});
const works = 'Everything that exists stays editable, and the other tools are not affected.';
const stands = '80 of 100 tickets are used, 20 are left. Counting starts anew on 1 April 2026 at 00:00 (Europe/Rome).';

test('TW-08 a warning says what stands how, until when, and what still works', () => {
  expect(noticeWords(facts(), reader)).toEqual({ title: '80 of 100 tickets are used', text: `${stands} ${works}` });
});

test('HO-06 what is owed and not available yet stands beside what is', () => {
  const { text } = noticeWords(facts({ pending: { entitled: 130, available: 100, until: 'payment' } }), reader);
  expect(text).toBe(`${stands} 130 entitled, 100 available, 30 pending until payment. ${works}`);
});

test('TW-13 from a hundred percent on the limit is reached, and nothing below it', () => {
  const title = (threshold: number) => noticeWords(facts({ threshold, used: 100 }), reader).title;
  expect(title(99)).toBe('100 of 100 tickets are used');
  expect([title(100), title(120)].every((one) => one.startsWith('The limit is reached: 100 of 100'))).toBe(true);
});

test('units left are never below nothing, and what is held begins anew never', () => {
  expect(noticeWords(facts({ kind: 'remaining', used: 97 }), reader).title).toBe('3 of 100 tickets are left');
  expect(noticeWords(facts({ kind: 'remaining', used: 120 }), reader).title).toBe('0 of 100 tickets are left');
  const held = noticeWords(facts({ kind: 'remaining', resetsAt: null }), reader).text;
  expect(held).toMatch(/^80 of 100 tickets are in use, 20 are free\./);
  expect(held.endsWith(works)).toBe(true);
});

describe('TW-11 a forecast says when it runs out, as far as that is known', () => {
  const [from, likely, until] = [20, 22, 25].map((day) => new Date(Date.UTC(2026, 2, day, 23, 30)));
  const text = (outlook: object | null) =>
    noticeWords(facts({ kind: 'forecast', outlook: outlook as NoticeFacts['outlook'] }), reader).text;

  test('in the days of the reader, with its band or an open end', () => {
    expect(noticeWords(facts({ kind: 'forecast' }), reader).title).toBe('Tickets may not last');
    expect(text({ from, likely, until })).toBe(
      `At the pace of the last weeks they run out around 23 Mar 2026: at the earliest on 21 Mar 2026, at the latest on 26 Mar 2026. ${stands}`,
    );
    expect(text({ from, likely, until: null })).toBe(
      `At the pace of the last weeks they run out around 23 Mar 2026: at the earliest on 21 Mar 2026. ${stands}`,
    );
  });

  test('without one they last', () => {
    const lasts = `At the pace of the last weeks they last until counting starts anew. ${stands}`;
    expect([text(null), text({ from, likely: null, until })]).toEqual([lasts, lasts]);
  });
});

test('TW-20 advice names how often the limit was reached, and no number of now', () => {
  expect(noticeWords(facts({ kind: 'advice', advice: { hits: 2, periods: 3 } }), reader)).toEqual({
    title: 'A larger plan would fit better',
    text: 'The limit of tickets was reached in 2 of the last 3 periods. A larger plan would avoid the interruptions.',
  });
});

test('in German and Italian it is said in German and Italian', () => {
  const titles = (['en', 'de', 'it'] as const).map((locale) => noticeWords(facts(), { ...reader, locale }).title);
  expect(new Set(titles).size).toBe(3);
});
