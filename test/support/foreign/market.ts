import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Person } from './authority';

export interface Purchase {
  id: string;
  planId: string;
  status: 'PendingFulfillmentStart' | 'Subscribed' | 'Suspended' | 'Unsubscribed';
  buyer: Person;
  token: string;
  /** Reads until an activation shows; null: none is under way. */
  readsToGo: number | null;
}

export interface Operation {
  id: string;
  purchase: Purchase;
  action: string;
  planId: string | null;
  status: 'InProgress' | 'Succeeded' | 'Failed';
  /** What Get operation answers instead of it. */
  hiddenBy: 400 | 404 | null;
  /** Get operation answers what it must, and not even ids. */
  isSparse: boolean;
  /** What it was told, with the time. */
  answers: { status: string; at: number }[];
}

export interface Call {
  method: string;
  path: string;
  status: number;
  token: string;
  body: string;
  at: number;
}

const PREFIX = '/commerce/v3/saas/subscriptions';
const READS_UNTIL_STARTED = 3;

/**
 * A fulfillment API with habits of its own: JSON as plain text, bare arrays, ids in capital letters, no optional field, never a term
 * date, `""` for seats, 202 for an activation that shows at the third read, headers not echoed, and trouble on request.
 */
export class ForeignMarket {
  readonly calls: Call[] = [];
  readonly purchases: Purchase[] = [];
  readonly operations: Operation[] = [];
  /** Answers that the next calls of a method get instead; 429 is then kept up for the second it asks to wait. */
  readonly troubles: { method: string; status: number }[] = [];
  /** Resolve says something of the subscription, but not whose it is. */
  resolvesInPart = false;
  /** How long every answer takes. */
  delayMs = 0;
  private refusedTokens = new Set<string>();
  /** Until when a method is told to wait. */
  private readonly busyUntil = new Map<string, number>();
  private server!: Server;

  private constructor(private readonly isToken: (token: string) => boolean) {}

  static async start(isToken: (token: string) => boolean): Promise<ForeignMarket> {
    const market = new ForeignMarket(isToken);
    market.server = createServer((req, res) => void market.route(req, res).catch(() => res.destroy()));
    await new Promise<void>((resolve) => market.server.listen(0, '127.0.0.1', () => resolve()));
    return market;
  }

  get url(): string {
    return `http://market.foreign.test:${(this.server.address() as AddressInfo).port}/commerce/v3`;
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  buy(planId: string, buyer: Person): Purchase {
    const purchase: Purchase = {
      id: randomUUID().toUpperCase(),
      planId,
      status: 'PendingFulfillmentStart',
      buyer,
      token: `v9+${randomUUID()}/=&#%41`,
      readsToGo: null,
    };
    this.purchases.push(purchase);
    return purchase;
  }

  /** Opens an operation; notices take effect at once, a change when it is confirmed or after ten seconds of silence. */
  begin(purchase: Purchase, action: string, given: Partial<Pick<Operation, 'planId' | 'hiddenBy' | 'isSparse'>> = {}): Operation {
    const isChange = action === 'ChangePlan' || action === 'ChangeQuantity';
    const operation: Operation = {
      id: randomUUID(),
      purchase,
      action,
      planId: null,
      status: isChange ? 'InProgress' : 'Succeeded',
      hiddenBy: null,
      isSparse: false,
      answers: [],
      ...given,
    };
    this.operations.push(operation);
    if (isChange) setTimeout(() => this.settle(operation, true), 10_000).unref();
    else this.takeEffect(operation);
    return operation;
  }

  /** From now on the tokens of before are none. */
  refuseTokens(tokens: Iterable<string>): void {
    for (const token of tokens) this.refusedTokens.add(token);
  }

  callsTo(method: string, path: RegExp): Call[] {
    return this.calls.filter((call) => call.method === method && path.test(call.path));
  }

  private settle(operation: Operation, isAccepted: boolean): void {
    if (operation.status !== 'InProgress') return;
    operation.status = isAccepted ? 'Succeeded' : 'Failed';
    if (isAccepted) this.takeEffect(operation);
  }

  private takeEffect({ purchase, action, planId }: Operation): void {
    if (action === 'Suspend') purchase.status = 'Suspended';
    if (action === 'Reinstate') purchase.status = 'Subscribed';
    if (action === 'Unsubscribe') purchase.status = 'Unsubscribed';
    if (action === 'ChangePlan' && planId) purchase.planId = planId;
  }

  private async route(req: IncomingMessage, res: ServerResponse): Promise<void> {
    const url = new URL(req.url!, this.url);
    const chunks: Buffer[] = [];
    for await (const chunk of req) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks).toString('utf8');
    const token = /^Bearer (.+)$/u.exec(req.headers.authorization ?? '')?.[1] ?? '';
    const call: Call = { method: req.method!, path: url.pathname, status: 0, token, body, at: Date.now() };
    this.calls.push(call);
    if (this.delayMs > 0) await new Promise((resolve) => setTimeout(resolve, this.delayMs));
    const { status, said, headers = {} } = this.answer(req, url, body, token);
    call.status = status;
    res.writeHead(status, { 'content-type': 'text/plain; charset=utf-8', ...headers });
    res.end(said === undefined ? '' : `\uFEFF${JSON.stringify(said)}\r\n`);
  }

