import { z } from 'zod';
import { parseCatalog } from '../../src/features/plans/catalog';
import { CatalogFile, WrittenPlan } from '../../src/features/plans/catalog-schema';
import * as policies from '../../src/features/plans/policies';
import { read } from './source';

const text = read('docs/plans.md');

/** The names of fields and the words of choices in a schema, wherever they stand in it. */
function namesIn(schema: z.core.$ZodType): string[] {
  const { def } = schema._zod as unknown as { def: Record<string, unknown> & { type: string } };
  const inner = [def.innerType, def.element, def.valueType, def.in, def.out, ...((def.options as unknown[]) ?? [])].filter(Boolean);
  const own =
    def.type === 'object'
      ? Object.keys(def.shape as object)
      : def.type === 'enum'
        ? Object.values(def.entries as object).map(String)
        : def.type === 'literal'
          ? (def.values as unknown[]).map(String)
          : [];
  const shapes = def.type === 'object' ? Object.values(def.shape as Record<string, z.core.$ZodType>) : [];
  return [...own, ...[...(inner as z.core.$ZodType[]), ...shapes].flatMap(namesIn)];
}

test('every field and every choice of a catalog is explained', () => {
  const schemas = [WrittenPlan, CatalogFile, ...Object.values(policies).filter((one) => one instanceof z.ZodType)];
  const names = [...new Set(schemas.flatMap((schema) => namesIn(schema)))];
  expect(names.length).toBeGreaterThan(100);
  expect(names.filter((name) => !new RegExp(`\`(?:[^\`\\n]*[^\`\\w])?${name}(?:[^\`\\w][^\`\\n]*)?\``, 'u').test(text))).toEqual([]);
});

const examples = [...text.matchAll(/```yaml\n([\s\S]*?)```/gu)].map(([, yaml]) => yaml!);

/** An example is a whole catalog, or some fields of a plan and perhaps the file's `billing`. */
function whole(example: string): string {
  if (example.startsWith('offer:')) return example;
  const billing = /^billing: .*\n/mu.exec(example)?.[0] ?? '';
  const fields = example.replace(billing, '');
  const addon = fields.includes('role: addon');
  const price = /^prices:/mu.test(fields) ? '' : 'prices: [{ term: P1M, currency: EUR, minor: 100 }]\n';
  const plan = (id: string, rank: number, rest: string) =>
    `- id: ${id}\n  rank: ${rank}\n  name: { en: a, de: a, it: a }\n  description: { en: a, de: a, it: a }\n${rest.replace(/^(?=.)/gmu, '  ')}`;
  const base = addon ? plan('base', 1, 'prices: [{ term: P1M, currency: EUR, minor: 1 }]\n') : '';
  return `offer: example\n${billing}plans:\n${base}${plan('example', 2, `${price}${fields}`)}`;
}

test.each(examples.map((example) => [example.split('\n').slice(0, 2).join(' '), example]))(
  'the example can be used: %s',
  (_first, example) => {
    expect(() => parseCatalog(whole(example), 'docs/plans.md')).not.toThrow();
  },
);

test('there is an example of every policy', () => {
  const written = examples.join('\n');
  expect(examples.length).toBeGreaterThan(12);
  for (const policy of Object.keys(policies.PlanPolicies.shape)) expect(written).toMatch(new RegExp(`^ *${policy}:`, 'mu'));
});
