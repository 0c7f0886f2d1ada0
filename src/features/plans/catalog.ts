import { readFile } from 'node:fs/promises';
import { LineCounter, parseDocument } from 'yaml';
import { z } from 'zod';
import { EntitlementName, Limits, PlanPolicies, PriceItem, Quotas, ResourceKind, Words } from './policies';

const Name = z.string().regex(/^[a-z0-9][a-z0-9_-]{0,49}$/u, 'lower-case letters, digits, - and _, at most 50');

const CatalogPlan = z.strictObject({
  id: Name,
  /** base: what an organization buys first; addon: what it may buy beside it. */
  role: z.enum(['base', 'addon']).default('base'),
  /** Higher is more; data, never derived from name or price. */
  rank: z.int().min(0),
  name: Words,
  description: Words,
  prices: z.array(PriceItem).min(1),
  /** Per usage period; a meter that is absent is not part of the plan. */
  quotas: Quotas.default({}),
  /** Of what is held now: teams, active_members, kinds of resources. */
  limits: Limits.default({}),
  features: z.record(EntitlementName, z.boolean()).default({}),
  values: z.record(EntitlementName, z.int().min(0)).default({}),
  ...PlanPolicies.partial().shape,
});

/** A plan with the file's defaults and the policies' own filled in. */
export type CatalogPlan = Omit<z.infer<typeof CatalogPlan>, keyof PlanPolicies> & { policies: PlanPolicies };

const CatalogFile = z
  .strictObject({
    offer: Name,
    /** Who charges: Microsoft, or this product through its payments port. */
    billing: z.enum(['marketplace', 'direct']).default('marketplace'),
    /** Policies of every plan that does not say otherwise. */
    defaults: PlanPolicies.partial().default({}),
    resources: z.record(EntitlementName, ResourceKind).default({}),
    plans: z.array(CatalogPlan).min(1),
  })
  .refine(({ plans }) => new Set(plans.map((plan) => plan.id)).size === plans.length, { path: ['plans'], message: 'plan ids must differ' });

export type Catalog = Omit<z.infer<typeof CatalogFile>, 'plans' | 'defaults'> & { plans: CatalogPlan[] };

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
  const checked = CatalogFile.safeParse(document.toJS());
  if (checked.success) return withDefaults(checked.data);
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

function withDefaults({ defaults, plans, ...file }: z.infer<typeof CatalogFile>): Catalog {
  const policyNames = Object.keys(PlanPolicies.shape) as (keyof PlanPolicies)[];
  return {
    ...file,
    plans: plans.map((plan) => ({
      ...(Object.fromEntries(Object.entries(plan).filter(([field]) => !(policyNames as string[]).includes(field))) as Omit<
        typeof plan,
        keyof PlanPolicies
      >),
      policies: PlanPolicies.parse(Object.fromEntries(policyNames.map((name) => [name, plan[name] ?? defaults[name]]))),
    })),
  };
}
