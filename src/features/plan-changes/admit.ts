import type { Refusal } from '../../contract/refusals';
import type { Actor } from '../../platform/actor';
import type { TxContext } from '../../platform/context';
import { ok, type Result } from '../../platform/result';
import type { Capability } from '../members/access.rules';

/** Who may see and order changes of a subscription: members by their role (`enter`), and its buyer whoever they are here. */
export type Admit = (tx: TxContext, actor: Actor, capability: Capability) => Promise<Result<unknown, Refusal>>;

/** Of a purchase that was seen to be the actor's own. */
export const asBuyer: Admit = async () => ok(true);
