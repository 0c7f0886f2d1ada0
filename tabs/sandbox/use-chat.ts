import { useCallback, useEffect, useMemo, useRef, useState } from 'react';
import { type ChatMessage, type Chatter, chatStreamUrl, executeCard, fetchChat, say, submitCard } from './sandbox-api';

/** A message of one's own that the conversation has not echoed yet. */
export interface Outgoing {
  key: string;
  text: string;
  failed: boolean;
}

const TYPING_SHOWS_MS = 15_000;

/** The same id replaces a message in place; a new one comes last. */
export function withMessage(messages: ChatMessage[], message: ChatMessage): ChatMessage[] {
  if (messages.some(({ id }) => id === message.id)) return messages.map((old) => (old.id === message.id ? message : old));
  return [...messages, message];
}

/** The server's history, then what the stream said while it was fetched. */
function withHistory(known: ChatMessage[], history: ChatMessage[]): ChatMessage[] {
  const lines = history.filter(({ typing }) => !typing);
  return [...lines, ...known.filter(({ id }) => !lines.some((line) => line.id === id))];
}

/** What the bot answered to Action.Execute, in the shapes of an adaptiveCard/action invoke response. */
export function cardOfInvokeResponse(response: unknown): { card?: unknown; message?: string } {
  const { type, value } = (response ?? {}) as { type?: unknown; value?: unknown };
  if (type === 'application/vnd.microsoft.card.adaptive') return { card: value };
  if (type === 'application/vnd.microsoft.activity.message') return { message: String(value) };
  if (type === 'application/vnd.microsoft.error') return { message: String((value as { message?: unknown } | null)?.message ?? '') };
  return {};
}

/** One person's conversation with the bot: history, then whatever the stream says. */
export function useChat({ person, locale }: Chatter) {
  const [messages, setMessages] = useState<ChatMessage[]>([]);
  const [outgoing, setOutgoing] = useState<Outgoing[]>([]);
  const [typing, setTyping] = useState(false);
  const [state, setState] = useState<'loading' | 'ready' | 'offline'>('loading');
  const nextKey = useRef(0);
  const chatter = useMemo(() => ({ person, locale }), [person, locale]);

  useEffect(() => {
    let current = true;
    let typingEnds: ReturnType<typeof setTimeout> | undefined;
    setMessages([]);
    setOutgoing([]);
    setState('loading');
    const settleTyping = (isTyping: boolean) => {
      clearTimeout(typingEnds);
      setTyping(isTyping);
      if (isTyping) typingEnds = setTimeout(() => setTyping(false), TYPING_SHOWS_MS);
    };
    const receive = (message: ChatMessage) => {
      if (message.typing) return settleTyping(true);
      if (message.from === 'bot') settleTyping(false);
      else setOutgoing((waiting) => withoutFirst(waiting, message.text));
      setMessages((known) => withMessage(known, message));
    };
    const catchUp = () =>
      fetchChat(chatter).then(
        (chat) => {
          if (!current) return;
          setMessages((known) => withHistory(known, chat.messages));
          setState('ready');
        },
        () => current && setState('offline'),
      );
    const stream = new EventSource(chatStreamUrl(person));
    stream.addEventListener('message', (event) => current && receive(JSON.parse(event.data) as ChatMessage));
    stream.addEventListener('deleted', (event) => {
      const { id } = JSON.parse(event.data) as { id: string };
      if (current) setMessages((known) => known.filter((message) => message.id !== id));
    });
    stream.addEventListener('open', () => void catchUp());
    stream.addEventListener('error', () => current && setState('offline'));
    void catchUp();
    return () => {
      current = false;
      clearTimeout(typingEnds);
      stream.close();
    };
  }, [person, chatter]);

  const send = useCallback(
    async (text: string) => {
      const key = String(nextKey.current++);
      setOutgoing((waiting) => [...waiting, { key, text, failed: false }]);
      await say(chatter, text).catch(() =>
        setOutgoing((waiting) => waiting.map((own) => (own.key === key ? { ...own, failed: true } : own))),
      );
    },
    [chatter],
  );
  const sendAgain = useCallback(
    async ({ key, text }: Outgoing) => {
      setOutgoing((waiting) => waiting.filter((own) => own.key !== key));
      await send(text);
    },
    [send],
  );
  const submit = useCallback((messageId: string, data: unknown) => submitCard(chatter, messageId, data), [chatter]);
  const execute = useCallback(
    async (messageId: string, verb: string, data: unknown): Promise<string | undefined> => {
      const { card, message } = cardOfInvokeResponse(await executeCard(chatter, messageId, verb, data));
      if (card) {
        const attachments = [{ contentType: 'application/vnd.microsoft.card.adaptive', content: card }];
        setMessages((known) => known.map((old) => (old.id === messageId ? { ...old, attachments } : old)));
      }
      return message;
    },
    [chatter],
  );

  return { messages, outgoing, typing, state, send, sendAgain, submit, execute };
}

function withoutFirst(waiting: Outgoing[], text: string | undefined): Outgoing[] {
  const index = waiting.findIndex((own) => own.text === text);
  return index < 0 ? waiting : waiting.filter((_, at) => at !== index);
}
