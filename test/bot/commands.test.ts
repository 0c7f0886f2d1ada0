import { randomUUID } from 'node:crypto';
import { listDrafts } from '../../src/features/drafts/drafts';
import { listQuietMembers } from '../../src/features/members/members';
import { listTickets } from '../../src/features/tickets/tickets';
import { readUsage } from '../../src/features/usage/read-usage';
import type { Actor } from '../../src/platform/actor';
import { cardOf, type RunningBot, startBot } from '../support/bot';
import { type BotFramework, startBotFramework } from '../support/connector';
import { type TestClock, testContext } from '../support/database';
import { anActor, aPlan, aTenant, type TestTenant } from '../support/tenant';

let framework: BotFramework;
let running: RunningBot;
let ctx: Awaited<ReturnType<typeof testContext>>['ctx'];
let tenant: TestTenant;
let clock: TestClock;

beforeAll(async () => {
  ({ ctx, clock } = await testContext());
  framework = await startBotFramework();
  running = await startBot(ctx, framework);
});
afterAll(async () => {
  await running.close();
  await framework.close();
});
beforeEach(async () => {
  tenant = await aTenant(ctx, { limits: { tickets: 10, checklists: 2, opportunities: 2 }, timeZone: 'Europe/Rome' });
});

async function used(meter: string, who: Actor = tenant.owner): Promise<number> {
  const usage = await readUsage(ctx, who, async () => null);
  return usage.ok ? usage.value.meters.find((one) => one.meter === meter)!.used : -1;
}
async function tickets(who: Actor = tenant.owner) {
  const found = await listTickets(ctx, who, { status: 'any', limit: 50 });
  return found.ok ? found.value.items : [];
}
const words = (value: unknown): string => JSON.stringify(value);
const actionOf = (card: { actions: { title: string }[] }, title: string) =>
  card.actions.find((action) => action.title === title) as never as { verb: string; data: Record<string, unknown> };

describe('new ticket', () => {
  test('with words creates the ticket and shows it', async () => {
    const agent = await tenant.member('agent', 'Adam Agent');
    const [answer] = await running.say(agent, 'new ticket VPN is down in Bolzano\nSince this morning');
    expect(cardOf(answer).fallbackText).toBe('T-1 VPN is down in Bolzano');
    expect(await tickets()).toMatchObject([
      { number: 1, title: 'VPN is down in Bolzano', description: 'Since this morning', requester: { name: 'Adam Agent' } },
    ]);
    expect(await used('tickets')).toBe(1);
  });

  test('the same message sent again by Teams is the same ticket', async () => {
    const id = randomUUID();
    const [first] = await running.say(tenant.owner, 'new ticket Printer', { id });
    const [again] = await running.say(tenant.owner, 'new ticket Printer', { id });
    expect(cardOf(again).fallbackText).toBe(cardOf(first).fallbackText);
    expect(await used('tickets')).toBe(1);
    expect(await tickets()).toHaveLength(1);
  });

  test('the same message twice at once is one ticket', async () => {
    const id = randomUUID();
    await Promise.all([running.say(tenant.owner, 'new ticket Printer', { id }), running.say(tenant.owner, 'new ticket Printer', { id })]);
    expect(await tickets()).toHaveLength(1);
    expect(await used('tickets')).toBe(1);
  });

  test('equal ids in two conversations are two messages', async () => {
    const id = randomUUID();
    const other = await tenant.member();
    await running.say(tenant.owner, 'new ticket Printer', { id });
    await running.say(other, 'new ticket Printer', { id });
    expect(await tickets()).toHaveLength(2);
  });

  test('without words asks with a form; sending it twice is one ticket, shown in place of the form', async () => {
    const [form] = await running.say(tenant.owner, 'neues ticket');
    const { data } = cardOf(form).actions[0];
    expect(
      cardOf(form)
        .body.filter((element: { type: string }) => element.type === 'Input.Text')
        .map((input: { id: string }) => input.id),
    ).toEqual(['title', 'description']);
    const value = { ...data, title: 'Drucker klemmt', description: 'im 2. Stock' };
    const [shown] = await running.press(tenant.owner, value);
    await running.press(tenant.owner, value);
    expect(shown).toMatchObject({ method: 'PUT', activityId: 'pressed-card' });
    expect(await tickets()).toMatchObject([{ title: 'Drucker klemmt', description: 'im 2. Stock' }]);
    expect(await used('tickets')).toBe(1);
  });

  test('a form that can no longer be replaced is answered by a message', async () => {
    const [form] = await running.say(tenant.owner, 'new ticket');
    framework.answerWith({ status: 404, body: { error: { code: 'ActivityNotFoundInConversation' } } });
    const [answer] = await running.press(tenant.owner, { ...cardOf(form).actions[0].data, title: 'Printer' });
    expect(answer).toMatchObject({ method: 'POST' });
    expect(cardOf(answer).fallbackText).toBe('T-1 Printer');
  });

  test('a form with nothing in it is asked for again, and creates nothing', async () => {
    const [form] = await running.say(tenant.owner, 'new ticket');
    const [answer] = await running.press(tenant.owner, { ...cardOf(form).actions[0].data, title: '   ' });
    expect(answer!.activity.text).toMatch(/missing or too long/);
    expect(await tickets()).toEqual([]);
  });

  test('a title too long for one goes whole into the description', async () => {
    const long = `Printer ${'with a very long story '.repeat(20)}`;
    await running.say(tenant.owner, `new ticket ${long}`);
    const [ticket] = await tickets();
    expect(ticket!.title.length).toBeLessThanOrEqual(200);
    expect(ticket!.title).toMatch(/^Printer .*…$/);
    expect(ticket!.description).toBe(long.trim());
  });

  test.each(['Printer \u0000 broken', 'Printer \ud800 broken', 'Printer \u0007broken'])(
    'characters no database keeps are taken out: %j',
    async (title) => {
      await running.say(tenant.owner, `new ticket ${title}`);
      expect((await tickets())[0]!.title).toMatch(/^Printer {1,2}broken$/);
    },
  );
});

