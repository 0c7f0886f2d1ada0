/** The database's infinities are the first and the last instant that a Date can hold. */
const END_OF_TIME = 8.64e15;

/** An instant as a parameter. */
export function bound(at: Date): Date | string {
  const time = at.getTime();
  return Math.abs(time) < END_OF_TIME ? at : time < 0 ? '-infinity' : 'infinity';
}

/** An instant as the driver gives it: a number where it is infinite. */
export const unbound = (given: Date | number): Date => (given instanceof Date ? given : new Date(given < 0 ? -END_OF_TIME : END_OF_TIME));
