import { actionOf, isUnderWay } from '../../features/subscriptions/lifecycle.rules';
import {
  type ListedSubscription,
  type Marketplace,
  type MarketplaceOperation,
  type MarketplacePlan,
  type MarketplaceSubscription,
  MarketplaceUnavailable,
} from '../../features/subscriptions/marketplace.port';
import { type Answer, type Call, type CallerDeps, MarketplaceCaller, part, read, succeeded } from './caller';
import { nextPage } from './next-page';
import { readOperation, readOperations, readPage, readPlans, readResolved, readSubscription } from './read';

export interface MarketplaceClientSettings {
  /** Base of the API, without a trailing slash. */
  apiUrl: string;
  /** Hosts (host:port) that may receive the token when a link of the API names them. */
  apiHosts: readonly string[];
}

export type MarketplaceClientDeps = CallerDeps;

const API_VERSION = '2018-08-31';
const MOST_PAGES = 10_000;

type Begun = { operationId: string | null };

/** The SaaS fulfillment API v2 over HTTP. Source: learn.microsoft.com, SaaS fulfillment subscription and operations APIs. */
export class MarketplaceClient implements Marketplace {
  constructor(
    private readonly settings: MarketplaceClientSettings,
    private readonly deps: MarketplaceClientDeps,
    private readonly caller = new MarketplaceCaller(deps),
  ) {}

  correlated(correlationId: string): Marketplace {
    return new MarketplaceClient(this.settings, this.deps, this.caller.correlated(correlationId));
  }

  async resolve(purchaseToken: string): Promise<MarketplaceSubscription | null> {
    // A header cannot carry anything else, and no token holds it.
    if (!/^[\x21-\x7e]+$/u.test(purchaseToken)) return null;
    const answer = await this.caller.send({
      method: 'POST',
      url: this.url('/resolve'),
      headers: { 'x-ms-marketplace-token': purchaseToken },
      isSafe: true,
    });
    if (isUnknown(answer)) return null;
    const { id, subscription } = read(answer, readResolved);
    return subscription ?? this.getSubscription(id);
  }

  async getSubscription(subscriptionId: string): Promise<MarketplaceSubscription | null> {
    const answer = await this.get(subscriptionId);
    return isUnknown(answer) ? null : read(answer, (body) => readSubscription(body, subscriptionId));
  }

  async *listSubscriptions(): AsyncIterable<ListedSubscription> {
    const seen = new Set<string>();
    let url: string | null = this.url('');
    while (url !== null && !seen.has(url) && seen.size < MOST_PAGES) {
      seen.add(url);
      const page: ReturnType<typeof readPage> = read(await this.caller.send({ method: 'GET', url, isSafe: true }), readPage);
      if (page.unreadable > 0) this.deps.log.error({ entries: page.unreadable }, 'entries of the marketplace’s list cannot be read');
      yield* page.items;
      url = page.nextLink === null ? null : nextPage(page.nextLink, this.url(''), this.settings.apiHosts);
    }
    // What it left out is not missing there.
    if (url !== null) throw new MarketplaceUnavailable('The marketplace’s list goes round in circles.');
  }

  async activate(
    subscriptionId: string,
    { planId, quantity }: { planId: string; quantity: number | null },
  ): Promise<'accepted' | 'refused' | 'ended'> {
    const answer = await this.ask('POST', subscriptionId, '/activate', { planId, ...(quantity !== null && { quantity }) });
    if (answer.status === 404) return 'ended';
    if (answer.status === 400 || answer.status === 409) return 'refused';
    succeeded(answer);
    return 'accepted';
  }

  async listPlans(subscriptionId: string): Promise<MarketplacePlan[]> {
    const answer = await this.get(subscriptionId, '/listAvailablePlans');
    return isUnknown(answer) ? [] : read(answer, readPlans);
  }

  async listOperations(subscriptionId: string): Promise<MarketplaceOperation[]> {
    const answer = await this.get(subscriptionId, '/operations');
    return isUnknown(answer) ? [] : read(answer, (body) => readOperations(body, subscriptionId));
  }

  async getOperation(subscriptionId: string, operationId: string): Promise<MarketplaceOperation | null> {
    const answer = await this.get(subscriptionId, `/operations/${part(operationId)}`);
    return isUnknown(answer) ? null : read(answer, (body) => readOperation(body, { id: operationId, subscriptionId }));
  }

  acknowledge(subscriptionId: string, operationId: string, status: 'Success' | 'Failure'): Promise<'noted' | 'settled' | 'unknown'> {
    return this.caller.once<'noted' | 'settled' | 'unknown'>(
      async () => {
        const answer = await this.ask('PATCH', subscriptionId, `/operations/${part(operationId)}`, { status });
        if (answer.status === 409) return 'settled';
        if (isUnknown(answer)) return 'unknown';
        succeeded(answer);
        return 'noted';
      },
      async () => {
        const operation = await this.getOperation(subscriptionId, operationId);
        if (!operation) return 'unknown';
        return isUnderWay(operation) ? null : 'settled';
      },
    );
  }

  change(subscriptionId: string, wanted: { planId: string } | { quantity: number }): Promise<Begun | 'busy' | 'refused'> {
    return this.caller.once<Begun | 'busy' | 'refused'>(
      async () => {
        const answer = await this.ask('PATCH', subscriptionId, '', wanted);
        if (answer.status === 409) return 'busy';
        if (isUnknown(answer)) return 'refused';
        succeeded(answer);
        return { operationId: answer.operationId };
      },
      async () => {
        const isWanted = (one: { planId: string | null; quantity: number | null }) =>
          'planId' in wanted ? one.planId === wanted.planId : one.quantity === wanted.quantity;
        const begun = (await this.listOperations(subscriptionId)).find((one) => isUnderWay(one) && isWanted(one));
        if (begun) return { operationId: begun.id };
        const truth = await this.getSubscription(subscriptionId);
        if (!truth) return 'refused';
        return isWanted(truth) ? { operationId: null } : null;
      },
    );
  }

  cancel(subscriptionId: string): Promise<Begun | 'busy' | 'refused' | 'ended'> {
    return this.caller.once<Begun | 'busy' | 'refused' | 'ended'>(
      async () => {
        const answer = await this.ask('DELETE', subscriptionId, '');
        if (answer.status === 409) return 'busy';
        if (answer.status === 400) return 'refused';
        if (answer.status === 404) return 'ended';
        succeeded(answer);
        return { operationId: answer.operationId };
      },
      async () => {
        const truth = await this.getSubscription(subscriptionId);
        if (!truth || truth.status === 'Unsubscribed') return 'ended';
        const begun = (await this.listOperations(subscriptionId)).find((one) => isUnderWay(one) && actionOf(one.action) === 'Unsubscribe');
        return begun ? { operationId: begun.id } : null;
      },
    );
  }

  private get(subscriptionId: string, rest = ''): Promise<Answer> {
    return this.caller.send({ method: 'GET', url: this.url(`/${part(subscriptionId)}${rest}`), isSafe: true, subscriptionId });
  }

  private ask(method: Call['method'], subscriptionId: string, rest: string, body?: object): Promise<Answer> {
    const url = this.url(`/${part(subscriptionId)}${rest}`);
    return this.caller.send({ method, url, ...(body && { body }), isSafe: false, subscriptionId });
  }

  private url(path: string): string {
    return `${this.settings.apiUrl}/saas/subscriptions${path}?api-version=${API_VERSION}`;
  }
}

/** The API was seen to answer 400 where it documents 404. */
const isUnknown = ({ status }: Answer): boolean => status === 400 || status === 404;
