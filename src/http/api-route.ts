import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Request, RequestHandler, Response, Router } from 'express';
import { z } from 'zod';
import { Id } from '../contract/common';
import { Reason } from '../contract/operator';
import type { Refusal } from '../contract/refusals';
import type { Created } from '../features/usage/creation';
import type { Actor, OperatorActor } from '../platform/actor';
import type { Context } from '../platform/context';
import type { Download, StreamedDownload } from '../platform/download';
import type { Result } from '../platform/result';
import { idempotencyKeyOf, parse, revisionOf } from './parse';
import { sendRefusal } from './respond';

type Shape = z.ZodType | undefined;
type Of<Schema extends Shape> = Schema extends z.ZodType ? z.output<Schema> : undefined;

/** What a handler gets, checked already. */
export interface Call<Params extends Shape, Query extends Shape, Body extends Shape, Who = Actor> {
  ctx: Context;
  actor: Who;
  params: Of<Params>;
  query: Of<Query>;
  body: Of<Body>;
  /** Idempotency-Key; empty when the route needs none. */
  key: string;
  /** If-Match; 0 when the route needs none. */
  revision: number;
}

type Method = 'get' | 'post' | 'put' | 'patch' | 'delete';

/** One line of an API: what validates it, documents it and runs it. */
export interface ApiRoute<Who = Actor> {
  method: Method;
  /** With express's placeholders, under the API's base. */
  path: string;
  summary: string;
  params?: z.ZodObject;
  query?: z.ZodObject;
  body?: z.ZodType;
  /** null: 204 without content, or a file. */
  answer: z.ZodType | null;
  /** `run` gives a Download, of one of these media types. */
  file: readonly string[] | null;
  status: 200 | 201 | 204;
  /** Needs an Idempotency-Key. */
  keyed: boolean;
  /** `run` gives a Created, which says whether it is a replay. */
  replayable: boolean;
  /** Needs If-Match. */
  changes: boolean;
  run(call: Call<z.ZodType, z.ZodType, z.ZodType, Who>): Promise<Result<unknown, Refusal>>;
}

interface Given<P extends z.ZodObject | undefined, Q extends z.ZodObject | undefined, B extends Shape> {
  path: string;
  summary: string;
  params?: P;
  query?: Q;
  body?: B;
  answer: z.ZodType | null;
  /** The answer is a file of one of these media types, and `run` gives a Download or a streamed one. */
  file?: readonly string[];
  /** Creates a record under an Idempotency-Key: 201, and `run` gives a Created. */
  creates?: boolean;
  /** As `creates` for an act on an existing record: 200. */
  starts?: boolean;
  /** The record named in the path is the act's key; no Idempotency-Key is needed. */
  keyInPath?: boolean;
  /** Needs If-Match. */
  changes?: boolean;
}

/** Reads, or acts that need neither key nor revision. `status` 204 when there is no answer. */
export function route<
  P extends z.ZodObject | undefined = undefined,
  Q extends z.ZodObject | undefined = undefined,
  B extends Shape = undefined,
>(given: Given<P, Q, B> & { method: Method; run(call: Call<P, Q, B>): Promise<Result<unknown, Refusal>> }): ApiRoute {
  return lineOf(given);
}

type WithReason<B extends z.ZodObject | undefined> = z.ZodType<(B extends z.ZodObject ? z.output<B> : unknown) & { reason: string }>;

/** As `route`, for the publisher's people: whatever is not merely looked at takes a `reason` beside the body's own fields. */
export function operatorRoute<
  M extends Method,
  P extends z.ZodObject | undefined = undefined,
  Q extends z.ZodObject | undefined = undefined,
  B extends z.ZodObject | undefined = undefined,
>(
  given: Given<P, Q, B> & {
    method: M;
    run(call: Call<P, Q, M extends 'get' ? undefined : WithReason<B>, OperatorActor>): Promise<Result<unknown, Refusal>>;
  },
): ApiRoute<OperatorActor> {
  if (given.method === 'get') return lineOf(given);
  return lineOf({ ...given, body: (given.body ?? z.strictObject({})).extend({ reason: Reason }) });
}

function lineOf<Who>(given: Given<z.ZodObject | undefined, z.ZodObject | undefined, Shape> & { method: Method }): ApiRoute<Who> {
  const { creates = false, starts = false, keyInPath = false, changes = false, file = null, ...rest } = given;
  const replayable = creates || starts;
  const status = given.answer === null && file === null ? 204 : creates ? 201 : 200;
  return { ...rest, file, status, replayable, keyed: replayable && !keyInPath, changes } as ApiRoute<Who>;
}

export function mount<Who>(
  router: Router,
  routes: readonly ApiRoute<Who>[],
  ctx: Context,
  actorOf: (req: Request) => Who,
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

async function answer<Who>(one: ApiRoute<Who>, ctx: Context, actor: Who, req: Request, res: Response): Promise<void> {
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
  if (one.file !== null) return await sendFile(res, result.value as Download | StreamedDownload);
  if (one.answer === null) return void res.status(204).end();
  const body = one.replayable ? unwrap(result.value as Created<unknown>, res) : result.value;
  const revision = (body as { revision?: unknown }).revision;
  if (typeof revision === 'number') res.setHeader('ETag', `"${revision}"`);
  res.status(one.status).json(body);
}

/** Saved under its name, never shown as a page of ours. */
export async function sendFile(res: Response, file: Download | StreamedDownload): Promise<void> {
  res.attachment(file.name).type(file.mediaType);
  if ('bytes' in file) res.send(file.bytes);
  else await pipeline(Readable.from(file.portions), res);
}

function unwrap(created: Created<unknown>, res: Response): unknown {
  if (created.replayed) res.setHeader('Idempotent-Replayed', 'true');
  return created.record;
}

/** `/tickets/:ticketId` → the id, checked. */
export const idParams = <const Name extends string>(...names: Name[]) =>
  z.object(Object.fromEntries(names.map((name) => [name, Id])) as Record<Name, typeof Id>);
