import { fingerprint } from '../../platform/fingerprint';
import { type Decision, shortageAfter, type Wanted } from './change.rules';
import type { Outcome } from './outcome.rules';
import type { Situation } from './situation';

/** What was previewed, when, and a digest of the answer: an order names it, and is refused once the answer would be another. */
export interface PreviewName {
  wanted: Wanted;
  previewedAt: Date;
  hash: string;
}

export function writePreviewId(decision: Decision, outcome: Outcome, situation: Situation, at: Date): string {
  const { to, term, quantity } = decision;
  const parts = [to.planId, to.version, term, quantity, at.toISOString(), hashOf(decision, outcome, situation)];
  return Buffer.from(JSON.stringify(parts)).toString('base64url');
}

/** Null for anything that is not one of ours. */
export function readPreviewId(previewId: string): PreviewName | null {
  try {
    const [toPlanId, version, term, quantity, at, hash] = JSON.parse(Buffer.from(previewId, 'base64url').toString('utf8')) as unknown[];
    const previewedAt = new Date(String(at));
    const isOurs =
      typeof toPlanId === 'string' &&
      Number.isSafeInteger(version) &&
      typeof term === 'string' &&
      (quantity === null || Number.isSafeInteger(quantity)) &&
      typeof hash === 'string' &&
      !Number.isNaN(previewedAt.getTime());
    if (!isOurs) return null;
    const wanted = { toPlanId, version: version as number, term, ...(quantity !== null && { quantity: quantity as number }) };
    return { wanted, previewedAt, hash };
  } catch {
    return null;
  }
}

/**
 * Whatever a customer agrees to. Where seconds are charged the lines change with every one of them; the formula does not. What others
 * do meanwhile outdates it only where something else happens to an item, or something else is too much: how much there is of that, or
 * how far an amount is lowered, says the moment of the effect.
 */
export function hashOf(decision: Decision, outcome: Outcome, situation: Situation): string {
  const { held, row } = situation;
  const { to, term, quantity, direction, effective, restarts } = decision;
  const perSecond = held.plan.policies.change.proration === 'seconds' && effective === 'now';
  const { money, limits, steps, frozen } = outcome;
  return fingerprint([
    [row.subscriptionId, row.planId, row.planVersion, row.quantity, row.status],
    [
      to.planId,
      to.version,
      term,
      quantity,
      direction,
      effective,
      restarts,
      effective === 'period_end' ? outcome.effectiveAt.toISOString() : null,
    ],
    perSecond
      ? null
      : money && [money.currency, [...money.lines, ...money.refunds].map(({ words, amountMinor }) => [words.en, amountMinor])],
    [limits, steps.map(({ action, meter, subject }) => [action, meter, subject]), frozen.map(({ meter }) => meter)],
    // How many it will be moves with every invitation; that there is one does not.
    shortageAfter(situation, decision) !== null,
  ]);
}
