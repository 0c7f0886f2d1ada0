import express, { type NextFunction, type Request, type Response, type Router } from 'express';
import { z } from 'zod';
import type { Chat, ChatEvent } from './chat';
import type { SandboxClock } from './clock';
import type { Entra } from './entra';
import { onlyOwnPages } from './guard';
import type { SandboxMails } from './mails';
import { findSubscription, MarketplaceRefusal, openOperation, type Subscription } from './marketplace-ledger';
import type { Marketplace } from './marketplace-operations';
import { daysAfter, termOf } from './marketplace-terms';
import type { SandboxPayments } from './payments';
import { OPERATOR_KEYS, OPERATORS, PEOPLE, PERSON_KEYS, type Person, personBy } from './people';
import type { SandboxSettings } from './settings';

/** What the sandbox's own pages use: who is there, tokens, the clock, the chat, and the marketplace as its customers see it. */

const HEARTBEAT_MS = 25_000;

const PersonKey = z.enum(PERSON_KEYS);
const WithPerson = z.object({ person: PersonKey });
const WithAnybody = z.object({ person: z.enum([...PERSON_KEYS, ...OPERATOR_KEYS]) });
const Locale = z
  .string()
  .regex(/^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$/)
  .max(35)
  .optional();
const ChatOf = z.object({ person: PersonKey, locale: Locale });
const Text = z.strictObject({ person: PersonKey, text: z.string().trim().min(1).max(10_000), locale: Locale });
const Data = z.record(z.string(), z.unknown());
const Submit = z.strictObject({ person: PersonKey, messageId: z.string(), data: Data, locale: Locale });
const Invoke = z.strictObject({
  person: PersonKey,
  messageId: z.string(),
  name: z.enum(['adaptiveCard/action', 'task/fetch', 'task/submit']).default('adaptiveCard/action'),
  verb: z.string().optional(),
  data: Data.default({}),
  locale: Locale,
});
const Move = z.strictObject({ advanceDays: z.number().positive().max(3700).optional(), to: z.iso.datetime({ offset: true }).optional() });
const Purchase = z.strictObject({
  person: PersonKey,
  planId: z.string(),
  termUnit: z.enum(['P1M', 'P1Y']).optional(),
  name: z.string().trim().min(1).max(200).optional(),
  quantity: z.int().positive().optional(),
  isResold: z.boolean().optional(),
  isFreeTrial: z.boolean().optional(),
});
const ChangePlan = z.strictObject({ person: PersonKey, planId: z.string() });
const ChangeQuantity = z.strictObject({ person: PersonKey, quantity: z.int().positive() });
const AutoRenew = z.strictObject({ person: PersonKey, autoRenew: z.boolean() });

export interface SandboxApi {
  readonly router: Router;
  /** Ends the open event streams. */
  close(): void;
}

