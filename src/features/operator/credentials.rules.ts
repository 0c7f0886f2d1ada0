/** A secret or a certificate by which we prove who we are. */
export interface Credential {
  /** The setting that holds it. */
  name: string;
  /** null: nobody said. */
  expiresAt: Date | null;
}

export type CredentialState = 'good' | 'ends_soon' | 'over' | 'unknown';

const DAY_MS = 86_400_000;
/** Days left at which the publisher is warned, the most urgent first. */
const WARNED_AT = [1, 7, 30];

/** Whole days until it ends, rounded up; 0 or less: it is over. */
export const daysLeft = (expiresAt: Date, now: Date): number => Math.ceil((expiresAt.getTime() - now.getTime()) / DAY_MS);

export function stateOf({ expiresAt }: Credential, now: Date): CredentialState {
  if (expiresAt === null) return 'unknown';
  if (expiresAt <= now) return 'over';
  return daysLeft(expiresAt, now) <= WARNED_AT.at(-1)! ? 'ends_soon' : 'good';
}

/** The warning that is due: the fewest days of those passed, 0 when it is over; null: none yet. */
export function dueWarning({ expiresAt }: Credential, now: Date): number | null {
  if (expiresAt === null) return null;
  if (expiresAt <= now) return 0;
  return WARNED_AT.find((days) => daysLeft(expiresAt, now) <= days) ?? null;
}