  private answer(
    req: IncomingMessage,
    url: URL,
    body: string,
    token: string,
  ): { status: number; said?: unknown; headers?: Record<string, string> } {
    const trouble = this.troubles.findIndex(({ method }) => method === req.method);
    if (trouble >= 0) {
      const { status } = this.troubles.splice(trouble, 1)[0]!;
      if (status === 429) this.busyUntil.set(req.method!, Date.now() + 1_000);
      else return { status, said: 'Something went wrong' };
    }
    if (Date.now() < (this.busyUntil.get(req.method!) ?? 0))
      return { status: 429, said: { error: 'slower' }, headers: { 'retry-after': '1' } };
    if (!this.isToken(token)) return { status: 403, said: { code: 'Forbidden' } };
    if (this.refusedTokens.has(token)) return { status: 401 };
    if (url.searchParams.get('api-version') !== '2018-08-31') return { status: 400, said: { code: 'api-version' } };
    if (!url.pathname.startsWith(PREFIX)) return { status: 404 };
    const [first = '', second, third] = url.pathname.slice(PREFIX.length).split('/').slice(1).map(decodeURIComponent);
    if (first === '') return { status: 200, said: this.purchases.map((purchase) => this.present(purchase)) };
    if (first === 'resolve') return this.resolve(String(req.headers['x-ms-marketplace-token'] ?? ''));
    const purchase = this.purchases.find(({ id }) => id === first.toUpperCase());
    if (!purchase) return { status: 404, said: null };
    if (second === undefined) return { status: 200, said: this.read(purchase) };
    if (second === 'activate' && req.method === 'POST') return this.activate(purchase, body);
    const operation = this.operations.find((one) => one.id === third?.toLowerCase() && one.purchase === purchase);
    if (second !== 'operations' || !operation) return { status: 404 };
    return req.method === 'PATCH' ? this.acknowledge(operation, body) : this.readOperation(operation);
  }

  private resolve(token: string) {
    const purchase = this.purchases.find((one) => one.token === token);
    if (!purchase) return { status: 400, said: { code: 'BadArgument', message: 'token' } };
    const about = { id: purchase.id, offerId: 'kontingent-preview', planId: purchase.planId };
    const { beneficiary: _user, purchaser: _buyer, ...part } = this.present(purchase);
    return { status: 200, said: this.resolvesInPart ? { ...about, subscription: part } : about };
  }

  private read(purchase: Purchase): object {
    if (purchase.readsToGo !== null && --purchase.readsToGo <= 0) {
      purchase.readsToGo = null;
      purchase.status = 'Subscribed';
    }
    return this.present(purchase);
  }

  private activate(purchase: Purchase, body: string) {
    if (purchase.status !== 'PendingFulfillmentStart') return { status: 400, said: { code: 'BadArgument' } };
    const { planId, quantity } = JSON.parse(body) as { planId?: string; quantity?: number };
    if (planId !== purchase.planId || quantity !== undefined) return { status: 400, said: { code: 'mismatch' } };
    if (purchase.readsToGo !== null) return { status: 400, said: { code: 'already asked' } };
    purchase.readsToGo = READS_UNTIL_STARTED;
    const headers = { 'operation-location': `http://elsewhere.foreign.test/operations/${randomUUID()}` };
    return { status: 202, headers };
  }

  private readOperation({ id, hiddenBy, isSparse, action, status, planId, purchase }: Operation) {
    if (hiddenBy) return { status: hiddenBy, said: { code: 'EntityNotFound' } };
    return {
      status: 200,
      said: {
        ...(isSparse ? {} : { id: id.toUpperCase(), subscriptionId: purchase.id, action: ` ${action}` }),
        status,
        planId: planId ?? purchase.planId,
        quantity: '',
        errorMessage: null,
      },
    };
  }

  private acknowledge(operation: Operation, body: string) {
    const { status } = JSON.parse(body) as { status: string };
    operation.answers.push({ status, at: Date.now() });
    if (operation.status !== 'InProgress') return { status: 409 };
    if (status !== 'Success' && status !== 'Failure') return { status: 400 };
    this.settle(operation, status === 'Success');
    return { status: 204 };
  }

  private present({ id, planId, status, buyer }: Purchase): Record<string, unknown> {
    return {
      id,
      offerId: 'kontingent-preview',
      planId,
      quantity: status === 'Suspended' ? null : '',
      beneficiary: { objectId: buyer.objectId.toUpperCase(), tenantId: buyer.tenantId.toUpperCase() },
      purchaser: { emailId: 'buyer@sample.example', tenantId: buyer.tenantId.toUpperCase(), puid: null },
      term: { termUnit: 'P1M' },
      saasSubscriptionStatus: `${status} `,
      created: '2026-01-14T08:30:14.1234567Z',
      lastModified: '0001-01-01T00:00:00',
      somethingOfTomorrow: [{ deep: { deeper: null } }],
    };
  }
}
