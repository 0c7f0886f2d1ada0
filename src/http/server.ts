import path from 'node:path';
import express, { type ErrorRequestHandler, type Express, type Request, type RequestHandler, Router } from 'express';
import { pinoHttp } from 'pino-http';
import type { Config } from '../config';
import type { OperatorActor } from '../platform/actor';
import type { Context } from '../platform/context';
import { DatabaseAway } from '../platform/db/database';
import { redactUrl } from '../platform/logger';
import { type ApiRoute, mount } from './api-route';
import { authenticate, authenticateOperator } from './authenticate';
import { sameWord } from './csrf';
import { describeApi, OPERATORS } from './openapi';
import { RequestProblem, sendProblem } from './respond';
import { limitRate, requestIds, securityHeaders } from './security';
import type { createEntraVerifier } from './verify-entra-token';

export const BODY_LIMIT = '256kb';

export interface ServerParts {
  ctx: Context;
  config: Config;
  version: string;
  /** The folder of the built browser pages. */
  pages: string;
  verify: ReturnType<typeof createEntraVerifier>;
  api: ApiRoute[];
  operator: ApiRoute<OperatorActor>[];
  /** POST /api/messages; null: no bot is configured. */
  bot: RequestHandler | null;
  webhook: RequestHandler;
  account: RequestHandler;
  /** The stand-ins; null outside sandbox mode. */
  sandbox: RequestHandler | null;
  /** Whether what we stand on answers; asked by /health/ready. */
  ready(): Promise<boolean>;
}

/** The way in by HTTP: every route, in the order they are matched. */
export function createServer(parts: ServerParts): Express {
  const { ctx, config } = parts;
  const app = express();
  app.locals.supportContact = config.supportContact;
  app.disable('x-powered-by');
  app.disable('etag');
  app.set('trust proxy', config.trustedProxyHops);
  app.set('query parser', 'simple');
  app.use(requestIds, measure(ctx), logRequests(ctx));

  app.use('/health', health(parts));
  app.get('/metrics', metrics(parts));
  if (parts.sandbox) app.use('/sandbox', parts.sandbox);
  app.use('/api/marketplace', securityHeaders(config, { framedByTeams: false }), parts.webhook);
  app.use('/api/messages', bot(parts));
  app.use('/api/v1', securityHeaders(config, { framedByTeams: false }), customers(parts));
  app.use('/api/operator/v1', securityHeaders(config, { framedByTeams: false }), operators(parts));
  app.use('/account', securityHeaders(config, { framedByTeams: false }), parts.account);
  app.use(pages(parts));
  app.use((req, res) => sendProblem(req, res, res.locals.knownPath ? 'method_not_allowed' : 'not_found'));
  app.use(answerErrors(ctx));
  return app;
}

function customers({ ctx, config, verify, api, version }: ServerParts): Router {
  return routerOf(ctx, api, () => describeApi(api, config.publicUrl, version), {
    signIn: (req) => authenticate(req, verify),
    limit: config.rateLimitPerMinute,
    limitedAs: ({ tenantId }) => tenantId,
  });
}

function operators({ ctx, config, verify, operator, version }: ServerParts): Router {
  return routerOf(ctx, operator, () => describeApi(operator, config.publicUrl, version, OPERATORS), {
    signIn: (req) => authenticateOperator(req, verify, config.operatorTenantId),
    limit: config.rateLimitPerMinute,
    limitedAs: ({ memberId }) => `operator ${memberId}`,
  });
}

/** The routes of one API with their description; each checks in this order: who calls, how often, in what form. */
function routerOf<Who>(
  ctx: Context,
  routes: readonly ApiRoute<Who>[],
  describe: () => object,
  { signIn, limit, limitedAs }: { signIn(req: Request): Promise<Who>; limit: number; limitedAs(who: Who): string },
): Router {
  const router = Router();
  let document: string | undefined;
  router.get('/openapi.json', (_req, res) => {
    // Made when first asked for: nobody waits for it at a start.
    document ??= JSON.stringify(describe());
    res.type('application/json').send(document);
  });
  const callers = new WeakMap<Request, Who & object>();
  const identify: RequestHandler = async (req, res, next) => {
    callers.set(req, (await signIn(req)) as Who & object);
    res.setHeader('Cache-Control', 'no-store');
    next();
  };
  const json = [express.json({ limit: BODY_LIMIT, strict: true }), requireJson];
  mount(router, routes, ctx, (req) => callers.get(req)!, [
    identify,
    limitRate(limit, (req) => limitedAs(callers.get(req)!), { countRefused: true }),
    ...json,
  ]);
  return router;
}

