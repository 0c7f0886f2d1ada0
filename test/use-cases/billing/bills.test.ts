import { refundLine } from '../../../src/features/billing/bill-lines.rules';
import { downloadDocument, listDocuments } from '../../../src/features/billing/documents';
import { billedFor, issueBill } from '../../../src/features/billing/issue-bill';
import { recordPayment } from '../../../src/features/billing/record-payment';
import { publishSeller } from '../../../src/features/billing/seller';
import { replacePlanGrants } from '../../../src/features/entitlements/grants';
import { standingsAt } from '../../../src/features/usage/read-usage';
import { refreshCounters } from '../../../src/features/usage/refresh-counters';
import { inTenant } from '../../../src/platform/context';
import { ACCOUNTING, aPayer, type Payer, RecordingMailer, RecordingPayments, runBilling, SELLER } from '../../support/billing';
import { aDirectPlan } from '../../support/contracts';
import { testContext } from '../../support/database';
import { instances, onServer } from '../../support/on-server';
import { textOf } from '../../support/pdf-text';

const transfer = { ...SELLER, collects: false };

async function documentsOf(ctx: Parameters<typeof listDocuments>[0], payer: Payer) {
  const listed = await listDocuments(ctx, payer.owner, { limit: 50 });
  if (!listed.ok) throw new Error(listed.refusal.code);
  return listed.value.items;
}

async function printed(ctx: Parameters<typeof listDocuments>[0], payer: Payer, id: string) {
  const file = await downloadDocument(ctx, payer.owner, id, 'en');
  if (!file.ok) throw new Error(file.refusal.code);
  return file.value.bytes;
}

/** What the plan before cost, ten days of which were used. */
const premium = (start: Date) => {
  const period = { start, end: new Date(start.getTime() + 30 * 86_400_000), timeZone: 'UTC' };
  const plan = { planId: 'premium', name: { en: 'Premium', de: 'Premium', it: 'Premium' } };
  const price = { minor: 5900, currency: 'EUR', per: 'subscription' as const };
  const at = new Date(start.getTime() + 10 * 86_400_000);
  return refundLine(period, at, { plan, price, quantity: 1 }, { proration: 'refund_and_full', basis: 'actual' });
};

test('a bill made again under its id is the same bill: nothing is written a second time', async () => {
  const { ctx } = await testContext();
  const payer = await aPayer(ctx);
  const first = await payer.bill({ billId: 'once' });
  const again = await payer.bill({ billId: 'once', lines: [], cause: 'renewal' });
  expect(first.replayed).toBe(false);
  expect(again).toEqual({ documents: first.documents.map((document) => expect.objectContaining(document)), replayed: true });
  expect(await documentsOf(ctx, payer)).toHaveLength(1);
  const counts = await inTenant(ctx, payer.tenantId, ({ db }) =>
    db.query(
      `select (select count(*)::int from bill_lines where tenant_id = $1) as lines, (select count(*)::int from payments where tenant_id = $1) as payments`,
      [payer.tenantId],
    ),
  );
  expect(counts).toEqual([{ lines: 1, payments: 1 }]);
});