describe('at the limit', () => {
  const NOT_FOR_SALE = /\b(price|upgrade|plans?|buy|larger|subscri|tarif|preis|kauf|abonnement|piano|prezzo|acquist|abbonamento)\w*|[€$£]/i;

  test.each([
    [
      'en',
      'en-US',
      'new ticket Printer is on fire',
      /limit is reached: 10 of 10 tickets/,
      /10 April 2026 at 00:00 \(Europe\/Rome\)/,
      /kept as a draft/,
    ],
    [
      'de',
      'de-DE',
      'neues ticket Drucker brennt',
      /10 von 10 Tickets/,
      /10\. April 2026 um 00:00 \(Europe\/Rome\)/,
      /als Entwurf gespeichert/,
    ],
    [
      'it',
      'it-IT',
      'nuovo ticket Stampante in fiamme',
      /10 di 10 ticket/,
      /10 aprile 2026 alle ore 00:00 \(Europe\/Rome\)/,
      /conservato come bozza/,
    ],
  ])(
    'the refusal says in %s how much, until when and what becomes of the text, and sells nothing',
    async (_name, locale, text, numbers, date, draft) => {
      await tenant.use('tickets', 10);
      const [answer] = await running.say(tenant.owner, text, { locale });
      const said = words(answer!.activity);
      for (const part of [numbers, date, draft]) expect(said).toMatch(part);
      expect(said).not.toMatch(NOT_FOR_SALE);
      expect(await tickets()).toEqual([]);
      const drafts = await listDrafts(ctx, tenant.owner, { limit: 10 });
      expect(drafts.ok && drafts.value.items).toMatchObject([{ meter: 'tickets', payload: { title: text.replace(/^\w+ \w+ /, '') } }]);
    },
  );

  test('the draft is submitted by one press once there is room, once', async () => {
    await tenant.use('tickets', 10);
    const id = randomUUID();
    const [refusal] = await running.say(tenant.owner, 'new ticket Printer', { id });
    const press = actionOf(cardOf(refusal), 'Submit again');
    const [stillFull] = await running.press(tenant.owner, press.data);
    expect(words(stillFull!.activity)).toMatch(/limit is reached/);
    await tenant.changePlan(await aPlan(ctx, { tickets: 20 }));
    await running.press(tenant.owner, press.data);
    await running.press(tenant.owner, press.data);
    await running.say(tenant.owner, 'new ticket Printer', { id });
    expect(await tickets()).toMatchObject([{ title: 'Printer' }]);
    expect(await used('tickets')).toBe(11);
  });

  test('what is there can still be worked on, and the other tools go on', async () => {
    await running.say(tenant.owner, 'new ticket Printer');
    await tenant.use('tickets', 9);
    const [ticket] = await tickets();
    const taken = await running.execute(tenant.owner, 'take_ticket', { ticketId: ticket!.id, revision: 1 });
    expect(taken).toMatchObject({ statusCode: 200, type: 'application/vnd.microsoft.card.adaptive' });
    await running.press(tenant.owner, { verb: 'start_checklist', key: 'key-of-the-form', title: 'Onboarding', items: 'one\ntwo' });
    expect(await used('checklists')).toBe(1);
  });

  test.each([
    ['start_checklist', { title: 'Onboarding', items: '- one\n- two' }, 'checklists'],
    ['create_opportunity', { title: 'Sample deal', customer: '' }, 'opportunities'],
  ])('%s is refused in the same words and kept', async (verb, input, meter) => {
    await tenant.use(meter as 'checklists', 2);
    const [answer] = await running.press(tenant.owner, { verb, key: 'key-of-the-form', ...input });
    expect(words(answer!.activity)).toMatch(/limit is reached: 2 of 2/);
    expect(answer!.method).toBe('PUT');
    const drafts = await listDrafts(ctx, tenant.owner, { limit: 10 });
    expect(drafts.ok && drafts.value.items).toMatchObject([{ meter, payload: { title: input.title } }]);
  });
});

