import { readFileSync } from 'node:fs';
import path from 'node:path';
import Ajv2020 from 'ajv/dist/2020';
import request from 'supertest';
import { apiRoutes } from '../../src/http/routes/api-routes';
import { aloneAndWhole, documentOf } from '../support/answers';
import { LINKS, testApp } from '../support/app';
import { testContext } from '../support/database';

/** The OpenAPI Initiative's own schema of version 3.1; the package around it is an ES module, which jest does not load. */
const SCHEMA = path.resolve('node_modules/@seriousme/openapi-schema-validator/schemas/v3.1/schema.json');

const apiDocument = documentOf('/api/v1');

interface Layer {
  route?: { path: string; methods: Record<string, boolean> };
  handle: { stack?: Layer[] };
  matchers?: ((path: string) => unknown)[];
}

test('openapi.json is served to anybody, is valid OpenAPI 3.1, and is the document the answers are held to', async () => {
  const { ctx } = await testContext();
  const { app } = await testApp(ctx);
  const { status, body, type } = await request(app).get('/api/v1/openapi.json');
  expect([status, type]).toEqual([200, 'application/json']);
  const validate = new Ajv2020({ strict: false, validateFormats: false }).compile(JSON.parse(readFileSync(SCHEMA, 'utf8')));
  expect([validate(body), validate.errors]).toEqual([true, null]);
  expect([validate({ ...body, paths: { 'no slash': {} } })]).toEqual([false]);
  expect(body.openapi).toMatch(/^3\.1\./u);
  expect(body.paths).toEqual(JSON.parse(JSON.stringify(apiDocument.paths)));
});

test.each(['/api/v1', '/api/operator/v1'] as const)('%s: an operation described alone is what the whole document says of it', (base) => {
  for (const { alone, whole } of aloneAndWhole(base)) expect(alone).toEqual(whole);
});

test('every mounted route is described, and every described one is mounted', async () => {
  const { ctx } = await testContext();
  const { app } = await testApp(ctx);
  const routers = (app as unknown as { router: { stack: Layer[] } }).router.stack;
  const api = routers.find(
    (layer) => layer.matchers?.some((match) => match('/api/v1')) && layer.handle.stack && layer.matchers.every((match) => !match('/x')),
  )!;
  const verbs = ['get', 'post', 'put', 'patch', 'delete'];
  const mounted = api.handle.stack!.flatMap(({ route }) =>
    route ? verbs.filter((verb) => route.methods[verb] && !route.methods._all).map((verb) => `${verb} ${route.path}`) : [],
  );
  const described = Object.entries(apiDocument.paths).flatMap(([path, operations]) =>
    Object.keys(operations).map((verb) => `${verb} ${path.replace('/api/v1', '').replaceAll(/\{(\w+)\}/gu, ':$1')}`),
  );
  expect([...new Set(mounted)].sort()).toEqual([...described, 'get /openapi.json'].sort());
  expect(described.sort()).toEqual(
    apiRoutes(LINKS)
      .map((one) => `${one.method} ${one.path}`)
      .sort(),
  );
});

test('operations have ids of their own, summaries, and name the header they need', () => {
  const operations = Object.values(apiDocument.paths).flatMap((path) => Object.values(path)) as unknown as {
    operationId: string;
    summary: string;
    parameters?: { name: string; in: string; required: boolean }[];
  }[];
  expect(new Set(operations.map((one) => one.operationId)).size).toBe(operations.length);
  for (const one of operations) expect(one.summary).toMatch(/^\S.{5,}$/u);
  for (const route of apiRoutes(LINKS)) {
    const path = `/api/v1${route.path.replaceAll(/:(\w+)/gu, '{$1}')}`;
    const { parameters = [] } = apiDocument.paths[path]![route.method] as unknown as (typeof operations)[number];
    const headers = parameters.filter((one) => one.in === 'header' && one.required).map((one) => one.name);
    expect([path, headers]).toEqual([path, [...(route.keyed ? ['Idempotency-Key'] : []), ...(route.changes ? ['If-Match'] : [])]]);
  }
});

test('every pattern is a regular expression that fits what it describes', () => {
  const patterns: string[] = [];
  JSON.stringify(apiDocument, (name, value) => {
    if (name === 'pattern') patterns.push(value);
    return value;
  });
  expect(patterns.length).toBeGreaterThan(10);
  for (const pattern of new Set(patterns)) {
    expect(() => new RegExp(pattern, 'u')).not.toThrow();
    expect([pattern, ['Printer on fire', 'EUR', 'tickets', '2026-03', '5.5'].some((text) => new RegExp(pattern, 'u').test(text))]).toEqual([
      pattern,
      true,
    ]);
  }
});