describe('a contract whose payments are collected', () => {
  test('CH-02: an invoice is charged once, by its own id, and its receipt follows the money', async () => {
    const { ctx } = await testContext();
    const payer = await aPayer(ctx);
    const payments = new RecordingPayments();
    await payer.bill();
    expect((await documentsOf(ctx, payer)).map(({ kind, payment }) => [kind, payment?.state])).toEqual([['invoice', 'open']]);
    await runBilling(ctx, { payments });
    await runBilling(ctx, { payments });
    const [receipt, invoice] = await documentsOf(ctx, payer);
    expect(invoice).toMatchObject({
      kind: 'invoice',
      totalMinor: 5900,
      payment: { direction: 'charge', state: 'paid', amountMinor: 5900 },
    });
    expect(receipt).toMatchObject({ kind: 'receipt', totalMinor: 5900, payment: null });
    expect(payments.of(payer).calls).toEqual([
      {
        direction: 'charge',
        documentId: invoice!.id,
        tenantId: payer.tenantId,
        number: invoice!.number,
        amountMinor: 5900,
        currency: 'EUR',
      },
    ]);
  });

  test('CH-02: a process that died between the provider and the ledger charges nothing twice', async () => {
    const { ctx } = await testContext();
    const payer = await aPayer(ctx);
    const payments = new RecordingPayments();
    await payer.bill();
    const [invoice] = await documentsOf(ctx, payer);
    await payments.charge({
      documentId: invoice!.id,
      tenantId: payer.tenantId,
      number: invoice!.number,
      amountMinor: 5900,
      currency: 'EUR',
    });
    await runBilling(ctx, { payments });
    expect(payments.of(payer).calls).toHaveLength(2);
    expect(payments.of(payer).balance).toBe(5900);
    expect((await documentsOf(ctx, payer)).map(({ kind }) => kind)).toEqual(['receipt', 'invoice']);
  });

  test('CH-06, CH-07, CH-08: a change charges the new plan, gives back the unused part of the old one, and both papers say so', async () => {
    const { ctx, clock } = await testContext();
    const payer = await aPayer(ctx);
    const payments = new RecordingPayments();
    await payer.bill();
    await runBilling(ctx, { payments });
    const refund = premium(ctx.now());
    clock.advance({ days: 10 });
    await payer.bill({ cause: 'change', refunds: [refund] });
    await runBilling(ctx, { payments });
    const [receipt, invoice] = await documentsOf(ctx, payer);
    expect(invoice).toMatchObject({
      kind: 'invoice',
      totalMinor: 5900,
      payment: { direction: 'charge', amountMinor: 5900, state: 'paid' },
    });
    expect(receipt).toMatchObject({
      kind: 'receipt',
      totalMinor: 5900 - 3933,
      payment: { direction: 'refund', amountMinor: 3933, state: 'paid' },
    });
    // Used parts and the last full price: 19.67 + 59.00.
    expect(payments.of(payer).balance).toBe(1967 + 5900);
    const [invoiceText, receiptText] = [
      await textOf(await printed(ctx, payer, invoice!.id)),
      await textOf(await printed(ctx, payer, receipt!.id)),
    ];
    expect(invoiceText).toContain('Amount paid');
    expect(invoiceText).not.toContain('39.33');
    expect(receiptText).toMatch(/Premium: refund.*−€39\.33.*Balance paid ?€19\.67/u);
  });

  test('a payment on its way leaves the invoice due and without receipt, until it is there', async () => {
    const { ctx, clock } = await testContext();
    const payer = await aPayer(ctx);
    const payments = new RecordingPayments();
    payments.next = { state: 'pending', reference: 'p1' };
    await payer.bill();
    await runBilling(ctx, { payments });
    const [invoice, ...others] = await documentsOf(ctx, payer);
    expect(others).toEqual([]);
    expect(invoice).toMatchObject({ payment: { state: 'pending', paidAt: null } });
    const due = await printed(ctx, payer, invoice!.id);
    expect(await textOf(due)).toContain('Amount due');
    payments.next = { state: 'paid', reference: 'p1' };
    clock.advance({ minutes: 10 });
    await runBilling(ctx, { payments });
    expect((await documentsOf(ctx, payer)).map(({ kind, payment }) => [kind, payment?.state])).toEqual([
      ['receipt', undefined],
      ['invoice', 'paid'],
    ]);
    expect((await printed(ctx, payer, invoice!.id)).equals(due)).toBe(true);
  });

  test('a payment that was refused is tried again the next day; nothing goes back before it is there', async () => {
    const { ctx, clock } = await testContext();
    const payer = await aPayer(ctx);
    const payments = new RecordingPayments();
    payments.next = { state: 'failed', reference: null, problem: 'card declined' };
    await payer.bill({ refunds: [premium(ctx.now())] });
    await runBilling(ctx, { payments });
    clock.advance({ hours: 23 });
    await runBilling(ctx, { payments });
    expect(payments.of(payer).calls).toHaveLength(1);
    expect((await documentsOf(ctx, payer))[0]).toMatchObject({ payment: { state: 'failed', problem: 'card declined' } });
    payments.next = { state: 'paid', reference: 'second try' };
    clock.advance({ hours: 2 });
    await runBilling(ctx, { payments });
    expect(payments.of(payer).calls.map(({ direction }) => direction)).toEqual(['charge', 'charge', 'refund']);
    expect(payments.of(payer).balance).toBe(5900 - 3933);
  });

  test('an invoice that is being collected has no paper for that moment: what is printed once never changes', async () => {
    const { ctx } = await testContext();
    const payer = await aPayer(ctx);
    const { documents } = await payer.bill();
    expect(await downloadDocument(ctx, payer.owner, documents[0]!.documentId, 'en')).toEqual({
      ok: false,
      refusal: { code: 'document_not_ready' },
    });
  });

  test('what earlier bills took too much goes back by the invoice itself', async () => {
    const { ctx } = await testContext();
    const payer = await aPayer(ctx);
    const payments = new RecordingPayments();
    await payer.bill({ cause: 'change', lines: [premium(ctx.now())] });
    await runBilling(ctx, { payments });
    const [receipt, invoice] = await documentsOf(ctx, payer);
    expect(invoice).toMatchObject({ totalMinor: -3933, payment: { direction: 'refund', amountMinor: 3933, state: 'paid' } });
    expect(receipt).toMatchObject({ kind: 'receipt', totalMinor: -3933 });
    expect(payments.of(payer).balance).toBe(-3933);
    expect(await textOf(await printed(ctx, payer, invoice!.id))).toContain('Amount refunded');
  });

  test('HO-07: a payment received later makes available what waits for it, and the purchase’s own does not', async () => {
    const { ctx, clock } = await testContext();
    const plan = await aDirectPlan(ctx, {
      items: [{ entitlement: 'tickets', kind: 'metered', amount: 14, policy: { activation: 'on_payment', immediately: 11 } }],
    });
    const payer = await aPayer(ctx, { plan });
    const payments = new RecordingPayments();
    const available = () =>
      inTenant(
        ctx,
        payer.tenantId,
        async (tx) => (await standingsAt(tx, payer.tenantId, ctx.now())).find(({ meter }) => meter === 'tickets')!.available,
      );
    await inTenant(ctx, payer.tenantId, async (tx) => {
      await replacePlanGrants(tx, payer.tenantId, payer.subscriptionId, plan, ctx.now());
      await refreshCounters(tx, payer.tenantId, ctx.now());
    });
    await payer.bill();
    await runBilling(ctx, { payments });
    expect(await available()).toBe(11);
    clock.advance({ days: 30 });
    await payer.bill({ cause: 'renewal' });
    await runBilling(ctx, { payments });
    expect(await available()).toBe(14);
    await runBilling(ctx, { payments });
    expect(await available()).toBe(14);
  });
});

