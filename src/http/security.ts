import type { RequestHandler } from 'express';
import rateLimit, { ipKeyGenerator } from 'express-rate-limit';
import helmet from 'helmet';
import type { Config } from '../config';
import { newId } from '../platform/ids';
import { sendProblem } from './respond';

/** Hosts that may frame the tab: Teams, Outlook and Microsoft 365. Source: Teams tab content security policy. */
const TEAMS_FRAMES = [
  'https://teams.microsoft.com',
  'https://*.teams.microsoft.com',
  'https://*.cloud.microsoft',
  'https://*.microsoft365.com',
  'https://*.office.com',
  'https://outlook.live.com',
  'https://outlook.office.com',
  'https://outlook.office365.com',
];

/** Headers of every answer. teams-js fetches its list of hosts from Microsoft's CDN. */
export function securityHeaders({ publicUrl }: Config, { framedByTeams }: { framedByTeams: boolean }): RequestHandler {
  return helmet({
    frameguard: false,
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        defaultSrc: ["'self'"],
        scriptSrc: ["'self'"],
        styleSrc: ["'self'", "'unsafe-inline'"],
        imgSrc: ["'self'", 'data:', 'blob:'],
        fontSrc: ["'self'", 'data:', 'https://res.cdn.office.net'],
        connectSrc: ["'self'", 'https://res.cdn.office.net'],
        objectSrc: ["'none'"],
        baseUri: ["'none'"],
        formAction: ["'self'", 'https:'],
        frameAncestors: framedByTeams ? ["'self'", ...TEAMS_FRAMES] : ["'none'"],
      },
    },
    strictTransportSecurity: publicUrl.startsWith('https://') ? undefined : false,
    referrerPolicy: { policy: 'no-referrer' },
    crossOriginOpenerPolicy: false,
    crossOriginEmbedderPolicy: false,
    crossOriginResourcePolicy: { policy: 'same-origin' },
  });
}

/** An id of the request's own for logs and problems; a caller's is not trusted. */
export const requestIds: RequestHandler = (req, res, next) => {
  req.id = newId();
  res.setHeader('X-Request-Id', String(req.id));
  next();
};

/** Requests per minute under one key: the tenant, else the address. Counted per process, by real time. */
export function limitRate(
  perMinute: number,
  tenantOf: (req: Parameters<RequestHandler>[0]) => string | null,
  { countRefused }: { countRefused: boolean },
): RequestHandler {
  return rateLimit({
    windowMs: 60_000,
    limit: perMinute,
    standardHeaders: 'draft-7',
    legacyHeaders: false,
    skipFailedRequests: !countRefused,
    validate: false,
    keyGenerator: (req) => tenantOf(req) ?? `address ${ipKeyGenerator(req.ip ?? '')}`,
    handler: (req, res) => sendProblem(req, res, 'rate_limited'),
  });
}
