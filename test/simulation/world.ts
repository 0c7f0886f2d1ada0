import path from 'node:path';
import type { Meter } from '../../src/contract/meters';
import { takeSnapshots } from '../../src/features/billed-people/take-snapshots';
import { billStart } from '../../src/features/billing/bill-start';
import { collectPayment } from '../../src/features/billing/collect-payment';
import { PAYMENT_TOPIC } from '../../src/features/billing/issue-bill';
import type { PaymentOrder, PaymentOutcome, Payments } from '../../src/features/billing/payments.port';
import { publishSeller } from '../../src/features/billing/seller';
import { licenseHandlers } from '../../src/features/licenses/announce-licenses';
import { noticeHandlers } from '../../src/features/notices/handlers';
import { type OutboxHandler, runOutbox } from '../../src/features/outbox/outbox';
import { planChangeHandlers } from '../../src/features/plan-changes/handlers';
import { bringUpToDate, rollContracts } from '../../src/features/plan-changes/roll-contracts';
import { loadCatalog } from '../../src/features/plans/catalog';
import { findPlan, type Plan } from '../../src/features/plans/plans';
import { publishPlans } from '../../src/features/plans/publish-plans';
import { adoptSnapshot } from '../../src/features/subscriptions/adopt-snapshot';
import { buyContract } from '../../src/features/subscriptions/buy-contract';
import type { MarketplaceSubscription } from '../../src/features/subscriptions/marketplace.port';
import { LIMIT_STALE_TOPIC, refreshStaleLimit } from '../../src/features/teams/refresh-stale-limit';
import { describeTenant, ensureTenant } from '../../src/features/tenants/tenants';
import { ROOM_TOPIC } from '../../src/features/usage/room';
import { createForecastWatch } from '../../src/features/usage/watch-forecasts';
import type { Actor } from '../../src/platform/actor';
import { type Context, inPublisher, inTenant } from '../../src/platform/context';
import { key, unwrap } from '../support/acts';
import { SELLER } from '../support/billing';
import { consentTo } from '../support/contracts';
import { quiet, type TestClock, testContext } from '../support/database';
import { anActor } from '../support/tenant';
import { Books } from './books';
import { type Dice, dice, localDate, monthsLater } from './calendar';
import { Items } from './items';

/** An act that was done, to be tried again at any later time. */
export interface Past {
  meter: Meter;
  clientKey: string;
  title: string;
  actor: Actor;
  /** Of which team it was created, in whose share it counts. */
  teamId?: string;
  id: string;
}

export type Scheme = 'whole-month' | 'org-quota' | 'tiered-addon' | 'team-units' | 'license-pool' | 'corner-shop';

export interface OrgTeam {
  id: string;
  hasOwner: boolean;
  until: Date | null;
  spans: { from: Date; until: Date | null }[];
  /** Of the tickets; null: none. */
  share: number | null;
  /** The tickets that counted in it, and the period of each. */
  counted: Map<string, string>;
}

export interface Organization {
  name: string;
  scheme: Scheme;
  zone: string;
  plans: string[];
  opensAt: string;
  /** Of the base plan; the quotas begin anew every month all the same. */
  term: 'P1M' | 'P1Y';
  tenantId: string;
  owner: Actor;
  people: Actor[];
  books: Books;
  /** Of the base plan; null before it was bought. */
  subscriptionId: string | null;
  /** Of what Microsoft sells: its own word. */
  truth: MarketplaceSubscription | null;
  done: Past[];
  refused: Omit<Past, 'id'>[];
  /** Records that were created and are still to be read. */
  records: Set<string>;
  teams: OrgTeam[];
  items: Items;
  scheduled: { changeId: string; from: Date; mayRemove: boolean } | null;
  /** A contract whose renewal was turned off ends then. */
  endsAt: Date | null;
}