describe('a contract that is paid by transfer', () => {
  test('the invoice asks for a transfer; accounting notes it once, and the receipt follows', async () => {
    const { ctx, clock } = await testContext();
    const payer = await aPayer(ctx, { seller: transfer });
    const { documents } = await payer.bill({ refunds: [premium(ctx.now())] });
    const { documentId } = documents[0]!;
    await runBilling(ctx);
    expect(await textOf(await printed(ctx, payer, documentId))).toContain('Please transfer the amount');
    clock.advance({ days: 5 });
    const note = { paidAt: null, reference: 'SEPA 1', reason: 'Seen on the account' };
    const path = { tenantId: payer.tenantId, documentId };
    expect(await recordPayment(ctx, ACCOUNTING, path, note)).toMatchObject({ ok: true, value: { payment: { state: 'paid' } } });
    expect(await recordPayment(ctx, ACCOUNTING, path, note)).toMatchObject({ ok: true });
    const [receipt] = await documentsOf(ctx, payer);
    expect(receipt).toMatchObject({
      kind: 'receipt',
      totalMinor: 1967,
      payment: { direction: 'refund', method: 'transfer', state: 'open' },
    });
    expect((await documentsOf(ctx, payer)).filter(({ kind }) => kind === 'receipt')).toHaveLength(1);
    const noted = await inTenant(ctx, payer.tenantId, ({ db }) =>
      db.query(`select actor, details ->> 'reason' as reason from audit_log where tenant_id = $1 and action = 'payment.recorded'`, [
        payer.tenantId,
      ]),
    );
    expect(noted).toEqual([{ actor: ACCOUNTING.memberId, reason: 'Seen on the account' }]);
  });

  test('support may not note payments, nobody notes one of tomorrow, and another organization’s is unknown', async () => {
    const { ctx } = await testContext();
    const payer = await aPayer(ctx, { seller: transfer });
    const other = await aPayer(ctx, { seller: transfer });
    const { documentId } = (await payer.bill()).documents[0]!;
    const note = { paidAt: null, reference: null, reason: 'why' };
    const path = { tenantId: payer.tenantId, documentId };
    const refused = async (...args: Parameters<typeof recordPayment>) => {
      const result = await recordPayment(...args);
      return result.ok ? null : result.refusal.code;
    };
    expect(await refused(ctx, { ...ACCOUNTING, roles: ['support'] }, path, note)).toBe('not_allowed');
    expect(await refused(ctx, ACCOUNTING, path, { ...note, paidAt: '2099-01-01T00:00:00.000Z' })).toBe('paid_in_future');
    expect(await refused(ctx, ACCOUNTING, { ...path, tenantId: other.tenantId }, note)).toBe('document_not_found');
    expect((await documentsOf(ctx, payer)).map(({ payment }) => payment!.state)).toEqual(['open']);
  });
});

