import type { SubscriptionStatus } from '../../contract/subscriptions';
import type {
  LeftOut,
  ListedSubscription,
  MarketplaceOperation,
  MarketplacePerson,
  MarketplacePlan,
  MarketplaceSubscription,
  OperationStatus,
} from '../../features/subscriptions/marketplace.port';

/**
 * Reads what the fulfillment API answers, and only what is needed of it. Field names are matched without regard to case and to what
 * joins their words, words are trimmed, numbers and truth values may be words, unknown fields are passed over: the documents say that
 * schemas grow, and samples carry stray blanks.
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

/** `askedId`: what names it, where the answer does not. */
export function readSubscription(body: string, askedId: string): MarketplaceSubscription {
  const value = readJson(body);
  const { subscription, ...of } = fieldsOf(value);
  return subscriptionOf(of.planid === undefined && subscription ? subscription : value, askedId);
}

function subscriptionOf(value: unknown, askedId?: string): MarketplaceSubscription {
  const of = fieldsOf(value);
  const term = fieldsOf(of.term);
  const said = text(of.saassubscriptionstatus) ?? text(of.subscriptionstatus) ?? text(of.status);
  const status = statusOf(said);
  const planId = text(of.planid);
  if (!planId || !said) throw new UnreadableAnswer(`A subscription lacks its ${planId ? 'status' : 'plan'}.`);
  return {
    id: readId(of.id ?? of.subscriptionid ?? askedId),
    name: text(of.name) ?? text(of.subscriptionname) ?? planId,
    offerId: text(of.offerid) ?? '',
    planId,
    quantity: whole(of.quantity),
    status: status ?? 'Suspended',
    ...(status === null && { unknownStatus: said }),
    purchaser: personOf(of.purchaser),
    beneficiary: personOf(of.beneficiary),
    termUnit: text(term.termunit),
    termStart: instant(term.startdate),
    termEnd: instant(term.enddate),
    autoRenew: isTrue(of.autorenew) ?? true,
    isFreeTrial: isTrue(of.isfreetrial) ?? false,
    allowedOperations: isSaid(of.allowedcustomeroperations) ? wordsOf(of.allowedcustomeroperations) : [...OPERATIONS],
    purchasedAt: instant(of.created),
  };
}

/** Lists may be sparser than the subscription itself. */
function listedOf(value: unknown): ListedSubscription {
  const of = fieldsOf(value);
  const said: Record<LeftOut, boolean> = {
    name: text(of.name ?? of.subscriptionname) !== null,
    offerId: text(of.offerid) !== null,
    quantity: whole(of.quantity) !== null,
    autoRenew: isTrue(of.autorenew) !== null,
    allowedOperations: isSaid(of.allowedcustomeroperations),
  };
  return { ...subscriptionOf(value), leftOut: LEFT_OUT.filter((field) => !said[field]) };
}

const LEFT_OUT: readonly LeftOut[] = ['name', 'offerId', 'quantity', 'autoRenew', 'allowedOperations'];

/** The id that a resolved token names, and the subscription where the answer holds a whole one. */
export function readResolved(body: string): { id: string; subscription: MarketplaceSubscription | null } {
  const of = fieldsOf(readJson(body));
  const nested = fieldsOf(of.subscription);
  const id = readId(of.id ?? of.subscriptionid ?? nested.id);
  const isWhole = ['term', 'saassubscriptionstatus', 'planid', 'offerid', 'beneficiary', 'purchaser'].every((field) => nested[field]);
  return { id, subscription: isWhole ? subscriptionOf({ ...nested, id }) : null };
}

/** One page of a list; bare arrays are pages too. */
export function readPage(body: string): { items: ListedSubscription[]; unreadable: number; nextLink: string | null } {
  const value = readJson(body);
  const entries = entriesOf(value, 'subscriptions');
  const items = readable(entries, listedOf);
  const of = fieldsOf(value);
  const token = text(of.continuationtoken);
  const nextLink =
    text(of['@nextlink']) ?? text(of.nextlink) ?? text(of['@odata.nextlink']) ?? (token && `?continuationToken=${asQuery(token)}`);
  return { items, unreadable: entries.length - items.length, nextLink };
}

/** A token that is escaped already is opaque; a bare one must not become a blank or another parameter. */
const asQuery = (token: string): string => (/%[0-9a-f]{2}/iu.test(token) ? token : encodeURIComponent(token));

