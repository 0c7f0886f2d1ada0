import { type FormEvent, type KeyboardEvent, useEffect, useMemo, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { Locale } from '../../src/contract/common';
import { CLIENT_LOCALES, type HostTheme } from './address';
import { Card } from './card';
import type { CardAct } from './card-renderer';
import { AppMark, SendIcon } from './icons';
import { markdownToHtml } from './markdown';
import type { ChatMessage, Person } from './sandbox-api';
import { useChat } from './use-chat';

const CARD = 'application/vnd.microsoft.card.adaptive';

interface ChatViewProps {
  person: Person;
  appName: string;
  theme: HostTheme;
  lang: Locale;
  openLink(url: string): void;
}

/** A conversation with the bot: messages, cards, and what one may say. */
export function ChatView({ person, appName, theme, lang, openLink }: ChatViewProps) {
  const { t } = useTranslation('host');
  const chat = useChat({ person: person.key, locale: CLIENT_LOCALES[lang] });
  const log = useRef<HTMLDivElement>(null);
  const composer = useRef<HTMLTextAreaElement>(null);
  const [text, setText] = useState('');

  useEffect(() => {
    const list = log.current;
    if (!list) return;
    // What comes last is kept in view, also when a card grows after its message, unless somebody is reading further up.
    let atEnd = true;
    let top = list.scrollTop;
    const noteEnd = () => {
      // A scroll of our own may be told of only when the next card has already grown: who is reading scrolls up.
      const wentUp = list.scrollTop < top;
      top = list.scrollTop;
      atEnd = list.scrollHeight - top - list.clientHeight < 48 || (atEnd && !wentUp);
    };
    const keepEnd = () => {
      if (atEnd) list.scrollTop = list.scrollHeight;
    };
    const growth = new ResizeObserver(keepEnd);
    growth.observe(list);
    growth.observe(list.firstElementChild!);
    list.addEventListener('scroll', noteEnd);
    return () => {
      growth.disconnect();
      list.removeEventListener('scroll', noteEnd);
    };
  }, []);

  const send = (words: string) => {
    if (words.trim() === '') return;
    setText('');
    void chat.send(words.trim());
  };
  const suggest = (command: string, unfinished: boolean) => {
    if (!unfinished) return send(command);
    setText(`${command} `);
    composer.current?.focus();
  };

  return (
    <section className="chat" aria-label={t('chat.title', { app: appName })}>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard */}
      <div className="chat-log" ref={log} role="log" aria-label={t('chat.messages')} tabIndex={0}>
        <div className="chat-lines">
          {chat.state === 'loading' && <p className="quiet">{t('loading')}</p>}
          {chat.state !== 'loading' && chat.messages.length === 0 && <Welcome appName={appName} />}
          {chat.messages.map((message) => (
            <Message
              key={message.id}
              message={message}
              appName={appName}
              theme={theme}
              lang={lang}
              chat={chat}
              openLink={openLink}
              say={send}
            />
          ))}
          {chat.outgoing.map((own) => (
            <div key={own.key} className="message message-own">
              <div className={`bubble ${own.failed ? '' : 'bubble-waiting'}`}>{own.text}</div>
              {own.failed && (
                <p className="message-note" role="alert">
                  {t('chat.notSent')}{' '}
                  <button type="button" className="link" onClick={() => void chat.sendAgain(own)}>
                    {t('retry')}
                  </button>
                </p>
              )}
            </div>
          ))}
          {chat.typing && (
            <div className="message message-bot">
              <AppMark size={28} />
              <div className="bubble typing">
                <span className="spoken">{t('chat.typing', { app: appName })}</span>
                <i />
                <i />
                <i />
              </div>
            </div>
          )}
        </div>
      </div>
      {chat.state === 'offline' && (
        <p className="strip" role="status">
          {t('chat.offline')}
        </p>
      )}
      <Composer appName={appName} box={composer} text={text} setText={setText} send={send} suggest={suggest} />
    </section>
  );
}

function Welcome({ appName }: { appName: string }) {
  const { t } = useTranslation('host');
  return (
    <div className="empty">
      <AppMark size={56} />
      <h2>{t('chat.emptyTitle', { app: appName })}</h2>
      <p className="quiet">{t('chat.emptyText')}</p>
    </div>
  );
}

