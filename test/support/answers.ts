import Ajv2020 from 'ajv/dist/2020';
import type { Response } from 'supertest';
import type { Watch } from '../../src/features/operator/marketplace';
import type { ApiRoute } from '../../src/http/api-route';
import { describeApi, OPERATORS } from '../../src/http/openapi';
import { apiRoutes } from '../../src/http/routes/api-routes';
import { operatorRoutes } from '../../src/http/routes/operator/operator-routes';

const LINKS = { accountUrl: 'https://kontingent.example/account', supportContact: 'support@kontingent.example' };
/** Described without what they run on. */
export const describedOperatorRoutes = operatorRoutes({} as Watch);

/** What answers are held to, by the API's base. */
const apis = {
  '/api/v1': { routes: apiRoutes(LINKS) as readonly ApiRoute<never>[], about: undefined },
  '/api/operator/v1': { routes: describedOperatorRoutes as readonly ApiRoute<never>[], about: OPERATORS },
};
export type ApiBase = keyof typeof apis;

interface Operation {
  responses: Record<string, { content?: Record<string, { schema: object }>; headers?: Record<string, unknown> }>;
}
export interface Document {
  openapi: string;
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, object> };
}

/** The OpenAPI document of an API, or of some of its routes. */
export const documentOf = (base: ApiBase, routes = apis[base].routes): Document =>
  describeApi(routes, 'https://kontingent.example', '0.0.0-test', apis[base].about) as Document;

/** The document of one route alone: all of them take half a second, and a test file asks for few. */
const documents = new Map<ApiRoute<never>, Document>();
function documentOfOne(base: ApiBase, route: ApiRoute<never>): Document {
  let document = documents.get(route);
  if (!document) {
    document = documentOf(base, [route]);
    documents.set(route, document);
  }
  return document;
}

/** Where the document has a route. */
export const placeOf = (base: ApiBase, { path }: { path: string }): string => `${base}${path.replaceAll(/:(\w+)/gu, '{$1}')}`;

/** Every operation as it is described alone and in the whole: what answers are held to is what is published. */
export const aloneAndWhole = (base: ApiBase): { alone: object; whole: object }[] => {
  const whole = documentOf(base);
  return apis[base].routes.map((route) => {
    const place = placeOf(base, route);
    const alone = documentOfOne(base, route);
    const named = Object.keys(alone.components.schemas);
    return {
      alone: { operation: alone.paths[place]![route.method], components: alone.components.schemas },
      whole: {
        operation: whole.paths[place]![route.method],
        components: Object.fromEntries(named.map((name) => [name, whole.components.schemas[name]])),
      },
    };
  });
};

/** Formats are checked by the zod schemas below; here the document's own shapes. */
const ajv = new Ajv2020({ strict: false, validateFormats: false, allErrors: true });
/** By the API and the schema's words: what refuses is the same everywhere. */
const seen = new Map<string, ReturnType<typeof ajv.compile>>();

/** Answers that stand for every request, whatever its route: they come before one is known. */
const BEFORE_ANY_ROUTE = new Set(['not_found', 'method_not_allowed']);

/**
 * Holds an answer to the OpenAPI document: the operation is described, so is its status, and the body fits the schema and
 * carries nothing that the schema does not name.
 */
export function checkAnswer(method: string, path: string, res: Response, base: ApiBase = '/api/v1'): void {
  const { routes } = apis[base];
  const text = `${method} ${path} → ${res.status} ${JSON.stringify(res.body).slice(0, 600)}`;
  if (res.status >= 400 && BEFORE_ANY_ROUTE.has((res.body as { code?: string }).code ?? '')) return;
  const route = routes.find((one) => one.method === method && matches(one.path, path.split('?')[0]!, routes));
  if (!route) throw new Error(`no route is described for ${text}`);
  const document = documentOfOne(base, route);
  const operation = document.paths[placeOf(base, route)]![method]!;
  const described = operation.responses[res.status];
  if (!described) throw new Error(`a status the document does not name: ${text}`);
  if (route.file && res.status === 200) {
    if (!route.file.includes(res.type)) throw new Error(`${res.type} instead of ${route.file.join(' or ')}: ${text}`);
    return;
  }
  const [type, media] = Object.entries(described.content ?? {})[0] ?? [];
  if (!type || !media) {
    if (res.text) throw new Error(`content where the document has none: ${text}`);
    return;
  }
  if (!res.type.startsWith(type)) throw new Error(`${res.type} instead of ${type}: ${text}`);
  const words = base + JSON.stringify(media.schema);
  let validate = seen.get(words);
  if (!validate) {
    validate = ajv.compile({ ...media.schema, components: document.components });
    seen.set(words, validate);
  }
  if (!validate(res.body)) throw new Error(`does not fit: ${ajv.errorsText(validate.errors)}: ${text}`);
  if (res.status >= 400) {
    if (res.body.status !== res.status) throw new Error(`another status in the body: ${text}`);
    return;
  }
  const parsed = route.answer!.safeParse(res.body);
  if (!parsed.success) throw new Error(`${text}: ${parsed.error.message}`);
  expect(res.body).toEqual(parsed.data);
}

/** `/drafts/submit-all` is not the draft called submit-all. */
const matches = (pattern: string, path: string, routes: readonly { path: string }[]): boolean =>
  new RegExp(`^${pattern.replaceAll(/:\w+/gu, '[^/]+')}$`, 'u').test(path) &&
  !(pattern.includes(':') && routes.some((one) => one.path === path));
