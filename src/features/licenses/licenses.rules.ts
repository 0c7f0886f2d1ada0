import type { ChosenLicense, InvitationResult, LicenseSettings, LicenseSettingsView } from '../../contract/licenses';
import type { LicenseKind } from '../../contract/members';
import type { Refusal } from '../../contract/refusals';
import { ok, type Result, refuse } from '../../platform/result';
import { normalizeAddress } from '../members/address.rules';
import type { LicensePolicy } from '../plans/policies';

/** The places of an organization, as decisions see them. */
export interface Pool {
  policy: LicensePolicy;
  settings: LicenseSettings;
  /** null: unlimited. */
  purchased: number | null;
  /** Full licenses, and open invitations to full. */
  taken: number;
}

/** Places that are free; null: unlimited. Never below zero: who holds more than was bought has none to give. */
export const freeOf = ({ purchased, taken }: Pick<Pool, 'purchased' | 'taken'>): number | null =>
  purchased === null ? null : Math.max(0, purchased - taken);

/** How many more are taken than bought. */
export const overOf = ({ purchased, taken }: Pick<Pool, 'purchased' | 'taken'>): number =>
  purchased === null ? 0 : Math.max(0, taken - purchased);

/** What somebody has who finds no place. */
export const lackingOf = ({ restricted }: Pick<LicensePolicy, 'restricted'>): LicenseKind => (restricted ? 'restricted' : 'none');

/** What holds, of the plan's policy and what administrators chose. In the fixed model a restricted license comes of a shortage alone. */
export function effectiveSettings({ policy, settings }: Pick<Pool, 'policy' | 'settings'>): LicenseSettingsView['effective'] {
  return {
    defaultForNew: policy.model === 'fixed' ? 'full' : (settings.defaultForNew ?? policy.defaultForNew),
    requests: settings.requests ?? policy.requests,
    invitations: settings.invitations ?? 'admins',
  };
}

/** Somebody who is to have a license. */
export interface Applicant<Id> {
  id: Id;
  /** What they were chosen for; null: what new members get. */
  chosen: ChosenLicense | null;
  /** The license they hold or are invited to; null: neither. */
  held: LicenseKind | null;
  /** Whether they wait for a place already. */
  waits: boolean;
}

export interface Allocation<Id> {
  id: Id;
  outcome: InvitationResult['outcome'];
  license: LicenseKind;
  because: InvitationResult['because'];
}

/**
 * Gives licenses in the order of the list: who has a full one keeps it; who wants one gets it while a place is free; the others
 * get what the plan has for a shortage. One result for each; of somebody named twice the first counts. `mayRaise` false: who
 * has a license or an invitation keeps it as it is. Refused as a whole where the plan says so.
 */
export function allocateLicenses<Id>(
  pool: Pool,
  applicants: readonly Applicant<Id>[],
  mayRaise = true,
): Result<Allocation<Id>[], Refusal & { code: 'licenses_exhausted' }> {
  const { policy } = pool;
  const usual = effectiveSettings(pool).defaultForNew;
  let free = freeOf(pool) ?? Number.POSITIVE_INFINITY;
  let needed = 0;
  let missing = 0;

  const give = ({ chosen, held, waits }: Applicant<Id>): Omit<Allocation<Id>, 'id'> => {
    const wanted = chosen ?? usual;
    const because = chosen === null ? 'default' : 'chosen';
    if (held === 'full' || (held !== null && !mayRaise)) return { outcome: 'kept', license: held, because: null };
    if (wanted === 'restricted')
      return { outcome: held === 'restricted' && !waits ? 'kept' : 'restricted', license: 'restricted', because };
    needed += 1;
    if (free > 0) {
      free -= 1;
      return { outcome: 'full', license: 'full', because: null };
    }
    missing += 1;
    const license = held ?? lackingOf(policy);
    if (policy.onShortage === 'waitlist') return { outcome: waits ? 'kept' : 'waiting', license, because: 'shortage' };
    return { outcome: held === null ? 'restricted' : 'kept', license, because: 'shortage' };
  };

  const firsts = new Map<Id, Applicant<Id>>();
  for (const applicant of applicants) if (!firsts.has(applicant.id)) firsts.set(applicant.id, applicant);
  const all = [...firsts.values()].map((applicant) => ({ id: applicant.id, ...give(applicant) }));
  if (missing > 0 && policy.onShortage === 'reject_all') return refuse({ code: 'licenses_exhausted', ...placesOf(pool), needed });
  return ok(all);
}

const placesOf = (pool: Pool) => ({ purchased: pool.purchased ?? 0, taken: pool.taken, free: freeOf(pool) ?? 0 });

/** Whether administrators may choose this license for somebody who is invited. */
export function decideChoice({ policy }: Pick<Pool, 'policy'>, chosen: ChosenLicense): Result<true, Refusal> {
  if (chosen === 'full') return ok(true);
  if (!policy.restricted) return refuse({ code: 'license_not_in_plan', license: chosen });
  return policy.model === 'flexible' ? ok(true) : refuse({ code: 'license_model_fixed' });
}

/**
 * Whether administrators may switch a member's license. Up needs a free place; down is for the flexible model, and for any
 * while more are taken than bought, because then somebody has to be chosen.
 */
export function decideSwitch(pool: Pool, from: LicenseKind, to: LicenseKind): Result<'switch' | 'same', Refusal> {
  if (from === to) return ok('same');
  if (to === 'full') {
    return freeOf(pool) === 0 ? refuse({ code: 'licenses_exhausted', ...placesOf(pool), needed: 1 }) : ok('switch');
  }
  if (to !== lackingOf(pool.policy)) return refuse({ code: 'license_not_in_plan', license: to });
  if (from === 'full' && pool.policy.model === 'fixed' && overOf(pool) === 0) return refuse({ code: 'license_model_fixed' });
  return ok('switch');
}

/** Somebody who takes a place. */
export interface PlaceHolder {
  id: string;
  lastActiveAt: Date;
  since: Date | null;
}

/** Who gives up a place when too many are taken and nobody chose: the longest inactive, then the latest assigned. */
export function whoStepsDown(holders: readonly PlaceHolder[], over: number): string[] {
  const time = (at: Date | null): number => at?.getTime() ?? 0;
  return [...holders]
    .sort((a, b) => time(a.lastActiveAt) - time(b.lastActiveAt) || time(b.since) - time(a.since) || (a.id < b.id ? -1 : 1))
    .slice(0, over)
    .map(({ id }) => id);
}

/** When the default choice is made, if nobody has chosen by then. */
export const dueAt = (shortSince: Date, { graceDays }: Pick<LicensePolicy, 'graceDays'>): Date =>
  new Date(shortSince.getTime() + graceDays * 86_400_000);

/** Where a request for a license goes. */
export function routeRequest(pool: Pool): 'off' | 'grant' | 'ask' {
  const { requests } = effectiveSettings(pool);
  if (requests === 'off') return 'off';
  return requests === 'automatic_while_free' && freeOf(pool) !== 0 ? 'grant' : 'ask';
}

/** The addresses of a list as they are compared, each with what was chosen for it first. */
export const readInvitees = (invitees: readonly { address: string; license?: ChosenLicense | undefined }[]) =>
  invitees.map(({ address, license }) => ({ address: normalizeAddress(address), chosen: license ?? null }));

/** Whose access is limited without anybody having chosen so: what the inviter is told. */
export const limitedOf = (results: readonly InvitationResult[]): string[] =>
  results
    .filter(({ license, because }) => license !== 'full' && because !== 'chosen')
    .map(({ member, address }) => member?.name || address);
