import type { NextFunction, Request, Response } from 'express';

const LOOPBACK = new Set(['localhost', '127.0.0.1', '[::1]']);

/**
 * Keeps the stand-ins to this machine's own pages: a host name that is neither loopback nor the published one is a
 * rebound DNS name.
 */
export function onlyOwnHost(settings: { publicUrl: string }) {
  return (req: Request, res: Response, next: NextFunction): void => {
    const name = URL.canParse(`http://${req.headers.host}`) ? new URL(`http://${req.headers.host}`).hostname : '';
    if (LOOPBACK.has(name) || name === new URL(settings.publicUrl).hostname) next();
    else refuse(res, 'The sandbox answers only on this machine’s own names.');
  };
}

/** Refuses what a page of another origin makes a browser send. */
export function onlyOwnPages(req: Request, res: Response, next: NextFunction): void {
  const { origin, host } = req.headers;
  const isForeign = origin !== undefined && !(URL.canParse(origin) && new URL(origin).host === host);
  const site = req.headers['sec-fetch-site'];
  if (isForeign || site === 'cross-site' || site === 'same-site') refuse(res, 'The sandbox answers only its own pages.');
  else next();
}

function refuse(res: Response, detail: string): void {
  res
    .status(403)
    .type('application/problem+json')
    .json({ type: 'about:blank', title: 'Forbidden', status: 403, code: 'foreign_origin', detail });
}
