// biome-ignore-all lint/suspicious/noExplicitAny: what comes over the wire is looked at as it is
import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import express from 'express';
import { type Bot, type BotParts, createBot } from '../../src/bot/bot';
import { connectorResource } from '../../src/bot/credentials';
import { createConnectorToken } from '../../src/clients/entra/connector-token';
import type { Actor } from '../../src/platform/actor';
import type { Context } from '../../src/platform/context';
import type { BotFramework, Sent } from './connector';

export interface RunningBot {
  bot: Bot;
  url: string;
  close(): Promise<void>;
  /** Posts an activity as the connector does; `token` null sends none. */
  post(
    activity: unknown,
    options?: { token?: string | null; headers?: Record<string, string> },
  ): Promise<{ status: number; body: any; headers: Headers }>;
  /** Posts a message of a person and returns what the bot sent for it. */
  say(person: Actor, text: string, more?: Record<string, unknown>): Promise<Sent[]>;
  /** A press on Action.Submit. */
  press(person: Actor, value: Record<string, unknown>, more?: Record<string, unknown>): Promise<Sent[]>;
  /** A press on Action.Execute; the bot's answer. */
  execute(person: Actor, verb: string, data: Record<string, unknown>, more?: Record<string, unknown>): Promise<any>;
}

/** An activity as Teams sends it from a personal chat. */
export function activityOf(
  framework: Pick<BotFramework, 'serviceUrl' | 'config'>,
  person: Actor,
  specific: Record<string, unknown>,
): Record<string, unknown> {
  return {
    id: randomUUID(),
    timestamp: '2026-03-10T09:00:00.000Z',
    channelId: 'msteams',
    serviceUrl: framework.serviceUrl,
    from: { id: `29:${person.memberId}`, name: person.name, aadObjectId: person.memberId },
    recipient: { id: `28:${framework.config.appId}`, name: 'Kontingent' },
    conversation: { id: `a:${person.memberId}`, conversationType: 'personal', tenantId: person.tenantId },
    channelData: { tenant: { id: person.tenantId } },
    locale: `${person.locale ?? 'en'}-US`,
    ...specific,
  };
}

/** The bot behind HTTP, joined as the server joins it. */
export async function startBot(ctx: Context, framework: BotFramework, parts: Partial<BotParts> = {}): Promise<RunningBot> {
  const bot = createBot({
    ctx,
    config: framework.config,
    playgroundTenantId: null,
    teamsAppId: null,
    token: createConnectorToken({
      ...framework.config,
      resource: connectorResource(framework.config),
      networkClient: framework.networkClient,
    }),
    wait: async () => {},
    sendProblem: (_req, res, code) => {
      const status = ({ invalid_input: 400, token_missing: 401, token_invalid: 401, identity_unavailable: 503 } as Record<string, number>)[
        code
      ]!;
      res.status(status).json({ code });
    },
    ...parts,
  });
  const app = express();
  app.post('/api/messages', express.json(), (req, res, next) => bot.handle(req, res, next));
  const server = createServer(app);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

  async function post(activity: unknown, { token, headers = {} }: { token?: string | null; headers?: Record<string, string> } = {}) {
    const bearer = token === undefined ? await framework.token() : token;
    const response = await fetch(`${url}/api/messages`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...(bearer !== null && { authorization: `Bearer ${bearer}` }), ...headers },
      body: typeof activity === 'string' ? activity : JSON.stringify(activity),
    });
    const text = await response.text();
    return { status: response.status, body: text === '' ? null : JSON.parse(text), headers: response.headers };
  }
  async function during(person: Actor, specific: Record<string, unknown>): Promise<Sent[]> {
    const before = framework.sent.length;
    const { status, body } = await post(activityOf(framework, person, specific));
    if (status !== 200) throw new Error(`the bot answered ${status} ${JSON.stringify(body)}`);
    return framework.sent.slice(before);
  }
  return {
    bot,
    url,
    post,
    say: (person, text, more = {}) => during(person, { type: 'message', text, ...more }),
    press: (person, value, more = {}) => during(person, { type: 'message', value, replyToId: 'pressed-card', ...more }),
    async execute(person, verb, data, more = {}) {
      const { body, status } = await post(
        activityOf(framework, person, {
          type: 'invoke',
          name: 'adaptiveCard/action',
          value: { action: { type: 'Action.Execute', verb, data }, trigger: 'manual' },
          replyToId: 'pressed-card',
          ...more,
        }),
      );
      return { ...body, httpStatus: status };
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

export const cardOf = (sent: Sent | undefined): any => sent?.activity.attachments?.[0]?.content;