interface MessageProps {
  message: ChatMessage;
  appName: string;
  theme: HostTheme;
  lang: string;
  chat: ReturnType<typeof useChat>;
  openLink(url: string): void;
  say(text: string): void;
}

function Message({ message, appName, theme, lang, chat, openLink, say }: MessageProps) {
  const { t } = useTranslation('host');
  const [busy, setBusy] = useState(false);
  const [note, setNote] = useState<string>();
  const fromBot = message.from === 'bot';

  const once = async (act: () => Promise<string | undefined>) => {
    if (busy) return;
    setBusy(true);
    setNote(undefined);
    try {
      setNote(await act());
    } catch {
      setNote(t('chat.actionFailed'));
    } finally {
      setBusy(false);
    }
  };
  const act: CardAct = {
    submit: (data) => {
      const words = wordsToSay(data);
      if (words !== undefined) say(words);
      else void once(() => chat.submit(message.id, data).then(() => undefined));
    },
    execute: (verb, data) => void once(() => chat.execute(message.id, verb, data)),
    open: openLink,
  };
  const time = new Intl.DateTimeFormat(lang, { hour: '2-digit', minute: '2-digit' }).format(new Date(message.at));

  return (
    <div className={`message ${fromBot ? 'message-bot' : 'message-own'}`}>
      {fromBot && <AppMark size={28} />}
      <div className="message-body">
        <p className="message-by">
          <span className={fromBot ? '' : 'spoken'}>{fromBot ? appName : t('chat.you')}</span> <time dateTime={message.at}>{time}</time>
        </p>
        {message.text && (fromBot ? <Formatted text={message.text} /> : <div className="bubble">{message.text}</div>)}
        {message.attachments?.map(
          (attachment, at) =>
            // biome-ignore lint/suspicious/noArrayIndexKey: attachments have no ids and keep their order
            attachment.contentType === CARD && <Card key={at} payload={attachment.content} theme={theme} act={act} busy={busy} />,
        )}
        {note && (
          <p className="message-note" role="status">
            {note}
          </p>
        )}
      </div>
    </div>
  );
}

/** Action.Submit with `msteams.type` imBack or messageBack says something in the person's name. */
function wordsToSay(data: unknown): string | undefined {
  const teams = (data as { msteams?: { type?: unknown; value?: unknown; text?: unknown } } | null)?.msteams;
  if (teams?.type === 'imBack') return String(teams.value ?? '');
  if (teams?.type === 'messageBack' && typeof teams.text === 'string' && teams.text !== '') return teams.text;
  return undefined;
}

function Formatted({ text }: { text: string }) {
  const html = useMemo(() => ({ __html: markdownToHtml(text) }), [text]);
  // biome-ignore lint/security/noDangerouslySetInnerHtml: markdownToHtml escapes the text before it adds its own tags
  return <div className="bubble formatted" dangerouslySetInnerHTML={html} />;
}

interface ComposerProps {
  appName: string;
  box: React.RefObject<HTMLTextAreaElement | null>;
  text: string;
  setText(text: string): void;
  send(text: string): void;
  suggest(command: string, unfinished: boolean): void;
}

function Composer({ appName, box, text, setText, send, suggest }: ComposerProps) {
  const { t } = useTranslation('host');
  const submit = (event: FormEvent) => {
    event.preventDefault();
    send(text);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key !== 'Enter' || event.shiftKey || event.nativeEvent.isComposing) return;
    event.preventDefault();
    send(text);
  };
  return (
    <form className="composer" onSubmit={submit}>
      <div className="suggestions">
        <button type="button" className="chip" onClick={() => suggest(t('chat.commands.newTicket'), true)}>
          {t('chat.commands.newTicket')} …
        </button>
        {(['myWork', 'usage', 'help'] as const).map((command) => (
          <button key={command} type="button" className="chip" onClick={() => suggest(t(`chat.commands.${command}`), false)}>
            {t(`chat.commands.${command}`)}
          </button>
        ))}
      </div>
      <div className="composer-box">
        <textarea
          ref={box}
          rows={1}
          value={text}
          aria-label={t('chat.compose', { app: appName })}
          placeholder={t('chat.compose', { app: appName })}
          onChange={(event) => setText(event.target.value)}
          onKeyDown={onKeyDown}
        />
        <button type="submit" className="icon-button" aria-label={t('chat.send')} disabled={text.trim() === ''}>
          <SendIcon />
        </button>
      </div>
    </form>
  );
}
