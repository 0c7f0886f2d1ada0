import {
  extendZodWithOpenApi,
  OpenAPIRegistry,
  OpenApiGeneratorV31,
  type ResponseConfig,
  type RouteConfig,
} from '@asteasolutions/zod-to-openapi';
import { z } from 'zod';
import { Problem } from '../contract/refusals';
import type { ApiRoute } from './api-route';
import { IDEMPOTENCY_KEY } from './parse';

extendZodWithOpenApi(z);

type Responses = RouteConfig['responses'];

/** Named, so that it stands once in a document in which every operation refers to it. */
const REFUSED = Problem.meta({ id: 'Problem' });
const FILE = z.string().openapi({ format: 'binary' });

const problem = (description: string) => ({ description, content: { 'application/problem+json': { schema: REFUSED } } });

/** What an API says of itself as a whole. */
interface About {
  base: string;
  title: string;
  description: string;
  token: string;
  forbidden: string;
  /** Who shares a rate limit. */
  limited: string;
}

const CUSTOMERS: About = {
  base: '/api/v1',
  title: 'Kontingent',
  description: 'Tickets, checklists and opportunities of an organization, and what its plan allows.',
  token: 'An Entra v2 access token of this app with the scope access_as_user, as Teams hands to the tab.',
  forbidden:
    'no_subscription, subscription_inactive, not_allowed, license_restricted, license_missing, licenses_not_assigned or access_removed.',
  limited: 'this organization',
};

export const OPERATORS: About = {
  base: '/api/operator/v1',
  title: 'Kontingent for its publisher',
  description: 'What the publisher’s support and accounting do for a named organization, each with a reason that is kept.',
  token:
    'An Entra v2 access token of this app from the publisher’s own directory, with the scope access_as_user and the app role ' +
    'Kontingent.Support or Kontingent.Accounting.',
  forbidden: 'not_allowed: the token has no role of the publisher’s people, or another one than `needs`.',
  limited: 'this person',
};

/** OpenAPI 3.1 of the routes, from the same schemas that validate. */
export function describeApi<Who>(routes: readonly ApiRoute<Who>[], publicUrl: string, version: string, about = CUSTOMERS): object {
  const registry = new OpenAPIRegistry();
  registry.registerComponent('securitySchemes', 'entra', {
    type: 'http',
    scheme: 'bearer',
    bearerFormat: 'JWT',
    description: about.token,
  });
  for (const one of routes) {
    const headers = z.object({
      ...(one.keyed && {
        'Idempotency-Key': z.string().regex(IDEMPOTENCY_KEY).describe('Names the act for ever: a retry with the same key counts once.'),
      }),
      ...(one.changes && { 'If-Match': z.string().describe('The ETag of the record that the change is based on.') }),
    });
    registry.registerPath({
      method: one.method,
      path: `${about.base}${one.path.replaceAll(/:(\w+)/gu, '{$1}')}`,
      summary: one.summary,
      operationId: operationId(one),
      security: [{ entra: [] }],
      request: {
        ...(one.params && { params: one.params as z.ZodObject }),
        ...(one.query && { query: one.query as z.ZodObject }),
        ...(Object.keys(headers.shape).length > 0 && { headers }),
        ...(one.body && { body: { required: true, content: { 'application/json': { schema: one.body } } } }),
      },
      responses: responsesOf(one, about),
    });
  }
  const document = new OpenApiGeneratorV31(registry.definitions).generateDocument({
    openapi: '3.1.0',
    info: {
      title: about.title,
      version,
      description: about.description,
    },
    servers: [{ url: publicUrl }],
  });
  return JSON.parse(JSON.stringify(document), withoutFlags);
}

/** The generator writes a regular expression's flags into its pattern, which then fits nothing. */
const withoutFlags = (name: string, value: unknown): unknown =>
  name === 'pattern' && typeof value === 'string' ? value.replace(/\/[a-z]+$/u, '') : value;

function responsesOf<Who>(one: ApiRoute<Who>, about: About): Responses {
  const writes = one.method !== 'get';
  return {
    [one.status]: done(one),
    400: problem('The request is wrong; `errors` names the fields.'),
    401: problem('No token, or one that does not hold.'),
    ...(one.replayable && { 402: problem('quota_exhausted: the limit is reached; the input was kept as a draft.') }),
    403: problem(about.forbidden),
    ...(one.params && { 404: problem('It does not exist, or not for you.') }),
    ...(one.file && { 409: problem('The file is being made; the same request succeeds in a moment.') }),
    ...(writes && {
      409: problem('It does not go with what was done before: the key, or what the record has become; `code` says which.'),
      413: problem('The body is longer than 256 kB.'),
      415: problem('The body is not JSON.'),
    }),
    ...(one.body && { 422: problem('member_not_found: a person named in the body is no member.') }),
    ...(one.changes && { 412: problem('stale_revision: `current` is the record as it is now.'), 428: problem('If-Match is missing.') }),
    429: problem(`Too many requests of ${about.limited} in a minute.`),
    503: problem('What tokens are checked with does not answer; the same request may succeed later.'),
  };
}

function done({ answer, file, replayable }: Pick<ApiRoute, 'answer' | 'file' | 'replayable'>): ResponseConfig {
  if (file !== null) return { description: 'The file.', content: Object.fromEntries(file.map((type) => [type, { schema: FILE }])) };
  if (answer === null) return { description: 'Done.' };
  return {
    description: replayable ? 'Done; Idempotent-Replayed: true when it had been done before.' : 'Done.',
    content: { 'application/json': { schema: answer } },
    ...(replayable && { headers: z.object({ 'Idempotent-Replayed': z.literal('true').optional() }) }),
  };
}

function operationId({ method, path }: Pick<ApiRoute, 'method' | 'path'>): string {
  const words = path.split('/').filter(Boolean);
  return [method, ...words.map((word) => word.replace(/:\w+/u, 'one'))].join('_').replaceAll(/\W/gu, '_');
}
