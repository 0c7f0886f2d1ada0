/** @jest-environment jsdom */
import { act, fireEvent, render, screen, waitFor, within } from '@testing-library/react';
import { ChatView } from '../../../tabs/sandbox/chat-view';
import type { ChatMessage, Person } from '../../../tabs/sandbox/sandbox-api';
import { changeLocale, startI18n } from '../../../tabs/shared/i18n';

const person = { key: 'owner', name: 'Olivia Owner' } as Person;
const at = '2026-11-27T08:00:00Z';
const card = (text: string, actions: unknown[] = []) => ({
  contentType: 'application/vnd.microsoft.card.adaptive',
  content: {
    type: 'AdaptiveCard',
    version: '1.5',
    body: [
      { type: 'TextBlock', text },
      { type: 'ProgressBar', value: 80, max: 100, color: 'Warning' },
      { type: 'Input.Text', id: 'reply', label: 'Reply' },
    ],
    actions,
  },
});

class Stream extends EventTarget {
  static last: Stream;
  constructor() {
    super();
    Stream.last = this;
  }
  close() {}
  say(message: Partial<ChatMessage>, kind = 'message') {
    act(() => void this.dispatchEvent(new MessageEvent(kind, { data: JSON.stringify({ from: 'bot', at, ...message }) })));
  }
}

const posts: { path: string; body: Record<string, unknown> }[] = [];
let history: ChatMessage[];
let answer: (path: string) => { status: number; body?: unknown };

beforeAll(async () => {
  // jsdom has no innerText, with which the card renderer writes labels.
  Object.defineProperty(HTMLElement.prototype, 'innerText', {
    configurable: true,
    set(this: HTMLElement, text: string) {
      this.textContent = text;
    },
  });
  Object.assign(globalThis, {
    EventSource: Stream,
    ResizeObserver: class {
      observe() {}
      disconnect() {}
    },
  });
  globalThis.fetch = jest.fn(async (path: string, init?: { body?: string }) => {
    if (init?.body) posts.push({ path, body: JSON.parse(init.body) });
    const { status, body } = init?.body ? answer(path) : { status: 200, body: { conversationId: 'c', messages: history } };
    return {
      ok: status < 300,
      status,
      headers: new Headers({ 'content-type': 'application/json' }),
      text: async () => (body ? JSON.stringify(body) : ''),
    };
  }) as never;
  await startI18n('en', async (locale) => ({ host: jest.requireActual(`../../../src/contract/locales/${locale}/host.json`) }));
});
beforeEach(() => {
  posts.length = 0;
  history = [];
  answer = () => ({ status: 202 });
});

async function open(lang: 'en' | 'de' | 'it' = 'en') {
  await act(() => changeLocale(lang));
  const openLink = jest.fn();
  render(<ChatView person={person} appName="Kontingent" theme="light" lang={lang} openLink={openLink} />);
  await waitFor(() => expect(screen.queryByText(/^(Loading|Wird geladen|Caricamento)/)).toBeNull());
  return { openLink, log: screen.getByRole('log'), box: screen.getByPlaceholderText<HTMLTextAreaElement>(/Kontingent$/) };
}

test('Enter sends, Shift+Enter does not, and the echo replaces what waited', async () => {
  const { log, box } = await open();
  fireEvent.change(box, { target: { value: 'new ticket VPN' } });
  fireEvent.keyDown(box, { key: 'Enter', shiftKey: true });
  expect(posts).toEqual([]);
  fireEvent.keyDown(box, { key: 'Enter' });
  await waitFor(() => expect(posts).toHaveLength(1));
  expect(posts[0]!.body).toEqual({ person: 'owner', locale: 'en-US', text: 'new ticket VPN' });
  expect(box.value).toBe('');
  Stream.last.say({ id: '1', from: 'person', text: 'new ticket VPN' });
  expect(within(log).getAllByText('new ticket VPN')).toHaveLength(1);
});

test('what could not be sent is said, and sent again on request', async () => {
  const { box } = await open();
  answer = () => ({ status: 500 });
  fireEvent.change(box, { target: { value: 'hello' } });
  fireEvent.keyDown(box, { key: 'Enter' });
  const retry = await screen.findByRole('button', { name: 'Try again' });
  answer = () => ({ status: 202 });
  fireEvent.click(retry);
  await waitFor(() => expect(posts).toHaveLength(2));
  await waitFor(() => expect(screen.queryByRole('button', { name: 'Try again' })).toBeNull());
});

