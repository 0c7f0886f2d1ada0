import {
  type Metering,
  USAGE_STATUSES,
  type UsageAccount,
  type UsageEvent,
  type UsageOfDay,
  type UsageOutcome,
  type UsageStatus,
} from '../../features/metering/metering.port';
import { type Answer, type MarketplaceCaller, read } from './caller';
import { decimal, fieldsOf, readJson, text, UnreadableAnswer } from './read';

const API_VERSION = '2018-08-31';

/**
 * The marketplace metering service over HTTP: same token, same headers as the fulfillment API. An hour is booked once, so a call that
 * was not answered is simply repeated. Source: learn.microsoft.com, marketplace metering service APIs.
 */
export class MeteringClient implements Metering {
  constructor(
    /** Base of the API, without a trailing slash. */
    private readonly apiUrl: string,
    private readonly caller: MarketplaceCaller,
  ) {}

  async reportUsage(events: readonly UsageEvent[], correlationId: string): Promise<UsageOutcome[]> {
    const caller = this.caller.correlated(correlationId);
    const body = { request: events.map(asSent) };
    const answer = await caller.send({ method: 'POST', url: this.url('/batchUsageEvent'), body, isSafe: true });
    if (answer.status !== 400) return read(answer, (said) => readBatch(said, events));
    // One event that cannot be read makes them refuse all: each is told alone, so that only that one is refused.
    const outcomes: UsageOutcome[] = [];
    for (const event of events) outcomes.push(await this.reportOne(caller, event));
    return outcomes;
  }

  async readUsage({ from, until }: { from: string; until: string }): Promise<UsageAccount> {
    const url = `${this.url('/usageEvents')}&usageStartDate=${from}&UsageEndDate=${until}`;
    return read(await this.caller.send({ method: 'GET', url, isSafe: true }), (said) => readAccount(said, from));
  }

  private async reportOne(caller: MarketplaceCaller, event: UsageEvent): Promise<UsageOutcome> {
    const subscriptionId = event.resourceId;
    const answer = await caller.send({ method: 'POST', url: this.url('/usageEvent'), body: asSent(event), isSafe: true, subscriptionId });
    return REFUSALS[answer.status] ? refused(answer, REFUSALS[answer.status]!) : read(answer, (said) => readOutcome(readJson(said)));
  }

  private url(path: string): string {
    return `${this.apiUrl}${path}?api-version=${API_VERSION}`;
  }
}

/** What a status code says of a single event, which a batch says in words. */
const REFUSALS: Record<number, UsageStatus> = { 400: 'BadArgument', 404: 'ResourceNotFound', 409: 'Duplicate' };

function asSent({ resourceId, dimension, planId, quantity, effectiveAt }: UsageEvent): object {
  const effectiveStartTime = effectiveAt.toISOString().replace(/\.\d+Z$/u, 'Z');
  return { resourceId, quantity: Number(quantity), dimension, effectiveStartTime, planId };
}

/** An error body, whatever form it has: what it is worth is its status. */
function refused(answer: Answer, status: UsageStatus): UsageOutcome {
  let error: unknown = null;
  try {
    error = readJson(answer.body);
  } catch (problem) {
    if (!(problem instanceof UnreadableAnswer)) throw problem;
  }
  return readOutcome({ status, error });
}

function readBatch(body: string, events: readonly UsageEvent[]): UsageOutcome[] {
  const answer = readJson(body);
  const of = fieldsOf(answer);
  const result: unknown = Array.isArray(answer) ? answer : (of.result ?? of.results ?? of.value);
  if (!Array.isArray(result)) throw new UnreadableAnswer('The answer to a batch of usage holds no results.');
  const keys = result.map(keyOfSaid);
  const isNamed = events.some((event) => keys.includes(keyOf(event)));
  return events.map((event, index) => {
    const named = keys.indexOf(keyOf(event));
    // By what it is about; by its place where that place does not say it in a way we can read.
    const isByPlace = result.length === events.length && (!isNamed || keys[index] === null);
    const said: unknown = named >= 0 ? result[named] : isByPlace ? result[index] : undefined;
    return readOutcome(said ?? { status: 'Error', error: { message: 'The answer to the batch leaves this event out.' } });
  });
}

function readOutcome(value: unknown): UsageOutcome {
  const of = fieldsOf(value);
  const error = fieldsOf(of.error);
  const said = text(of.status) ?? text(error.code) ?? 'Error';
  const status = USAGE_STATUSES.find((one) => one.toLowerCase() === said.replace(/[\s_]/gu, '').toLowerCase()) ?? 'Error';
  const booked = status === 'Duplicate' ? fieldsOf(fieldsOf(error.additionalinfo ?? of.additionalinfo).acceptedmessage) : of;
  return {
    status,
    said,
    usageEventId: text(booked.usageeventid),
    acceptedQuantity: status === 'Accepted' || status === 'Duplicate' ? decimal(booked.quantity) : null,
    message: text(error.message) ?? text(of.message),
  };
}

/** `from`: the day that was asked for, where a line does not say its own. What cannot be read of a line is never taken for nothing. */
function readAccount(body: string, from: string): UsageAccount {
  const said = readJson(body);
  const of = fieldsOf(said);
  const entries = Array.isArray(said) ? said : (of.value ?? of.items ?? of.data ?? of.usageevents);
  if (!Array.isArray(entries)) throw new UnreadableAnswer('The account of a day is no list.');
  const account: UsageAccount = { lines: [], unclear: [] };
  for (const entry of entries) {
    const read = readLine(fieldsOf(entry), from);
    if ('day' in read) account.lines.push(read);
    else account.unclear.push(read.resourceId);
  }
  const goesOn = [of['@nextlink'], of.nextlink, of['@odata.nextlink'], of.continuationtoken].some((link) => text(link) !== null);
  return goesOn ? { ...account, unclear: [...account.unclear, null] } : account;
}

function readLine(of: Record<string, unknown>, from: string): UsageOfDay | { resourceId: string | null } {
  const resourceId = text(of.usageresourceid) ?? text(of.resourceid) ?? text(of.subscriptionid);
  const day = of.usagedate === undefined ? from : /^\d{4}-\d\d-\d\d(?!\d)/u.exec(text(of.usagedate) ?? '')?.[0];
  const dimension = text(of.dimension) ?? text(of.dimensionid);
  const planId = text(of.planid) ?? text(of.plan);
  const submitted = decimal(of.submittedquantity) ?? decimal(of.quantity);
  if (!resourceId || !day || !dimension || !planId || submitted === null) return { resourceId };
  const processed = decimal(of.processedquantity) ?? '0';
  return { day, resourceId, dimension, planId, reconStatus: text(of.reconstatus) ?? '', submitted, processed };
}

const HOUR_LENGTH = 'YYYY-MM-DDTHH'.length;

const keyOf = ({ resourceId, dimension, planId, effectiveAt }: UsageEvent): string =>
  [resourceId, dimension, planId, effectiveAt.toISOString().slice(0, HOUR_LENGTH)].join(' ').toLowerCase();

/** null: it does not say what it is about. */
function keyOfSaid(value: unknown): string | null {
  const of = fieldsOf(value);
  const words = [text(of.resourceid), text(of.dimension), text(of.planid), text(of.effectivestarttime)?.slice(0, HOUR_LENGTH)];
  return words.every(Boolean) ? words.join(' ').toLowerCase() : null;
}