describe('what was never paid does not go back', () => {
  /** A cancellation within its window: everything that was billed. */
  const everything = (amountMinor: number) => ({
    lines: [],
    refunds: [{ ...premium(new Date('2026-03-10T09:00:00Z')), amountMinor: -amountMinor }],
  });
  const states = async (ctx: Parameters<typeof listDocuments>[0], payer: Payer) =>
    (await documentsOf(ctx, payer)).map(({ kind, payment }) => [kind, payment?.state, payment?.amountMinor, payment?.creditedMinor]);

  test('a refund of an invoice that waits for a transfer is set off against it: nothing is asked, nothing goes back', async () => {
    const { ctx } = await testContext();
    const payer = await aPayer(ctx, { seller: transfer });
    const { documentId } = (await payer.bill()).documents[0]!;
    await payer.bill({ cause: 'change', ...everything(5900) });
    expect(await states(ctx, payer)).toEqual([
      ['receipt', 'credited', 5900, 5900],
      ['invoice', 'credited', 5900, 5900],
    ]);
    const late = await recordPayment(
      ctx,
      ACCOUNTING,
      { tenantId: payer.tenantId, documentId },
      { paidAt: null, reference: null, reason: 'why' },
    );
    expect(late).toEqual({ ok: false, refusal: { code: 'payment_set_off' } });
  });

  test('a refund of a payment that was refused ends its retries', async () => {
    const { ctx, clock } = await testContext();
    const payer = await aPayer(ctx);
    const payments = new RecordingPayments();
    payments.next = { state: 'failed', reference: null, problem: 'card declined' };
    await payer.bill();
    await runBilling(ctx, { payments });
    await payer.bill({ cause: 'change', ...everything(5900) });
    payments.next = { state: 'paid', reference: 'too late' };
    for (let day = 0; day < 3; day += 1) {
      await runBilling(ctx, { payments });
      clock.advance({ days: 1 });
    }
    expect(payments.of(payer)).toMatchObject({ balance: 0, calls: [{ direction: 'charge' }] });
    expect((await states(ctx, payer)).map(([, state]) => state)).toEqual(['credited', 'credited']);
  });

  test('an invoice in the customer’s favor that is set off says so on paper', async () => {
    const { ctx } = await testContext();
    const payer = await aPayer(ctx);
    const payments = new RecordingPayments();
    payments.next = { state: 'failed', reference: null, problem: 'card declined' };
    await payer.bill();
    await runBilling(ctx, { payments });
    await payer.bill({ cause: 'change', lines: [premium(ctx.now())] });
    await runBilling(ctx, { payments });
    const [invoice] = await documentsOf(ctx, payer);
    expect(invoice).toMatchObject({ kind: 'invoice', totalMinor: -3933, payment: { state: 'credited' } });
    expect(await textOf(await printed(ctx, payer, invoice!.id))).toMatch(/Set off before ?€39\.33/u);
  });

  test('a refund waits for a payment that is on its way, and follows it', async () => {
    const { ctx, clock } = await testContext();
    const payer = await aPayer(ctx);
    const payments = new RecordingPayments();
    payments.next = { state: 'pending', reference: 'p' };
    await payer.bill();
    await runBilling(ctx, { payments });
    await payer.bill({ cause: 'change', ...everything(5900) });
    await runBilling(ctx, { payments });
    expect(payments.of(payer).calls.map(({ direction }) => direction)).toEqual(['charge']);
    payments.next = { state: 'paid', reference: 'p' };
    clock.advance({ hours: 1 });
    await runBilling(ctx, { payments });
    clock.advance({ hours: 1 });
    await runBilling(ctx, { payments });
    expect(payments.of(payer).balance).toBe(0);
    expect(payments.of(payer).calls.at(-1)).toMatchObject({ direction: 'refund', amountMinor: 5900 });
  });

  test('a part that is set off lowers what is still to be paid, and the receipt says so', async () => {
    const { ctx } = await testContext();
    const payer = await aPayer(ctx, { seller: transfer });
    const old = (await payer.bill()).documents[0]!.documentId;
    const next = await payer.bill({ cause: 'change', refunds: [premium(ctx.now())] });
    const pay = (documentId: string) =>
      recordPayment(ctx, ACCOUNTING, { tenantId: payer.tenantId, documentId }, { paidAt: null, reference: null, reason: 'why' });
    await pay(next.documents[0]!.documentId);
    await pay(old);
    const receipts = (await documentsOf(ctx, payer)).filter(({ kind }) => kind === 'receipt');
    expect(receipts.map(({ totalMinor }) => totalMinor)).toEqual([5900 - 3933, 5900 - 3933]);
    const last = receipts.find(({ payment }) => payment === null)!;
    expect(await textOf(await printed(ctx, payer, last.id))).toMatch(/Total ?€59\.00 ?Set off before ?−€39\.33 ?Balance paid ?€19\.67/u);
  });

  test.each([
    ['collected', SELLER],
    ['transferred', transfer],
  ])('CH-03, CH-06, G5: a charge that is set off is settled, and what its own bill gives back is not lost (%s)', async (_, seller) => {
    const { ctx, clock } = await testContext();
    const payer = await aPayer(ctx, { seller });
    const payments = new RecordingPayments();
    const pay = async (documentId: string) => {
      if (!seller.collects)
        await recordPayment(ctx, ACCOUNTING, { tenantId: payer.tenantId, documentId }, { paidAt: null, reference: null, reason: 'why' });
    };
    await pay((await payer.bill()).documents[0]!.documentId);
    await runBilling(ctx, { payments });
    const refund = premium(ctx.now());
    clock.advance({ days: 10 });
    // The first upgrade is never paid, and the second takes all of it back.
    payments.next = { state: 'failed', reference: null, problem: 'card declined' };
    await payer.bill({ cause: 'change', refunds: [refund] });
    await runBilling(ctx, { payments });
    payments.next = { state: 'paid', reference: 'ref' };
    await pay((await payer.bill({ cause: 'change', refunds: everything(5900).refunds })).documents[0]!.documentId);
    await runBilling(ctx, { payments });
    const receipts = (await documentsOf(ctx, payer)).filter(({ kind }) => kind === 'receipt');
    const owed = receipts.map(({ payment }) => payment && [payment.direction, payment.amountMinor - payment.creditedMinor]);
    expect(owed).toHaveLength(3);
    expect(owed).toEqual(expect.arrayContaining([null, ['refund', 0], ['refund', 3933]]));
    // Of the second bill nothing was paid and 39.33 goes back; together with the first and the third 19.67 + 59.00 are kept.
    expect(receipts.map(({ totalMinor }) => totalMinor)).toEqual(expect.arrayContaining([5900, -3933, 0]));
    if (seller.collects) expect(payments.of(payer).balance).toBe(1967 + 5900);
  });

  test('a provider that does not answer is asked again, and nothing is lost', async () => {
    const { ctx, clock } = await testContext();
    const payer = await aPayer(ctx);
    const payments = new RecordingPayments();
    const away = {
      charge: () => Promise.reject(new Error('connection refused')),
      refund: () => Promise.reject(new Error('connection refused')),
    };
    await payer.bill();
    await runBilling(ctx, { payments: away });
    clock.advance({ minutes: 1 });
    await runBilling(ctx, { payments });
    expect(payments.of(payer).balance).toBe(5900);
  });
});