test('typing shows until the bot speaks, a message of the same id is changed in place, a deleted one goes', async () => {
  const { log } = await open();
  Stream.last.say({ id: 't', typing: true });
  expect(within(log).getByText('Kontingent is typing')).toBeTruthy();
  Stream.last.say({ id: '1', text: 'First' });
  Stream.last.say({ id: '2', text: 'Second' });
  expect(within(log).queryByText('Kontingent is typing')).toBeNull();
  Stream.last.say({ id: '1', text: 'First, edited' });
  expect([...log.querySelectorAll('.formatted')].map(({ textContent }) => textContent)).toEqual(['First, edited', 'Second']);
  Stream.last.say({ id: '1' }, 'deleted');
  expect([...log.querySelectorAll('.formatted')].map(({ textContent }) => textContent)).toEqual(['Second']);
});

test('Action.Execute carries verb, data and inputs, and its answer replaces the card', async () => {
  history = [
    {
      id: '7',
      from: 'bot',
      at,
      attachments: [card('Ticket 7', [{ type: 'Action.Execute', title: 'Send', verb: 'ticket.reply', data: { id: 7 } }])],
    },
  ];
  const { log } = await open();
  const input = await within(log).findByLabelText('Reply');
  fireEvent.input(input, { target: { value: 'on it' } });
  answer = () => ({
    status: 200,
    body: { statusCode: 200, type: 'application/vnd.microsoft.card.adaptive', value: card('Ticket 7, replied').content },
  });
  fireEvent.click(within(log).getByRole('button', { name: 'Send' }));
  expect(await within(log).findByText('Ticket 7, replied')).toBeTruthy();
  expect(posts).toEqual([
    {
      path: '/sandbox/api/chat/invoke',
      body: { person: 'owner', locale: 'en-US', messageId: '7', verb: 'ticket.reply', data: { id: 7, reply: 'on it' } },
    },
  ]);
});

test('Action.Submit goes to the bot, Action.OpenUrl to the host', async () => {
  history = [
    {
      id: '7',
      from: 'bot',
      at,
      attachments: [
        card('Ticket 7', [
          { type: 'Action.Submit', title: 'Take', data: { act: 'take' } },
          { type: 'Action.OpenUrl', title: 'Open', url: 'https://example.com/' },
        ]),
      ],
    },
  ];
  const { log, openLink } = await open();
  fireEvent.click(await within(log).findByRole('button', { name: 'Take' }));
  fireEvent.click(within(log).getByRole('link', { name: 'Open' }));
  await waitFor(() => expect(posts).toHaveLength(1));
  expect(posts[0]).toMatchObject({ path: '/sandbox/api/chat/submit', body: { messageId: '7', data: { act: 'take' } } });
  expect(openLink).toHaveBeenCalledWith('https://example.com/');
});

test('a failed button says so and can be pressed again', async () => {
  history = [{ id: '7', from: 'bot', at, attachments: [card('Ticket 7', [{ type: 'Action.Execute', title: 'Send', verb: 'v' }])] }];
  const { log } = await open();
  answer = () => ({ status: 502 });
  fireEvent.click(await within(log).findByRole('button', { name: 'Send' }));
  expect(await within(log).findByText('That did not work. Please try again.')).toBeTruthy();
  fireEvent.click(within(log).getByRole('button', { name: 'Send' }));
  await waitFor(() => expect(posts).toHaveLength(2));
});

test.each([
  ['de', 'neues ticket ', 'meine arbeit'],
  ['it', 'nuovo ticket ', 'il mio lavoro'],
] as const)('suggestions are commands in %s', async (lang, unfinished, finished) => {
  const { box } = await open(lang);
  fireEvent.click(screen.getByRole('button', { name: new RegExp(`^${unfinished.trim()}`, 'i') }));
  expect(box.value.toLowerCase()).toBe(unfinished);
  expect(document.activeElement).toBe(box);
  fireEvent.click(screen.getByRole('button', { name: new RegExp(`^${finished}$`, 'i') }));
  await waitFor(() => expect(posts).toHaveLength(1));
});
