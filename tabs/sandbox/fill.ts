import { createTicket, fetchUsage, Refused } from './sandbox-api';

const LANES = 4;

export interface FillOrder {
  token: string;
  /** Of the tickets' limit. */
  percent: number;
  /** The title of the organization's nth ticket of this period. */
  title(nth: number): string;
  progress(made: number, of: number): void;
  signal: AbortSignal;
}

/** Creates sample tickets through the app's own API, several at a time, until the meter stands at `percent`. Answers how many; null: there is no limit, or nothing is bought. */
export async function fillTickets({ token, percent, title, progress, signal }: FillOrder): Promise<number | null> {
  const meter = (await fetchUsage(token))?.meters.find(({ meter }) => meter === 'tickets');
  if (!meter || meter.limit === null) return null;
  const missing = Math.max(0, Math.ceil((meter.limit * percent) / 100) - meter.used - meter.held);
  let next = 0;
  let made = 0;
  const lane = async () => {
    while (next < missing && !signal.aborted) {
      const nth = next++;
      await patiently(() => createTicket(token, title(meter.used + nth)), signal);
      made += 1;
      progress(made, missing);
    }
  };
  progress(0, missing);
  await Promise.all(Array.from({ length: LANES }, lane));
  return made;
}

/** Waits out the rate limit; every other refusal ends the filling. */
async function patiently(act: () => Promise<void>, signal: AbortSignal): Promise<void> {
  for (;;) {
    try {
      return await act();
    } catch (error) {
      if (!(error instanceof Refused) || error.status !== 429 || signal.aborted) throw error;
      await new Promise((resolve) => setTimeout(resolve, error.retryAfterSeconds * 1000));
    }
  }
}
