import pino from 'pino';

export type Logger = pino.Logger;

/** Fields whose values never reach a log, wherever they stand: headers, settings and answers of token servers among them. */
const SECRET_FIELD = /authorization|cookie|password|secret|token|assertion|connectionstring|databaseurl|^code$|^sig$/iu;

/** Secrets inside other words: signed tokens, bearer tokens, passwords of addresses, and what travels in a query. */
const SECRET_WORDS: [RegExp, string][] = [
  [/\beyJ[\w-]+\.[\w-]+(?:\.[\w-]*)*/gu, '[redacted]'],
  [/\b(Bearer|Basic)\s+[\w.~+/=-]+/giu, '$1 [redacted]'],
  [/(\/\/[^\s/:@]*:)[^\s/@]+@/gu, '$1[redacted]@'],
  [/([?&;\s](?:[\w-]*(?:token|secret|password|assertion)|code|sig)=)[^&\s"'#]+/giu, '$1[redacted]'],
];

const REDACTED = '[redacted]';

const redactWords = (text: string): string => SECRET_WORDS.reduce((said, [pattern, instead]) => said.replace(pattern, instead), text);

/** A copy of `value` in which every secret is redacted, at any depth; cycles and very deep parts are cut. */
export function redact(value: unknown, depth = 0): unknown {
  if (typeof value === 'string') return redactWords(value);
  if (depth > 6) return '[deep]';
  if (Array.isArray(value)) return value.slice(0, 100).map((item) => redact(item, depth + 1));
  if (value === null || typeof value !== 'object' || value instanceof Date) return value;
  if (value instanceof Error) return errorFields(value);
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) => [name, SECRET_FIELD.test(name) ? REDACTED : redact(inner, depth + 1)]),
  );
}

/** A URL without the values of its query: purchase tokens and codes travel there. */
export function redactUrl(url: string): string {
  const [path, query] = url.split('?', 2);
  if (!query) return url;
  return `${path}?${query
    .split('&')
    .map((pair) => `${pair.split('=', 1)[0]}=…`)
    .join('&')}`;
}

/** What of an error may be logged: its words and place, not the request it carries (axios errors hold headers). */
function errorFields(error: unknown): unknown {
  if (!(error instanceof Error)) return redact(error);
  const { message, stack, name } = error;
  const code = (error as { code?: unknown }).code;
  const status = (error as { response?: { status?: unknown } }).response?.status;
  return {
    type: name,
    message: redactWords(message),
    stack: stack && redactWords(stack),
    ...(code !== undefined && { code }),
    ...(status !== undefined && { status }),
  };
}

/** Fields that have a serializer, which picks what may be said; a copy of a whole request would be slow and lose its status. */
const SERIALIZED = ['req', 'res', 'err', 'error'];

function redactFields(fields: Record<string, unknown>): Record<string, unknown> {
  const picked = Object.entries(fields).filter(([name]) => SERIALIZED.includes(name));
  const others = Object.entries(fields).filter(([name]) => !SERIALIZED.includes(name));
  return { ...(redact(Object.fromEntries(others)) as Record<string, unknown>), ...Object.fromEntries(picked) };
}

/** A JSON logger. `destination` is where lines go; standard output when absent. */
export function createLogger(level: string, destination?: pino.DestinationStream): Logger {
  const options: pino.LoggerOptions = {
    level,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    serializers: { err: errorFields, error: errorFields, msg: redactWords },
    formatters: { log: (fields) => redactFields(fields) },
  };
  return destination ? pino(options, destination) : pino(options);
}
