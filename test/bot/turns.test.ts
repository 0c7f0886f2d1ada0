import { randomUUID } from 'node:crypto';
import { PassThrough } from 'node:stream';
import { inTenant } from '../../src/platform/context';
import { createLogger } from '../../src/platform/logger';
import { activityOf, cardOf, type RunningBot, startBot } from '../support/bot';
import { type BotFramework, startBotFramework } from '../support/connector';
import { testContext } from '../support/database';
import { anActor, aTenant, type TestTenant } from '../support/tenant';

let framework: BotFramework;
let running: RunningBot;
let ctx: Awaited<ReturnType<typeof testContext>>['ctx'];
let tenant: TestTenant;
const lines: string[] = [];

beforeAll(async () => {
  ({ ctx } = await testContext());
  const output = new PassThrough();
  output.on('data', (chunk) => lines.push(String(chunk)));
  framework = await startBotFramework();
  running = await startBot({ ...ctx, log: createLogger('info', output) }, framework);
});
afterAll(async () => {
  await running.close();
  await framework.close();
});
beforeEach(async () => {
  tenant = await aTenant(ctx);
  lines.length = 0;
});

const install = (specific: Record<string, unknown> = {}) =>
  activityOf(framework, tenant.owner, { type: 'installationUpdate', action: 'add', ...specific });
const bot = () => ({ id: `28:${framework.config.appId}`, name: 'Kontingent' });

async function during(work: () => Promise<unknown>) {
  const before = framework.sent.length;
  await work();
  return framework.sent.slice(before);
}
async function stored() {
  return inTenant(ctx, tenant.tenantId, ({ db }) =>
    db.query<{ reference: { conversation: { id: string }; serviceUrl: string; user?: unknown; activityId?: string } }>(
      'select reference from conversations where tenant_id = $1',
      [tenant.tenantId],
    ),
  );
}

describe('a personal installation', () => {
  test('is welcomed once, though Teams tells of it twice and sends again', async () => {
    const activity = install({ id: 'f:installation' });
    const sent = await during(async () => {
      await running.post(activity);
      await running.post(activityOf(framework, tenant.owner, { type: 'conversationUpdate', membersAdded: [bot()] }));
      await running.post(activity);
    });
    expect(sent).toHaveLength(1);
    expect(cardOf(sent[0]).fallbackText).toBe('Welcome to Kontingent');
  });

  test('is welcomed in the person’s language, before the organization has bought anything too', async () => {
    const stranger = anActor();
    const sent = await during(() =>
      running.post(activityOf(framework, stranger, { type: 'installationUpdate', action: 'add', locale: 'it-IT' })),
    );
    expect(cardOf(sent[0]).fallbackText).toBe('Benvenuti in Kontingent');
  });

  test('is welcomed again after it was removed', async () => {
    await running.post(install());
    expect(await stored()).toHaveLength(1);
    await running.post(install({ action: 'remove' }));
    expect(await stored()).toEqual([]);
    expect(await during(() => running.post(install()))).toHaveLength(1);
  });

  test('an upgrade of the app says nothing', async () => {
    expect(await during(() => running.post(install({ action: 'add-upgrade' })))).toEqual([]);
  });

  test('an installation in a team writes to nobody', async () => {
    const conversation = { id: '19:team@thread.tacv2', conversationType: 'channel', isGroup: true, tenantId: tenant.tenantId };
    expect(await during(() => running.post(install({ conversation })))).toEqual([]);
    expect(await stored()).toEqual([]);
  });
});

test('how to write to a person is kept from their newest message, without the message itself', async () => {
  await running.say(tenant.owner, 'help');
  await running.say(tenant.owner, 'help', { conversation: { id: 'a:newer', conversationType: 'personal', tenantId: tenant.tenantId } });
  const reference = (await stored())[0]!.reference;
  expect(reference).toMatchObject({ conversation: { id: 'a:newer' }, serviceUrl: framework.serviceUrl, channelId: 'msteams' });
  expect(reference.activityId).toBeUndefined();
});

test('a slow answer is announced by “typing”, and none comes after the answer', async () => {
  const slow = await startBot(
    {
      ...ctx,
      database: {
        ...ctx.database,
        engine: ctx.database.engine,
        query: ctx.database.query.bind(ctx.database),
        close: async () => {},
        transaction: async (tenantId, work) => {
          await new Promise((resolve) => setTimeout(resolve, 150));
          return ctx.database.transaction(tenantId, work);
        },
      },
    },
    framework,
    { typingAfterMs: 20 },
  );
  const sent = await slow.say(tenant.owner, 'my work');
  await slow.close();
  expect(sent.map(({ activity }) => activity.type)).toEqual(['typing', 'message']);
});

