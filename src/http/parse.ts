import type { Request } from 'express';
import type { z } from 'zod';
import { RequestProblem } from './respond';

/** What the schema makes of a value. @throws RequestProblem invalid_input with one entry per wrong field */
export function parse<Schema extends z.ZodType>(schema: Schema, value: unknown): z.output<Schema> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new RequestProblem('invalid_input', {
    errors: parsed.error.issues.slice(0, 20).map((issue) => ({ path: issue.path.join('.'), message: issue.message })),
  });
}

/** 8 to 200 printable ASCII characters. */
export const IDEMPOTENCY_KEY = /^[\x20-\x7e]{8,200}$/u;

/** @throws RequestProblem */
export function idempotencyKeyOf(req: Request): string {
  const key = req.get('idempotency-key');
  if (key === undefined) throw new RequestProblem('idempotency_key_missing');
  if (!IDEMPOTENCY_KEY.test(key)) throw new RequestProblem('idempotency_key_invalid');
  return key;
}

/** The revision a change is based on. @throws RequestProblem 428 when missing */
export function revisionOf(req: Request): number {
  const tag = req.get('if-match');
  if (tag === undefined) throw new RequestProblem('if_match_missing');
  const revision = /^"(\d{1,9})"$/u.exec(tag.trim())?.[1];
  if (revision === undefined) throw new RequestProblem('if_match_invalid');
  return Number(revision);
}