describe('what is on paper', () => {
  test('a bill over nothing leaves a trace in the ledger and no document', async () => {
    const { ctx } = await testContext();
    const plan = await aDirectPlan(ctx, { prices: [{ term: 'P1M', currency: 'EUR', minor: 0, per: 'subscription' }] });
    const payer = await aPayer(ctx, { plan });
    expect((await payer.bill()).documents).toEqual([]);
    expect((await payer.bill({ billId: 'bill-1' })).replayed).toBe(true);
  });

  test('HO-10: what is not charged yet is shown on an invoice over nothing, which is paid', async () => {
    const { ctx } = await testContext();
    const transition = { announceAt: '2026-03-01T00:00:00Z', enforceFrom: '2026-03-01T00:00:00Z', chargeFrom: '2026-07-01T00:00:00Z' };
    const payer = await aPayer(ctx, { policies: { transition } });
    const payments = new RecordingPayments();
    await payer.bill();
    await runBilling(ctx, { payments });
    expect(payments.of(payer).calls).toEqual([]);
    const invoice = (await documentsOf(ctx, payer)).find(({ kind }) => kind === 'invoice')!;
    expect(invoice).toMatchObject({ totalMinor: 0, payment: null });
    expect(await textOf(await printed(ctx, payer, invoice.id))).toContain('€59.00, not charged before 1 Jul 2026');
  });

  test('where Microsoft bills there is a statement: an estimate with the usage, and nothing to pay', async () => {
    const { ctx } = await testContext();
    const payer = await aPayer(ctx, { source: 'marketplace' });
    await payer.use('tickets', 7);
    await payer.bill();
    await payer.bill();
    const payments = new RecordingPayments();
    await runBilling(ctx, { payments });
    expect(payments.of(payer).calls).toEqual([]);
    const documents = await documentsOf(ctx, payer);
    expect(documents.map(({ kind, number, isEstimate, payment }) => ({ kind, number, isEstimate, payment }))).toEqual([
      { kind: 'statement', number: 'ST-000002', isEstimate: true, payment: null },
      { kind: 'statement', number: 'ST-000001', isEstimate: true, payment: null },
    ]);
    const text = await textOf(await printed(ctx, payer, documents[0]!.id));
    expect(text).toContain('Microsoft bills this subscription.');
    expect(text).toMatch(/Tickets ?Counted anew from 10 Apr 2026 ?7 ?100/u);
  });

  test('a document stays as it was issued: a new address of the seller or the payer changes nothing printed', async () => {
    const { ctx, clock } = await testContext();
    const payer = await aPayer(ctx, { seller: transfer });
    const { documentId } = (await payer.bill()).documents[0]!;
    const before = await printed(ctx, payer, documentId);
    await publishSeller(ctx, { ...transfer, name: 'Renamed GmbH' });
    await inTenant(ctx, payer.tenantId, ({ db }) =>
      db.query('update tenants set name = $2 where tenant_id = $1', [payer.tenantId, 'Renamed customer']),
    );
    clock.advance({ days: 200 });
    expect((await printed(ctx, payer, documentId)).equals(before)).toBe(true);
    const next = (await payer.bill()).documents[0]!;
    expect(await textOf(await printed(ctx, payer, next.documentId))).toContain('Renamed GmbH');
  });

  test('an added tax is charged with the price', async () => {
    const { ctx } = await testContext();
    const payer = await aPayer(ctx, { seller: { ...SELLER, tax: { name: null, basisPoints: 1900, included: false } } });
    const payments = new RecordingPayments();
    await payer.bill();
    await runBilling(ctx, { payments });
    expect(payments.of(payer).calls[0]).toMatchObject({ amountMinor: 7021 });
  });

  test('what a period was charged so far is the sum of its bills; what one gives back is of the period before', async () => {
    const { ctx } = await testContext();
    const payer = await aPayer(ctx);
    const at = ctx.now();
    await payer.bill();
    await payer.bill({ refunds: [premium(at)] });
    const billed = await inTenant(ctx, payer.tenantId, (tx) => billedFor(tx, payer.tenantId, payer.subscriptionId, at));
    expect(billed).toBe(5900 + 5900);
  });
});

