import { randomUUID } from 'node:crypto';
import type { Response } from 'supertest';
import type { Context } from '../../src/platform/context';
import { inTenant } from '../../src/platform/context';
import { type Caller, type TestApp, testApp } from '../support/app';
import { aPayer, type Payer, RecordingMailer, RecordingPayments, runBilling, SELLER } from '../support/billing';
import { testContext } from '../support/database';
import { textOf } from '../support/pdf-text';

const transfer = { ...SELLER, collects: false };

let ctx: Context;
let it: TestApp;
let accounting: Caller;
let support: Caller;
beforeAll(async () => {
  ({ ctx } = await testContext());
  it = await testApp(ctx);
  accounting = await it.asOperator({ appRoles: ['Kontingent.Accounting'] });
  support = await it.asOperator({ appRoles: ['Kontingent.Support'] });
});

/** The answer's bytes, whatever they are. */
const asFile = (caller: Caller, path: string): Promise<Response> =>
  caller.send('get', path, (test) =>
    test.buffer(true).parse((res, done) => {
      const chunks: Buffer[] = [];
      res.on('data', (chunk: Buffer) => chunks.push(chunk));
      res.on('end', () => done(null, Buffer.concat(chunks)));
    }),
  );

async function paidPayer(): Promise<{ payer: Payer; owner: Caller }> {
  const payer = await aPayer(ctx);
  await payer.bill();
  await runBilling(ctx, { payments: new RecordingPayments() });
  return { payer, owner: await it.as(payer.owner) };
}

describe('CH-09: documents', () => {
  test('are listed newest first, in pages, and filtered by kind', async () => {
    const { owner } = await paidPayer();
    const all = (await owner.get('/billing/documents')).body;
    expect(all.items.map(({ kind }: { kind: string }) => kind)).toEqual(['receipt', 'invoice']);
    expect((await owner.get('/billing/documents?kind=invoice')).body.items).toEqual([all.items[1]]);
    const first = (await owner.get('/billing/documents?limit=1')).body;
    const second = (await owner.get(`/billing/documents?limit=1&cursor=${first.nextCursor}`)).body;
    expect([first.items, second.items, second.nextCursor]).toEqual([[all.items[0]], [all.items[1]], null]);
    expect((await owner.get('/billing/documents?kind=bribe')).status).toBe(400);
  });

  test('are saved as PDF under a permanent address: an attachment with its number, the same bytes each time, in three languages', async () => {
    const { owner } = await paidPayer();
    const [, invoice] = (await owner.get('/billing/documents')).body.items;
    const file = await asFile(owner, invoice.pdf);
    expect([file.status, file.type]).toEqual([200, 'application/pdf']);
    expect(file.headers['content-disposition']).toBe(`attachment; filename=${invoice.number}.pdf`);
    expect(file.headers['cache-control']).toBe('no-store');
    expect(file.headers['x-content-type-options']).toBe('nosniff');
    expect((file.body as Buffer).equals((await asFile(owner, invoice.pdf)).body)).toBe(true);
    for (const [language, title] of [
      ['en', 'Invoice'],
      ['de', 'Rechnung'],
      ['it', 'Fattura'],
    ])
      expect(await textOf((await asFile(owner, `${invoice.pdf}?language=${language}`)).body)).toContain(title);
    expect((await owner.get(`${invoice.pdf}?language=fr`)).status).toBe(400);
  });

  test('an invoice that is just being collected says so with 409', async () => {
    const payer = await aPayer(ctx);
    await payer.bill();
    const owner = await it.as(payer.owner);
    const [invoice] = (await owner.get('/billing/documents')).body.items;
    const answer = await owner.get(invoice.pdf);
    expect([answer.status, answer.body.code]).toEqual([409, 'document_not_ready']);
  });

  test('EC-07: who is neither owner nor admin gets 403 for the list, each document and the page', async () => {
    const { payer, owner } = await paidPayer();
    const [document] = (await owner.get('/billing/documents')).body.items;
    const member = await it.as(await payer.member('agent'));
    for (const path of ['/billing', '/billing/documents', document.pdf]) {
      const { status, body } = await member.get(path);
      expect([path, status, body.code, body.needs]).toEqual([path, 403, 'not_allowed', 'read_billing']);
    }
  });

  test('G9: another organization’s document is as unknown as an invented one', async () => {
    const { owner } = await paidPayer();
    const [document] = (await owner.get('/billing/documents')).body.items;
    const intruder = await it.as((await aPayer(ctx)).owner);
    for (const id of [document.id, randomUUID()]) {
      const { status, body } = await intruder.get(`/billing/documents/${id}.pdf`);
      expect([status, body.code]).toEqual([404, 'document_not_found']);
    }
    expect((await intruder.get('/billing/documents/not-an-id.pdf')).status).toBe(400);
  });
});