/** Six organizations in as many zones; each scheme has other policies, and each anchor day another trap of the calendar. */
const ORGANIZATIONS: Pick<Organization, 'name' | 'scheme' | 'zone' | 'plans' | 'opensAt'>[] = [
  { name: 'Works', scheme: 'whole-month', zone: 'Europe/Berlin', plans: ['basic', 'growth', 'scale'], opensAt: '2027-08-31T10:00:00Z' },
  {
    name: 'Office',
    scheme: 'org-quota',
    zone: 'America/Santiago',
    plans: ['ticketing', 'standard', 'premium'],
    opensAt: '2027-09-04T02:30:00Z',
  },
  { name: 'Club', scheme: 'tiered-addon', zone: 'Africa/Cairo', plans: ['club'], opensAt: '2027-09-30T21:30:00Z' },
  { name: 'Crew', scheme: 'team-units', zone: 'America/New_York', plans: ['team', 'team-plus'], opensAt: '2027-09-29T12:00:00Z' },
  { name: 'Corner', scheme: 'corner-shop', zone: 'America/Havana', plans: ['stall', 'corner', 'market'], opensAt: '2027-09-28T04:00:00Z' },
  {
    name: 'Seats',
    scheme: 'license-pool',
    zone: 'Pacific/Auckland',
    plans: ['enterprise-fixed', 'enterprise-flexible'],
    opensAt: '2028-02-28T20:00:00Z',
  },
];

export const START = '2027-08-31T10:00:00.000Z';

/** Takes money as providers do: mostly at once, sometimes late, sometimes not at first. Never twice for one document. */
class Provider implements Payments {
  readonly moved = new Map<string, number>();
  private readonly asked: { documentId: string; alike: string; tries: number }[] = [];
  constructor(private readonly seed: number) {}
  charge = (order: PaymentOrder) => this.move(order, order.amountMinor);
  refund = (order: PaymentOrder) => this.move(order, -order.amountMinor);

  private async move({ documentId, tenantId }: PaymentOrder, minor: number): Promise<PaymentOutcome> {
    if (!this.moved.has(documentId)) {
      const outcome = this.luckOf(documentId, `${tenantId} ${minor}`, minor).weighed({ paid: 8, pending: 1, failed: 1, silent: 1 });
      if (outcome === 'silent') throw new Error('the provider does not answer');
      if (outcome === 'pending') return { state: 'pending', reference: null };
      if (outcome === 'failed') return { state: 'failed', reference: null, problem: 'no cover' };
      this.moved.set(documentId, minor);
    }
    return { state: 'paid', reference: `ref ${documentId}` };
  }

  /** By the payer, the amount and how often it was asked, so that ids and the order of what is due at one instant change nothing. */
  private luckOf(documentId: string, alike: string, minor: number): Dice {
    const known = this.asked.find((one) => one.documentId === documentId);
    const one = known ?? { documentId, alike, tries: 0 };
    if (!known) this.asked.push(one);
    one.tries += 1;
    const before = this.asked.filter((other) => other.alike === alike).indexOf(one);
    return dice(this.seed * 7919 + minor * 31 + before * 101 + one.tries);
  }
}

export interface World {
  ctx: Context;
  clock: TestClock;
  luck: Dice;
  plans: Record<string, Plan>;
  organizations: Organization[];
  provider: Provider;
  /** How often each person was written to under each notice. */
  told: string[];
  jobs: Record<string, () => Promise<void>>;
  /** What has happened, for whoever reads a failure. */
  story: string[];
  /** What jobs only log, because the next run tries again: here nothing may go wrong. */
  faults: string[];
  /** How often the marketplace has been asked. */
  answers: number;
}