export function sandboxApi(
  settings: SandboxSettings,
  parts: { entra: Entra; clock: SandboxClock; chat: Chat; marketplace: Marketplace; payments: SandboxPayments; mails: SandboxMails },
): SandboxApi {
  const { entra, clock, chat, marketplace } = parts;
  const streams = new Set<() => void>();
  const router = express.Router();
  router.use(onlyOwnPages, express.json({ limit: '256kb' }));
  router.use((_req, res, next) => {
    res.set('Cache-Control', 'no-store');
    next();
  });

  router.get('/state', (_req, res) => {
    const { appName, plans, bot } = settings;
    res.json({ people: PEOPLE, now: clock.now().toISOString(), plans, appName, botId: bot.appId });
  });

  router.get('/token', async (req, res) => {
    const { person } = WithAnybody.parse(req.query);
    const operator = OPERATORS.find(({ key }) => key === person);
    res.json({ token: await (operator ? entra.operatorToken(operator) : entra.tabToken(personBy(person as Person['key']))) });
  });

  router.post('/clock', async (req, res) => {
    const { advanceDays, to } = Move.parse(req.body);
    if ((advanceDays === undefined) === (to === undefined)) {
      problem(res, 400, 'invalid_input', 'Give either advanceDays or to.');
      return;
    }
    const target = to === undefined ? daysAfter(clock.now(), advanceDays!) : new Date(to);
    if (!(await clock.moveTo(target))) {
      problem(res, 409, 'clock_only_forward', 'The clock moves forward only.');
      return;
    }
    await marketplace.followClock();
    res.json({ now: clock.now().toISOString() });
  });

  // —— chat ——

  router.get('/chat', async (req, res) => {
    const { person, locale } = ChatOf.parse(req.query);
    res.json(await chat.open(personBy(person), locale));
  });

  router.get('/chat/stream', (req, res) => {
    const { person } = WithPerson.parse(req.query);
    res.set({ 'Content-Type': 'text/event-stream', 'X-Accel-Buffering': 'no' }).flushHeaders();
    const stop = chat.listen(person, (event: ChatEvent) => {
      const data = event.kind === 'message' ? event.message : { id: event.id };
      res.write(`event: ${event.kind}\ndata: ${JSON.stringify(data)}\n\n`);
    });
    const heartbeat = setInterval(() => res.write(': still here\n\n'), HEARTBEAT_MS);
    heartbeat.unref();
    const end = () => {
      stop();
      clearInterval(heartbeat);
      streams.delete(end);
      res.end();
    };
    streams.add(end);
    res.on('close', end);
  });

  router.post('/chat/messages', async (req, res) => {
    const { person, text, locale } = Text.parse(req.body);
    res.status(202).json(await chat.say(personBy(person), text, locale));
  });

  /** A button that asks for a dialog is answered with the dialog; others with 202. */
  router.post('/chat/submit', async (req, res) => {
    const { person, messageId, data, locale } = Submit.parse(req.body);
    const teams = z.looseObject({ type: z.string(), value: z.unknown().optional() }).safeParse(data.msteams).data;
    if (teams?.type === 'task/fetch') {
      await invoke(res, personBy(person), messageId, 'task/fetch', { data, context: { theme: 'default' } }, locale);
      return;
    }
    if (teams?.type === 'imBack' && typeof teams.value === 'string') await chat.say(personBy(person), teams.value, locale);
    else await chat.submit(personBy(person), messageId, data, locale);
    res.status(202).end();
  });

  router.post('/chat/invoke', async (req, res) => {
    const { person, messageId, name, verb, data, locale } = Invoke.parse(req.body);
    const value =
      name === 'adaptiveCard/action'
        ? { action: { type: 'Action.Execute', verb, data }, trigger: 'manual' }
        : { data, context: { theme: 'default' } };
    await invoke(res, personBy(person), messageId, name, value, locale);
  });

  async function invoke(res: Response, person: Person, messageId: string, name: string, value: object, locale?: string) {
    const answer = await chat.invoke(person, messageId, name, value, locale);
    if (answer.status < 300) res.json(answer.body ?? {});
    else problem(res, 502, 'bot_failed', `The bot answered ${answer.status}.`);
  }

  // —— marketplace, as its customers and its billing use it ——

  router.get('/marketplace', (req, res) => {
    const { tenantId } = personBy(WithPerson.parse(req.query).person);
    const subscriptions = marketplace.ledger.subscriptions.filter(({ buyer }) => buyer.tenantId === tenantId).map(present);
    res.json({ plans: settings.plans, subscriptions });
  });

  router.use('/marketplace/traps', marketplace.traps.router);

  router.post('/marketplace/purchases', async (req, res) => {
    const { person, planId, ...order } = Purchase.parse(req.body);
    const { subscription, token } = await marketplace.buy(personBy(person), planId, order);
    res.status(201).json({ subscription: present(subscription), landingUrl: landingUrl(token) });
  });

  router.post('/marketplace/subscriptions/:id/manage', async (req, res) => {
    const { id } = ownedBy(WithPerson.parse(req.body), req.params.id);
    res.json({ landingUrl: landingUrl(await marketplace.tokenFor(id)) });
  });

  router.post('/marketplace/subscriptions/:id/change-plan', async (req, res) => {
    const { planId, ...who } = ChangePlan.parse(req.body);
    await marketplace.change(ownedBy(who, req.params.id).id, { planId }, 'Azure');
    showChanged(res, req.params.id);
  });

  router.post('/marketplace/subscriptions/:id/change-quantity', async (req, res) => {
    const { quantity, ...who } = ChangeQuantity.parse(req.body);
    await marketplace.change(ownedBy(who, req.params.id).id, { quantity }, 'Azure');
    showChanged(res, req.params.id);
  });

  router.post('/marketplace/subscriptions/:id/auto-renew', async (req, res) => {
    const { autoRenew, ...who } = AutoRenew.parse(req.body);
    await marketplace.setAutoRenew(ownedBy(who, req.params.id).id, autoRenew);
    showChanged(res, req.params.id);
  });

  for (const [name, action] of [
    ['suspend', 'Suspend'],
    ['reinstate', 'Reinstate'],
    ['renew', 'Renew'],
  ] as const) {
    router.post(`/marketplace/subscriptions/:id/${name}`, async (req, res) => {
      await marketplace.impose(String(req.params.id), action);
      showChanged(res, String(req.params.id));
    });
  }

  router.post('/marketplace/subscriptions/:id/cancel', async (req, res) => {
    await marketplace.cancel(req.params.id, 'Azure');
    showChanged(res, req.params.id);
  });

  // —— what the publisher's own providers were asked ——

  router.use('/payments', parts.payments.router);
  router.use('/mails', parts.mails.router);

  router.use((_req, res) => problem(res, 404, 'not_found', 'There is no such address.'));
  router.use((error: unknown, _req: Request, res: Response, next: NextFunction) => {
    const status = (error as { status?: unknown }).status;
    if (error instanceof z.ZodError) problem(res, 400, 'invalid_input', z.prettifyError(error));
    else if (error instanceof MarketplaceRefusal) problem(res, error.status, 'marketplace_refused', error.message);
    else if (typeof status === 'number' && status < 500) problem(res, status, 'invalid_input', 'The body cannot be read.');
    else next(error);
  });

  function landingUrl(token: string): string {
    return `${settings.publicUrl}/account?token=${encodeURIComponent(token)}`;
  }

  /** Another organization's subscription does not exist for this person. */
  function ownedBy({ person }: z.infer<typeof WithPerson>, id: string): Subscription {
    const subscription = findSubscription(marketplace.ledger, id);
    if (subscription.buyer.tenantId !== personBy(person).tenantId) throw new MarketplaceRefusal(404, 'The subscription is not found.');
    return subscription;
  }

  function showChanged(res: Response, id: string): void {
    res.status(202).json({ subscription: present(findSubscription(marketplace.ledger, id)) });
  }

  function present(subscription: Subscription) {
    const { id, activatedAt, termUnit, termIndex, offerId, planId } = subscription;
    const term = activatedAt ? termOf(new Date(activatedAt), termUnit, termIndex) : undefined;
    const open = openOperation(marketplace.ledger, id);
    return {
      id,
      name: subscription.name,
      offerId,
      planId,
      planName: settings.plans.find((plan) => plan.planId === planId)?.name ?? planId,
      quantity: subscription.quantity,
      status: subscription.status,
      termUnit,
      termStart: term?.start.toISOString() ?? null,
      termEnd: term?.lastDay.toISOString() ?? null,
      autoRenew: subscription.autoRenew,
      purchasedAt: subscription.purchasedAt,
      pendingOperation: open ? { id: open.id, action: open.action } : null,
      lastWebhook: subscription.lastWebhook,
    };
  }

  return {
    router,
    close() {
      for (const end of streams) end();
    },
  };
}

function problem(res: Response, status: number, code: string, detail: string): void {
  res.status(status).type('application/problem+json').json({ type: 'about:blank', title: code, status, code, detail });
}
