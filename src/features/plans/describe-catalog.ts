import type { Locale } from '../../contract/common';
import type { PlanOffer } from '../../contract/plans';
import { moneyInWords } from '../../platform/sentences';
import type { Catalog, CatalogPlan } from './catalog-schema';
import { fieldDifferences } from './compare-plans.rules';
import type { Plan } from './plans';
import { presentPlan } from './present-plan';
import { documentOf, itemsOf } from './publish-plans';

/** What a customer of each plan would read, for whoever writes the catalog. */
export function describeCatalog(catalog: Catalog, locale: Locale): string {
  const billed = catalog.billing === 'direct' ? 'billed by this product' : 'billed by Microsoft';
  const head = `Offer ${catalog.offer}, ${billed}; ${catalog.plans.length} ${catalog.plans.length === 1 ? 'plan' : 'plans'}.`;
  return [head, ...catalog.plans.map((plan) => describePlan(presentPlan(asPlan(catalog, plan), locale)))].join('\n\n');
}

function describePlan({ planId, role, rank, name, description, prices, grants, rules }: PlanOffer): string {
  return [
    `${planId} (${role}, rank ${rank}): ${name}`,
    `  ${description}`,
    ...block('price', [prices.map(({ words }) => words).join(' · ')]),
    ...grants.flatMap((grant) => block(grant.name, [grant.words, ...grant.details])),
    ...rules.flatMap(({ about, words }) => block(about, words)),
  ].join('\n');
}

const WIDTH = 18;

/** A label, and its lines beside and below it. */
const block = (label: string, lines: string[]): string[] =>
  lines.map((line, index) => `  ${(index === 0 ? label : '').padEnd(WIDTH)} ${line}`);

/** The catalog's plan as it would be read from the database, not published yet. */
const asPlan = (catalog: Catalog, plan: CatalogPlan): Plan => ({
  ...plan,
  planId: plan.id,
  version: 0,
  offerId: catalog.offer,
  billing: catalog.billing,
  resources: catalog.resources,
  items: itemsOf(plan),
});

/** What becomes of each plan when `after` takes the place of `before`: what changes, and who keeps what. */
export function compareCatalogs(before: Catalog, after: Catalog): string {
  const ids = [...new Set([...before.plans, ...after.plans].map(({ id }) => id))];
  const fates = ids.map((id) => fateOf(id, before, after));
  const versions = fates.flatMap(({ id, isNewVersion }) => (isNewVersion ? [id] : []));
  const summary = versions.length > 0 ? `New versions at the next start: ${versions.join(', ')}.` : 'No new versions.';
  return [...fates.map(({ lines }) => lines.join('\n')), summary].join('\n\n');
}

function fateOf(id: string, before: Catalog, after: Catalog): { id: string; isNewVersion: boolean; lines: string[] } {
  const [old, young] = [before, after].map((catalog) => planFields(catalog, id));
  if (!young)
    return {
      id,
      isNewVersion: false,
      lines: [`${id} goes: it is sold to nobody any more. Who has it keeps it as it is, also through renewals.`],
    };
  if (!old) return { id, isNewVersion: true, lines: [`${id} is new: it is sold from now on.`] };
  const differences = fieldDifferences(old, young);
  if (differences.length === 0) return { id, isNewVersion: false, lines: [`${id} stays as it is, in the version it has.`] };
  return {
    id,
    isNewVersion: true,
    lines: [
      `${id} becomes a new version:`,
      ...differences.map(({ field, from, to }) => `  ${field}: ${inWords(from)} → ${inWords(to)}`),
      '  Who has it keeps the version they bought, with its prices, limits and rules, also through renewals, until they change plans themselves.',
    ],
  };
}

/** A plan's fields as differences name them: a price by its term, and money as one reads it. */
function planFields(catalog: Catalog, id: string): object | null {
  const plan = catalog.plans.find((one) => one.id === id);
  if (!plan) return null;
  const { policies, prices, ...facts } = documentOf(catalog, plan);
  const price = ({ minor, currency, per }: CatalogPlan['prices'][number]) => `${moneyInWords(minor, currency, 'en')} per ${per}`;
  return { offer: catalog.offer, ...facts, prices: Object.fromEntries(prices.map((one) => [one.term, price(one)])), ...policies };
}

const inWords = (value: unknown): string => (value === undefined ? 'nothing' : typeof value === 'string' ? value : JSON.stringify(value));
