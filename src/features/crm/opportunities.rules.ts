import type { OpportunityPatch } from '../../contract/opportunities';

type Fields = Required<{ [Field in keyof OpportunityPatch]: Exclude<OpportunityPatch[Field], undefined> }>;

/** The fields after a patch, null when it changes none of them. Every stage may follow every other: deals come back. */
export function patched(before: Fields, patch: OpportunityPatch): Fields | null {
  const after: Fields = { ...before, ...definedFields(patch) };
  const same =
    after.title === before.title &&
    after.customer === before.customer &&
    after.stage === before.stage &&
    after.value?.minor === before.value?.minor &&
    after.value?.currency === before.value?.currency &&
    after.closesOn === before.closesOn &&
    after.ownerId === before.ownerId;
  return same ? null : after;
}

const definedFields = (patch: OpportunityPatch): Partial<Fields> =>
  Object.fromEntries(Object.entries(patch).filter(([, value]) => value !== undefined));