describe('a ticket’s card', () => {
  test('take, comment, close and reopen change the ticket and the card in place', async () => {
    const agent = await tenant.member('agent', 'Adam Agent');
    const [created] = await running.say(agent, 'new ticket Printer');
    const take = actionOf(cardOf(created), 'Take');
    const taken = await running.execute(agent, take.verb, take.data);
    expect(words(taken.value)).toContain('You have taken this ticket.');
    const comment = (taken.value.actions as { title: string; card?: { actions: { verb: string; data: object }[] } }[]).find(
      ({ title }) => title === 'Comment',
    )!.card!.actions[0]!;
    const first = await running.execute(agent, comment.verb, { ...comment.data, comment: 'On my way' });
    await running.execute(agent, comment.verb, { ...comment.data, comment: 'On my way' });
    expect(words(first.value)).toContain('Adam Agent: On my way');
    const close = actionOf(first.value, 'Close');
    const closed = await running.execute(agent, close.verb, close.data);
    expect(await tickets()).toMatchObject([{ status: 'closed', assignee: { name: 'Adam Agent' } }]);
    const reopen = actionOf(closed.value, 'Reopen');
    await running.execute(agent, reopen.verb, reopen.data);
    expect(await tickets()).toMatchObject([{ status: 'open' }]);
    expect(await used('tickets')).toBe(1);
  });

  test('a second press on the same card is no error', async () => {
    const [created] = await running.say(tenant.owner, 'new ticket Printer');
    const take = actionOf(cardOf(created), 'Take');
    await running.execute(tenant.owner, take.verb, take.data);
    const again = await running.execute(tenant.owner, take.verb, take.data);
    expect(words(again.value)).toContain('You have taken this ticket.');
  });

  test('a card that is out of date shows what is now, and snatches nothing', async () => {
    const agent = await tenant.member('agent', 'Adam Agent');
    const [created] = await running.say(tenant.owner, 'new ticket Printer');
    const take = actionOf(cardOf(created), 'Take');
    await running.execute(agent, take.verb, take.data);
    const late = await running.execute(tenant.owner, take.verb, take.data);
    expect(words(late.value)).toContain('Somebody has changed this ticket');
    expect(await tickets()).toMatchObject([{ assignee: { name: 'Adam Agent' } }]);
  });

  test('a person of another organization can do nothing with its ids', async () => {
    const stranger = await aTenant(ctx);
    await running.say(tenant.owner, 'new ticket Secret');
    const [ticket] = await tickets();
    for (const verb of ['take_ticket', 'close_ticket', 'comment_ticket', 'show_ticket']) {
      const answer = await running.execute(stranger.owner, verb, { ticketId: ticket!.id, revision: 1, key: 'some-key', comment: 'x' });
      expect(words(answer)).toContain('This ticket does not exist');
      expect(words(answer)).not.toContain('Secret');
    }
    expect(await tickets()).toMatchObject([{ status: 'open', assignee: null }]);
  });

  test.each([
    ['take_ticket', { ticketId: 'x', revision: 1 }],
    ['take_ticket', { ticketId: randomUUID(), revision: 'x' }],
    ['create_ticket', { title: 7, key: {} }],
    ['choose_language', { language: 'fr' }],
    ['command', { command: 'format' }],
    ['submit_draft', {}],
  ])('%s with %j is refused politely', async (verb, data) => {
    const answer = await running.execute(tenant.owner, verb, data);
    expect(answer).toMatchObject({
      statusCode: 200,
      type: 'application/vnd.microsoft.activity.message',
      value: expect.stringContaining('missing or too long'),
    });
  });
});

