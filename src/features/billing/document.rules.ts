import type { DocumentKind } from '../../contract/billing';
import type { Locale } from '../../contract/common';
import { calendarDate } from '../entitlements/periods.rules';
import type { Words } from '../plans/policies';
import { type BillLine, sumOf } from './bill-lines.rules';
import { taxed } from './money.rules';
import type { Seller } from './seller';
import { lastDayOf, type Term } from './term-parts.rules';

/** Net, tax and gross of a sum, in minor units. */
export interface Amounts {
  netMinor: number;
  taxMinor: number;
  grossMinor: number;
}

/** What a document says, as it was when it was issued: printed again at any later time it is the same. */
export interface DocumentContent {
  kind: DocumentKind;
  /** As people write it: INV-000042. */
  number: string;
  issuedOn: string;
  /** The language it is written in unless another is asked for. */
  locale: Locale;
  seller: Pick<Seller, 'name' | 'address' | 'taxId' | 'note'>;
  buyer: { name: string | null; id: string; address: string[]; taxId: string | null };
  plan: Words;
  /** First and last day of what is paid for. */
  from: string;
  until: string;
  currency: string;
  lines: BillLine[];
  refunds: BillLine[];
  tax: Seller['tax'];
  /** Of the lines, and of what goes back. */
  total: Amounts;
  refunded: Amounts;
  /** Of a receipt: what had been set off before it was paid. */
  creditedMinor?: number;
  /** Of a statement: what was counted then. `resetsOn` null: of what is held. */
  usage: { meter: string; used: number; limit: number | null; resetsOn: string | null }[];
}

/** What became of a document's payment first; kept, so that the document stays as it was. */
export interface DocumentPayment {
  /** set_off: nothing moved, because it was set off against what had not been paid. */
  state: 'paid' | 'due' | 'set_off';
  method: 'provider' | 'transfer';
  amountMinor: number;
  /** Of a payment received; null: still due. */
  on: string | null;
}

const PREFIX: Record<DocumentKind, string> = { invoice: 'INV', receipt: 'REC', statement: 'ST' };

export const documentNumber = (kind: DocumentKind, number: number): string => `${PREFIX[kind]}-${String(number).padStart(6, '0')}`;

/** Who is asked to pay, and how they want to be named. */
export interface Buyer {
  tenantId: string;
  name: string | null;
  locale: Locale;
  timeZone: string;
  address: string;
  taxId: string | null;
}

export interface Billed {
  plan: Words;
  currency: string;
  lines: BillLine[];
  refunds: BillLine[];
  /** What goes back, where it is not taxed as one sum. */
  refunded?: Amounts | undefined;
  period: Term;
  at: Date;
}

/** Everything a bill's documents have in common; each adds its kind and number. */
export function contentOf(bill: Billed, seller: Seller, buyer: Buyer): Omit<DocumentContent, 'kind' | 'number'> {
  const { timeZone } = buyer;
  const { name, address, taxId, note, tax } = seller;
  return {
    issuedOn: calendarDate(bill.at, timeZone),
    locale: buyer.locale,
    seller: { name, address, taxId, note },
    buyer: {
      name: buyer.name,
      id: buyer.tenantId,
      address: buyer.address
        .split('\n')
        .map((line) => line.trim())
        .filter(Boolean),
      taxId: buyer.taxId,
    },
    plan: bill.plan,
    from: calendarDate(bill.period.start, timeZone),
    until: lastDayOf(bill.period, timeZone),
    currency: bill.currency,
    lines: bill.lines,
    refunds: bill.refunds,
    tax,
    total: taxed(sumOf(bill.lines), tax),
    refunded: bill.refunded ?? taxed(sumOf(bill.refunds), tax),
    usage: [],
  };
}

/** Whether there is anything to invoice: a plan without a price makes a bill and no paper. */
export const isWorthADocument = ({ lines, refunds }: Pick<Billed, 'lines' | 'refunds'>): boolean =>
  [...lines, ...refunds].some(({ amountMinor, unchargedMinor }) => amountMinor !== 0 || (unchargedMinor ?? 0) !== 0);

/** What a document amounts to, tax included: of an invoice its lines, of the others also what goes back. */
export const amountOf = ({ kind, ...content }: DocumentContent): number =>
  kind === 'invoice' ? content.total.grossMinor : content.total.grossMinor + content.refunded.grossMinor + setOffOf(content);

/** What was set off, as it stands in the sum: a part of what was asked less to pay, a part of what goes back less to give. */
export const setOffOf = ({ total, creditedMinor = 0 }: Pick<DocumentContent, 'total' | 'creditedMinor'>): number =>
  total.grossMinor < 0 ? creditedMinor : creditedMinor === 0 ? 0 : -creditedMinor;
