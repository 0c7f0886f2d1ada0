import { createNoticeMessages, readFailure } from '../../src/clients/teams/notice-messages';
import type { QuotaMessage } from '../../src/features/notices/messages.port';
import { cardOf, type RunningBot, startBot } from '../support/bot';
import { type BotFramework, startBotFramework } from '../support/connector';
import { quiet, testContext } from '../support/database';
import { aTenant, type TestTenant } from '../support/tenant';

let framework: BotFramework;
let running: RunningBot;
let tenant: TestTenant;
let ctx: Awaited<ReturnType<typeof testContext>>['ctx'];
const message: QuotaMessage = {
  meter: 'tickets',
  threshold: 80,
  used: 80,
  limit: 100,
  resetsAt: new Date('2026-04-09T22:00:00Z'),
  pending: null,
  locale: 'de',
  timeZone: 'Europe/Berlin',
};

beforeAll(async () => {
  ({ ctx } = await testContext());
  framework = await startBotFramework();
  running = await startBot(ctx, framework);
  tenant = await aTenant(ctx);
  await running.say(tenant.owner, 'help');
});
afterAll(async () => {
  await running.close();
  await framework.close();
});

async function send() {
  const [row] = await ctx.database.transaction(tenant.tenantId, (db) =>
    db.query<{ reference: Record<string, unknown> }>('select reference from conversations where tenant_id = $1', [tenant.tenantId]),
  );
  const before = framework.sent.length;
  const outcome = await createNoticeMessages(running.bot.post, quiet).sendQuotaNotice(row!.reference, message);
  return { outcome, sent: framework.sent.slice(before) };
}

test('a notice reaches the person’s chat as a card with a toast, signed by the bot', async () => {
  const { outcome, sent } = await send();
  expect(outcome).toEqual({ outcome: 'sent' });
  expect(sent).toMatchObject([
    {
      method: 'POST',
      conversationId: `a:${tenant.owner.memberId}`,
      authorization: 'Bearer token-of-the-bot',
      activity: { type: 'message', summary: '80 von 100 Tickets sind verbraucht', channelData: { notification: { alert: true } } },
    },
  ]);
  const said = JSON.stringify(cardOf(sent[0]));
  for (const words of [
    '80 von 100 Tickets sind verbraucht',
    'keine neuen anlegen',
    '10. April 2026 um 00:00 (Europe/Berlin)',
    'bleibt bearbeitbar',
    'Sie erhalten das, weil',
  ])
    expect(said).toContain(words);
});

test.each([
  [403, { outcome: 'unreachable' }],
  [404, { outcome: 'unreachable' }],
  [400, { outcome: 'refused' }],
  [401, { outcome: 'refused' }],
  [413, { outcome: 'refused' }],
  [500, { outcome: 'later', afterMs: null }],
])('%i means %j', async (status, outcome) => {
  framework.answerWith({ status });
  expect((await send()).outcome).toEqual(outcome);
});

test.each([412, 429, 502, 503, 504])('%i is tried again, and when it stays so, later', async (status) => {
  framework.answerWith({ status }, { status }, { status });
  expect((await send()).outcome).toEqual({ outcome: 'later', afterMs: null });
  framework.answerWith({ status });
  expect((await send()).outcome).toEqual({ outcome: 'sent' });
});

test('a pause the service asks for is handed on', async () => {
  framework.answerWith({ status: 429, headers: { 'retry-after': '90' } });
  expect((await send()).outcome).toEqual({ outcome: 'later', afterMs: 90_000 });
});

test.each([
  ['a connection that broke', Object.assign(new Error('reset'), { code: 'ECONNRESET' })],
  ['a sign-in that failed', new Error('no token')],
])('%s means later', (_name, error) => {
  expect(readFailure(error)).toEqual({ outcome: 'later', afterMs: null });
});
