// biome-ignore-all lint/suspicious/noExplicitAny: what comes over the wire is looked at as it is
import { request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import { request as httpsRequest } from 'node:https';

export interface Answer {
  status: number;
  headers: IncomingHttpHeaders;
  text: string;
  json(): any;
}

/** One request, redirects not followed; every host is this machine. */
export function send(
  url: string,
  { method = 'GET', headers = {}, body, ca }: { method?: string; headers?: Record<string, string>; body?: string; ca?: string } = {},
): Promise<Answer> {
  const { protocol, host, port, pathname, search } = new URL(url);
  const ask = protocol === 'https:' ? httpsRequest : httpRequest;
  return new Promise((resolve, reject) => {
    const request = ask(
      {
        host: '127.0.0.1',
        servername: host.replace(/:\d+$/u, ''),
        port: port || (protocol === 'https:' ? 443 : 80),
        path: `${pathname}${search}`,
        method,
        headers: { host, ...(body !== undefined && { 'content-length': String(Buffer.byteLength(body)) }), ...headers },
        ...(ca && { ca }),
      },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', reject);
        response.on('end', () => {
          const text = Buffer.concat(chunks).toString('utf8');
          resolve({ status: response.statusCode!, headers: response.headers, text, json: () => JSON.parse(text) });
        });
      },
    );
    request.on('error', reject);
    request.end(body);
  });
}

/** A visitor of the account page with a cookie jar of their own. Secure cookies are sent although the way to the server is http. */
export class Browser {
  private readonly cookies = new Map<string, string>();

  /** `publicUrl` is what the server calls itself, `serverUrl` where it listens. */
  constructor(
    private readonly publicUrl: string,
    private readonly serverUrl: string,
  ) {}

  async open(path: string, options: Parameters<typeof send>[1] = {}): Promise<Answer> {
    const cookie = [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const answer = await send(`${this.serverUrl}${path}`, {
      ...options,
      headers: { 'x-forwarded-proto': 'https', ...(cookie && { cookie }), ...options.headers },
    });
    for (const line of answer.headers['set-cookie'] ?? []) this.keep(line);
    return answer;
  }

  /** What the server's redirect names, as a path of its own. */
  own(location: string | undefined): string {
    const url = new URL(location ?? '', this.publicUrl);
    if (url.origin !== new URL(this.publicUrl).origin) throw new Error(`${url.href} is not ours`);
    return `${url.pathname}${url.search}`;
  }

  async state(): Promise<any> {
    return (await this.open('/account/state')).json();
  }

  async act(path: string, body: object = {}, csrfToken?: string): Promise<Answer> {
    return this.open(path, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        'x-csrf-token': csrfToken ?? (await this.state()).csrfToken,
        origin: new URL(this.publicUrl).origin,
        'sec-fetch-site': 'same-origin',
      },
      body: JSON.stringify(body),
    });
  }

  private keep(line: string): void {
    const [pair = '', ...attributes] = line.split(';');
    const [, name = '', value = ''] = /^([^=]+)=(.*)$/u.exec(pair) ?? [];
    if (attributes.some((attribute) => /^\s*max-age=0$/iu.test(attribute))) this.cookies.delete(name);
    else this.cookies.set(name, value);
  }
}
