import { randomUUID } from 'node:crypto';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import express from 'express';
import { MarketplaceCaller } from '../../src/clients/marketplace/caller';
import { MeteringClient } from '../../src/clients/marketplace/metering';
import { quiet, type TestClock } from './database';

export interface Sent {
  resourceId: string;
  quantity: number;
  dimension: string;
  effectiveStartTime: string;
  planId: string;
}

interface Booked extends Sent {
  usageEventId: string;
  messageTime: string;
}

/** What becomes of a whole call: nothing of it is done, or all of it and nobody hears. */
type Trouble = number | 'unreached' | 'answer lost' | { status: number; headers: Record<string, string> };

const HOUR = 'YYYY-MM-DDTHH'.length;

/** An own implementation of the metering service over HTTP: an hour is booked once, and nothing that is older than a day. */
export class MeteringService {
  readonly booked = new Map<string, Booked>();
  readonly calls: { path: string; query: Record<string, unknown>; events: Sent[] }[] = [];
  /** Of the next calls, in their order. */
  readonly troubles: Trouble[] = [];
  /** Statuses that the next events get instead of being booked; null: as usual. */
  readonly statuses: (string | null)[] = [];
  /** Results come in another order, with other field spellings, and without a count; lines of its account without their day. */
  isOdd = false;
  /** What is not taken says its status and why, and not what it is about. */
  isTerse = false;
  /** Its account in a form of its own: the body it answers with. */
  respelled: ((lines: Record<string, unknown>[]) => unknown) | null = null;
  /** Lines of its account that differ from what it booked. */
  readonly accountOf = new Map<string, number>();
  private server!: Server;

  static async start(clock: TestClock): Promise<MeteringService> {
    const service = new MeteringService(clock);
    await new Promise<void>((resolve) => {
      service.server = service.app().listen(0, '127.0.0.1', () => resolve());
    });
    return service;
  }

