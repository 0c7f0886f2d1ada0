import type { TxContext } from '../../platform/context';
import { audit } from '../audit/audit';
import { creditPayment, lockUnpaidCharges, type PaymentRow } from './payments.store';

/** What of a payment is still to move. */
export const dueOf = ({ amountMinor, creditedMinor }: Pick<PaymentRow, 'amountMinor' | 'creditedMinor'>): number =>
  amountMinor - creditedMinor;

/** `credited`: the charges of which nothing is left to pay. */
export type SetOff = { waitsFor: 'answer' | 'money' } | { leftMinor: number; credited: PaymentRow[] };

/**
 * Nothing goes back that was never paid: what a refund gives is first set off against what earlier bills of the same
 * subscription still ask for. A charge that a provider is being asked for, or has on its way, is waited for.
 */
export async function setOff(tx: TxContext, tenantId: string, refund: PaymentRow, at: Date): Promise<SetOff> {
  const charges = await lockUnpaidCharges(tx.db, tenantId, refund.documentId);
  if (charges.some(({ state }) => state === 'pending')) return { waitsFor: 'money' };
  if (charges.some(({ state, method }) => state === 'open' && method === 'provider')) return { waitsFor: 'answer' };
  const credited: PaymentRow[] = [];
  let left = dueOf(refund);
  for (const charge of charges) {
    const minor = Math.min(left, dueOf(charge));
    if (minor === 0) break;
    left -= minor;
    if (minor === dueOf(charge)) credited.push({ ...charge, state: 'credited', creditedMinor: charge.amountMinor });
    await creditPayment(tx.db, tenantId, charge.documentId, minor);
    await creditPayment(tx.db, tenantId, refund.documentId, minor);
    const details = { against: charge.documentId, minor, currency: refund.currency };
    await audit(tx, tenantId, { actor: 'billing', via: 'billing', action: 'payment.set_off', subject: refund.documentId, details }, at);
  }
  return { leftMinor: left, credited };
}