export function readPlans(body: string): MarketplacePlan[] {
  return readable(entriesOf(readJson(body), 'plans'), (entry) => {
    const of = fieldsOf(entry);
    const id = text(of.planid) ?? text(of.id);
    if (!id) throw new UnreadableAnswer('A plan lacks its id.');
    return {
      id,
      name: text(of.displayname) ?? text(of.name) ?? id,
      isPrivate: isTrue(of.isprivate) ?? false,
      hasFreeTrials: isTrue(of.hasfreetrials) ?? false,
      isStopSell: isTrue(of.isstopsell) ?? false,
      minQuantity: whole(of.minquantity),
      maxQuantity: whole(of.maxquantity),
    };
  });
}

export function readOperations(body: string, subscriptionId: string): MarketplaceOperation[] {
  return readable(entriesOf(readJson(body), 'operations'), (entry) => operationOf(entry, { subscriptionId }));
}

/** What a list holds: bare, under its own name, or as `value`; nothing where there is none. */
function entriesOf(value: unknown, name: string): unknown[] {
  if (Array.isArray(value)) return value;
  const of = fieldsOf(value);
  const entries = of[name] ?? of.value ?? of.items ?? of.data ?? [];
  if (!Array.isArray(entries)) throw new UnreadableAnswer(`A list of ${name} is none.`);
  return entries;
}

/** One entry that cannot be read, of whatever offer, must not hide the others. */
function readable<T>(entries: unknown[], reader: (entry: unknown) => T): T[] {
  return entries.flatMap((entry) => {
    try {
      return [reader(entry)];
    } catch (error) {
      if (error instanceof UnreadableAnswer) return [];
      throw error;
    }
  });
}

/** `asked`: what names it, where the answer does not. */
export function readOperation(body: string, asked: { id: string; subscriptionId: string }): MarketplaceOperation {
  return operationOf(readJson(body), asked);
}

function operationOf(value: unknown, asked: { id?: string; subscriptionId: string }): MarketplaceOperation {
  const { operation, ...around } = fieldsOf(value);
  const of = around.status === undefined && operation ? fieldsOf(operation) : around;
  const word = plain(text(of.status));
  if (!word) throw new UnreadableAnswer('An operation lacks its status.');
  return {
    id: readId(of.id ?? of.operationid ?? asked.id),
    subscriptionId: readId(of.subscriptionid ?? asked.subscriptionId),
    action: text(of.action) ?? '',
    // A word of tomorrow is not an end: it is looked at again.
    status: OPERATION_STATUSES[word] ?? 'InProgress',
    planId: text(of.planid),
    quantity: whole(of.quantity),
    source: text(of.operationrequestsource),
  };
}

/** An object's fields by their names in lower case and one word; nothing for anything else. */
export function fieldsOf(value: unknown): Fields {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) return {};
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name.toLowerCase().replace(/[-_\s]/gu, ''), inner]));
}

export function text(value: unknown): string | null {
  return typeof value === 'string' ? value.trim() || null : null;
}

/** A number that need not be whole, as text; null where there is none. */
export function decimal(value: unknown): string | null {
  const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
  return typeof number === 'number' && Number.isFinite(number) && Math.abs(number) < 1e15 ? number.toFixed(6) : null;
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

/** null: not said. */
function isTrue(value: unknown): boolean | null {
  const word = typeof value === 'boolean' ? String(value) : plain(text(value));
  return word === 'true' ? true : word === 'false' ? false : null;
}

/** A list of words, or one word with commas; in Microsoft's spelling, whatever case they come in. */
function wordsOf(value: unknown): string[] {
  const words = typeof value === 'string' ? value.split(',') : Array.isArray(value) ? value : [];
  return words.flatMap((word) => {
    const said = text(word);
    return said ? (OPERATIONS.find((one) => one.toLowerCase() === said.toLowerCase()) ?? said) : [];
  });
}

/** What a customer may do with a purchase. */
const OPERATIONS = ['Read', 'Update', 'Delete'] as const;

const isSaid = (value: unknown): boolean => value !== undefined && value !== null;

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

/** Microsoft's words, and others for the same. */
const STATUSES: Record<string, SubscriptionStatus> = {
  notstarted: 'PendingFulfillmentStart',
  pendingfulfillmentstart: 'PendingFulfillmentStart',
  pendingactivation: 'PendingFulfillmentStart',
  subscribed: 'Subscribed',
  active: 'Subscribed',
  suspended: 'Suspended',
  unsubscribed: 'Unsubscribed',
  cancelled: 'Unsubscribed',
  canceled: 'Unsubscribed',
};

const OPERATION_STATUSES: Record<string, OperationStatus> = {
  notstarted: 'NotStarted',
  inprogress: 'InProgress',
  succeeded: 'Succeeded',
  success: 'Succeeded',
  failed: 'Failed',
  failure: 'Failed',
  conflict: 'Conflict',
};

const statusOf = (word: string | null): SubscriptionStatus | null => STATUSES[plain(word)] ?? null;