describe('finding', () => {
  test('my work shows what is assigned to me and open, five at most', async () => {
    for (let i = 0; i < 7; i += 1) await running.say(tenant.owner, `new ticket Number ${i}`);
    for (const ticket of await tickets()) await running.execute(tenant.owner, 'take_ticket', { ticketId: ticket.id, revision: 1 });
    const [list] = await running.say(tenant.owner, 'my work');
    expect(cardOf(list).actions).toHaveLength(5);
    expect(words(cardOf(list))).toContain('more than the 5 shown');
    const [one] = await running.press(tenant.owner, cardOf(list).actions[0].data);
    expect(cardOf(one).fallbackText).toBe('T-7 Number 6');
    expect(one!.method).toBe('POST');
  });

  test('nothing to do is said kindly', async () => {
    const [answer] = await running.say(tenant.owner, 'meine arbeit', { locale: 'de-DE' });
    expect(answer!.activity.text).toBe('Ihnen ist nichts zugewiesen. Genießen Sie die Ruhe.');
  });

  test('find shows a single hit whole, several as a list, none as a sentence', async () => {
    await running.say(tenant.owner, 'new ticket Printer on floor 1');
    await running.say(tenant.owner, 'new ticket Printer on floor 2');
    expect(cardOf((await running.say(tenant.owner, 'find 2'))[0]).fallbackText).toMatch(/^(Found|T-2)/);
    expect(cardOf((await running.say(tenant.owner, 'suche T-1'))[0]).fallbackText).toBe('T-1 Printer on floor 1');
    expect(cardOf((await running.say(tenant.owner, 'find printer'))[0]).actions).toHaveLength(2);
    expect((await running.say(tenant.owner, 'find bicycle'))[0]!.activity.text).toMatch(/No ticket matches/);
    expect((await running.say(tenant.owner, 'find'))[0]!.activity.text).toMatch(/What should I look for/);
  });
});

describe('usage', () => {
  test('owners and admins see the three meters in numbers', async () => {
    await tenant.use('tickets', 8);
    for (const who of [tenant.owner, await tenant.member('admin')]) {
      const [answer] = await running.say(who, 'usage');
      expect(words(cardOf(answer))).toContain('8 of 10 used, 2 left');
      expect(words(cardOf(answer))).toContain('10 April 2026 at 00:00 (Europe/Rome)');
    }
  });

  test('others are told whom to ask', async () => {
    const [answer] = await running.say(await tenant.member('agent'), 'usage');
    expect(answer!.activity.text).toMatch(/owners and administrators/);
    expect(words(answer!.activity)).not.toMatch(/\d+ of \d+/);
  });
});

describe('understanding', () => {
  test.each(['Hi', 'HELLO', 'Help', 'hallo', 'Ciao', 'hilfe', 'aiuto'])(
    '“%s” is answered with what the bot can do, before anything is set up too',
    async (greeting) => {
      const [answer] = await running.say(anActor(), greeting);
      expect(cardOf(answer).fallbackText).toBe('What I can do');
      expect(cardOf(answer).actions.length).toBeLessThanOrEqual(6);
    },
  );

  test('unknown words are offered as a ticket, which one press creates, once', async () => {
    const [offer] = await running.say(tenant.owner, 'The printer on floor 3 is broken\nIt smells');
    expect(cardOf(offer).fallbackText).toBe('I did not understand that');
    const press = actionOf(cardOf(offer), 'Create ticket with this text');
    await running.press(tenant.owner, press.data);
    await running.press(tenant.owner, press.data);
    expect(await tickets()).toMatchObject([{ title: 'The printer on floor 3 is broken', description: 'It smells' }]);
  });

  test('a message without text is no dead end', async () => {
    const [answer] = await running.say(tenant.owner, '');
    expect(answer!.activity.text).toMatch(/help/);
  });

  test('the mention of the bot in a group is not part of the words', async () => {
    await running.say(tenant.owner, '<at>Kontingent</at> new ticket Printer', {
      conversation: { id: '19:abc@thread.tacv2;messageid=1', conversationType: 'channel', isGroup: true, tenantId: tenant.tenantId },
      entities: [{ type: 'mention', mentioned: { id: `28:${framework.config.appId}`, name: 'Kontingent' }, text: '<at>Kontingent</at>' }],
    });
    expect(await tickets()).toMatchObject([{ title: 'Printer' }]);
  });

  test('what people type is never read as Markdown', async () => {
    const [answer] = await running.say(tenant.owner, 'new ticket [Win a prize](https://evil.example)');
    const blocks = cardOf(answer).body.filter((element: { type: string }) => element.type === 'TextBlock');
    expect(words(blocks)).not.toContain('evil.example');
    expect(words(cardOf(answer).body)).toContain('evil.example');
  });
});

