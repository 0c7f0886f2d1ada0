import type { Request, RequestHandler, Response, Router } from 'express';
import { z } from 'zod';
import { Id } from '../contract/common';
import type { Refusal } from '../contract/refusals';
import type { Created } from '../features/usage/creation';
import type { Actor } from '../platform/actor';
import type { Context } from '../platform/context';
import type { Result } from '../platform/result';
import { idempotencyKeyOf, parse, revisionOf } from './parse';
import { sendRefusal } from './respond';

type Shape = z.ZodType | undefined;
type Of<Schema extends Shape> = Schema extends z.ZodType ? z.output<Schema> : undefined;

/** What a handler gets, checked already. */
export interface Call<Params extends Shape, Query extends Shape, Body extends Shape> {
  ctx: Context;
  actor: Actor;
  params: Of<Params>;
  query: Of<Query>;
  body: Of<Body>;
  /** Idempotency-Key; empty when the route needs none. */
  key: string;
  /** If-Match; 0 when the route needs none. */
  revision: number;
}

/** One line of the API: what validates it, documents it and runs it. */
export interface ApiRoute {
  method: 'get' | 'post' | 'patch' | 'delete';
  /** With express's placeholders, under /api/v1. */
  path: string;
  summary: string;
  params?: z.ZodObject;
  query?: z.ZodObject;
  body?: z.ZodType;
  /** null: 204 without content. */
  answer: z.ZodType | null;
  status: 200 | 201 | 204;
  /** Needs an Idempotency-Key. */
  keyed: boolean;
  /** `run` gives a Created, which says whether it is a replay. */
  replayable: boolean;
  /** Needs If-Match. */
  changes: boolean;
  run(call: Call<z.ZodType, z.ZodType, z.ZodType>): Promise<Result<unknown, Refusal>>;
}

/** Reads, or acts that need neither key nor revision. `status` 204 when there is no answer. */
export function route<
  P extends z.ZodObject | undefined = undefined,
  Q extends z.ZodObject | undefined = undefined,
  B extends Shape = undefined,
>(given: {
  method: ApiRoute['method'];
  path: string;
  summary: string;
  params?: P;
  query?: Q;
  body?: B;
  answer: z.ZodType | null;
  /** Creates a record under an Idempotency-Key: 201, and `run` gives a Created. */
  creates?: boolean;
  /** As `creates` for an act on an existing record: 200. */
  starts?: boolean;
  /** The record named in the path is the act's key; no Idempotency-Key is needed. */
  keyInPath?: boolean;
  /** Needs If-Match. */
  changes?: boolean;
  run(call: Call<P, Q, B>): Promise<Result<unknown, Refusal>>;
}): ApiRoute {
  const { creates = false, starts = false, keyInPath = false, changes = false, ...rest } = given;
  const replayable = creates || starts;
  const status = given.answer === null ? 204 : creates ? 201 : 200;
  return { ...rest, status, replayable, keyed: replayable && !keyInPath, changes } as ApiRoute;
}

export function mount(
  router: Router,
  routes: readonly ApiRoute[],
  ctx: Context,
  actorOf: (req: Request) => Actor,
  guards: RequestHandler[],
): void {
  const paths = new Set(routes.map((one) => one.path));
  for (const one of routes) router[one.method](one.path, ...guards, (req, res) => answer(one, ctx, actorOf(req), req, res));
  for (const path of paths) {
    const methods = routes.filter((one) => one.path === path).map((one) => one.method.toUpperCase());
    router.all(path, (_req, res, next) => {
      res.setHeader('Allow', methods.join(', '));
      res.locals.knownPath = true;
      next();
    });
  }
}

async function answer(one: ApiRoute, ctx: Context, actor: Actor, req: Request, res: Response): Promise<void> {
  const result = await one.run({
    ctx,
    actor,
    params: one.params && parse(one.params, req.params),
    query: one.query && parse(one.query, req.query),
    body: one.body && parse(one.body, req.body),
    key: one.keyed ? idempotencyKeyOf(req) : '',
    revision: one.changes ? revisionOf(req) : 0,
  });
  if (!result.ok) return sendRefusal(req, res, result.refusal);
  if (one.answer === null) return void res.status(204).end();
  const body = one.replayable ? unwrap(result.value as Created<unknown>, res) : result.value;
  const revision = (body as { revision?: unknown }).revision;
  if (typeof revision === 'number') res.setHeader('ETag', `"${revision}"`);
  res.status(one.status).json(body);
}

function unwrap(created: Created<unknown>, res: Response): unknown {
  if (created.replayed) res.setHeader('Idempotent-Replayed', 'true');
  return created.record;
}

/** `/tickets/:ticketId` → the id, checked. */
export const idParams = <const Name extends string>(...names: Name[]) =>
  z.object(Object.fromEntries(names.map((name) => [name, Id])) as Record<Name, typeof Id>);
