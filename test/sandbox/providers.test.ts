import { World } from './world';

let world: World;
beforeAll(async () => {
  world = await World.open();
});
afterAll(() => world.close());

const order = (documentId: string) => ({
  documentId,
  tenantId: '11111111-1111-4111-8111-111111111111',
  number: 'INV-000001',
  amountMinor: 5900,
  currency: 'EUR',
});
const movements = async () => (await world.http.get('/api/payments')).data.movements;

describe('payments', () => {
  test('CH-02: of one document there is one movement, however often it is asked for', async () => {
    const first = await world.sandbox.payments.charge(order('one'));
    expect(first).toMatchObject({ state: 'paid' });
    expect(await world.sandbox.payments.charge(order('one'))).toEqual(first);
    expect(await movements()).toEqual([expect.objectContaining({ ...order('one'), direction: 'charge', asked: 2 })]);
  });

  test('a late payment is on its way until somebody settles it', async () => {
    await world.http.post('/api/payments/next', { next: 'pending' });
    expect(await world.sandbox.payments.charge(order('late'))).toMatchObject({ state: 'pending' });
    await world.http.post('/api/payments/next', { next: 'paid' });
    expect(await world.sandbox.payments.charge(order('late'))).toMatchObject({ state: 'pending' });
    expect((await world.http.post('/api/payments/late/state', { state: 'paid' })).data).toMatchObject({ state: 'paid' });
    expect(await world.sandbox.payments.charge(order('late'))).toMatchObject({ state: 'paid' });
  });

  test('a failed payment succeeds when it is asked for again and the next ones are paid', async () => {
    await world.http.post('/api/payments/next', { next: 'failed' });
    expect(await world.sandbox.payments.charge(order('declined'))).toMatchObject({ state: 'failed', problem: expect.any(String) });
    await world.http.post('/api/payments/next', { next: 'paid' });
    expect(await world.sandbox.payments.charge(order('declined'))).toMatchObject({ state: 'paid' });
  });

  test('what was paid stays paid, and a refund is a movement of its own', async () => {
    await world.http.post('/api/payments/one/state', { state: 'failed' });
    expect((await movements()).find((one: { documentId: string }) => one.documentId === 'one').state).toBe('paid');
    expect(await world.sandbox.payments.refund(order('back'))).toMatchObject({ state: 'paid' });
    expect((await movements()).at(-1)).toMatchObject({ documentId: 'back', direction: 'refund' });
  });

  test('CH-02: after a restart a document that moved money does not move it again', async () => {
    const before = (await movements()).length;
    await world.restart();
    expect(await world.sandbox.payments.charge(order('one'))).toMatchObject({ state: 'paid' });
    expect(await movements()).toHaveLength(before);
  });

  test('unknown documents and states are refused', async () => {
    expect((await world.http.post('/api/payments/nobody/state', { state: 'paid' })).status).toBe(404);
    expect((await world.http.post('/api/payments/next', { next: 'lost' })).status).toBe(400);
  });
});

describe('mails', () => {
  const mail = (to: string) => ({
    key: `mail-to-${to}`,
    to,
    subject: 'Rechnung INV-000001',
    text: 'Guten Tag',
    attachments: [{ name: 'INV-000001.pdf', mediaType: 'application/pdf', bytes: Buffer.from('%PDF-sample') }],
  });

  test('are kept to be read, with their attachments', async () => {
    expect(await world.sandbox.mailer.send(mail('books@customer.example'))).toEqual({ outcome: 'sent' });
    const { mails } = (await world.http.get('/api/mails')).data;
    expect(mails).toEqual([
      expect.objectContaining({
        to: 'books@customer.example',
        subject: 'Rechnung INV-000001',
        attachments: [{ name: 'INV-000001.pdf', mediaType: 'application/pdf', bytes: 11 }],
      }),
    ]);
    const file = await world.http.get(`/api/mails/${encodeURIComponent(mails[0].key)}/attachments/INV-000001.pdf`);
    expect([file.status, file.headers['content-type'], file.data]).toEqual([200, 'application/pdf', '%PDF-sample']);
    expect((await world.http.get('/api/mails/nothing/attachments/INV-000001.pdf')).status).toBe(404);
  });

  test('to a mailbox that does not exist or is busy are refused or taken later', async () => {
    expect(await world.sandbox.mailer.send(mail('bounce@customer.example'))).toMatchObject({ outcome: 'refused' });
    expect(await world.sandbox.mailer.send(mail('later@customer.example'))).toMatchObject({ outcome: 'later' });
    expect((await world.http.get('/api/mails')).data.mails).toHaveLength(1);
  });
});
