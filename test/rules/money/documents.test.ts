import type { BillLine } from '../../../src/features/billing/bill-lines.rules';
import { amountOf, type Billed, contentOf, documentNumber, isWorthADocument, setOffOf } from '../../../src/features/billing/document.rules';
import { isInArrears, modeOf, priceOf } from '../../../src/features/billing/mode.rules';
import { askAgainAfter } from '../../../src/features/billing/payments.rules';

const words = { en: 'Plan', de: 'Tarif', it: 'Piano' };
const line = (amountMinor: number, unchargedMinor?: number): BillLine => ({
  words,
  formula: words,
  quantity: 1,
  amountMinor,
  ...(unchargedMinor !== undefined && { unchargedMinor }),
});
const billed = (given: Partial<Billed> = {}): Billed => ({
  plan: words,
  currency: 'EUR',
  lines: [line(9900)],
  refunds: [line(-3933)],
  period: { start: new Date('2026-03-10T09:00:00Z'), end: new Date('2026-04-09T22:00:00Z') },
  at: new Date('2026-03-10T23:30:00Z'),
  ...given,
});
const seller = {
  name: 'Sample GmbH',
  address: ['Street 1'],
  taxId: 'IT1',
  note: 'IBAN',
  tax: { name: null, basisPoints: 2200, included: true },
  collects: true,
};
const buyer = {
  tenantId: 't',
  name: 'Customer',
  locale: 'it' as const,
  timeZone: 'Europe/Rome',
  address: ' Via 1 \n\n 39100 Bolzano\n',
  taxId: null,
};

test.each([
  ['invoice', 42, 'INV-000042'],
  ['receipt', 7, 'REC-000007'],
  ['statement', 1_234_567, 'ST-1234567'],
] as const)('a number is written with its kind: %s %d is %s', (kind, number, said) => expect(documentNumber(kind, number)).toBe(said));

test('a document is dated and bounded in the organization’s own days; its last day is not the next term’s first', () => {
  const content = contentOf(billed(), seller, buyer);
  expect(content).toMatchObject({ issuedOn: '2026-03-11', from: '2026-03-10', until: '2026-04-09', locale: 'it', usage: [] });
  expect(content.buyer).toEqual({ name: 'Customer', id: 't', address: ['Via 1', '39100 Bolzano'], taxId: null });
  expect(content.seller).toEqual({ name: 'Sample GmbH', address: ['Street 1'], taxId: 'IT1', note: 'IBAN' });
});

test('G5: what is asked and what goes back are taxed each for itself, and an invoice leaves the refund to the receipt', () => {
  const content = contentOf(billed(), seller, buyer);
  expect(content.total).toEqual({ netMinor: 8115, taxMinor: 1785, grossMinor: 9900 });
  expect(content.refunded).toEqual({ netMinor: -3224, taxMinor: -709, grossMinor: -3933 });
  expect(amountOf({ ...content, kind: 'invoice', number: '1' })).toBe(9900);
  expect(amountOf({ ...content, kind: 'receipt', number: '1' })).toBe(5967);
  expect(amountOf({ ...content, kind: 'statement', number: '1' })).toBe(5967);
  expect(amountOf({ ...content, kind: 'receipt', number: '1', creditedMinor: 967 })).toBe(5000);
});

test.each([
  ['what is to be paid', 9900, 967, -967, 8933],
  ['what goes back', -3933, 967, 967, -2966],
  ['nothing that goes back', -3933, 0, 0, -3933],
  ['nothing that is to be paid', 9900, 0, 0, 9900],
])('a part that was set off leaves less of %s', (_what, lines, creditedMinor, setOff, amount) => {
  const content = { ...contentOf(billed({ lines: [line(lines)], refunds: [] }), seller, buyer), creditedMinor };
  expect(setOffOf(content)).toBe(setOff);
  expect(amountOf({ ...content, kind: 'receipt', number: '1' })).toBe(amount);
});

test.each([
  ['nothing at all', [], [], false],
  ['a plan without a price', [line(0)], [], false],
  ['a charge', [line(1)], [], true],
  ['a refund alone', [], [line(-1)], true],
  ['HO-10: a charge of later', [line(0, 1000)], [], true],
])('%s on paper: %#', (_what, lines, refunds, isWorth) => expect(isWorthADocument({ lines, refunds })).toBe(isWorth));

test('EC-01: a price per something names the mode', () => {
  expect(
    ['subscription', 'active_team', 'active_member', 'full_license'].map((per) => modeOf(per as Parameters<typeof modeOf>[0])),
  ).toEqual(['organization', 'team', 'member', 'license']);
});

test('EC-04 EC-09 what is known only when a term is over is billed then', () => {
  expect((['subscription', 'active_team', 'active_member', 'full_license'] as const).filter((per) => isInArrears({ per }))).toEqual([
    'active_team',
    'active_member',
  ]);
});

test('the price is that of the term; one that is not priced takes the first, and no price is nothing', () => {
  const price = (term: 'P1M' | 'P1Y', minor: number) => ({ term, currency: 'EUR', minor, per: 'subscription' as const });
  const prices = [price('P1M', 1), price('P1Y', 2)];
  expect(priceOf({ prices }, 'P1Y').minor).toBe(2);
  expect(priceOf({ prices }, 'P3Y').minor).toBe(1);
  expect(priceOf({ prices }, null).minor).toBe(1);
  expect(priceOf({ prices: [] }, 'P1M')).toEqual({ term: 'P1M', currency: 'EUR', minor: 0, per: 'subscription' });
});

test.each([
  ['pending', 1, 10_000],
  ['pending', 2, 20_000],
  ['pending', 30, 21_600_000],
  ['failed', 1, 86_400_000],
  ['failed', 59, 86_400_000],
  ['pending', 60, null],
  ['failed', 60, null],
] as const)('a %s payment is asked for again after its try %d in %s ms', (state, attempts, pause) => {
  expect(askAgainAfter(state, attempts)).toBe(pause);
});