describe('the billing contact', () => {
  test('is changed under its revision, and the page shows it', async () => {
    const payer = await aPayer(ctx);
    const owner = await it.as(payer.owner);
    const { contact } = (await owner.get('/billing')).body;
    const changed = await owner.patch('/billing/contact', { mailbox: 'books@customer.example' }, contact.revision);
    expect([changed.status, changed.headers.etag, changed.body.mailbox]).toEqual([200, '"2"', 'books@customer.example']);
    const late = await owner.patch('/billing/contact', { mailbox: 'late@customer.example' }, contact.revision);
    expect([late.status, late.body.current.mailbox]).toEqual([412, 'books@customer.example']);
    expect((await owner.get('/billing')).body.contact.mailbox).toBe('books@customer.example');
  });

  test.each([
    ['two addresses', 'a@customer.example, b@customer.example'],
    ['a second header', 'a@customer.example\r\nBcc: b@evil.example'],
    ['a name in front', 'Books <a@customer.example>'],
    ['no address', 'somewhere'],
    ['an endless one', `${'a'.repeat(250)}@customer.example`],
  ])('is refused with %s', async (_what, mailbox) => {
    const payer = await aPayer(ctx);
    const owner = await it.as(payer.owner);
    const { status, body } = await owner.patch('/billing/contact', { mailbox }, 1);
    expect([status, body.code]).toEqual([400, 'invalid_input']);
  });

  test('is refused with an address that fills a page', async () => {
    const owner = await it.as((await aPayer(ctx)).owner);
    expect((await owner.patch('/billing/contact', { address: 'a\n'.repeat(9) }, 1)).status).toBe(400);
    expect((await owner.patch('/billing/contact', { address: 'Am Gängle 1\n8001 Zürich' }, 1)).status).toBe(200);
  });

  test('EC-15: waits for accounting where the plan says so', async () => {
    const payer = await aPayer(ctx, { policies: { documents: { billingContactChange: 'by_support' } } });
    const owner = await it.as(payer.owner);
    const { body: asked } = await owner.patch('/billing/contact', { mailbox: 'books@customer.example' }, 1);
    expect(asked).toMatchObject({ mailbox: 'invoices@customer.example', pending: { mailbox: 'books@customer.example' } });
    const path = `/tenants/${payer.tenantId}/billing-contact-requests/${asked.pending.requestId}/decision`;
    expect((await support.post(path, { decision: 'granted', reason: 'Called back' })).status).toBe(403);
    expect((await accounting.post(path, { decision: 'granted' })).status).toBe(400);
    expect((await accounting.post(path, { decision: 'granted', reason: 'Called back' })).body).toEqual({
      mailbox: 'books@customer.example',
    });
    expect((await owner.get('/billing')).body.contact).toMatchObject({ mailbox: 'books@customer.example', pending: null });
  });
});

describe('the publisher’s accounting', () => {
  test('notes a transfer, and the receipt is there', async () => {
    const payer = await aPayer(ctx, { seller: transfer });
    const { documentId } = (await payer.bill()).documents[0]!;
    const path = `/tenants/${payer.tenantId}/documents/${documentId}/payment`;
    const body = { reference: 'SEPA 7', reason: 'Seen on the account' };
    expect((await support.post(path, body)).status).toBe(403);
    const noted = await accounting.post(path, body);
    expect([noted.status, noted.body.payment.state]).toEqual([200, 'paid']);
    const { items } = (await accounting.get(`/tenants/${payer.tenantId}/documents`)).body;
    expect(items.map(({ kind }: { kind: string }) => kind)).toEqual(['receipt', 'invoice']);
  });

  test('notes a mail that came back', async () => {
    const payer = await aPayer(ctx, { seller: transfer, policies: { documents: { delivery: 'email' } } });
    const { documentId } = (await payer.bill()).documents[0]!;
    await runBilling(ctx, { mailer: new RecordingMailer() });
    const path = `/tenants/${payer.tenantId}/documents/${documentId}/bounce`;
    const { body } = await accounting.post(path, { problem: 'Mailbox full', reason: 'Returned' });
    expect(body.mail).toMatchObject({ state: 'bounced', problem: 'Mailbox full' });
  });

  test('what operators see of an organization’s bills is written into its audit log', async () => {
    const payer = await aPayer(ctx);
    await support.get(`/tenants/${payer.tenantId}/documents`);
    const looked = await inTenant(ctx, payer.tenantId, ({ db }) =>
      db.query(`select subject from audit_log where tenant_id = $1 and action = 'operator.look'`, [payer.tenantId]),
    );
    expect(looked).toEqual([{ subject: 'documents' }]);
  });
});
