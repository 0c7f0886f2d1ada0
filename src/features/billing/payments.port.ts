/** Money to be moved for one document. Asked again with the same document it is the same movement, never a second one. */
export interface PaymentOrder {
  documentId: string;
  tenantId: string;
  /** As it stands on the document, for the payer's statement of account. */
  number: string;
  amountMinor: number;
  currency: string;
}

/**
 * pending: on its way, ask again; failed: not taken, asking again tries again. `reference` is the provider's own name for it,
 * `problem` its words for people.
 */
export type PaymentOutcome =
  | { state: 'paid'; reference: string | null }
  | { state: 'pending'; reference: string | null }
  | { state: 'failed'; reference: string | null; problem: string };

/** Takes and gives back money of contracts with the publisher. Throws when the provider does not answer. */
export interface Payments {
  charge(order: PaymentOrder): Promise<PaymentOutcome>;
  refund(order: PaymentOrder): Promise<PaymentOutcome>;
}
