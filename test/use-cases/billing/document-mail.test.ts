import { listDocuments } from '../../../src/features/billing/documents';
import { reportBounce } from '../../../src/features/billing/report-bounce';
import type { Context } from '../../../src/platform/context';
import { inTenant } from '../../../src/platform/context';
import { ACCOUNTING, aPayer, type Payer, RecordingMailer, RecordingPayments, runBilling, SELLER } from '../../support/billing';
import { TestClock, testContext } from '../../support/database';
import { textOf } from '../../support/pdf-text';

const byMail = { documents: { delivery: 'email', billingContactChange: 'by_support' } };
const transfer = { ...SELLER, collects: false };

async function mailsOf(ctx: Context, payer: Payer) {
  const listed = await listDocuments(ctx, payer.owner, { limit: 50 });
  if (!listed.ok) throw new Error(listed.refusal.code);
  return listed.value.items.map(({ number, mail }) => ({ number, to: mail?.to, state: mail?.state, problem: mail?.problem }));
}

const setMailbox = (ctx: Context, { tenantId }: Payer, mailbox: string) =>
  inTenant(ctx, tenantId, ({ db }) => db.query('update tenants set contact_address = $2 where tenant_id = $1', [tenantId, mailbox]));

const giveAddress = (ctx: Context, { tenantId, owner }: Payer, address: string) =>
  inTenant(ctx, tenantId, ({ db }) =>
    db.query(`update members set address = $3, locale = 'it' where tenant_id = $1 and member_id = $2`, [tenantId, owner.memberId, address]),
  );

/** Carries everything out, over all the pauses that retries take. */
async function runForDays(ctx: Context, mailer: RecordingMailer): Promise<void> {
  const clock = new TestClock(new Date('2026-03-10T09:00:00Z'));
  for (let round = 0; round < 9; round += 1) {
    await runBilling(ctx, { mailer, clock });
    clock.advance({ hours: 13 });
  }
}

test('EC-14: one mail for each invoice, to the mailbox valid when it was issued, with the PDF attached', async () => {
  const { ctx } = await testContext();
  const payer = await aPayer(ctx, { policies: byMail, seller: transfer });
  const mailer = new RecordingMailer();
  await payer.bill();
  await setMailbox(ctx, payer, 'new@customer.example');
  await runBilling(ctx, { mailer });
  await runBilling(ctx, { mailer });
  await payer.bill();
  await runBilling(ctx, { mailer });
  expect(mailer.mails.map(({ to }) => to)).toEqual(['invoices@customer.example', 'new@customer.example']);
  const [first] = mailer.mails;
  const [attachment] = first!.attachments;
  expect(first!.subject).toMatch(/^Invoice INV-\d{6} from Sample Software GmbH$/u);
  expect(first!.text).toContain('Total: €59.00');
  expect(attachment).toMatchObject({ name: expect.stringMatching(/^INV-\d{6}\.pdf$/u), mediaType: 'application/pdf' });
  expect(await textOf(attachment!.bytes)).toContain('Please transfer the amount');
});

test.each([
  ['de', /^Rechnung INV-\d{6} von Sample Software GmbH$/u, 'Gesamtbetrag: 59,00', 'Rechnung'],
  ['it', /^Fattura INV-\d{6} di Sample Software GmbH$/u, 'Totale: 59,00', 'Fattura'],
])('EC-14: the mail and its paper speak the organization’s language: %s', async (locale, subject, total, title) => {
  const { ctx } = await testContext();
  const payer = await aPayer(ctx, { policies: byMail, seller: transfer });
  await inTenant(ctx, payer.tenantId, ({ db }) =>
    db.query('update tenants set locale = $2 where tenant_id = $1', [payer.tenantId, locale]),
  );
  const mailer = new RecordingMailer();
  await payer.bill();
  await runBilling(ctx, { mailer });
  expect(mailer.mails[0]!.subject).toMatch(subject);
  expect(mailer.mails[0]!.text).toContain(total);
  expect(await textOf(mailer.mails[0]!.attachments[0]!.bytes)).toContain(title);
});