describe('settings', () => {
  test('a chosen language holds from then on, whatever Teams says, until it is taken back', async () => {
    await running.press(tenant.owner, { verb: 'choose_language', language: 'it' });
    expect(cardOf((await running.say(tenant.owner, 'help'))[0]).fallbackText).toBe('Che cosa so fare');
    await running.press(tenant.owner, { verb: 'choose_language', language: null });
    expect(cardOf((await running.say(tenant.owner, 'help'))[0]).fallbackText).toBe('What I can do');
  });

  test('without a language we speak in Teams, the organization’s counts', async () => {
    await ctx.database.transaction(tenant.tenantId, (db) =>
      db.query(`update tenants set locale = 'de' where tenant_id = $1`, [tenant.tenantId]),
    );
    expect(cardOf((await running.say(tenant.owner, 'help', { locale: 'fr-FR' }))[0]).fallbackText).toBe('Was ich kann');
    expect(cardOf((await running.say(tenant.owner, 'help', { locale: undefined }))[0]).fallbackText).toBe('Was ich kann');
  });
});

describe('who speaks', () => {
  test.each([
    ['no object id', { from: { id: '29:guest', name: 'Guest' } }],
    ['an object id that is none', { from: { id: '29:guest', name: 'Guest', aadObjectId: 'me' } }],
    ['no organization', { conversation: { id: 'a:x', conversationType: 'personal' }, channelData: {} }],
  ])('%s: a polite no, and nothing is created', async (_name, specific) => {
    const [answer] = await running.say(tenant.owner, 'new ticket Printer', specific);
    expect(answer!.activity.text).toMatch(/I cannot see who you are/);
    expect(await tickets()).toEqual([]);
  });

  test('two organizations that contradict each other are none', async () => {
    const [answer] = await running.say(tenant.owner, 'new ticket Printer', { channelData: { tenant: { id: randomUUID() } } });
    expect(answer!.activity.text).toMatch(/which organization/);
    expect(await tickets()).toEqual([]);
  });

  test('without a subscription the answer is neutral and says whom to ask', async () => {
    const [answer] = await running.say(anActor(), 'new ticket Printer');
    expect(words(answer!.activity)).toContain('not set up for your organization yet');
  });

  test('a viewer creates nothing', async () => {
    const [answer] = await running.say(await tenant.member('viewer'), 'new ticket Printer');
    expect(words(answer!.activity)).toContain('Your role does not allow creating');
    expect(await tickets()).toEqual([]);
  });

  test.each(['Suspended', 'Unsubscribed'] as const)('while %s nothing is created and everything can be read', async (status) => {
    await running.say(tenant.owner, 'new ticket Printer');
    await tenant.setStatus(status);
    const [refused] = await running.say(tenant.owner, 'new ticket Second');
    expect(words(refused!.activity)).toMatch(/read-only|has ended/);
    expect(cardOf((await running.say(tenant.owner, 'find printer'))[0]).fallbackText).toBe('T-1 Printer');
  });
});

test('HO-11: whoever does nothing but write to the bot was here', async () => {
  const [writer] = [await tenant.member('agent', 'Adam Agent'), await tenant.member('agent', 'Quinn Quiet')];
  clock.advance({ days: 30 });
  await running.say(writer!, 'new ticket Printer');
  const quiet = await listQuietMembers(ctx, tenant.owner, { days: 15, limit: 10 });
  const names = quiet.ok ? quiet.value.items.map(({ name }) => name) : [];
  expect(names).toContain('Quinn Quiet');
  expect(names).not.toContain('Adam Agent');
});