export async function aWorld(seed: number): Promise<World> {
  const { ctx: plain, clock } = await testContext({ now: START });
  const faults: string[] = [];
  const ctx: Context = { ...plain, log: listening(faults) };
  const luck = dice(seed);
  const plans = await openShop(ctx);
  await publishSeller(ctx, { ...SELLER, tax: { name: null, basisPoints: 1900, included: true }, collects: true });
  const provider = new Provider(seed);
  const told: string[] = [];
  const world: World = {
    faults,
    ctx,
    clock,
    luck,
    plans,
    provider,
    told,
    story: [],
    answers: 0,
    jobs: jobsOf(ctx, clock, provider, told),
    organizations: ORGANIZATIONS.map((one) => {
      const owner = anActor({ name: `Owner of ${one.name}`, address: `owner@${one.name.toLowerCase()}.example` });
      return {
        ...one,
        term: 'P1M',
        tenantId: owner.tenantId,
        owner,
        people: [],
        books: new Books(),
        subscriptionId: null,
        truth: null,
        done: [],
        refused: [],
        records: new Set(),
        teams: [],
        items: new Items(),
        scheduled: null,
        endsAt: null,
      };
    }),
  };
  return world;
}

/** A log that keeps what should not happen. */
function listening(faults: string[]): Context['log'] {
  const note = (facts: { err?: Error }, words: string) => {
    if (/event failed|event was given up|could not be/u.test(words)) faults.push(`${words}: ${facts.err?.stack ?? ''}`);
  };
  return { ...quiet, debug: () => {}, info: () => {}, warn: note, error: note } as never;
}

/** All schemes are on sale at once, as no single catalog has them. */
async function openShop(ctx: Context): Promise<Record<string, Plan>> {
  const names = ['whole-month', 'org-quota', 'tiered-addon', 'team-units', 'license-pool'].map((name) =>
    path.resolve('plans/presets', `${name}.yaml`),
  );
  const plans: Record<string, Plan> = {};
  for (const file of [...names, path.join(__dirname, 'corner-shop.yaml')]) {
    const catalog = await loadCatalog(file);
    await publishPlans(ctx, catalog);
    for (const { id } of catalog.plans) plans[id] = (await inPublisher(ctx, ({ db }) => findPlan(db, id)))!;
  }
  await inPublisher(ctx, ({ db }) => db.query('delete from plan_withdrawals'));
  return plans;
}

/** What runs by itself in the app, here only when it is called: late, out of order, or twice. */
function jobsOf(ctx: Context, clock: TestClock, payments: Payments, told: string[]): World['jobs'] {
  const messages = {
    sendQuotaNotice: async (reference: Record<string, unknown>) => {
      told.push(String(reference.id));
      return { outcome: 'sent' as const };
    },
    sendAnnouncement: async (reference: Record<string, unknown>) => {
      told.push(String(reference.id));
      return { outcome: 'sent' as const };
    },
  };
  const handlers: Record<string, OutboxHandler> = {
    ...noticeHandlers(ctx, { messages, mailboxOf: async () => null } as never),
    ...licenseHandlers(ctx, { messages } as never),
    ...planChangeHandlers(ctx, { selling: {} as never, messages }),
    [ROOM_TOPIC]: async () => {},
    [LIMIT_STALE_TOPIC]: (event) => refreshStaleLimit(ctx, event),
    [PAYMENT_TOPIC]: (event) => collectPayment(ctx, event, { payments }),
  };
  return {
    outbox: async () => {
      for (let round = 0; round < 10; round += 1) if ((await runOutbox(ctx, handlers, clock)) === 0) return;
    },
    contracts: async () => void (await rollContracts(ctx)),
    snapshots: () => takeSnapshots(ctx),
    forecasts: () => createForecastWatch()(ctx),
  };
}

export const now = ({ clock }: Pick<World, 'clock'>): Date => clock.now();

const isSoldByMicrosoft = ({ scheme }: Organization): boolean => scheme === 'org-quota' || scheme === 'license-pool';

