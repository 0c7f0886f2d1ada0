import { readFile } from 'node:fs/promises';
import { type Document, isAlias, isMap, isNode, isScalar, isSeq, LineCounter, parseDocument } from 'yaml';
import type { z } from 'zod';
import type { Meter } from '../../contract/meters';
import { type Catalog, CatalogFile, type CatalogPlan, WrittenPlan } from './catalog-schema';
import { COUNT_EVENTS, type Contradiction, contradictionsIn } from './contradictions.rules';
import { PlanPolicies } from './policies';

export type { Catalog, CatalogPlan } from './catalog-schema';

/** The catalog does not say what a catalog must; names file, line and field of every problem. */
export class CatalogError extends Error {
  constructor(
    readonly file: string,
    readonly problems: string[],
  ) {
    super(`The plan catalog ${file} cannot be used:\n${problems.map((problem) => `  - ${problem}`).join('\n')}`);
    this.name = 'CatalogError';
  }
}

type Path = readonly PropertyKey[];

/** Reads and checks a catalog file. @throws CatalogError */
export async function loadCatalog(file: string): Promise<Catalog> {
  const text = await readFile(file, 'utf8').catch(() => {
    throw new CatalogError(file, ['the file cannot be read']);
  });
  return parseCatalog(text, file);
}

/** Checks the text of a catalog file. @throws CatalogError */
export function parseCatalog(text: string, file: string): Catalog {
  const counter = new LineCounter();
  const document = parseDocument(text, { lineCounter: counter });
  const fail = (problems: Contradiction[]): never => {
    const sorted = problems.map(({ path, message }) => ({ line: lineOf(document, counter, path), what: `${fieldOf(path)}: ${message}` }));
    const said = sorted.sort((a, b) => a.line - b.line).map(({ line, what }) => `line ${line}, ${what}`);
    throw new CatalogError(file, [...new Set(said)]);
  };
  if (document.errors.length > 0) {
    const said = document.errors.map(({ pos, message }) => `line ${counter.linePos(pos[0]).line}, the whole: ${message.split('\n')[0]}`);
    throw new CatalogError(file, said);
  }

  const written = contentOf(document, file);
  const whole = CatalogFile.safeParse(written);
  // A wrong default is one problem, not one of every plan.
  const areDefaultsWrong = whole.error?.issues.some(({ path }) => path[0] === 'defaults');
  const plans = asList(asRecord(written).plans).map((plan) => completed(plan, areDefaultsWrong ? {} : asRecord(written).defaults));
  const checked = plans.map((plan) => WrittenPlan.safeParse(plan));
  const problems = [
    ...(whole.success ? [] : problemsOf(whole.error)),
    ...checked.flatMap((plan, index) => (plan.success ? [] : problemsOf(plan.error, ['plans', index]))),
  ];
  if (!whole.success || checked.some((plan) => !plan.success)) return fail(problems);

  const { defaults: _defaults, ...rest } = whole.data;
  const catalog: Catalog = { ...rest, plans: checked.map((plan) => asCatalogPlan(plan.data!)) };
  const itself = (index: number, ...field: string[]) => valueAt(asList(asRecord(written).plans)[index], field) !== undefined;
  const found = contradictionsIn(
    catalog,
    (index, policy, ...field) =>
      itself(index, policy!) ? itself(index, policy!, ...field) : valueAt(asRecord(written).defaults, [policy!, ...field]) !== undefined,
    itself,
  );
  return found.length > 0 ? fail(found) : catalog;

  function fieldOf(path: Path): string {
    const [head, index, ...inner] = path;
    if (head !== 'plans' || typeof index !== 'number') return path.join('.') || 'the whole';
    const id = valueAt(written, ['plans', index, 'id']);
    return [`plan ${typeof id === 'string' ? id : `number ${index + 1}`}`, ...(inner.length > 0 ? [inner.join('.')] : [])].join(', ');
  }
}

/** What YAML makes of the text; a text that repeats itself without end is no catalog. */
function contentOf(document: Document, file: string): unknown {
  try {
    return document.toJS({ maxAliasCount: 1000 });
  } catch (error) {
    throw new CatalogError(file, [(error as Error).message]);
  }
}

// —— defaults, and what follows from what is written ——

const POLICY_NAMES = Object.keys(PlanPolicies.shape) as (keyof PlanPolicies)[];

