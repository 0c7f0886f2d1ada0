import { writeFileSync } from 'node:fs';
import { linesFor, refundLine } from '../../../src/features/billing/bill-lines.rules';
import { contentOf, type DocumentContent } from '../../../src/features/billing/document.rules';
import { printDocument } from '../../../src/features/billing/print-document';
import { PlanPolicies } from '../../../src/features/plans/policies';
import { textOf } from '../../support/pdf-text';

const plan = (name: string) => ({ planId: name, name: { en: name, de: name, it: name }, policies: PlanPolicies.parse({}) });
const euro = (minor: number) => ({ minor, currency: 'EUR', per: 'subscription' as const });
const period = { start: new Date('2026-04-11T00:00:00Z'), end: new Date('2026-05-11T00:00:00Z'), timeZone: 'UTC' };
const before = { start: new Date('2026-04-01T00:00:00Z'), end: new Date('2026-05-01T00:00:00Z'), timeZone: 'UTC' };
const counts = { activeTeams: 0, activeMembers: 0, fullLicenses: 0 };
const at = period.start;

const seller = {
  name: 'Kontingent Software GmbH',
  address: ['Bahnhofstraße 7', '39100 Bozen', 'Italien'],
  taxId: 'IT01234567890',
  note: 'IBAN IT60 X054 2811 1010 0000 0123 456',
  tax: { name: null, basisPoints: 2200, included: true },
  collects: true,
};
const buyer = {
  tenantId: '11111111-1111-4111-8111-111111111111',
  name: 'Zürcher Käsefreunde & Škoda Łódź',
  locale: 'de' as const,
  timeZone: 'UTC',
  address: 'Am Gängle 1\n8001 Zürich\nSchweiz',
  taxId: 'CHE-123.456.789',
};

const billed = {
  plan: plan('Professional').name,
  currency: 'EUR',
  lines: linesFor(plan('Professional'), euro(9900), counts, period, at),
  refunds: [
    refundLine(before, at, { plan: plan('Premium'), price: euro(5900), quantity: 1 }, { proration: 'refund_and_full', basis: 'actual' }),
  ],
  period,
  at,
};
const content = (kind: DocumentContent['kind'], number: string, given: Partial<DocumentContent> = {}): DocumentContent => ({
  ...contentOf(billed, seller, buyer),
  kind,
  number,
  ...given,
});
const paid = { state: 'paid', method: 'provider', on: '2026-04-11' } as const;
const usage = [
  { meter: 'tickets', used: 480, limit: 500, resetsOn: '2026-05-01' },
  { meter: 'checklists', used: 12, limit: null, resetsOn: null },
];

const show = (name: string, pdf: Buffer) => process.env.SHOW_PDF && writeFileSync(`${process.env.SHOW_PDF}/${name}.pdf`, pdf);

test.each([
  [
    'en',
    [
      'Invoice',
      'INV-000042',
      '11 Apr 2026',
      'Professional, 11 Apr 2026 to 10 May 2026',
      '€99.00',
      'Amount paid',
      'Paid on 11 Apr 2026',
      'The total contains €17.85 VAT (22%).',
    ],
  ],
  [
    'de',
    [
      'Rechnung',
      'INV-000042',
      '11. Apr. 2026',
      'Professional, 11. Apr. 2026 bis 10. Mai 2026',
      '99,00 €',
      'Bezahlter Betrag',
      'Bezahlt am 11. Apr. 2026',
      'Im Gesamtbetrag sind 17,85 € USt. (22 %) enthalten.',
    ],
  ],
  [
    'it',
    [
      'Fattura',
      'INV-000042',
      '11 apr 2026',
      'Professional, dal 11 apr 2026 al 10 mag 2026',
      '99,00 €',
      'Importo pagato',
      'Pagato il 11 apr 2026',
      'Il totale comprende 17,85 € di IVA (22%).',
    ],
  ],
] as const)('CH-07: the invoice shows the new plan and the amount paid, in %s', async (language, words) => {
  const pdf = await printDocument(content('invoice', 'INV-000042'), { ...paid, amountMinor: 9900 }, language);
  show(`invoice-${language}`, pdf);
  const text = await textOf(pdf);
  for (const word of words) expect(text).toContain(word);
  for (const name of ['Kontingent Software GmbH', 'Bahnhofstraße 7', 'Zürcher Käsefreunde & Škoda Łódź', 'CHE-123.456.789', 'IBAN'])
    expect(text).toContain(name);
  expect(text).not.toContain('39.33');
});

