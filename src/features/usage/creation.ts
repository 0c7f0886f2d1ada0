import type { Actor } from '../../platform/actor';
import { operationKey } from './operation-key.rules';

/** What a creation gives back: the record as it is now, and whether the act had been done before. */
export interface Created<Record> {
  record: Record;
  replayed: boolean;
}

/** A client's key for a new act, or the key and digest of a refused act that is submitted again. */
export type CreationKey = { clientKey: string; fingerprint?: undefined } | { operationKey: string; fingerprint: string };

export const keyOf = (useCase: string, actor: Actor, key: CreationKey): string =>
  'operationKey' in key ? key.operationKey : operationKey(useCase, actor.memberId, key.clientKey);
