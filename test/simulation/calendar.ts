/** The calendar and the arithmetic of the simulation: told from local dates alone, in no way as the product computes them. */

export const DAY_MS = 86_400_000;

const formats = new Map<string, Intl.DateTimeFormat>();

/** YYYY-MM-DD of an instant in a zone. */
export function localDate(at: Date, zone: string): string {
  const format =
    formats.get(zone) ?? new Intl.DateTimeFormat('en-CA', { timeZone: zone, year: 'numeric', month: '2-digit', day: '2-digit' });
  formats.set(zone, format);
  return format.format(at);
}

export const daysFrom = (a: string, b: string): number => (Date.parse(b) - Date.parse(a)) / DAY_MS;

/** The same day so many months later, or the last of that month. */
export function monthsLater(date: string, months: number): string {
  const [year, month, day] = date.split('-').map(Number) as [number, number, number];
  const last = new Date(Date.UTC(year, month + months, 0)).getUTCDate();
  return new Date(Date.UTC(year, month - 1 + months, Math.min(day, last))).toISOString().slice(0, 10);
}

export interface Anchor {
  startedAt: Date;
  date: string;
  zone: string;
}

/** The name of the one period that holds `at`: its first local date, or the instant of the activation. */
export function periodAt({ startedAt, date, zone }: Anchor, at: Date): string {
  const today = localDate(at, zone);
  const first = localDate(startedAt, zone);
  let begun = startedAt.toISOString();
  for (let months = 1; ; months += 1) {
    const day = monthsLater(date, months);
    if (day > today) return begun;
    if (day > first) begun = day;
  }
}

/** The first instant of the next period, found by halving: no other way to an instant is asked. */
export function nextEdge(anchor: Anchor, at: Date): Date {
  const name = periodAt(anchor, at);
  let [inside, outside] = [at.getTime(), at.getTime() + 63 * DAY_MS];
  while (outside - inside > 1) {
    const middle = Math.floor((inside + outside) / 2);
    if (periodAt(anchor, new Date(middle)) === name) inside = middle;
    else outside = middle;
  }
  return new Date(outside);
}

/** Half up, on the exact fraction. */
export const rounded = (numerator: number, denominator: number): number =>
  Number((2n * BigInt(numerator) + BigInt(denominator)) / (2n * BigInt(denominator)));

/** The same numbers for the same seed, everywhere (mulberry32). */
export function dice(seed: number) {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
  const upTo = (most: number): number => Math.floor(next() * (most + 1));
  return {
    next,
    /** A whole number from `least` to `most`. */
    between: (least: number, most: number): number => least + upTo(most - least),
    chance: (percent: number): boolean => next() * 100 < percent,
    one: <T>(of: readonly T[]): T => of[upTo(of.length - 1)]!,
    /** One of the names, as likely as its number says. */
    weighed: <T extends string>(weights: Partial<Record<T, number>>): T => {
      const entries = Object.entries(weights) as [T, number][];
      let left = next() * entries.reduce((sum, [, weight]) => sum + weight, 0);
      for (const [name, weight] of entries) {
        left -= weight;
        if (left < 0) return name;
      }
      return entries.at(-1)![0];
    },
  };
}
export type Dice = ReturnType<typeof dice>;
