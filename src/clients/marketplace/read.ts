import type { SubscriptionStatus } from '../../contract/subscriptions';
import type {
  MarketplaceOperation,
  MarketplacePerson,
  MarketplaceSubscription,
  OperationStatus,
} from '../../features/subscriptions/marketplace.port';

/**
 * Reads what the fulfillment API answers, and only what is needed of it. Field names are matched without regard to case, words
 * are trimmed, unknown fields are passed over: the documents say that schemas grow, and samples carry stray blanks.
 */
type Fields = Record<string, unknown>;

/** The answer is JSON of another form than the API's. */
export class UnreadableAnswer extends Error {
  override name = 'UnreadableAnswer';
}

/** A body as text; an empty one is null, as some lists are when they hold nothing. */
export function readJson(body: string): unknown {
  const text = body.replace(/^\uFEFF/u, '').trim();
  if (text === '') return null;
  try {
    return JSON.parse(text);
  } catch {
    throw new UnreadableAnswer('The body is not JSON.');
  }
}

export function readSubscription(value: unknown): MarketplaceSubscription {
  const of = fieldsOf(value);
  const term = fieldsOf(of.term);
  const status = statusOf(text(of.saassubscriptionstatus) ?? text(of.subscriptionstatus) ?? text(of.status));
  const planId = text(of.planid);
  if (!planId || !status) throw new UnreadableAnswer(`A subscription lacks its ${planId ? 'status' : 'plan'}.`);
  return {
    id: readId(of.id ?? of.subscriptionid),
    name: text(of.name) ?? text(of.subscriptionname) ?? planId,
    offerId: text(of.offerid) ?? '',
    planId,
    quantity: whole(of.quantity),
    status,
    purchaser: personOf(of.purchaser),
    beneficiary: personOf(of.beneficiary),
    termUnit: text(term.termunit),
    termStart: instant(term.startdate),
    termEnd: instant(term.enddate),
    autoRenew: of.autorenew !== false,
    isFreeTrial: of.isfreetrial === true,
    allowedOperations: Array.isArray(of.allowedcustomeroperations) ? of.allowedcustomeroperations.flatMap((word) => text(word) ?? []) : [],
    purchasedAt: instant(of.created),
  };
}

/** The id that a resolved token names, and the subscription where the answer holds a whole one. */
export function readResolved(value: unknown): { id: string; subscription: MarketplaceSubscription | null } {
  const of = fieldsOf(value);
  const nested = fieldsOf(of.subscription);
  const id = readId(of.id ?? of.subscriptionid ?? nested.id);
  const isWhole = ['term', 'saassubscriptionstatus', 'planid', 'offerid', 'beneficiary', 'purchaser'].every((field) => nested[field]);
  return { id, subscription: isWhole ? readSubscription({ ...nested, id }) : null };
}

/** One page of a list; bare arrays are pages too. */
export function readPage(value: unknown): { items: MarketplaceSubscription[]; nextLink: string | null } {
  if (Array.isArray(value)) return { items: readable(value), nextLink: null };
  const of = fieldsOf(value);
  const items = of.subscriptions ?? of.value ?? [];
  if (!Array.isArray(items)) throw new UnreadableAnswer('A list of subscriptions is none.');
  return { items: readable(items), nextLink: text(of['@nextlink']) ?? text(of.nextlink) ?? text(of['@odata.nextlink']) };
}

/** One entry that cannot be read, of whatever offer, must not hide the others. */
function readable(items: unknown[]): MarketplaceSubscription[] {
  return items.flatMap((item) => {
    try {
      return [readSubscription(item)];
    } catch (error) {
      if (error instanceof UnreadableAnswer) return [];
      throw error;
    }
  });
}

const OPERATION_STATUSES: OperationStatus[] = ['NotStarted', 'InProgress', 'Succeeded', 'Failed', 'Conflict'];

/** `asked`: what names it, where the answer does not. */
export function readOperation(value: unknown, asked: { id: string; subscriptionId: string }): MarketplaceOperation {
  const of = fieldsOf(value);
  const word = plain(text(of.status));
  const status = OPERATION_STATUSES.find((one) => one.toLowerCase() === word);
  if (!status) throw new UnreadableAnswer('An operation lacks its status.');
  return {
    id: readId(of.id ?? asked.id),
    subscriptionId: readId(of.subscriptionid ?? asked.subscriptionId),
    action: text(of.action) ?? '',
    status,
    planId: text(of.planid),
    quantity: whole(of.quantity),
    source: text(of.operationrequestsource),
  };
}

/** An object's fields by their names in lower case; nothing for anything else. */
function fieldsOf(value: unknown): Fields {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) return {};
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name.toLowerCase(), inner]));
}

function text(value: unknown): string | null {
  return typeof value === 'string' ? value.trim() || null : null;
}

/** Ids become parts of paths. */
function readId(value: unknown): string {
  const id = text(value);
  if (!id || !/^[A-Za-z0-9][\w-]{0,99}$/u.test(id)) throw new UnreadableAnswer('An id is missing or malformed.');
  return id;
}

/** Seats are absent, null or an empty word on flat-rate plans. */
function whole(value: unknown): number | null {
  const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
  return typeof number === 'number' && Number.isSafeInteger(number) && number >= 0 ? number : null;
}

/** UTC also where the zone is not said; dates of the year 1 mean none. */
function instant(value: unknown): Date | null {
  const said = text(value);
  if (!said) return null;
  const hasZone = /(Z|[+-]\d{2}:?\d{2})$/iu.test(said);
  const at = new Date(hasZone || !said.includes('T') ? said : `${said}Z`);
  return Number.isNaN(at.getTime()) || at.getUTCFullYear() < 2000 ? null : at;
}

function personOf(value: unknown): MarketplacePerson {
  const of = fieldsOf(value);
  return { tenantId: lower(of.tenantid), objectId: lower(of.objectid), address: text(of.emailid) ?? text(of.email) };
}

const lower = (value: unknown): string | null => text(value)?.toLowerCase() ?? null;
const plain = (word: string | null): string => (word ?? '').replace(/[\s_]/gu, '').toLowerCase();

const STATUSES: Record<string, SubscriptionStatus> = {
  notstarted: 'PendingFulfillmentStart',
  pendingfulfillmentstart: 'PendingFulfillmentStart',
  subscribed: 'Subscribed',
  suspended: 'Suspended',
  unsubscribed: 'Unsubscribed',
};

const statusOf = (word: string | null): SubscriptionStatus | null => STATUSES[plain(word)] ?? null;