/** A body that express.json passed over is of another kind. */
const requireJson: RequestHandler = (req, _res, next) => {
  const hasBody = req.headers['transfer-encoding'] !== undefined || (req.headers['content-length'] ?? '0') !== '0';
  if (hasBody && req.body === undefined) throw new RequestProblem('unsupported_media_type');
  req.body ??= {};
  next();
};

function bot({ config, bot }: ServerParts): Router {
  const router = Router();
  router.post(
    '/',
    express.json({ limit: BODY_LIMIT }),
    limitRate(config.rateLimitPerMinute, claimedTenant, { countRefused: false }),
    bot ?? ((req, res) => sendProblem(req, res, 'unavailable')),
  );
  return router;
}

/** Whose activity it says it is. Refused requests do not count, so nobody uses up another organization's share. */
function claimedTenant({ body }: Request): string | null {
  const tenantId = body?.conversation?.tenantId ?? body?.channelData?.tenant?.id;
  return typeof tenantId === 'string' ? `bot ${tenantId.slice(0, 36).toLowerCase()}` : null;
}

function health({ ready }: ServerParts): Router {
  const router = Router();
  router.get('/live', (_req, res) => {
    res.json({ status: 'live' });
  });
  router.get('/ready', async (_req, res) => {
    const is = await ready().catch(() => false);
    res.status(is ? 200 : 503).json({ status: is ? 'ready' : 'not ready' });
  });
  return router;
}

function metrics({ ctx, config }: ServerParts): RequestHandler {
  return async (req, res) => {
    if (config.metricsToken ? !sameWord(req.get('authorization') ?? '', `Bearer ${config.metricsToken}`) : config.mode === 'production') {
      return sendProblem(req, res, config.metricsToken ? 'token_invalid' : 'not_found');
    }
    res.type(ctx.metrics.registry.contentType).send(await ctx.metrics.registry.metrics());
  };
}

/** The built pages: hashed assets for ever, documents never from a cache. */
function pages({ pages, config, sandbox }: ServerParts): Router {
  const router = Router();
  const framed = securityHeaders(config, { framedByTeams: true });
  const document =
    (file: string): RequestHandler =>
    (_req, res) => {
      res.setHeader('Cache-Control', 'no-cache');
      res.sendFile(path.join(pages, file));
    };
  router.use(
    '/assets',
    framed,
    express.static(path.join(pages, 'assets'), { immutable: true, maxAge: '1y', index: false, fallthrough: true }),
  );
  router.get(['/tab', '/tab/', '/tab/*rest'], framed, document('tab/index.html'));
  if (sandbox) router.get('/', securityHeaders(config, { framedByTeams: false }), document('sandbox/index.html'));
  else router.get('/', (_req, res) => res.redirect(302, '/account'));
  return router;
}

function measure({ metrics }: Context): RequestHandler {
  return (req, res, next) => {
    const stop = metrics.requests.startTimer();
    res.once('finish', () =>
      stop({ route: req.route ? `${req.baseUrl}${req.route.path}` : 'other', method: req.method, status: res.statusCode }),
    );
    next();
  };
}

function logRequests({ log }: Context): RequestHandler {
  return pinoHttp({
    logger: log as never,
    genReqId: (req) => req.id as string,
    quietReqLogger: true,
    customLogLevel: (_req, res, error) => (error || res.statusCode >= 500 ? 'error' : 'info'),
    serializers: {
      req: (req: { id: string; method: string; url: string }) => ({ id: req.id, method: req.method, url: redactUrl(req.url) }),
      res: (res: { statusCode: number }) => ({ statusCode: res.statusCode }),
    },
  }) as unknown as RequestHandler;
}

/** The one handler of faults: logs once with the request's id, says nothing private. */
function answerErrors({ log }: Context): ErrorRequestHandler {
  return (error, req, res, _next) => {
    if (res.headersSent) return void res.destroy();
    if (error instanceof RequestProblem) return sendProblem(req, res, error.code, error.facts);
    const type = (error as { type?: unknown }).type;
    if (type === 'entity.too.large') return sendProblem(req, res, 'body_too_large');
    if (type === 'entity.parse.failed') return sendProblem(req, res, 'malformed_json');
    if (type === 'charset.unsupported' || type === 'encoding.unsupported') return sendProblem(req, res, 'unsupported_media_type');
    if ((error as { status?: unknown }).status === 400) return sendProblem(req, res, 'invalid_input');
    log.error({ err: error, requestId: req.id }, 'a request failed');
    sendProblem(req, res, error instanceof DatabaseAway ? 'unavailable' : 'internal');
  };
}
