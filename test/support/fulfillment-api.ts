import { randomUUID } from 'node:crypto';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import express, { type Request, type Response } from 'express';

/** Habits seen in documents and in the field, each of which a publisher must survive. */
export interface Habits {
  /** Subscriptions a page; null: all. */
  pageSize: number | null;
  /** Lists come without an object around them. */
  bareArrays: boolean;
  /** Field names begin with a capital. */
  capitals: boolean;
  /** JSON is sent as text/plain. */
  plainText: boolean;
  /** Status words carry blanks. */
  blanks: boolean;
  /** How often a subscription is read after its activation until it shows. */
  readsUntilStarted: number;
  /** Terms never have dates. */
  noTermDates: boolean;
  /** resolve answers ids only. */
  sparseResolve: boolean;
  /** A second activate while the first is under way is refused. */
  refusesSecondActivation: boolean;
  /** Next links name this host instead of ours. */
  linkHost: string | null;
  /** Unknown operations give this status. */
  unknownOperation: 400 | 404;
  /** How often an operation is read after its acknowledgement until it is done. */
  readsUntilSettled: number;
  /** A change asked for by the publisher answers with its operation in this header; null: it names none. */
  namesOperationBy: 'operation-id' | 'operation-location' | 'location' | null;
  /** The action of operations is said so; null: as webhooks say it. */
  actionWord: string | null;
  /** Open operations are not listed. */
  hidesOpen: boolean;
  /** What another operation under way is refused with. */
  busy: 409 | 400;
  /** Entries of lists say no more than what identifies a purchase, its plan and its status. */
  sparseLists: boolean;
  /** A change asked for by the publisher is begun, and the answer is an error. */
  losesAnswers: boolean;
}

export interface FakeSubscription {
  id: string;
  name: string;
  offerId: string;
  planId: string;
  quantity: number | null;
  status: string;
  tenantId: string;
  objectId: string;
  termStart: string | null;
  termEnd: string | null;
  pendingReads: number | null;
  /** What the customer may do; a reseller's may read only. */
  allowed: string[];
}

export interface FakeOperation {
  id: string;
  subscriptionId: string;
  action: string;
  status: string;
  planId: string;
  quantity: number | null;
  source: string;
  pendingReads: number | null;
}

interface Call {
  method: string;
  path: string;
  query: string;
  headers: Record<string, string | string[] | undefined>;
  body: unknown;
}

/** An own implementation of the SaaS fulfillment API v2 over HTTP, with habits to be switched on. */
export class FulfillmentApi {
  readonly habits: Habits = {
    pageSize: null,
    bareArrays: false,
    capitals: false,
    plainText: false,
    blanks: false,
    readsUntilStarted: 0,
    noTermDates: false,
    sparseResolve: false,
    refusesSecondActivation: false,
    linkHost: null,
    unknownOperation: 404,
    readsUntilSettled: 0,
    namesOperationBy: 'operation-location',
    actionWord: null,
    hidesOpen: false,
    busy: 409,
    sparseLists: false,
    losesAnswers: false,
  };
  readonly subscriptions = new Map<string, FakeSubscription>();
  readonly operations = new Map<string, FakeOperation>();
  readonly tokens = new Map<string, string>();
  readonly calls: Call[] = [];
  /** What every subscription may move to, as the wire has it. */
  plans: object[] = [
    { planId: 'free', displayName: 'Free', isPrivate: false, hasFreeTrials: false, isPricePerSeat: false, isStopSell: false, market: 'DE' },
    {
      planId: 'standard',
      displayName: 'Standard',
      isPrivate: true,
      minQuantity: '1',
      maxQuantity: 50,
      hasFreeTrials: 'true',
      isStopSell: true,
    },
  ];
  /** Statuses that the next calls get instead of an answer; `hang` never answers. */
  readonly troubles: (number | 'hang' | { status: number; headers: Record<string, string> })[] = [];
  /** Bodies that the next reads of subscriptions get instead of the right ones. */
  readonly pages: object[] = [];
  /** So many answers to operations are told that there is no such operation, though it was just shown. */
  notYetKnown = 0;
  /** Bearer tokens that are accepted; null: every one. */
  validTokens: Set<string> | null = null;
  private server!: Server;

  static async start(): Promise<FulfillmentApi> {
    const api = new FulfillmentApi();
    await new Promise<void>((resolve) => {
      api.server = api.app().listen(0, '127.0.0.1', () => resolve());
    });
    return api;
  }

