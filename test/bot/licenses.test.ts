import { createNoticeMessages } from '../../src/clients/teams/notice-messages';
import { listRequests } from '../../src/features/requests/requests';
import { listTickets } from '../../src/features/tickets/tickets';
import type { Actor } from '../../src/platform/actor';
import type { Context } from '../../src/platform/context';
import { unwrap } from '../support/acts';
import { cardOf, type RunningBot, startBot } from '../support/bot';
import { type BotFramework, startBotFramework } from '../support/connector';
import { quiet, testContext } from '../support/database';
import { aSeatTenant, type SeatTenant } from '../support/licenses';

let framework: BotFramework;
let running: RunningBot;
let ctx: Context;
let tenant: SeatTenant;
let limited: Actor;
beforeAll(async () => {
  ({ ctx } = await testContext());
  framework = await startBotFramework();
  running = await startBot(ctx, framework);
});
afterAll(async () => {
  await running.close();
  await framework.close();
});
beforeEach(async () => {
  tenant = await aSeatTenant(ctx, { seats: 1 });
  limited = await tenant.arrive();
});

const requests = async () => unwrap(await listRequests(ctx, tenant.owner, { limit: 10 })).items;

test('MI-11 MI-16: the bot creates nothing for a restricted member, says why, and offers to ask for a license', async () => {
  const [answer] = await running.say(limited, 'new ticket Printer on fire');
  expect(cardOf(answer).fallbackText).toMatch(/^Your license lets you view and comment\./u);
  const { verb, data } = cardOf(answer).actions[0];
  expect(cardOf(answer).actions).toHaveLength(1);
  expect(unwrap(await listTickets(ctx, tenant.owner, { status: 'any', limit: 5 })).items).toEqual([]);

  const pressed = await running.execute(limited, verb, data);
  expect(pressed.value.fallbackText).toBe('Your request is on its way');
  await running.execute(limited, verb, data);
  expect(await requests()).toMatchObject([{ kind: 'license', state: 'open', requestedBy: { id: limited.memberId } }]);

  const [again] = await running.say(limited, 'new ticket Printer on fire');
  expect(cardOf(again).actions).toEqual([]);
});

test('MI-15: where requests are granted by themselves, the press gives the license', async () => {
  tenant = await aSeatTenant(ctx, {
    policy: { model: 'flexible', defaultForNew: 'restricted', requests: 'automatic_while_free' },
    seats: 2,
  });
  limited = await tenant.arrive(null, { locale: 'de' });
  const [answer] = await running.say(limited, 'neues ticket Drucker');
  const { verb, data, title } = cardOf(answer).actions[0];
  expect(title).toBe('Volllizenz anfragen');
  expect((await running.execute(limited, verb, data)).value.fallbackText).toBe('Sie haben eine Volllizenz');
  const [created] = await running.say(limited, 'neues ticket Drucker');
  expect(cardOf(created).fallbackText).toBe('T-1 Drucker');
});

test('what somebody typed is no link in the card that tells of it', async () => {
  await running.say(tenant.owner, 'help');
  const [row] = await ctx.database.transaction(tenant.tenantId, (db) =>
    db.query<{ reference: Record<string, unknown> }>('select reference from conversations where tenant_id = $1', [tenant.tenantId]),
  );
  const before = framework.sent.length;
  const announcement = {
    title: '[Mara](https://elsewhere.example) asks',
    text: '“[here](https://elsewhere.example)”',
    locale: 'en' as const,
  };
  const outcome = await createNoticeMessages(running.bot.post, quiet).sendAnnouncement(row!.reference, announcement);
  expect(outcome).toEqual({ outcome: 'sent' });
  const sent = framework.sent.slice(before)[0];
  expect(sent!.activity.summary).toBe(announcement.title);
  expect(cardOf(sent).body.map(({ type }: { type: string }) => type)).toEqual(['RichTextBlock', 'RichTextBlock']);
  expect(cardOf(sent).body[1]).toMatchObject({ type: 'RichTextBlock', inlines: [{ type: 'TextRun', text: announcement.text }] });
});