/** A plan as written, with the file's defaults and what its other words imply. */
function completed(plan: unknown, defaults: unknown): unknown {
  if (!isRecord(plan)) return plan;
  const merged = { ...plan };
  for (const name of POLICY_NAMES) {
    const value = mergedWith(plan[name], asRecord(defaults)[name]);
    if (value !== undefined) merged[name] = value;
  }
  if (isRecord(plan.quotas))
    merged.quotas = Object.fromEntries(Object.entries(plan.quotas).map(([meter, item]) => [meter, impliedQuota(meter, item)]));
  return withImpliedLicenses(merged);
}

/** Field by field; a list or a value of the plan stands for itself. */
function mergedWith(own: unknown, given: unknown): unknown {
  if (own === undefined) return given;
  if (!isRecord(own) || !isRecord(given)) return own;
  const names = [...new Set([...Object.keys(given), ...Object.keys(own)])];
  return Object.fromEntries(names.map((name) => [name, mergedWith(own[name], given[name])]));
}

/** soft and warn admit everything, allow_over admits everything: one says the other. */
function impliedQuota(meter: string, item: unknown): unknown {
  const said = isRecord(item) ? item : { amount: item };
  const admits = said.enforcement === 'soft' || said.enforcement === 'warn';
  return {
    countEvent: COUNT_EVENTS[meter as Meter]?.[0],
    ...(admits && { onExhausted: 'allow_over' }),
    ...(said.onExhausted === 'allow_over' && { enforcement: 'soft' }),
    ...said,
  };
}

function withImpliedLicenses(plan: Record<string, unknown>): Record<string, unknown> {
  const { prices, quantity } = plan;
  const license = asRecord(plan.license);
  const isPerLicense = asList(prices).some((price) => asRecord(price).per === 'full_license');
  return {
    ...plan,
    ...(isRecord(plan.license) && license.restricted !== true && { license: { onShortage: 'reject_all', ...license } }),
    ...(isPerLicense && quantity === undefined && { quantity: {} }),
  };
}

function asCatalogPlan(plan: z.infer<typeof WrittenPlan>): CatalogPlan {
  const isPolicy = (name: string): boolean => (POLICY_NAMES as string[]).includes(name);
  const part = (policies: boolean) => Object.fromEntries(Object.entries(plan).filter(([name]) => isPolicy(name) === policies));
  return { ...part(false), policies: part(true) } as CatalogPlan;
}

// —— where a problem stands ——

/** One problem per wrong field; an unknown key is a problem of that key. */
function problemsOf(error: z.ZodError, prefix: (string | number)[] = []): Contradiction[] {
  return error.issues.flatMap((issue): Contradiction[] => {
    const path = [...prefix, ...(issue.path as (string | number)[])];
    if (issue.code !== 'unrecognized_keys') return [{ path, message: issue.message }];
    return issue.keys.map((key) => ({ path: [...path, key], message: 'there is no such field' }));
  });
}

/** The line of a field, of its place in the defaults, or of the nearest thing around it that is written. */
function lineOf(document: Document, counter: LineCounter, path: Path): number {
  const offset = offsetOf(document, path);
  const [head, , policy] = path;
  const isPolicy = head === 'plans' && (POLICY_NAMES as unknown[]).includes(policy);
  const given = isPolicy ? offsetOf(document, ['defaults', ...path.slice(2)]) : { depth: 0, at: 0 };
  // In the defaults only when they say more about it than the plan: both paths count from the policy's name.
  const { at } = given.depth - 1 > Math.max(offset.depth - 2, 0) ? given : offset;
  return counter.linePos(at).line;
}

/** How far a path leads into the document, and where that begins. */
function offsetOf(document: Document, path: Path): { depth: number; at: number } {
  let node: unknown = document.contents;
  let at = isNode(node) ? (node.range?.[0] ?? 0) : 0;
  let depth = 0;
  for (const step of path) {
    if (isAlias(node)) node = node.resolve(document);
    if (isMap(node)) {
      const pair = node.items.find(({ key }) => isScalar(key) && key.value === step);
      if (!pair) break;
      at = isNode(pair.key) ? (pair.key.range?.[0] ?? at) : at;
      node = pair.value;
    } else if (isSeq(node) && typeof step === 'number' && isNode(node.items[step])) {
      node = node.items[step];
      at = (node as { range?: [number] }).range?.[0] ?? at;
    } else break;
    depth += 1;
  }
  return { depth, at };
}

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value);
const asRecord = (value: unknown): Record<string, unknown> => (isRecord(value) ? value : {});
const asList = (value: unknown): unknown[] => (Array.isArray(value) ? value : []);

const valueAt = (value: unknown, path: Path): unknown =>
  path.reduce<unknown>(
    (inner, step) => (typeof inner === 'object' && inner !== null ? (inner as Record<PropertyKey, unknown>)[step] : undefined),
    value,
  );
