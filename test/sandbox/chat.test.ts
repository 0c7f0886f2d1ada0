import axios from 'axios';
import type { Response } from 'express';
import { createRemoteJWKSet, decodeProtectedHeader, jwtVerify } from 'jose';
import { PEOPLE } from '../../src/sandbox';
import { BOT, type Call, World } from './world';

let world: World;
let botToken: string;
beforeEach(async () => {
  world = await World.open();
  botToken = await world.appToken('bot');
});
afterEach(() => world.close());

const [owner] = PEOPLE;
const chat = async (person = 'owner') => (await world.http.get('/api/chat', { params: { person } })).data;
const say = (text: string, more: object = {}) => world.http.post('/api/chat/messages', { person: 'owner', text, ...more });
const types = () => world.activities.map(({ body }) => body.type);

/** A call of the bot to the connector, with its token. */
const bot = (method: string, url: string, data?: object, token = botToken) =>
  axios.request({ method, url, data, proxy: false, validateStatus: () => true, headers: { Authorization: `Bearer ${token}` } });
const addressOf = ({ serviceUrl, conversation }: Call['body'], id = '') =>
  `${serviceUrl}v3/conversations/${encodeURIComponent((conversation as unknown as { id: string }).id)}/activities${id && `/${id}`}`;

/** The app is installed and its two announcements are gone. */
async function opened(): Promise<void> {
  await chat();
  await world.pass();
  world.activities.length = 0;
}

test('the first opening of a chat installs the app, which the bot hears twice, once', async () => {
  const { conversationId, messages } = await chat();
  expect(messages).toEqual([]);
  await world.pass();
  expect(types()).toEqual(['installationUpdate', 'conversationUpdate']);
  expect(world.activities[0]!.body).toMatchObject({ action: 'add', conversation: { id: conversationId, conversationType: 'personal' } });
  expect(world.activities[1]!.body.membersAdded).toMatchObject([{ id: `28:${BOT.appId}` }]);
  await chat();
  await world.restart();
  await chat();
  await world.pass();
  expect(world.activities).toHaveLength(2);
});

test('a message reaches the bot as Teams sends it, signed by the published, endorsed key', async () => {
  await opened();
  expect((await say('help', { locale: 'de-DE' })).status).toBe(202);
  await world.pass();
  const [{ headers, body }] = world.activities as [Call];
  expect(body).toMatchObject({
    type: 'message',
    text: 'help',
    channelId: 'msteams',
    locale: 'de-DE',
    from: { id: expect.stringMatching(/^29:/), name: owner.name, aadObjectId: owner.objectId },
    recipient: { id: `28:${BOT.appId}` },
    conversation: { conversationType: 'personal', tenantId: owner.tenantId },
    channelData: { tenant: { id: owner.tenantId } },
  });
  const { data: metadata } = await world.http.get('/botframework/.well-known/openidconfiguration');
  const token = String(headers.authorization).replace('Bearer ', '');
  const { payload } = await jwtVerify(token, createRemoteJWKSet(new URL(metadata.jwks_uri)), {
    issuer: metadata.issuer,
    audience: BOT.appId,
  });
  expect(payload.serviceurl).toBe(body.serviceUrl);
  const { data: keySet } = await axios.get(metadata.jwks_uri, { proxy: false });
  expect(keySet.keys).toMatchObject([{ kid: decodeProtectedHeader(token).kid, endorsements: ['msteams'] }]);
});

test('messages of one conversation have growing ids of their own', async () => {
  await opened();
  await Promise.all(['a', 'b', 'c'].map((text) => say(text)));
  await world.pass();
  const ids = world.activities.map(({ body }) => Number(body.id));
  expect(new Set(ids).size).toBe(3);
  expect((await chat()).messages.map(({ id }: { id: string }) => Number(id))).toEqual([...ids].sort((a, b) => a - b));
});

