import { readFile } from 'node:fs/promises';
import { LineCounter, parseDocument } from 'yaml';
import { z } from 'zod';
import { LOCALES } from '../../contract/common';
import { METERS } from '../../contract/meters';

const Words = z.strictObject(
  Object.fromEntries(LOCALES.map((locale) => [locale, z.string().min(1).max(200)])) as Record<(typeof LOCALES)[number], z.ZodString>,
);
const PlanId = z.string().regex(/^[a-z0-9][a-z0-9_-]{0,49}$/u, 'lower-case letters, digits, - and _, at most 50');

const CatalogPlan = z.strictObject({
  id: PlanId,
  /** Higher is more; data, never derived from name or price. */
  rank: z.number().int().min(0),
  name: Words,
  description: Words,
  prices: z
    .array(z.strictObject({ term: z.enum(['P1M', 'P1Y']), currency: z.string().regex(/^[A-Z]{3}$/u), minor: z.number().int().min(0) }))
    .min(1),
  quotas: z.strictObject(
    Object.fromEntries(METERS.map((meter) => [meter, z.union([z.number().int().min(0), z.literal('unlimited')])])) as Record<
      (typeof METERS)[number],
      z.ZodUnion<[z.ZodNumber, z.ZodLiteral<'unlimited'>]>
    >,
  ),
  notice: z.strictObject({ thresholds: z.array(z.number().int().min(1).max(100)).min(1).max(10) }).default({ thresholds: [80, 100] }),
});
export type CatalogPlan = z.infer<typeof CatalogPlan>;

const Catalog = z
  .strictObject({ offer: z.string().regex(/^[a-z0-9][a-z0-9_-]{0,49}$/u), plans: z.array(CatalogPlan).min(1) })
  .refine(({ plans }) => new Set(plans.map((plan) => plan.id)).size === plans.length, { path: ['plans'], message: 'plan ids must differ' });
export type Catalog = z.infer<typeof Catalog>;

/** The catalog does not say what a catalog must; names file, line and field of every problem. */
export class CatalogError extends Error {
  constructor(file: string, problems: string[]) {
    super(`The plan catalog ${file} cannot be used:\n${problems.map((problem) => `  - ${problem}`).join('\n')}`);
    this.name = 'CatalogError';
  }
}

/** Reads and checks a catalog file. @throws CatalogError */
export async function loadCatalog(file: string): Promise<Catalog> {
  const text = await readFile(file, 'utf8').catch(() => {
    throw new CatalogError(file, ['the file cannot be read']);
  });
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines });
  if (document.errors.length > 0)
    throw new CatalogError(
      file,
      document.errors.map((error) => error.message),
    );
  const checked = Catalog.safeParse(document.toJS());
  if (checked.success) return checked.data;
  throw new CatalogError(
    file,
    checked.error.issues.map((issue) => `line ${lineOf(issue.path)}, ${issue.path.join('.') || 'the whole'}: ${issue.message}`),
  );

  function lineOf(path: PropertyKey[]): number {
    for (let length = path.length; length > 0; length -= 1) {
      const node = document.getIn(path.slice(0, length), true) as { range?: [number] } | undefined;
      if (node?.range) return lines.linePos(node.range[0]).line;
    }
    return 1;
  }
}
