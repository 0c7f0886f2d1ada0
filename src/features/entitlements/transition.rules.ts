import type { TransitionPolicy } from '../plans/policies';

/** Where a new rule stands: not yet spoken of, told, in force without being charged, or charged. */
export type TransitionState = 'unannounced' | 'announced' | 'enforced' | 'charged';

/** How far a plan's new rule has come; a plan without one is what it always was. Each instant belongs to the step it begins. */
export function transitionState({ policies }: { policies: { transition: TransitionPolicy | null } }, at: Date): TransitionState {
  const { transition } = policies;
  if (!transition || new Date(transition.chargeFrom) <= at) return 'charged';
  if (new Date(transition.enforceFrom) <= at) return 'enforced';
  return new Date(transition.announceAt) <= at ? 'announced' : 'unannounced';
}
