import type { Actor } from '../../platform/actor';
import { fingerprint } from '../../platform/fingerprint';
import { operationKey } from './operation-key.rules';

/** What a creation gives back: the record as it is now, and whether the act had been done before. */
export interface Created<Record> {
  record: Record;
  replayed: boolean;
}

/** A client's key for a new act, or the key and digest of a refused act that is submitted again. */
export type CreationKey = { clientKey: string } | { operationKey: string; fingerprint: string; draftRevision: number };

export const keyOf = (useCase: string, actor: Pick<Actor, 'memberId'>, key: CreationKey): string =>
  'operationKey' in key ? key.operationKey : operationKey(useCase, actor.memberId, key.clientKey);

/** What names an act for ever; of a draft also which revision of it is submitted. */
export interface ActKey {
  key: string;
  /** Digest of what was asked first; a key reused with other content is a conflict. */
  fingerprint: string;
  draftRevision?: number;
}

export const actKeyOf = (useCase: string, actor: Actor, key: CreationKey, input: unknown): ActKey =>
  'operationKey' in key
    ? { key: key.operationKey, fingerprint: key.fingerprint, draftRevision: key.draftRevision }
    : { key: keyOf(useCase, actor, key), fingerprint: fingerprint(input) };