test('EC-14: where money is collected the invoice goes out with what came of it, and the receipt with it', async () => {
  const { ctx } = await testContext();
  const payer = await aPayer(ctx, { policies: byMail });
  const mailer = new RecordingMailer();
  await payer.bill();
  await runBilling(ctx, { mailer, payments: new RecordingPayments() });
  expect(mailer.mails.map(({ subject }) => subject.split(' ')[0]).sort()).toEqual(['Invoice', 'Receipt']);
  const invoice = mailer.mails.find(({ subject }) => subject.startsWith('Invoice'))!;
  expect(await textOf(invoice.attachments[0]!.bytes)).toContain('Amount paid');
});

test('EC-14: a mailbox that does not exist is reported to the administrators, once, and nothing is sent there again', async () => {
  const { ctx } = await testContext();
  const payer = await aPayer(ctx, { policies: byMail, seller: transfer });
  await giveAddress(ctx, payer, 'owner@customer.example');
  const mailer = new RecordingMailer();
  mailer.next = { outcome: 'refused', problem: '550 No such mailbox' };
  await payer.bill();
  await runBilling(ctx, { mailer });
  expect(await mailsOf(ctx, payer)).toEqual([
    { number: expect.any(String), to: 'invoices@customer.example', state: 'given_up', problem: '550 No such mailbox' },
  ]);
  mailer.next = { outcome: 'sent' };
  await runBilling(ctx, { mailer });
  await runForDays(ctx, mailer);
  expect(mailer.mails.filter(({ to }) => to === 'invoices@customer.example')).toEqual([]);
});

test('EC-14: the administrators are told in their own language which document did not arrive, and why', async () => {
  const { ctx } = await testContext();
  const payer = await aPayer(ctx, { policies: byMail, seller: transfer });
  await giveAddress(ctx, payer, 'owner@customer.example');
  const mailer = new RecordingMailer();
  const send = mailer.send.bind(mailer);
  mailer.send = (mail) =>
    mail.to.startsWith('invoices@') ? Promise.resolve({ outcome: 'refused' as const, problem: '550 No such mailbox' }) : send(mail);
  await payer.bill();
  await runBilling(ctx, { mailer });
  await runBilling(ctx, { mailer });
  expect(mailer.mails).toHaveLength(1);
  expect(mailer.mails[0]).toMatchObject({ to: 'owner@customer.example', attachments: [] });
  expect(mailer.mails[0]!.subject).toMatch(/^Impossibile recapitare INV-\d{6} a invoices@customer\.example$/u);
  expect(mailer.mails[0]!.text).toContain('Motivo: 550 No such mailbox');
});

test('a payment that was not accepted is told to the administrators once, and not to a mailbox that books bills', async () => {
  const { ctx, clock } = await testContext();
  const payer = await aPayer(ctx);
  await giveAddress(ctx, payer, 'owner@customer.example');
  const [mailer, payments] = [new RecordingMailer(), new RecordingPayments()];
  payments.next = { state: 'failed', reference: null, problem: 'card declined' };
  await payer.bill();
  for (let day = 0; day < 3; day += 1) {
    await runBilling(ctx, { mailer, payments });
    clock.advance({ days: 1 });
  }
  expect(payments.of(payer).calls).toHaveLength(3);
  expect(mailer.mails.map(({ to }) => to)).toEqual(['owner@customer.example']);
  expect(mailer.mails[0]!.subject).toMatch(/^Il pagamento di INV-\d{6} non è stato accettato$/u);
  expect(mailer.mails[0]!.text).toContain('Motivo: card declined');
});

