import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { SMTPServer, type SMTPServerOptions } from 'smtp-server';
import { createSmtpMailer, readFailure } from '../../src/clients/mail/smtp-mailer';
import type { Mail } from '../../src/features/mail/mail.port';
import { quiet } from '../support/database';

interface Received {
  from: string;
  to: string[];
  raw: string;
}

const servers: SMTPServer[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await new Promise<void>((resolve) => server.close(() => resolve()));
});

/** A real SMTP server that keeps what it takes. */
async function startServer(options: SMTPServerOptions = {}, host = '127.0.0.1'): Promise<{ url: string; received: Received[] }> {
  const received: Received[] = [];
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS'],
    onData(stream, session, done) {
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('end', () => {
        const { mailFrom, rcptTo } = session.envelope;
        received.push({
          from: mailFrom ? mailFrom.address : '',
          to: rcptTo.map(({ address }) => address),
          raw: Buffer.concat(chunks).toString('latin1'),
        });
        done();
      });
    },
    ...options,
  });
  server.on('error', () => {});
  servers.push(server);
  server.listen(0, host);
  await once(server.server, 'listening');
  return { url: `smtp://${host}:${(server.server.address() as AddressInfo).port}`, received };
}

const mail = (given: Partial<Mail> = {}): Mail => ({
  key: 'document.1234',
  to: 'invoices@customer.example',
  subject: 'Rechnung INV-000001 über 39,33 €',
  text: 'Guten Tag,\nanbei die Rechnung.\n',
  attachments: [{ name: 'Rechnung.pdf', mediaType: 'application/pdf', bytes: Buffer.from('%PDF-1.7 sample') }],
  ...given,
});

const mailerAt = (url: string) => createSmtpMailer({ url, from: 'Kontingent <billing@kontingent.example>' }, quiet);

const headersOf = (raw: string): string[] =>
  raw
    .slice(0, raw.indexOf('\r\n\r\n'))
    .replace(/\r\n[ \t]+/gu, ' ')
    .split('\r\n');

test('EC-14: a mail arrives at its one address, with its PDF, words and a Message-ID that a repetition would share', async () => {
  const { url, received } = await startServer();
  expect(await mailerAt(url).send(mail())).toEqual({ outcome: 'sent' });
  expect(received).toHaveLength(1);
  const [{ from, to, raw }] = received as [Received];
  expect({ from, to }).toEqual({ from: 'billing@kontingent.example', to: ['invoices@customer.example'] });
  expect(headersOf(raw)).toEqual(
    expect.arrayContaining([
      'Message-ID: <document.1234@kontingent.example>',
      'Auto-Submitted: auto-generated',
      'To: invoices@customer.example',
    ]),
  );
  expect(raw).toContain(Buffer.from('%PDF-1.7 sample').toString('base64'));
  expect(raw).toMatch(/Content-Type: application\/pdf; name=Rechnung\.pdf/u);
});

test('what a person typed adds no header, no recipient and no second part', async () => {
  const { url, received } = await startServer();
  const evil = 'x\r\nBcc: thief@evil.example\r\n\r\nbody';
  await mailerAt(url).send(
    mail({ subject: evil, attachments: [{ name: `a"\r\nX-Evil: 1.pdf`, mediaType: 'application/pdf', bytes: Buffer.from('x') }] }),
  );
  expect(received[0]!.to).toEqual(['invoices@customer.example']);
  expect(received[0]!.raw).not.toMatch(/^(?:Bcc|X-Evil):/imu);
});

test.each(['a@customer.example, b@customer.example', 'a@customer.example\r\nRCPT TO:<thief@evil.example>', 'no address'])(
  'an address that is not one goes to nobody else: %j',
  async (to) => {
    const { url, received } = await startServer();
    const sent = await mailerAt(url).send(mail({ to }));
    const reached = received.flatMap((one) => one.to);
    expect(reached).not.toContain('thief@evil.example');
    expect(reached.length).toBeLessThanOrEqual(1);
    if (reached.length === 0) expect(sent.outcome).toBe('refused');
  },
);

test.each([
  [550, 'refused'],
  [452, 'later'],
])('EC-14: a server that answers %d to the recipient means %s, with its words', async (code, outcome) => {
  const { url, received } = await startServer({
    onRcptTo: (_address, _session, done) => done(Object.assign(new Error('No such mailbox here'), { responseCode: code })),
  });
  expect(await mailerAt(url).send(mail())).toEqual({ outcome, problem: expect.stringContaining('No such mailbox here') });
  expect(received).toEqual([]);
});

test('a server that wants another password is our trouble and not the mail’s: it is tried again', async () => {
  const { url } = await startServer({ authOptional: false, onAuth: (_auth, _session, done) => done(new Error('Who are you?')) });
  expect(await mailerAt(url.replace('smtp://', 'smtp://user:wrong@')).send(mail())).toMatchObject({ outcome: 'later' });
});

test('nobody at the address of the server: it is tried again', async () => {
  const { url } = await startServer();
  for (const server of servers.splice(0)) server.close();
  expect(await mailerAt(url).send(mail())).toMatchObject({ outcome: 'later' });
});

test('beyond this machine nothing is said without encryption', async () => {
  const { url, received } = await startServer({}, '127.0.0.2');
  expect(await mailerAt(url).send(mail())).toMatchObject({ outcome: 'later' });
  expect(received).toEqual([]);
});

test('a failure is one short line, whatever the server wrote', () => {
  const { problem } = readFailure({ code: 'EENVELOPE', responseCode: 550, response: `550 no\r\n\u0000${'x'.repeat(900)}` });
  expect(problem).toMatch(/^550 no x+$/u);
  expect(problem.length).toBeLessThanOrEqual(300);
});