describe('an activity', () => {
  test('that fails is sent once more after 15 seconds with the same id, and then no more', async () => {
    await opened();
    world.onActivity = (_body, res: Response) => res.status(500).end();
    await say('new ticket: printer');
    await world.pass(14_999);
    expect(world.activities).toHaveLength(1);
    await world.pass(1);
    await world.pass(60_000);
    expect(world.activities).toHaveLength(2);
    expect(world.activities[1]!.body).toEqual(world.activities[0]!.body);
  });

  test('that was accepted is not sent again', async () => {
    await opened();
    await say('help');
    await world.pass(60_000);
    await world.restart();
    await world.pass(60_000);
    expect(world.activities).toHaveLength(1);
  });

  test('that was acknowledged to the person is sent after a restart', async () => {
    await opened();
    world.onActivity = (_body, res: Response) => res.status(503).end();
    await say('help');
    await world.restart();
    world.activities.length = 0;
    world.onActivity = (_body, res: Response) => res.status(200).end();
    await world.pass(15_000);
    expect(types()).toEqual(['message']);
    expect((await chat()).messages).toMatchObject([{ from: 'person', text: 'help' }]);
  });
});

describe('the bot', () => {
  let incoming: Call['body'];
  beforeEach(async () => {
    await opened();
    await say('help');
    await world.pass();
    incoming = world.activities[0]!.body;
  });

  test('replies, updates and deletes, and all of it stays', async () => {
    const card = { contentType: 'application/vnd.microsoft.card.adaptive', content: { type: 'AdaptiveCard', body: [] } };
    const { status, data } = await bot('POST', addressOf(incoming, String(incoming.id)), {
      type: 'message',
      text: 'hello',
      attachments: [card],
    });
    expect(status).toBe(201);
    expect((await bot('PUT', addressOf(incoming, data.id), { type: 'message', text: 'hello again' })).data).toEqual({ id: data.id });
    const second = await bot('POST', addressOf(incoming), { type: 'message', text: 'gone soon' });
    expect((await bot('DELETE', addressOf(incoming, second.data.id))).status).toBe(200);
    await world.restart();
    expect((await chat()).messages).toMatchObject([
      { from: 'person', text: 'help' },
      { from: 'bot', id: data.id, text: 'hello again' },
    ]);
    expect((await chat()).messages).toHaveLength(2);
  });

  test('writes first to somebody who has the app, and to nobody else', async () => {
    const { serviceUrl, from } = incoming as unknown as { serviceUrl: string; from: { id: string } };
    const create = (id: string) =>
      bot('POST', `${serviceUrl}v3/conversations`, { isGroup: false, members: [{ id }], bot: { id: BOT.appId } });
    const { status, data } = await create(from.id);
    expect(status).toBe(201);
    expect(data.id).toBe((await chat()).conversationId);
    expect((await create('29:stranger')).data.error.code).toBe('BotNotInConversationRoster');
  });

  test('reads who is in the conversation', async () => {
    const conversation = addressOf(incoming).replace('/activities', '');
    const member = { aadObjectId: owner.objectId, userPrincipalName: owner.address, tenantId: owner.tenantId };
    expect((await bot('GET', `${conversation}/pagedmembers?pageSize=100`)).data.members).toMatchObject([member]);
    const { id } = incoming.from as unknown as { id: string };
    expect((await bot('GET', `${conversation}/members/${encodeURIComponent(id)}`)).data).toMatchObject(member);
    expect((await bot('GET', `${conversation}/members/29%3Aother`)).status).toBe(404);
  });

  test.each([
    ['a message that is too big', 'POST', '', { type: 'message', text: 'x'.repeat(60_000) }, 413],
    ['an update of nothing', 'PUT', '123', { type: 'message', text: 'x' }, 404],
    ['a body without a type', 'POST', '', { text: 'x' }, 400],
    ['an activity of a strange type', 'POST', '', { type: 'event' }, 400],
  ])('is refused %s', async (_what, method, id, data, status) => {
    expect((await bot(method, addressOf(incoming, id), data)).status).toBe(status);
    expect((await chat()).messages).toHaveLength(1);
  });

  test("cannot change a person's message or write into an unknown conversation", async () => {
    expect((await bot('PUT', addressOf(incoming, String(incoming.id)), { type: 'message', text: 'forged' })).status).toBe(404);
    const unknown = { ...incoming, conversation: { id: 'a:unknown' } };
    expect((await bot('POST', addressOf(unknown as never), { type: 'message', text: 'x' })).data.error.code).toBe('ConversationNotFound');
  });
});

