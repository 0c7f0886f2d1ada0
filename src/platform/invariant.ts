/** Throws when something that must always hold does not: a fault, never an answer. */
export function invariant(condition: unknown, message: string): asserts condition {
  if (!condition) throw new Error(`Invariant broken: ${message}`);
}

/** Closes a switch: does not compile while a case is missing. */
export function never(value: never): never {
  throw new Error(`Unexpected case: ${JSON.stringify(value)}`);
}
