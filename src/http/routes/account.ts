import { createHash } from 'node:crypto';
import express, { type Request, type RequestHandler, type Response, Router } from 'express';
import type { z } from 'zod';
import type { SignIn } from '../../clients/entra/sign-in';
import type { Config } from '../../config';
import {
  AccountCancellation,
  AccountChangeOrder,
  AccountChangeQuestion,
  type AccountState,
  AccountWithdrawal,
  Activation,
} from '../../contract/account';
import type { Refusal } from '../../contract/refusals';
import { isTimeZone } from '../../features/entitlements/periods.rules';
import {
  listChoices,
  orderFromAccount,
  previewFromAccount,
  viewChanges,
  withdrawFromAccount,
} from '../../features/plan-changes/account-changes';
import { activateSubscription } from '../../features/subscriptions/activate-subscription';
import { cancelFromAccount } from '../../features/subscriptions/cancel-purchase';
import { exportData } from '../../features/subscriptions/export-data';
import { MarketplaceUnavailable, type Selling } from '../../features/subscriptions/marketplace.port';
import { type AccountView, viewAccount } from '../../features/subscriptions/view-account';
import type { Actor } from '../../platform/actor';
import type { Context } from '../../platform/context';
import { newSecret } from '../../platform/ids';
import type { Result } from '../../platform/result';
import { sendFile } from '../api-route';
import { requireOwnPage, sameWord } from '../csrf';
import { parse } from '../parse';
import { localeOf, RequestProblem, sendRefusal } from '../respond';
import { limitRate } from '../security';
import { type AccountSession, createSessions, type Session } from '../session';
import type { createEntraVerifier } from '../verify-entra-token';

export interface AccountDeps {
  ctx: Context;
  config: Config;
  selling: Selling;
  signIn: SignIn;
  verify: ReturnType<typeof createEntraVerifier>;
  /** The built page, an absolute path. */
  page: string;
}

/** Longer ones are none of the marketplace's. */
const LONGEST_TOKEN = 8_000;
/** Sign-ins that one browser can have begun and not finished. */
const MOST_SIGN_INS = 5;

