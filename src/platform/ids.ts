import { randomBytes } from 'node:crypto';
import { v7 } from 'uuid';

/** A new record's id: a UUID that grows with time, so that indexes grow at their end. */
export const newId = (): string => v7();

/** An unguessable word for sessions, states and tokens: 256 bits, base64url. */
export const newSecret = (): string => randomBytes(32).toString('base64url');

/** A fraction in [0, 1), for spreading what would happen at once. */
export const newFraction = (): number => randomBytes(4).readUInt32BE() / 2 ** 32;