  get host(): string {
    return `127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  get url(): string {
    return `http://${this.host}/api`;
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  buy(given: Partial<FakeSubscription> & { tenantId: string; objectId: string }): FakeSubscription & { token: string } {
    const subscription: FakeSubscription = {
      id: randomUUID(),
      name: 'A purchase',
      offerId: 'kontingent',
      planId: 'free',
      quantity: null,
      status: 'PendingFulfillmentStart',
      termStart: null,
      termEnd: null,
      pendingReads: null,
      allowed: ['Delete', 'Read', 'Update'],
      ...given,
    };
    this.subscriptions.set(subscription.id, subscription);
    const token = `ab+cd/${randomUUID()}==`;
    this.tokens.set(token, subscription.id);
    return Object.assign(subscription, { token });
  }

  /** Opens an operation as the marketplace does before it calls the webhook. Notices take effect at once. */
  begin(subscriptionId: string, action: string, wanted: { planId?: string; quantity?: number } = {}): FakeOperation {
    const subscription = this.subscriptions.get(subscriptionId)!;
    const isAsked = ['ChangePlan', 'ChangeQuantity', 'Reinstate'].includes(action);
    const operation: FakeOperation = {
      id: randomUUID(),
      subscriptionId,
      action,
      status: isAsked ? 'InProgress' : 'Succeeded',
      planId: wanted.planId ?? subscription.planId,
      quantity: wanted.quantity ?? subscription.quantity,
      source: 'Azure',
      pendingReads: null,
    };
    this.operations.set(operation.id, operation);
    if (!isAsked) this.takeEffect(operation);
    return operation;
  }

  /** What the webhook of an operation says. */
  webhookOf(operation: FakeOperation): Record<string, unknown> {
    return {
      id: operation.id,
      activityId: randomUUID(),
      publisherId: 'sample',
      offerId: 'kontingent',
      planId: operation.planId,
      ...(operation.quantity !== null && { quantity: operation.quantity }),
      subscriptionId: operation.subscriptionId,
      timeStamp: '2023-02-10T18:48:58.4449937Z',
      action: operation.action,
      status: operation.status,
      operationRequestSource: operation.source,
      purchaseToken: null,
    };
  }

  /** Ends an open operation, as silence of ten seconds does. */
  settle(operation: FakeOperation, accepted = true): void {
    if (operation.status !== 'InProgress') return;
    operation.status = accepted ? 'Succeeded' : 'Failed';
    if (accepted) this.takeEffect(operation);
  }

  takeEffect({ subscriptionId, action, planId, quantity }: FakeOperation): void {
    const subscription = this.subscriptions.get(subscriptionId)!;
    const { status } = subscription;
    if (action === 'Suspend' && status === 'Subscribed') subscription.status = 'Suspended';
    if (action === 'Reinstate' && status === 'Suspended') subscription.status = 'Subscribed';
    if (action === 'Unsubscribe') subscription.status = 'Unsubscribed';
    if (action === 'ChangePlan' && status === 'Subscribed') subscription.planId = planId;
    if (action === 'ChangeQuantity' && status === 'Subscribed') subscription.quantity = quantity;
  }

  callsTo(method: string, path: RegExp): Call[] {
    return this.calls.filter((call) => call.method === method && path.test(call.path));
  }

  private app() {
    const app = express();
    app.use(express.json({ type: () => true, strict: false }));
    app.use((req, res, next) => {
      this.calls.push({
        method: req.method,
        path: req.path,
        query: req.originalUrl.split('?')[1] ?? '',
        headers: req.headers,
        body: req.body,
      });
      const trouble = this.troubles.shift();
      if (trouble === 'hang') return;
      if (typeof trouble === 'number') return void res.status(trouble).json({ code: 'Trouble' });
      if (trouble) return void res.status(trouble.status).set(trouble.headers).end();
      const token = /^Bearer (.+)$/.exec(req.get('authorization') ?? '')?.[1];
      if (!token || (this.validTokens && !this.validTokens.has(token))) return void res.status(403).json({ code: 'Forbidden' });
      if (req.query['api-version'] !== '2018-08-31') return void res.status(400).json({ code: 'BadArgument' });
      next();
    });
    const base = '/api/saas/subscriptions';
    app.get([base, `${base}/:id`], (_req, res, next) => {
      const page = this.pages.shift();
      if (page) this.send(res, page);
      else next();
    });
    app.post(`${base}/resolve`, (req, res) => this.resolve(req, res));
    app.get(base, (req, res) => this.list(req, res));
    app.get(`${base}/:id`, (req, res) => this.get(req, res));
    app.patch(`${base}/:id`, (req, res) => this.change(req, res));
    app.delete(`${base}/:id`, (req, res) => this.cancel(req, res));
    app.get(`${base}/:id/listAvailablePlans`, (req, res) => this.listPlans(req, res));
    app.get(`${base}/:id/operations`, (req, res) => this.listOperations(req, res));
    app.post(`${base}/:id/activate`, (req, res) => this.activate(req, res));
    app.get(`${base}/:id/operations/:operationId`, (req, res) => this.getOperation(req, res));
    app.patch(`${base}/:id/operations/:operationId`, (req, res) => this.acknowledge(req, res));
    app.use((_req, res) => void res.status(404).end());
    return app;
  }

  private resolve(req: Request, res: Response): void {
    const id = this.tokens.get(req.get('x-ms-marketplace-token') ?? '');
    if (!id) return void res.status(400).json({ code: 'BadArgument' });
    const shown = this.present(this.subscriptions.get(id)!);
    const { name, offerId, planId } = this.subscriptions.get(id)!;
    this.send(res, this.habits.sparseResolve ? { id } : { id, subscriptionName: name, offerId, planId, subscription: shown });
  }

  private list(req: Request, res: Response): void {
    const all = [...this.subscriptions.values()].map((one) => (this.habits.sparseLists ? sparse(one) : this.present(one)));
    if (this.habits.bareArrays) {
      this.send(res, all);
      return;
    }
    const raw = /continuationToken=([^&]+)/.exec(req.originalUrl)?.[1];
    const from = raw ? (JSON.parse(decodeURIComponent(raw)) as { from: number }).from : 0;
    const to = this.habits.pageSize === null ? all.length : from + this.habits.pageSize;
    const token = encodeURIComponent(JSON.stringify({ from: to })).toLowerCase();
    const link = `http://${this.habits.linkHost ?? this.host}/api/saas/subscriptions?continuationToken=${token}&api-version=2018-08-31`;
    if (all.length === 0) return void res.status(200).end();
    this.send(res, { subscriptions: all.slice(from, to), '@nextLink': to < all.length ? link : '' });
  }

  private get(req: Request, res: Response): void {
    const subscription = this.subscriptions.get(String(req.params.id));
    if (!subscription) return void res.status(404).json({ code: 'NotFound' });
    if (subscription.pendingReads !== null && subscription.pendingReads-- <= 0) this.begun(subscription);
    this.send(res, this.present(subscription));
  }

  private activate(req: Request, res: Response): void {
    const subscription = this.subscriptions.get(String(req.params.id));
    if (!subscription || subscription.status === 'Unsubscribed') return void res.status(404).json({ code: 'NotFound' });
    if (subscription.status !== 'PendingFulfillmentStart') return void res.status(400).json({ code: 'BadArgument' });
    const { planId, quantity } = (req.body ?? {}) as { planId?: string; quantity?: number };
    if (planId !== subscription.planId || (quantity ?? null) !== subscription.quantity)
      return void res.status(400).json({ code: 'BadArgument' });
    if (subscription.pendingReads !== null && this.habits.refusesSecondActivation)
      return void res.status(400).json({ code: 'BadArgument' });
    subscription.pendingReads ??= this.habits.readsUntilStarted;
    res.status(200).end();
  }

  /** What the publisher asks for takes effect when it is settled. */
  private change(req: Request, res: Response): void {
    const subscription = this.subscriptions.get(String(req.params.id));
    const { planId, quantity } = (req.body ?? {}) as { planId?: string; quantity?: number };
    if (!subscription) return void res.status(404).json({ code: 'NotFound' });
    const isSame = planId === subscription.planId || (quantity !== undefined && quantity === subscription.quantity);
    if ((planId === undefined) === (quantity === undefined) || isSame || subscription.status !== 'Subscribed')
      return void res.status(400).json({ code: 'BadArgument' });
    if (this.openOf(subscription.id).length > 0) return void res.status(this.habits.busy).json({ code: 'Conflict' });
    const operation = this.begin(subscription.id, planId === undefined ? 'ChangeQuantity' : 'ChangePlan', {
      ...(planId !== undefined && { planId }),
      ...(quantity !== undefined && { quantity }),
    });
    this.begunForPublisher(res, operation);
  }

  private cancel(req: Request, res: Response): void {
    const subscription = this.subscriptions.get(String(req.params.id));
    if (!subscription || subscription.status === 'Unsubscribed') return void res.status(404).json({ code: 'NotFound' });
    if (!subscription.allowed.includes('Delete')) return void res.status(400).json({ code: 'BadArgument' });
    if (this.openOf(subscription.id).length > 0) return void res.status(409).json({ code: 'Conflict' });
    this.begunForPublisher(res, this.begin(subscription.id, 'Unsubscribe'));
  }

  private begunForPublisher(res: Response, operation: FakeOperation): void {
    operation.source = 'Partner';
    const link = `https://another.host.example/api/saas/subscriptions/${operation.subscriptionId}/operations/${operation.id}?api-version=2018-08-31`;
    const by = this.habits.namesOperationBy;
    if (this.habits.losesAnswers) return void res.status(503).end();
    if (by) res.set(by, by === 'operation-id' ? operation.id : link);
    res.status(202).end();
  }

  private openOf(subscriptionId: string): FakeOperation[] {
    return [...this.operations.values()].filter((one) => one.subscriptionId === subscriptionId && one.status === 'InProgress');
  }

  private listPlans(req: Request, res: Response): void {
    if (!this.subscriptions.has(String(req.params.id))) return void res.status(404).json({ code: 'NotFound' });
    this.send(res, this.habits.bareArrays ? this.plans : { plans: this.plans });
  }

  private listOperations(req: Request, res: Response): void {
    const open = this.habits.hidesOpen ? [] : this.openOf(String(req.params.id));
    const operations = open.map((one) => this.presentOperation(one));
    this.send(res, this.habits.bareArrays ? operations : operations.length > 0 ? { operations } : {});
  }

  private begun(subscription: FakeSubscription): void {
    subscription.status = 'Subscribed';
    subscription.pendingReads = null;
    subscription.termStart ??= '2026-03-10T00:00:00.0000000Z';
    subscription.termEnd ??= '2026-04-09T00:00:00Z';
  }

  private getOperation(req: Request, res: Response): void {
    const operation = this.operations.get(String(req.params.operationId));
    if (!operation || operation.subscriptionId !== req.params.id)
      return void res.status(this.habits.unknownOperation).json({ code: 'NotFound' });
    if (operation.pendingReads !== null && operation.pendingReads-- <= 0) {
      operation.pendingReads = null;
      this.settle(operation);
    }
    this.send(res, this.presentOperation(operation));
  }

  private presentOperation({ pendingReads: _pendingReads, source, quantity, ...shown }: FakeOperation): object {
    return {
      ...shown,
      action: this.habits.actionWord ?? shown.action,
      operationRequestSource: source,
      timeStamp: '2018-12-01T00:00:00',
      errorStatusCode: '',
      ...(quantity !== null && { quantity }),
    };
  }

  private acknowledge(req: Request, res: Response): void {
    const operation = this.operations.get(String(req.params.operationId));
    if (!operation || operation.subscriptionId !== req.params.id) return void res.status(404).json({ code: 'NotFound' });
    if (operation.status !== 'InProgress' || operation.pendingReads !== null) return void res.status(409).json({ code: 'Conflict' });
    if (this.notYetKnown > 0) {
      this.notYetKnown -= 1;
      return void res.status(400).json({ code: 'BadArgument' });
    }
    const { status } = req.body as { status?: string };
    if (status !== 'Success' && status !== 'Failure') return void res.status(400).json({ code: 'BadArgument' });
    if (status === 'Success' && this.habits.readsUntilSettled > 0) operation.pendingReads = this.habits.readsUntilSettled;
    else this.settle(operation, status === 'Success');
    res.status(200).end();
  }

  private present(subscription: FakeSubscription): object {
    const { id, name, offerId, planId, quantity, status, tenantId, objectId, termStart, termEnd, allowed } = subscription;
    const person = { emailId: 'buyer@sample.example', objectId: objectId.toUpperCase(), tenantId, puid: '1003' };
    const hasDates = termStart !== null && !this.habits.noTermDates;
    return {
      id,
      publisherId: 'sample',
      offerId,
      name,
      saasSubscriptionStatus: this.habits.blanks ? ` ${status} ` : status,
      beneficiary: person,
      purchaser: person,
      planId,
      ...(quantity !== null && { quantity }),
      term: { termUnit: 'P1M', ...(hasDates && { startDate: termStart, endDate: termEnd }), chargeDuration: null },
      autoRenew: true,
      isTest: false,
      isFreeTrial: false,
      allowedCustomerOperations: allowed,
      sandboxType: 'None',
      sessionMode: 'None',
      created: '2026-03-01T08:30:14.1234567Z',
      lastModified: '0001-01-01T00:00:00',
      aFieldOfTomorrow: { deep: [1, 2, 3] },
    };
  }

  private send(res: Response, value: unknown): void {
    const said = this.habits.capitals ? capitalized(value) : value;
    const text = JSON.stringify(said);
    res
      .status(200)
      .type(this.habits.plainText ? 'text/plain' : 'application/json')
      .send(text);
  }
}

function capitalized(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(capitalized);
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) => [name.charAt(0).toUpperCase() + name.slice(1), capitalized(inner)]),
  );
}

const sparse = ({ id, planId, status, tenantId }: FakeSubscription): object => ({
  id,
  planId,
  saasSubscriptionStatus: status,
  beneficiary: { tenantId },
});