/** The account page in the browser: landing page of a purchase, sign-in, activation. Mounted at /account. */
export function accountRoutes({ ctx, config, selling, signIn, verify, page }: AccountDeps): Router {
  const { publicUrl } = config;
  const redirectUri = `${publicUrl}/account/callback`;
  const sessions = createSessions(ctx.database, { publicUrl, secret: config.sessionSecret });
  const router = Router();

  router.use(
    limitRate(config.rateLimitPerMinute, () => null, { countRefused: true }),
    privately,
  );

  router.get('/', async (req, res) => {
    const token = purchaseTokenOf(req.originalUrl);
    if (token === null) return void res.sendFile(page, { cacheControl: false });
    await remember(req, res, token);
    res.redirect(303, '/account');
  });

  router.get('/state', async (req, res) => {
    const session = await sessions.find(req);
    res.json(await stateOf(req, session));
  });

  router.get('/sign-in', async (req, res) => {
    const session = (await sessions.find(req)) ?? (await sessions.start(res, {}));
    const [state, nonce, verifier] = [newSecret(), newSecret(), newSecret()];
    const underWay = Object.entries(session.data.signIns ?? {}).slice(1 - MOST_SIGN_INS);
    await session.change({ signIns: { ...Object.fromEntries(underWay), [state]: { nonce, verifier } } });
    const challenge = createHash('sha256').update(verifier).digest('base64url');
    res.redirect(302, await reach(signIn.authorizeUrl({ state, nonce, challenge, redirectUri })));
  });

  router.get('/callback', async (req, res) => {
    const session = await sessions.find(req);
    const person = session && (await signedIn(req, session));
    if (person) await session.renew(res, { ...purchaseOf(session.data), person });
    res.redirect(303, person ? '/account' : '/account?problem=sign_in');
  });

  router.post('/activate', ownPage, express.json({ limit: '64kb' }), async (req, res) => {
    const session = res.locals.session as Session;
    const actor = actorOf(req, session);
    if (!actor) throw new RequestProblem('token_missing');
    const input = parse(Activation, req.body ?? {});
    if (!isTimeZone(input.timeZone)) throw new RequestProblem('invalid_input', { errors: [{ path: 'timeZone', message: 'is not known' }] });
    if (!(await isShown(session, actor, input.subscriptionId))) return sendRefusal(req, res, { code: 'subscription_not_found' });
    const activated = await activateSubscription(ctx, selling, actor, input);
    if (!activated.ok) return sendRefusal(req, res, activated.refusal);
    res.json(await stateOf(req, session));
  });

  act('/cancel', AccountCancellation, (actor, { subscriptionId, consent }) => cancelFromAccount(ctx, actor, subscriptionId, consent));
  act('/changes', AccountChangeOrder, (actor, order) => orderFromAccount(ctx, actor, order));
  act('/changes/withdraw', AccountWithdrawal, (actor, withdrawal) => withdrawFromAccount(ctx, actor, withdrawal));

  router.post('/changes/preview', ownPage, express.json({ limit: '64kb' }), async (req, res) => {
    const actor = actorOf(req, res.locals.session as Session);
    if (!actor) throw new RequestProblem('token_missing');
    answer(req, res, await previewFromAccount(ctx, actor, parse(AccountChangeQuestion, req.body ?? {})));
  });

  router.get('/choices', async (req, res) => {
    const session = await sessions.find(req);
    const actor = session && actorOf(req, session);
    if (!actor) throw new RequestProblem('token_missing');
    try {
      answer(req, res, await listChoices(ctx, selling, actor, String(req.query.subscriptionId ?? '')));
    } catch (error) {
      if (!(error instanceof MarketplaceUnavailable)) throw error;
      ctx.log.error({ err: error }, 'the account page could not ask the marketplace for its plans');
      throw new RequestProblem('marketplace_unavailable');
    }
  });

  /** As the API's export, for whoever comes in the browser after everything has ended. */
  router.get('/export', async (req, res) => {
    const session = await sessions.find(req);
    const actor = session && actorOf(req, session);
    if (!actor) throw new RequestProblem('token_missing');
    const exported = await exportData(ctx, actor);
    if (!exported.ok) return sendRefusal(req, res, exported.refusal);
    await sendFile(res, exported.value);
  });

  /** The purchase stays: whoever bought it may sign in next. */
  router.post('/sign-out', ownPage, async (_req, res) => {
    const session = res.locals.session as Session;
    await session.renew(res, purchaseOf(session.data));
    res.status(204).end();
  });

  return router;

  /** One act on a purchase, answered by the page's state after it. */
  function act<Schema extends z.ZodType>(
    path: string,
    schema: Schema,
    run: (actor: Actor, input: z.output<Schema>) => Promise<Result<unknown, Refusal>>,
  ): void {
    router.post(path, ownPage, express.json({ limit: '64kb' }), async (req, res) => {
      const session = res.locals.session as Session;
      const actor = actorOf(req, session);
      if (!actor) throw new RequestProblem('token_missing');
      const done = await run(actor, parse(schema, req.body ?? {}));
      if (!done.ok) return sendRefusal(req, res, done.refusal);
      res.json(await stateOf(req, session));
    });
  }

  function answer(req: Request, res: Response, given: Result<unknown, Refusal>): void {
    if (given.ok) res.json(given.value);
    else sendRefusal(req, res, given.refusal);
  }

  /** A session, and our own page speaking. */
  async function ownPage(...[req, res, next]: Parameters<RequestHandler>): Promise<void> {
    const session = await sessions.find(req);
    if (!session) throw new RequestProblem('token_missing');
    requireOwnPage(req, session.csrfToken, publicUrl);
    res.locals.session = session;
    next();
  }

  async function remember(req: Request, res: Response, token: string): Promise<void> {
    const isToken = token !== '' && token.length <= LONGEST_TOKEN;
    const purchase: AccountSession = isToken ? { purchaseToken: token } : { isTokenInvalid: true };
    const session = await sessions.find(req);
    if (session) await session.change({ purchaseToken: null, subscriptionId: null, isTokenInvalid: null, ...purchase });
    else await sessions.start(res, purchase);
  }

  async function stateOf(req: Request, session: Session | null): Promise<AccountState> {
    const actor = session && actorOf(req, session);
    const shown: Pick<AccountView, 'state' | 'subscription' | 'others' | 'suggestedContact' | 'ending'> =
      session && actor
        ? await look(session, actor)
        : { state: 'signed_out', subscription: null, others: [], suggestedContact: null, ending: null };
    const change = actor && shown.state === 'active' && shown.subscription ? await viewChanges(ctx, actor, shown.subscription.id) : null;
    return {
      state: shown.state,
      csrfToken: session?.csrfToken ?? null,
      signedInAs: actor && { name: actor.name, address: actor.address, organizationId: actor.tenantId },
      subscription: shown.subscription,
      others: shown.others,
      ending: shown.ending,
      change,
      suggestedContact: shown.suggestedContact,
      openTeamsUrl: openTeamsUrl(config),
      supportContact: config.supportContact,
      locale: localeOf(req),
    };
  }

  /** Keeps what the token named instead of the token: it is needed once. */
  async function look(session: Session, actor: Actor): Promise<AccountView> {
    const { purchaseToken, subscriptionId, isTokenInvalid } = session.data;
    if (isTokenInvalid)
      return { state: 'token_invalid', subscription: null, others: [], suggestedContact: null, ending: null, subscriptionId: null };
    const purchase = purchaseToken ? { token: purchaseToken } : subscriptionId ? { subscriptionId } : null;
    const view = await viewAccount(ctx, selling, actor, purchase);
    if (view.state === 'token_invalid') await session.change({ purchaseToken: null, subscriptionId: null, isTokenInvalid: true });
    else if (view.subscriptionId) await session.change({ purchaseToken: null, subscriptionId: view.subscriptionId });
    return view;
  }

  /** Whether the session came by this purchase: through its token, or as one's own. */
  async function isShown(session: Session, actor: Actor, subscriptionId: string): Promise<boolean> {
    if (!session.data.subscriptionId) await look(session, actor);
    return session.data.subscriptionId?.toLowerCase() === subscriptionId.toLowerCase();
  }

  async function signedIn(req: Request, session: Session): Promise<AccountSession['person'] | null> {
    const { code, state } = req.query;
    const signIns = session.data.signIns ?? {};
    const known = typeof state === 'string' ? Object.keys(signIns).find((one) => sameWord(state, one)) : undefined;
    if (!known || typeof code !== 'string') return null;
    const { nonce, verifier } = signIns[known]!;
    const { [known]: _used, ...others } = signIns;
    await session.change({ signIns: others });

    const idToken = await reach(signIn.redeem({ code, verifier, nonce, redirectUri }));
    const verified = idToken && (await verify(idToken, { personalAccounts: true }));
    if (!verified) return null;
    if (!verified.ok && verified.reason === 'identity_unavailable') throw new RequestProblem('identity_unavailable');
    if (!verified.ok || !sameWord(verified.claims.nonce ?? '', nonce)) return null;
    const { tenantId, objectId, name, address } = verified.claims;
    return { tenantId, memberId: objectId, name, address };
  }

  async function reach<T>(answer: Promise<T>): Promise<T> {
    try {
      return await answer;
    } catch (error) {
      ctx.log.error({ err: error }, 'the sign-in authority could not be reached');
      throw new RequestProblem('identity_unavailable');
    }
  }
}