test('a server that takes the mail later gets it later, once; its pauses grow, and after days it is given up', async () => {
  const { ctx } = await testContext();
  const payer = await aPayer(ctx, { policies: byMail, seller: transfer });
  const mailer = new RecordingMailer();
  mailer.next = { outcome: 'later', problem: '451 Try again later' };
  await payer.bill();
  const clock = new TestClock(new Date('2026-03-10T09:00:00Z'));
  await runBilling(ctx, { mailer, clock });
  expect(await mailsOf(ctx, payer)).toEqual([expect.objectContaining({ state: 'failed', problem: '451 Try again later' })]);
  clock.advance({ seconds: 59 });
  await runBilling(ctx, { mailer, clock });
  expect(mailer.tried).toBe(1);
  clock.advance({ seconds: 2 });
  mailer.next = { outcome: 'sent' };
  await runBilling(ctx, { mailer, clock });
  await runForDays(ctx, mailer);
  expect(mailer.mails).toHaveLength(1);
  expect(await mailsOf(ctx, payer)).toEqual([expect.objectContaining({ state: 'sent', problem: null })]);

  const busy = new RecordingMailer();
  busy.next = { outcome: 'later', problem: '451 Try again later' };
  await payer.bill();
  await runForDays(ctx, busy);
  expect(busy.tried).toBe(7);
  expect((await mailsOf(ctx, payer))[0]).toMatchObject({ state: 'given_up', problem: '451 Try again later' });
});

test('a mail whose sending was cut off is never sent a second time: it may have arrived, and its administrators are told', async () => {
  const { ctx } = await testContext();
  const payer = await aPayer(ctx, { policies: byMail, seller: transfer });
  await giveAddress(ctx, payer, 'owner@customer.example');
  await payer.bill();
  await inTenant(ctx, payer.tenantId, ({ db }) =>
    db.query(`update mail_deliveries set state = 'sending', attempts = 1 where tenant_id = $1`, [payer.tenantId]),
  );
  const mailer = new RecordingMailer();
  await runBilling(ctx, { mailer });
  await runBilling(ctx, { mailer });
  expect(await mailsOf(ctx, payer)).toEqual([expect.objectContaining({ state: 'given_up', problem: 'interrupted' })]);
  expect(mailer.mails.map(({ to }) => to)).toEqual(['owner@customer.example']);
  expect(mailer.mails[0]!.text).toContain('l’invio è stato interrotto');
});

test('without a mail server documents are there to be downloaded, and the list says that no mail went out', async () => {
  const { ctx } = await testContext();
  const payer = await aPayer(ctx, { policies: byMail, seller: transfer });
  await payer.bill();
  await runBilling(ctx, { mailer: null });
  expect(await mailsOf(ctx, payer)).toEqual([expect.objectContaining({ state: 'given_up', problem: 'mail_off' })]);
});

test('without a mailbox nothing is mailed', async () => {
  const { ctx } = await testContext();
  const payer = await aPayer(ctx, { policies: byMail, seller: transfer, mailbox: null });
  const mailer = new RecordingMailer();
  await payer.bill();
  await runBilling(ctx, { mailer });
  expect(await mailsOf(ctx, payer)).toEqual([expect.objectContaining({ state: undefined })]);
});

test('EC-14: a mail that came back later is noted by accounting and told to the administrators once', async () => {
  const { ctx } = await testContext();
  const payer = await aPayer(ctx, { policies: byMail, seller: transfer });
  await giveAddress(ctx, payer, 'owner@customer.example');
  const mailer = new RecordingMailer();
  const { documentId } = (await payer.bill()).documents[0]!;
  await runBilling(ctx, { mailer });
  const bounce = { problem: 'Mailbox full', reason: 'Returned to our address' };
  const path = { tenantId: payer.tenantId, documentId };
  for (let time = 0; time < 2; time += 1) {
    const noted = await reportBounce(ctx, ACCOUNTING, path, bounce);
    expect(noted).toMatchObject({ ok: true, value: { mail: { state: 'bounced', problem: 'Mailbox full' } } });
    await runBilling(ctx, { mailer });
  }
  expect(mailer.mails.map(({ to }) => to)).toEqual(['invoices@customer.example', 'owner@customer.example']);
  const unknown = await reportBounce(ctx, ACCOUNTING, { ...path, tenantId: (await aPayer(ctx)).tenantId }, bounce);
  expect(unknown).toEqual({ ok: false, refusal: { code: 'document_not_found' } });
});