describe('a card', () => {
  let messageId: string;
  beforeEach(async () => {
    await opened();
    await say('card');
    await world.pass();
    const card = { contentType: 'application/vnd.microsoft.card.adaptive', content: { type: 'AdaptiveCard', body: ['old'] } };
    ({ id: messageId } = (await bot('POST', addressOf(world.activities[0]!.body), { type: 'message', attachments: [card] })).data);
    world.activities.length = 0;
  });
  const press = (data: object) => world.http.post('/api/chat/submit', { person: 'owner', messageId, data });

  test('submits its inputs as a message with a value', async () => {
    expect((await press({ command: 'close', ticket: '7' })).status).toBe(202);
    await world.pass();
    expect(world.activities[0]!.body).toMatchObject({ type: 'message', value: { command: 'close', ticket: '7' }, replyToId: messageId });
    expect(world.activities[0]!.body).not.toHaveProperty('text');
  });

  test('executes a verb and is replaced by the card of the answer', async () => {
    const answer = { statusCode: 200, type: 'application/vnd.microsoft.card.adaptive', value: { type: 'AdaptiveCard', body: ['new'] } };
    world.onActivity = (_body, res: Response) => res.json(answer);
    const invoked = await world.http.post('/api/chat/invoke', { person: 'owner', messageId, verb: 'close', data: { ticket: '7' } });
    expect(invoked.data).toEqual(answer);
    expect(world.activities[0]!.body).toMatchObject({
      type: 'invoke',
      name: 'adaptiveCard/action',
      value: { action: { type: 'Action.Execute', verb: 'close', data: { ticket: '7' } }, trigger: 'manual' },
    });
    expect((await chat()).messages.at(-1)).toMatchObject({ id: messageId, attachments: [{ content: { body: ['new'] } }] });
  });

  test('asks for a dialog and hands in its inputs', async () => {
    world.onActivity = (_body, res: Response) => res.json({ task: { type: 'continue', value: { title: 'New ticket' } } });
    expect((await press({ msteams: { type: 'task/fetch' }, command: 'new' })).data.task.value.title).toBe('New ticket');
    await world.http.post('/api/chat/invoke', { person: 'owner', messageId, name: 'task/submit', data: { title: 'x' } });
    expect(world.activities.map(({ body }) => [body.name, body.value])).toMatchObject([
      ['task/fetch', { data: { command: 'new' } }],
      ['task/submit', { data: { title: 'x' } }],
    ]);
  });

  test('says so when the bot fails', async () => {
    world.onActivity = (_body, res: Response) => res.status(500).end();
    expect((await world.http.post('/api/chat/invoke', { person: 'owner', messageId, verb: 'x' })).status).toBe(502);
  });
});

test('the stream carries messages, typing, updates and deletions of this person alone', async () => {
  await opened();
  await chat('other');
  const stream = await axios.get(`${world.url}/sandbox/api/chat/stream?person=owner`, { responseType: 'stream', proxy: false });
  expect(stream.headers['content-type']).toMatch(/^text\/event-stream/);
  const wanted = 5;
  const events = new Promise<string[]>((resolve) => {
    let text = '';
    stream.data.on('data', (chunk: Buffer) => {
      text += chunk;
      const all = text.split('\n\n').filter((event) => event.startsWith('event:'));
      if (all.length === wanted) resolve(all);
    });
  });
  await world.http.post('/api/chat/messages', { person: 'other', text: 'not for you' });
  await say('hello');
  await world.pass();
  const incoming = world.activities.find(({ body }) => body.text === 'hello')!.body;
  await bot('POST', addressOf(incoming), { type: 'typing' });
  const { data } = await bot('POST', addressOf(incoming), { type: 'message', text: 'hi' });
  await bot('PUT', addressOf(incoming, data.id), { type: 'message', text: 'hi there' });
  await bot('DELETE', addressOf(incoming, data.id));
  const received = (await events).map((event) => {
    const [kind, json] = event.split('\n').map((line) => line.replace(/^\w+: /, ''));
    const { text, typing } = JSON.parse(json!);
    return [kind, text ?? typing];
  });
  expect(received).toEqual([
    ['message', 'hello'],
    ['message', true],
    ['message', 'hi'],
    ['message', 'hi there'],
    ['deleted', undefined],
  ]);
  expect((await chat()).messages).toHaveLength(1);
  stream.data.destroy();
});