/** Nothing of this page is stored by others or named to them. */
const privately: RequestHandler = (_req, res, next) => {
  res.setHeader('Cache-Control', 'no-store');
  res.setHeader('Referrer-Policy', 'no-referrer');
  next();
};

/** The purchase token of a landing address, decoded exactly once: a plus sign stays one. null: there is none; empty: it cannot be read. */
export function purchaseTokenOf(url: string): string | null {
  const raw = /[?&]token=([^&#]*)/u.exec(url)?.[1];
  if (raw === undefined) return null;
  try {
    return decodeURIComponent(raw);
  } catch {
    return '';
  }
}

function purchaseOf({ purchaseToken, subscriptionId, isTokenInvalid }: AccountSession): AccountSession {
  return { ...(purchaseToken && { purchaseToken }), ...(subscriptionId && { subscriptionId }), ...(isTokenInvalid && { isTokenInvalid }) };
}

function actorOf(req: Request, { data: { person } }: Session): Actor | null {
  return person ? { ...person, appRoles: [], locale: localeOf(req), via: 'account' } : null;
}

function openTeamsUrl({ mode, publicUrl, teamsAppId }: Config): string {
  if (mode === 'sandbox') return `${publicUrl}/`;
  return teamsAppId ? `https://teams.microsoft.com/l/app/${teamsAppId}` : 'https://teams.microsoft.com/';
}