test('an answer at once needs no “typing”', async () => {
  expect((await running.say(tenant.owner, 'help')).map(({ activity }) => activity.type)).toEqual(['message']);
});

describe('a fault', () => {
  const broken = () =>
    startBot(
      {
        ...ctx,
        log: createLogger('info', Object.assign(new PassThrough(), { write: (line: string) => lines.push(line) }) as never),
        database: {
          ...ctx.database,
          transaction: async () => {
            throw new Error('the database is gone');
          },
        } as never,
      },
      framework,
    );

  test('is told politely with a number, and logged once under that number', async () => {
    const failing = await broken();
    const [answer] = await failing.say(tenant.owner, 'new ticket Printer', { locale: 'de-DE' });
    await failing.close();
    const number = /Nummer: ([\w-]+)/.exec(answer!.activity.text!)?.[1];
    expect(answer!.activity.text).not.toContain('database');
    const logged = lines.filter((line) => line.includes('the database is gone'));
    expect(logged).toHaveLength(1);
    expect(logged[0]).toContain(number!);
  });

  test('of a press is answered as an error of the press', async () => {
    const failing = await broken();
    const answer = await failing.execute(tenant.owner, 'take_ticket', { ticketId: randomUUID(), revision: 1 });
    await failing.close();
    expect(answer).toMatchObject({ httpStatus: 200, statusCode: 500, type: 'application/vnd.microsoft.error' });
  });
});

describe('a busy connector', () => {
  test.each([412, 429, 502, 503, 504])('%i is tried again', async (status) => {
    framework.answerWith({ status, headers: { 'retry-after': '1' } }, { status });
    expect(await running.say(tenant.owner, 'help')).toHaveLength(1);
  });

  test('a wait that would outlast the turn is not waited for', async () => {
    framework.answerWith({ status: 429, headers: { 'retry-after': '120' } });
    const sent = await running.say(tenant.owner, 'help');
    expect(sent.map(({ activity }) => activity.text)).toEqual([expect.stringContaining('Something went wrong')]);
  });

  test.each([400, 401, 403, 500])('%i is not repeated', async (status) => {
    framework.answerWith({ status }, { status });
    expect(await running.say(tenant.owner, 'help')).toEqual([]);
  });
});

describe('Microsoft’s playground', () => {
  const withPlayground = (playgroundTenantId: string | null) => startBot(ctx, framework, { playgroundTenantId });
  const local = (specific: Record<string, unknown> = {}) =>
    activityOf(framework, tenant.owner, { type: 'message', text: 'help', ...specific });

  test('is taken without a token for its one organization, and answered without one', async () => {
    const playground = await withPlayground(tenant.tenantId);
    const sent = await during(async () => expect(await playground.post(local(), { token: null })).toMatchObject({ status: 200 }));
    await playground.close();
    expect(sent).toHaveLength(1);
    expect(sent[0]!.authorization).toBeUndefined();
  });

  test.each([
    ['another organization', { conversation: { id: 'a:x', tenantId: '11111111-1111-4111-8111-111111111111' }, channelData: {} }, {}],
    ['an answer to another machine', { serviceUrl: 'https://elsewhere.example/' }, {}],
    ['a wrong token', {}, { token: 'a.b.c' }],
  ])('%s is refused', async (_name, specific, options) => {
    const playground = await withPlayground(tenant.tenantId);
    expect((await playground.post(local(specific), { token: null, ...options })).status).toBe(401);
    await playground.close();
  });

  test('is nobody without the setting', async () => {
    const playground = await withPlayground(null);
    expect((await playground.post(local(), { token: null })).status).toBe(401);
    await playground.close();
  });
});

test('the SDK is not loaded before the first message', async () => {
  const loaded = new Set<string>();
  jest.isolateModules(() => {
    for (const name of ['botbuilder', '@azure/msal-node']) {
      jest.doMock(name, () => {
        loaded.add(name);
        return jest.requireActual(name);
      });
    }
    require('../../src/bot/bot');
  });
  jest.dontMock('botbuilder').dontMock('@azure/msal-node');
  expect([...loaded]).toEqual([]);
});
