const SECOND = 1000;
const DAY = 86_400 * SECOND;

/** How long until a provider is asked again about a payment, in milliseconds; null: no more, somebody has to look. */
export function askAgainAfter(state: 'pending' | 'failed', attempts: number): number | null {
  if (attempts >= MOST_ATTEMPTS) return null;
  return state === 'failed' ? DAY : Math.min(10 * SECOND * 2 ** (attempts - 1), DAY / 4);
}

/** Weeks: what a bank or a person needs to come to terms. */
const MOST_ATTEMPTS = 60;
