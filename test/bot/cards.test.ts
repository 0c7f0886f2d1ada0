import { AdaptiveCard, SerializationContext, Version } from 'adaptivecards';
import { checklistForm, opportunityForm, ticketForm } from '../../src/bot/cards/forms';
import { checklistCard, opportunityCard, usageCard } from '../../src/bot/cards/records';
import { helpCard, refusalCard, settingsCard, unknownCard, welcomeCard } from '../../src/bot/cards/talk';
import { ticketCard, ticketListCard } from '../../src/bot/cards/tickets';
import { type Speech, speechFor } from '../../src/bot/speech';
import { noticeCard } from '../../src/clients/teams/notice-card';
import { LOCALES, type Locale } from '../../src/contract/common';
import type { Refusal } from '../../src/contract/refusals';
import type { Ticket, TimelineEntry } from '../../src/contract/tickets';
import type { Usage } from '../../src/contract/usage';

const at = '2026-03-10T09:00:00.000Z';
const id = '01a2006a-8477-7499-9621-3cbbec3acddd';
const person = { id, name: 'Adam Agent' };
const ticket: Ticket = {
  id,
  number: 1042,
  title: 'VPN down in Bolzano',
  description: 'Since this morning',
  status: 'open',
  priority: 'high',
  requester: person,
  assignee: null,
  dueOn: '2026-12-15',
  tags: [],
  createdAt: at,
  updatedAt: at,
  closedAt: null,
  undoableUntil: at,
  revision: 1,
};
const latest: TimelineEntry[] = [
  { type: 'change', at, actor: person, changes: { status: ['open', 'waiting'], assignee: [null, 'Adam Agent'] } },
  { type: 'comment', at, comment: { id, author: person, body: 'On my way', kind: 'reply', createdAt: at } },
];
const more = {
  viewer: 'x',
  latest,
  remark: 'Done.',
  commentKey: 'key-of-the-comment',
  link: 'https://teams.microsoft.com/l/entity/app/home',
};
const meter = {
  entitled: 500,
  available: 500,
  limit: 500,
  used: 400,
  held: 0,
  remaining: 100,
  counts: 'all' as const,
  periodStart: at,
  resetsAt: '2026-04-09T22:00:00.000Z',
  notice: null,
  pendingWords: null,
  grants: [],
};
const usage: Usage = {
  asOf: at,
  timeZone: 'Europe/Berlin',
  meters: [
    { ...meter, meter: 'tickets', state: 'warning' },
    { ...meter, meter: 'checklists', state: 'exhausted', used: 500, remaining: 0 },
    { ...meter, meter: 'opportunities', state: 'open', limit: null, remaining: null },
  ],
  limits: [],
  advice: [],
};
const exhausted: Refusal = {
  code: 'quota_exhausted',
  meter: 'opportunities',
  limit: 1000,
  used: 1000,
  held: 0,
  resetsAt: '2026-04-09T22:00:00.000Z',
  draftId: id,
};
const notice = {
  meter: 'tickets',
  used: 400,
  limit: 500,
  resetsAt: new Date('2026-04-09T22:00:00.000Z'),
  pending: null,
  timeZone: 'Europe/Berlin',
} as const;

/** Every card the bot can show, in one language. */
function cards(locale: Locale): Record<string, object> {
  const speech = speechFor(locale, 'Europe/Berlin');
  return {
    welcome: welcomeCard(speech),
    help: helpCard(speech),
    unknown: unknownCard(speech, 'x'.repeat(5000), { title: 'x', description: '' }, 'key-of-the-text'),
    refusal: refusalOf(speech, exhausted),
    settings: settingsCard(speech, { language: null, notices: true }),
    'settings saved': settingsCard(speech, { language: locale, notices: false }, 'Saved.'),
    'ticket form': ticketForm(speech, 'key'),
    'checklist form': checklistForm(speech, 'key', { title: '' }),
    'opportunity form': opportunityForm(speech, 'key', { title: 'Given' }),
    ticket: ticketCard(speech, ticket, more),
    'closed ticket': ticketCard(
      speech,
      { ...ticket, status: 'closed', assignee: person, dueOn: null, description: '' },
      { ...more, latest: [], remark: null, link: null },
    ),
    'ticket list': ticketListCard(speech, 'List', new Array(9).fill(ticket), true),
    checklist: checklistCard(
      speech,
      {
        id,
        title: 'Onboarding',
        state: 'running',
        items: new Array(12).fill({ id, text: 'Order laptop', assignee: null, doneAt: null, doneBy: null }),
        createdBy: person,
        createdAt: at,
        startedAt: at,
        completedAt: null,
        revision: 1,
      },
      null,
    ),
    opportunity: opportunityCard(
      speech,
      {
        id,
        title: 'Sample',
        customer: 'Sample Bakery',
        stage: 'new',
        value: null,
        closesOn: null,
        owner: person,
        createdAt: at,
        updatedAt: at,
        revision: 1,
      },
      more.link,
    ),
    usage: usageCard(speech, usage),
    'notice of a warning': noticeCard({ ...notice, threshold: 80, locale }),
    'notice of the limit': noticeCard({ ...notice, threshold: 100, locale }),
    'notice of the limit while more waits': noticeCard({ ...notice, threshold: 100, pending: '600 entitled, 500 available', locale }),
  };
}

const refusalOf = (speech: Speech, refusal: Refusal) =>
  refusalCard(speech, { title: speech.texts.refused.quotaTitle, reason: speech.refusal(refusal), quoted: 'Typed', draftId: id });

const every = LOCALES.flatMap((locale) => Object.entries(cards(locale)).map(([name, card]) => [name, locale, card] as const));