/** The first purchase, and every one after a gap. */
export async function open(world: World, org: Organization): Promise<void> {
  const { ctx, plans, luck } = world;
  const at = now(world);
  const organization = { name: org.name, contactAddress: 'office@sample.example', locale: 'en' as const, timeZone: org.zone };
  const plan = plans[org.scheme === 'whole-month' ? 'growth' : org.scheme === 'license-pool' ? 'enterprise-flexible' : org.plans[0]!]!;
  if (org.scheme === 'org-quota' || org.scheme === 'corner-shop') org.term = luck.weighed({ P1M: 2, P1Y: 1 });
  if (isSoldByMicrosoft(org)) {
    await inTenant(ctx, org.tenantId, async ({ db }) => {
      await ensureTenant(db, org.tenantId, at);
      await describeTenant(db, org.tenantId, organization);
    });
    const person = { tenantId: org.tenantId, objectId: org.owner.memberId, address: null };
    org.truth = {
      id: `purchase-${world.answers}-${org.tenantId}`,
      name: org.name,
      offerId: plan.offerId,
      planId: plan.planId,
      quantity: org.scheme === 'license-pool' ? luck.between(3, 6) : null,
      status: 'Subscribed',
      purchaser: person,
      beneficiary: person,
      termUnit: org.term,
      termStart: at,
      termEnd: lastDayOf(org, at),
      autoRenew: true,
      isFreeTrial: false,
      allowedOperations: ['Update'],
      purchasedAt: at,
    };
    await adopt(world, org, {});
    org.books.start({ startedAt: at, date: at.toISOString().slice(0, 10), zone: org.zone }, 'nothing');
  } else {
    const order = { planId: plan.planId, term: org.term, quantity: null, consent: consentTo(plan, org.term), organization };
    org.subscriptionId = unwrap(await buyContract(ctx, org.owner, key(), order, billStart)).record.id;
    org.books.start({ startedAt: at, date: localDate(at, org.zone), zone: org.zone }, 'nothing');
  }
  org.books.plans.push({ from: at, plan });
  org.books.standings.push({ from: at, isSubscribed: true });
  org.endsAt = null;
  org.scheduled = null;
  await chats(world, org);
}

/** The marketplace's word is ours from here on; each answer is later than the last. */
export async function adopt(world: World, org: Organization, changes: Partial<MarketplaceSubscription>): Promise<void> {
  org.truth = { ...org.truth!, ...changes };
  world.answers += 1;
  const adopted = await adoptSnapshot(world.ctx, org.truth, new Date(Date.UTC(2020, 0, 1) + world.answers), {
    name: 'visit',
    actor: null,
  });
  if (adopted.outcome !== 'adopted' && adopted.outcome !== 'unchanged') throw new Error(`not adopted: ${adopted.outcome}`);
  org.subscriptionId = adopted.row.subscriptionId;
}

/** The last valid day of a term that begins then, as the marketplace names it. */
export const lastDayOf = ({ term }: Organization, start: Date): Date =>
  new Date(Date.parse(`${monthsLater(start.toISOString().slice(0, 10), term === 'P1Y' ? 12 : 1)}T00:00:00Z`) - 86_400_000);

/** Everybody has a chat with the bot, so that whoever is to be told is written to. */
async function chats({ ctx }: World, { tenantId, owner }: Organization): Promise<void> {
  await inTenant(ctx, tenantId, async ({ db }) => {
    await db.query(
      `insert into members (tenant_id, member_id, name, role, created_at, last_active_at) values ($1, $2, $3, 'owner', $4, $4)
       on conflict do nothing`,
      [tenantId, owner.memberId, owner.name, ctx.now()],
    );
    await db.query(
      `insert into conversations (tenant_id, member_id, reference, updated_at, notices)
       select $1, member_id, jsonb_build_object('id', member_id), $2, true from members where tenant_id = $1 on conflict do nothing`,
      [tenantId, ctx.now()],
    );
  });
}

/** What the API does before it shows or changes what a renewal changes. */
export const renewIfDue = ({ ctx }: World, { tenantId }: Organization): Promise<void> => bringUpToDate(ctx, tenantId);