test.each([
  [
    'en',
    [
      'Receipt',
      'Premium: refund for 11 Apr 2026 to 30 Apr 2026',
      '€59.00 less €19.67 for 10 of 30 days',
      '−€39.33',
      'Balance paid',
      '€59.67',
    ],
  ],
  [
    'de',
    [
      'Beleg',
      'Premium: Erstattung für 11. Apr. 2026 bis 30. Apr. 2026',
      '59,00 € abzüglich 19,67 € für 10 von 30 Tagen',
      '−39,33 €',
      'Gezahlter Saldo',
      '59,67 €',
    ],
  ],
  [
    'it',
    [
      'Ricevuta',
      'Premium: rimborso dal 11 apr 2026 al 30 apr 2026',
      '59,00 € meno 19,67 € per 10 giorni su 30',
      '−39,33 €',
      'Saldo pagato',
      '59,67 €',
    ],
  ],
] as const)(
  'CH-08: the receipt shows the new plan, the refund for the old one as a negative amount and the balance paid, in %s',
  async (language, words) => {
    const pdf = await printDocument(content('receipt', 'REC-000042'), { ...paid, amountMinor: 5967 }, language);
    show(`receipt-${language}`, pdf);
    const text = await textOf(pdf);
    for (const word of ['Professional', ...words]) expect(text).toContain(word);
  },
);

test.each([
  ['en', ['Estimate', 'Microsoft bills this subscription.', 'Estimated total', 'Tickets', '480', '500', 'unlimited']],
  ['de', ['Schätzung', 'Microsoft rechnet dieses Abonnement ab.', 'Geschätzter Gesamtbetrag', 'Tickets', '480', '500', 'unbegrenzt']],
  ['it', ['Stima', 'Questo abbonamento è fatturato da Microsoft.', 'Totale stimato', 'Ticket', '480', '500', 'illimitato']],
] as const)('a statement says in %s that it is an estimate and that Microsoft bills', async (language, words) => {
  const pdf = await printDocument(content('statement', 'ST-000001', { usage }), null, language);
  show(`statement-${language}`, pdf);
  const text = await textOf(pdf);
  for (const word of words) expect(text).toContain(word);
  expect(text).not.toContain('Invoice');
});

test('the same document is the same file, byte by byte', async () => {
  const print = () => printDocument(content('receipt', 'REC-000042'), { ...paid, amountMinor: 5967 }, 'it');
  expect((await print()).equals(await print())).toBe(true);
});

test('an invoice that waits for a transfer says so, with a tax that is added to the price', async () => {
  const added = contentOf(billed, { ...seller, tax: { name: 'Sales tax', basisPoints: 825, included: false } }, buyer);
  const pdf = await printDocument(
    { ...added, kind: 'invoice', number: 'INV-000007' },
    { state: 'due', method: 'transfer', amountMinor: 10_717, on: null },
    'en',
  );
  show('invoice-due', pdf);
  const text = await textOf(pdf);
  for (const word of [
    'Net',
    '€99.00',
    'Sales tax 8.25%',
    '€8.17',
    'Total',
    '€107.17',
    'Amount due',
    'Please transfer the amount and name the number INV-000007.',
  ])
    expect(text).toContain(word);
});

test('a long bill goes on on further pages, each of which says of what it is one', async () => {
  const many = { ...billed, lines: Array.from({ length: 40 }, () => billed.lines[0]!) };
  const pdf = await printDocument({ ...contentOf(many, seller, buyer), kind: 'invoice', number: 'INV-000009' }, null, 'en');
  show('long', pdf);
  const text = await textOf(pdf);
  expect(text).toContain('Page 1 of 3');
  expect(text).toContain('Page 3 of 3');
  expect(text.split('Professional, 11 Apr 2026').length - 1).toBe(40);
});