describe('numbers', () => {
  test('a bill that was rolled back gives its number back: there is no gap', async () => {
    const { ctx } = await testContext();
    const payer = await aPayer(ctx, { seller: transfer });
    const first = (await payer.bill()).documents[0]!.number;
    const broken = inTenant(ctx, payer.tenantId, async (tx) => {
      await issueBill(tx, payer.tenantId, {
        billId: 'broken',
        subscriptionId: payer.subscriptionId,
        cause: 'start',
        currency: 'EUR',
        lines: [premium(ctx.now())],
        periodStart: new Date('2026-01-01'),
        periodEnd: new Date('2026-02-01'),
        at: ctx.now(),
      });
      throw new Error('something after it failed');
    });
    await expect(broken).rejects.toThrow('something after it failed');
    expect((await payer.bill()).documents[0]!.number).toBe(first + 1);
  });

  onServer('on a server', () => {
    test('bills of many organizations at once from several instances, some rolled back, are numbered without gap or double', async () => {
      const { ctxs } = await instances(3);
      const payers = await Promise.all(Array.from({ length: 6 }, () => aPayer(ctxs[0]!, { seller: transfer })));
      const before = (await payers[0]!.bill()).documents[0]!.number;
      const work = Array.from({ length: 60 }, (_, index) => {
        const payer = payers[index % payers.length]!;
        const ctx = ctxs[index % ctxs.length]!;
        const breaks = index % 5 === 4;
        return inTenant(ctx, payer.tenantId, async (tx) => {
          const { documents } = await issueBill(tx, payer.tenantId, {
            billId: `many-${index}`,
            subscriptionId: payer.subscriptionId,
            cause: 'renewal',
            currency: 'EUR',
            lines: [{ ...premium(ctx.now()), amountMinor: 100 }],
            periodStart: new Date('2026-01-01'),
            periodEnd: new Date('2026-02-01'),
            at: ctx.now(),
          });
          if (breaks) throw new Error('rolled back');
          return documents[0]!.number;
        }).catch(() => null);
      });
      const numbers = (await Promise.all(work)).filter((number) => number !== null).sort((a, b) => a - b);
      expect(numbers).toEqual(Array.from({ length: 48 }, (_, index) => before + 1 + index));
    });
  });
});

test('EC-14: where a plan mails nothing, nothing is mailed', async () => {
  const { ctx } = await testContext();
  const payer = await aPayer(ctx);
  const mailer = new RecordingMailer();
  await payer.bill();
  await runBilling(ctx, { payments: new RecordingPayments(), mailer });
  expect(mailer.tried).toBe(0);
  expect((await documentsOf(ctx, payer)).map(({ mail }) => mail)).toEqual([null, null]);
});