/** Every object of a card's JSON. */
function* parts(value: unknown): Generator<Record<string, unknown>> {
  if (Array.isArray(value)) for (const item of value) yield* parts(item);
  else if (value !== null && typeof value === 'object') {
    yield value as Record<string, unknown>;
    for (const inner of Object.values(value)) yield* parts(inner);
  }
}

test.each(every)('%s (%s) is a valid Adaptive Card 1.5', (_name, _locale, json) => {
  const card = new AdaptiveCard();
  const context = new SerializationContext(new Version(1, 5));
  card.parse(structuredClone(json), context);
  const events = Array.from({ length: context.eventCount }, (_, index) => context.getEventAt(index).message);
  // Teams' own element, which brings its fallback.
  expect(events.filter((message) => !message.includes('ProgressBar'))).toEqual([]);
  expect(card.validateProperties().validationEvents.map(({ message }) => message)).toEqual([]);
  expect(json).toMatchObject({ type: 'AdaptiveCard', version: '1.5' });
});

test.each(every)('%s (%s) wraps its texts, labels its inputs, keeps to six actions and to 20 kB', (_name, _locale, json) => {
  const all = [...parts(json)];
  expect(all.filter(({ type, wrap }) => type === 'TextBlock' && wrap !== true)).toEqual([]);
  expect(all.filter(({ type, id, label }) => String(type).startsWith('Input.') && !(id && label))).toEqual([]);
  expect(all.filter(({ type, fallback }) => type === 'ProgressBar' && fallback === undefined)).toEqual([]);
  expect((json as { actions: unknown[] }).actions.length).toBeLessThanOrEqual(6);
  expect(JSON.stringify(json).length * 2).toBeLessThan(20_000);
  expect(
    all.filter(({ text, title, value, label }) =>
      [text, title, value, label].some((words) => /undefined|null|NaN|\{\{|\[object/.test(String(words ?? ''))),
    ),
  ).toEqual([]);
});

test.each(LOCALES)('usage says every number in words too (%s)', (locale) => {
  const texts = [...parts(cards(locale).usage)].filter(({ type }) => type === 'TextBlock').map(({ text }) => String(text));
  for (const number of ['400', '500', '100']) expect(texts.join(' ')).toContain(number);
});

/** Prices, plans and ways to more: nothing of it may stand on a card, which looks the same on a phone. */
const FOR_SALE: Record<Locale, RegExp> = {
  en: /\b(pric|upgrad|plans?\b|buy|purchas|larger|premium|subscri|pay|cost|billing|invoice|trial|offers?\b|sales)\w*|[€$£]|\b(eur|usd|chf)\b/i,
  de: /\b(preis|tarif|kauf|gekauft|abonn|upgrade|größer|premium|zahl(en|ung)|kosten|rechnung|testversion|bezahl)\w*|[€$£]|\b(eur|usd|chf)\b/i,
  it: /\b(prezz|piano|piani|acquist|abbonament|upgrade|superiore|premium|pagament|pagare|costo|costi|fattur|prova gratuita)\w*|[€$£]|\b(eur|usd|chf)\b/i,
};

test.each(every)('%s (%s) sells nothing', (name, locale, json) => {
  const words = [...parts(json)].flatMap(({ text, title, label, value, fallbackText, placeholder, errorMessage }) => [
    text,
    title,
    label,
    value,
    fallbackText,
    placeholder,
    errorMessage,
  ]);
  // The stage “offer” of an opportunity is the customer's, not ours; no card here is in that stage.
  expect({ name, words: words.filter((word) => typeof word === 'string' && FOR_SALE[locale].test(word)) }).toEqual({ name, words: [] });
});

const REFUSALS: Refusal[] = [
  exhausted,
  { code: 'no_subscription' },
  { code: 'subscription_inactive', status: 'Suspended' },
  { code: 'subscription_inactive', status: 'Unsubscribed' },
  { code: 'subscription_inactive', status: 'PendingFulfillmentStart' },
  { code: 'not_allowed', needs: 'create' },
  { code: 'not_allowed', needs: 'edit' },
  { code: 'access_removed' },
  { code: 'idempotency_conflict' },
  { code: 'ticket_not_found' },
  { code: 'draft_not_found' },
  { code: 'member_not_found' },
];

test.each(LOCALES.flatMap((locale) => REFUSALS.map((refusal) => [refusal.code, locale, refusal] as const)))(
  'the refusal %s (%s) is a whole sentence that sells nothing',
  (_code, locale, refusal) => {
    const sentence = speechFor(locale, 'Europe/Berlin').refusal(refusal);
    expect(sentence).toMatch(/^\p{Lu}.+\.$/u);
    expect(sentence).not.toMatch(FOR_SALE[locale]);
    expect(sentence).not.toMatch(/undefined|\{\{/);
  },
);

test.each([
  ['en', '1,000 of 1,000 opportunities', '10 April 2026 at 00:00 (Europe/Berlin)'],
  ['de', '1.000 von 1.000 Chancen', '10. April 2026 um 00:00 (Europe/Berlin)'],
  ['it', '1000 di 1000 opportunità', '10 aprile 2026 alle ore 00:00 (Europe/Berlin)'],
] as const)('numbers and dates at the limit are written as in %s, in the organization’s zone', (locale, numbers, date) => {
  const sentence = speechFor(locale, 'Europe/Berlin').refusal(exhausted);
  expect(sentence).toContain(numbers);
  expect(sentence).toContain(date);
});

test('links into Teams are marked as opening the tab', () => {
  const card = ticketCard(speechFor('en', 'UTC'), ticket, more);
  expect(card.actions.find(({ type }) => type === 'Action.OpenUrl')).toMatchObject({ title: 'Open in the tab', url: more.link });
});