  private constructor(private readonly clock: TestClock) {}

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}/api`;
  }

  /** Units booked, of all hours. */
  get total(): number {
    return [...this.booked.values()].reduce((sum, { quantity }) => sum + quantity, 0);
  }

  /** What was booked, hour by hour, in the order of the hours. */
  get hours(): [string, number][] {
    const rows = [...this.booked.values()].map(({ effectiveStartTime, quantity }): [string, number] => [
      effectiveStartTime.slice(0, 16),
      quantity,
    ]);
    return rows.sort(([a], [b]) => (a < b ? -1 : 1));
  }

  /** The product's own client against it; pauses are none. */
  client(pauses: number[] = []): MeteringClient {
    const pause = async (ms: number) => void pauses.push(ms);
    return new MeteringClient(this.url, new MarketplaceCaller({ token: async () => 'sample-token', log: quiet, pause }));
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  /** Somebody has told something of this hour before. */
  bookElsewhere(event: Sent): void {
    this.booked.set(keyOf(event), { ...event, usageEventId: randomUUID(), messageTime: this.clock.now().toISOString() });
  }

  private app() {
    const app = express();
    app.use(express.json());
    app.use('/api', (req, res, next) => {
      const body = req.body as { request?: Sent[] } & Sent;
      const events = body?.request ?? (body?.resourceId ? [body] : []);
      this.calls.push({ path: req.path, query: req.query, events });
      if (req.headers.authorization !== 'Bearer sample-token') return void res.status(403).json({ code: 'Forbidden' });
      if (req.query['api-version'] !== '2018-08-31') return void res.status(400).json({ code: 'BadArgument' });
      const trouble = this.troubles.shift();
      if (trouble === undefined) return next();
      if (trouble === 'unreached') return void req.socket.destroy();
      if (trouble === 'answer lost') {
        for (const event of events) this.book(event);
        return void req.socket.destroy();
      }
      const { status, headers } = typeof trouble === 'number' ? { status: trouble, headers: {} } : trouble;
      res.status(status).set(headers).json({ code: 'Trouble', message: 'trouble' });
    });
    app.post('/api/batchUsageEvent', (req, res) => {
      const { request } = req.body as { request: Sent[] };
      if (request.length > 25) return void res.status(400).json({ code: 'BadArgument', message: 'too many' });
      const result = request.map((event) => (this.isTerse ? terse(this.book(event)) : this.book(event)));
      if (this.isOdd) return void res.json({ Result: result.reverse().map(capitalized) });
      res.json({ count: result.length, result });
    });
    app.post('/api/usageEvent', (req, res) => {
      const said = this.book(req.body as Sent) as { status: string; error?: { additionalInfo?: object } };
      if (said.status === 'Accepted') return void res.json(said);
      if (said.status === 'Duplicate')
        return void res.status(409).json({ ...said.error, code: 'Conflict', message: 'This usage event already exist.' });
      res.status(400).json({ message: 'One or more errors have occurred.', target: 'usageEventRequest', code: 'BadArgument' });
    });
    app.get('/api/usageEvents', (req, res) => {
      const { usageStartDate, UsageEndDate } = req.query as Record<string, string>;
      const lines = this.account().filter(
        ({ usageDate }) => usageDate.slice(0, 10) >= usageStartDate! && usageDate.slice(0, 10) < UsageEndDate!,
      );
      if (this.respelled) {
        const body = this.respelled(lines);
        return void (body === null ? res.end() : res.json(body));
      }
      if (!this.isOdd) return void res.json(lines);
      const odd = lines.map(({ usageDate: _usageDate, ...line }) => capitalized(line));
      res.json({ value: [{ note: 'a line of nobody' }, ...odd] });
    });
    return app;
  }

  private book(event: Sent): object {
    const forced = this.statuses.shift();
    const facts = { ...event, messageTime: this.clock.now().toISOString() };
    if (forced) return { ...facts, status: forced, error: { code: forced, message: `because of ${forced}` } };
    const before = this.booked.get(keyOf(event));
    if (before) {
      const acceptedMessage = { ...before, status: 'Duplicate' };
      return { ...facts, status: 'Duplicate', error: { additionalInfo: { acceptedMessage }, code: 'Conflict', message: 'exists' } };
    }
    const age = this.clock.now().getTime() - new Date(event.effectiveStartTime).getTime();
    if (age > 86_400_000) return { ...facts, status: 'Expired', error: { code: 'Expired', message: 'too old' } };
    if (age < 0 || !(event.quantity > 0))
      return { ...facts, status: 'BadArgument', error: { code: 'BadArgument', message: 'from the future' } };
    const booked = { ...facts, usageEventId: randomUUID() };
    this.booked.set(keyOf(event), booked);
    return { ...booked, status: 'Accepted' };
  }

  private account() {
    const sums = new Map<
      string,
      { usageDate: string; usageResourceId: string; dimension: string; planId: string; submittedQuantity: number }
    >();
    for (const { effectiveStartTime, resourceId, dimension, planId, quantity } of this.booked.values()) {
      const usageDate = effectiveStartTime.slice(0, 10);
      const key = [usageDate, resourceId, dimension, planId].join(' ');
      const submittedQuantity = (sums.get(key)?.submittedQuantity ?? 0) + quantity;
      sums.set(key, {
        usageDate,
        usageResourceId: resourceId,
        dimension,
        planId,
        submittedQuantity: this.accountOf.get(usageDate) ?? submittedQuantity,
      });
    }
    return [...sums.values()].map((line) => ({
      ...line,
      usageDate: `${line.usageDate}T00:00:00`,
      planName: 'Standard',
      offerId: 'kontingent-metered',
      offerType: 'SaaS',
      reconStatus: 'Accepted',
      processedQuantity: line.submittedQuantity,
      submittedCount: 1,
    }));
  }
}

const keyOf = ({ resourceId, dimension, planId, effectiveStartTime }: Sent): string =>
  [resourceId, dimension, planId, effectiveStartTime.slice(0, HOUR)].join(' ');

const capitalized = (value: object): object =>
  Object.fromEntries(Object.entries(value).map(([name, inner]) => [name.charAt(0).toUpperCase() + name.slice(1), inner]));

const terse = (said: object): object => {
  const { status, error } = said as { status: string; error?: object };
  return status === 'Accepted' ? said : { status, error };
};
