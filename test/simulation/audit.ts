import { METERS, type Meter } from '../../src/contract/meters';
import { inTenant } from '../../src/platform/context';
import { daysFrom, localDate, periodAt, rounded } from './calendar';
import type { Organization, OrgTeam, World } from './world';

/** Rows of one organization as they are, read past every use case. */
const rows = <Row>({ ctx }: World, { tenantId }: Organization, sql: string): Promise<Row[]> =>
  inTenant(ctx, tenantId, ({ db }) => db.query<Row>(sql, [tenantId]));

/** Everything that must hold between the tables of an organization, and between them and its books. */
export async function audit(world: World, org: Organization): Promise<void> {
  if (!org.books.anchor) return;
  await counters(world, org);
  await held(world, org);
  await notices(world, org);
}

/** Of the whole past, less often: periods and money. */
export async function auditPast(world: World, org: Organization): Promise<void> {
  if (!org.books.anchor) return;
  await periods(world, org);
  await terms(world, org);
  await documents(world, org);
}

/** G1: what is counted is what the ledger says, what the books say, and never less than nothing. */
async function counters(world: World, org: Organization): Promise<void> {
  const found = await rows<{ scope: string; meter: string; start: Date; used: number; ledger: number; held: number; kept: number }>(
    world,
    org,
    `select c.scope_id as scope, c.meter, c.period_start as start, c.used::int as used, c.held::int as held,
            coalesce((select sum(case kind when 'release' then -quantity else quantity end) from usage_records r
                       where r.tenant_id = $1 and r.meter = c.meter and r.scope_id = c.scope_id and r.period_start = c.period_start), 0)::int as ledger,
            coalesce((select sum(quantity) from usage_holds h
                       where h.tenant_id = $1 and h.meter = c.meter and h.scope_id = c.scope_id and h.period_start = c.period_start
                         and h.state = 'open'), 0)::int as kept
       from usage_counters c where c.tenant_id = $1`,
  );
  for (const { used, ledger, held: places, kept } of found) expect([used, places]).toEqual([ledger, kept]);
  const sums = (meter: Meter) =>
    found.filter((one) => one.scope === 'tenant' && one.meter === meter).reduce((sum, one) => sum + one.used, 0);
  for (const { scope, start, used } of found.filter((one) => one.scope !== 'tenant')) {
    const team = org.teams.find(({ id }) => scope === `team:${id}`)!;
    const counted = [...team.counted.values()].filter((period) => period === org.books.nameOf(start)).length;
    expect({ scope, start, used }).toEqual({ scope, start, used: counted });
  }
  const written = (meter: Meter) =>
    org.books.uses.filter((one) => one.meter === meter && one.releasedAt === null).reduce((sum, one) => sum + one.units, 0);
  expect(METERS.map((meter) => [meter, sums(meter)])).toEqual(METERS.map((meter) => [meter, written(meter)]));
}

/** G1, G8: of what is held now there are as many as are counted, and every record is still there. */
async function held(world: World, org: Organization): Promise<void> {
  const [row] = await rows<{ teams: number | null; active: number; tickets: number }>(
    world,
    org,
    `select (select used::int from usage_counters where tenant_id = $1 and meter = 'teams' and scope_id = 'tenant') as teams,
            (select count(*)::int from teams where tenant_id = $1 and archived_at is null) as active,
            (select count(*)::int from tickets where tenant_id = $1 and deleted_at is null) as tickets`,
  );
  const active = org.teams.filter(({ until }) => until === null).length;
  expect(row).toEqual({ teams: row!.teams === null ? null : active, active, tickets: org.records.size });
}

/** G7: each notice was given for a mark that was reached, none is missing, and nobody was written to twice for the same. */
async function notices(world: World, org: Organization): Promise<void> {
  const given = await rows<{ meter: Meter; start: Date; epoch: number; mark: number }>(
    world,
    org,
    `select meter, period_start as start, limit_epoch as epoch, threshold::int as mark from notices
      where tenant_id = $1 and kind = 'threshold' and scope_id = 'tenant' and meter in ('tickets', 'checklists', 'opportunities')`,
  );
  const names = new Set(given.map(({ meter, start, epoch, mark }) => `${meter} ${org.books.nameOf(start)} ${epoch} ${mark}`));
  expect([...names].filter((name) => !org.books.possible.has(name))).toEqual([]);
  expect([...org.books.required].filter((name) => !names.has(name))).toEqual([]);
}

export async function auditTold(world: World): Promise<void> {
  let sent = 0;
  for (const org of world.organizations) {
    const [row] = await rows<{ sent: number }>(
      world,
      org,
      `select count(*)::int as sent from deliveries where tenant_id = $1 and channel = 'bot' and state = 'sent'`,
    );
    sent += row!.sent;
  }
  expect(world.told).toHaveLength(sent);
}

/** G4: each row is one period of the calendar, whole unless a new anchor cut it; none begins before the last one ended. */
async function periods(world: World, org: Organization): Promise<void> {
  const found = await rows<{ meter: Meter; start: Date; end: Date }>(
    world,
    org,
    `select meter, period_start as start, period_end as "end" from usage_counters
      where tenant_id = $1 and scope_id = 'tenant' and meter in ('tickets', 'checklists', 'opportunities') order by meter, period_start`,
  );
  for (const [index, { meter, start, end }] of found.entries()) {
    const anchor = org.books.anchorAt(start);
    const next = org.books.anchorAfter(start);
    const last = new Date(end.getTime() - 1);
    expect([meter, start, periodAt(anchor, last)]).toEqual([meter, start, periodAt(anchor, start)]);
    expect(
      start.getTime() === anchor.startedAt.getTime() || periodAt(anchor, new Date(start.getTime() - 1)) !== periodAt(anchor, start),
    ).toBe(true);
    const isCut = next !== null && end.getTime() === next.startedAt.getTime();
    expect(isCut || periodAt(anchor, end) !== periodAt(anchor, start)).toBe(true);
    const following = found[index + 1];
    if (following?.meter === meter) expect(following.start >= end).toBe(true);
  }
}

interface Bill {
  id: string;
  subscription: string;
  cause: 'start' | 'renewal' | 'change';
  billedBy: string;
  planId: string;
  version: number;
  start: Date;
  end: Date;
  at: Date;
  charged: number;
  refunded: number;
  quantity: number;
}

/** What a subscription was at each of its revisions, by the append-only log. */
interface Revision {
  subscription: string;
  revision: number;
  at: Date;
  after: { planId: string; quantity: number | null; termStart: string; status: string };
}

/** G5: terms follow each other without gap or overlap, and what was paid for each is its price to the cent, however it was cut. */
async function terms(world: World, org: Organization): Promise<void> {
  const bills = await rows<Bill>(
    world,
    org,
    `select b.bill_id as id, b.subscription_id as subscription, b.cause, b.billed_by as "billedBy", b.plan_id as "planId", b.plan_version as version,
            b.period_start as start, b.period_end as "end", b.at,
            coalesce(sum(l.amount_minor) filter (where l.kind = 'charge'), 0)::int as charged,
            coalesce(sum(l.amount_minor) filter (where l.kind = 'refund'), 0)::int as refunded,
            coalesce(max(l.quantity) filter (where l.kind = 'charge'), 0)::int as quantity
       from bills b left join bill_lines l on l.tenant_id = b.tenant_id and l.bill_id = b.bill_id
      where b.tenant_id = $1 group by b.tenant_id, b.bill_id order by b.period_start, b.at, b.bill_id`,
  );
  const revisions = await rows<Revision>(
    world,
    org,
    `select subscription_id as subscription, revision, at, after from subscription_log where tenant_id = $1 order by subscription_id, revision`,
  );
  for (const subscription of new Set(bills.map((bill) => bill.subscription))) {
    const log = revisions.filter((one) => one.subscription === subscription);
    const own = bills.filter((bill) => bill.subscription === subscription);
    expect(log.map(({ revision }) => revision)).toEqual(log.map((_, index) => index + 1));
    if (org.scheme === 'team-units') counted(world, org, own);
    else if (org.scheme === 'whole-month') whole(world, org, own);
    else divided(world, org, own, log);
  }
}

const priceOf = ({ plans }: World, planId: string, unit: Organization['term'] = 'P1M'): number =>
  plans[planId]!.prices.find(({ term }) => term === unit)!.minor;

/** One bill for each calendar month, by every team that was there at any instant of it. */
function counted(world: World, org: Organization, bills: Bill[]): void {
  for (const [index, { start, end, charged, planId }] of bills.entries()) {
    const month = localDate(start, org.zone).slice(0, 7);
    expect([localDate(start, org.zone), localDate(end, org.zone).slice(8)]).toEqual([`${month}-01`, '01']);
    if (index > 0) expect(start).toEqual(bills[index - 1]!.end);
    // One that was archived at the instant it was created was there at none.
    const isThere = ({ from, until }: OrgTeam['spans'][number]) => from < end && (until === null || (until > start && until > from));
    const teams = org.teams.filter(({ spans }) => spans.some(isThere)).length;
    const changes = org.books.plans.filter(({ from, plan }, at) => at > 0 && plan && from > start && from < end);
    if (changes.length === 0) expect({ month, charged }).toEqual({ month, charged: teams * priceOf(world, planId) });
  }
}

/** Whole terms at full price; what a new one cut short gives back exactly what was not used of it. */
function whole(world: World, org: Organization, bills: Bill[]): void {
  const ahead = bills.filter(({ id }) => !id.startsWith('cancel:'));
  for (const [index, bill] of ahead.entries()) {
    expect(bill.charged).toBe(priceOf(world, bill.planId));
    const before = ahead[index - 1];
    if (!before) continue;
    if (bill.cause !== 'change') {
      expect([bill.start, bill.refunded]).toEqual([before.end, 0]);
      continue;
    }
    expect(bill.start >= before.start && bill.start < before.end).toBe(true);
    expect(bill.refunded).toBe(-unused(org, before, before.charged, bill.start));
  }
  givenBack(bills);
}

/** What is not used of a term that was paid whole; together with what was used it is the price. */
function unused(org: Organization, { start, end }: Bill, paid: number, at: Date): number {
  const [first, until, cut] = [start, end, at].map((instant) => localDate(instant, org.zone)) as [string, string, string];
  return paid - rounded(paid * daysFrom(first, cut), daysFrom(first, until));
}

/** Terms that plans share by days: their lines together are the exact sum, rounded once. */
function divided(world: World, org: Organization, bills: Bill[], log: Revision[]): void {
  const ofTerms = bills.filter(({ id, billedBy }) => !id.startsWith('cancel:') && billedBy === 'direct');
  const starts = [...new Set(ofTerms.map(({ start }) => start.getTime()))].sort((a, b) => a - b);
  for (const [index, time] of starts.entries()) {
    const { start, end } = ofTerms.find((bill) => bill.start.getTime() === time)!;
    if (index > 0) expect(start).toEqual(ofTerms.find((bill) => bill.start.getTime() === starts[index - 1])!.end);
    const paid = ofTerms.filter((bill) => bill.start.getTime() === time).reduce((sum, bill) => sum + bill.charged + bill.refunded, 0);
    const held = log.filter(({ at, after }) => new Date(after.termStart).getTime() <= time && at < end);
    const first = held.filter(({ at, after }) => at <= start && new Date(after.termStart).getTime() === time).at(-1) ?? held[0]!;
    const inside = held.filter(({ at, after }) => at > start && after.status === 'Subscribed');
    const [from, until] = [localDate(start, org.zone), localDate(end, org.zone)];
    let sum = 0;
    for (const [at, part] of [first, ...inside].entries()) {
      const next = inside[at];
      const [begins, ends] = [at === 0 ? from : localDate(part.at, org.zone), next ? localDate(next.at, org.zone) : until];
      sum += priceOf(world, part.after.planId, org.term) * (part.after.quantity ?? 1) * daysFrom(begins, ends);
    }
    expect({ term: from, paid }).toEqual({ term: from, paid: rounded(sum, daysFrom(from, until)) });
  }
  givenBack(bills);
  const statements = bills.filter(({ billedBy }) => billedBy === 'marketplace');
  for (const [index, { start }] of statements.filter(({ cause }) => cause !== 'change').entries()) {
    const before = statements.filter(({ cause }) => cause !== 'change')[index - 1];
    if (before) expect(localDate(start, 'UTC')).toBe(localDate(before.end, 'UTC'));
  }
}

/** Cancelled in its window a purchase costs nothing. */
function givenBack(bills: Bill[]): void {
  const back = bills.find(({ id }) => id.startsWith('cancel:'));
  if (!back) return;
  const direct = bills.filter(({ billedBy }) => billedBy === 'direct');
  expect(direct.reduce((sum, { charged, refunded }) => sum + charged + refunded, 0)).toBe(0);
}

interface Document {
  kind: 'statement' | 'invoice' | 'receipt';
  number: number;
  lines: number;
  net: number;
  tax: number;
  gross: number;
  refunds: number;
  refundedGross: number;
  due: number | null;
  credited: number | null;
  documentId: string;
  state: string | null;
  direction: string | null;
}

const documentsOf = (world: World, org: Organization): Promise<Document[]> =>
  rows<Document>(
    world,
    org,
    `select d.document_id as "documentId", d.kind, d.number::int as number,
            (select coalesce(sum((l ->> 'amountMinor')::int), 0)::int from jsonb_array_elements(d.content -> 'lines') l) as lines,
            (d.content #>> '{total,netMinor}')::int as net, (d.content #>> '{total,taxMinor}')::int as tax, (d.content #>> '{total,grossMinor}')::int as gross,
            (select coalesce(sum((l ->> 'amountMinor')::int), 0)::int from jsonb_array_elements(d.content -> 'refunds') l) as refunds,
            (d.content #>> '{refunded,grossMinor}')::int as "refundedGross",
            p.amount_minor::int as due, p.credited_minor::int as credited, p.state, p.direction
       from billing_documents d left join payments p on p.tenant_id = d.tenant_id and p.document_id = d.document_id
      where d.tenant_id = $1 order by d.issued_at, d.number`,
  );

/** G5: lines sum to totals, tax is inside them, and no more money moved than a document asked for. */
async function documents(world: World, org: Organization): Promise<void> {
  for (const one of await documentsOf(world, org)) {
    const taxOf = (minor: number) => Math.sign(minor) * rounded(Math.abs(minor) * 1900, 11_900) || 0;
    expect([one.gross, one.net + one.tax, one.tax, one.refundedGross]).toEqual([one.lines, one.lines, taxOf(one.lines), one.refunds]);
    const moved = world.provider.moved.get(one.documentId);
    if (moved !== undefined) expect([one.state, Math.abs(moved)]).toEqual(['paid', one.due! - one.credited!]);
  }
}

/** Numbers of invoices and receipts have no gap, whoever they are of; every organization's statements have none of their own. */
export async function auditNumbers(world: World): Promise<void> {
  const all: Document[] = [];
  for (const org of world.organizations) {
    const own = await documentsOf(world, org);
    const statements = own.filter(({ kind }) => kind === 'statement').map(({ number }) => number);
    expect(statements.sort((a, b) => a - b)).toEqual(statements.map((_, index) => index + 1));
    all.push(...own);
  }
  for (const kind of ['invoice', 'receipt'] as const) {
    const numbers = all.filter((one) => one.kind === kind).map(({ number }) => number);
    const first = Math.min(...numbers);
    expect(numbers.sort((a, b) => a - b)).toEqual(numbers.map((_, index) => first + index));
  }
}

/** When everything was paid: what moved is what was billed, to the cent. */
export async function auditMoney(world: World, org: Organization, byHand: ReadonlyMap<string, number>): Promise<void> {
  const [billed] = await rows<{ minor: number }>(
    world,
    org,
    `select coalesce(sum(l.amount_minor), 0)::int as minor from bills b join bill_lines l on l.tenant_id = b.tenant_id and l.bill_id = b.bill_id
      where b.tenant_id = $1 and b.billed_by = 'direct'`,
  );
  const documents = await documentsOf(world, org);
  const moved = documents.reduce(
    (sum, { documentId }) => sum + (world.provider.moved.get(documentId) ?? 0) + (byHand.get(documentId) ?? 0),
    0,
  );
  expect({
    org: org.name,
    open: documents.filter(({ state }) => state !== null && state !== 'paid' && state !== 'credited').length,
    moved,
  }).toEqual({
    org: org.name,
    open: 0,
    moved: billed!.minor,
  });
}

export const unpaid = async (world: World, org: Organization): Promise<{ documentId: string; minor: number }[]> =>
  (await documentsOf(world, org))
    .filter(({ state }) => state !== null && state !== 'paid' && state !== 'credited')
    .map(({ documentId, due, credited, direction }) => ({ documentId, minor: (due! - credited!) * (direction === 'charge' ? 1 : -1) }));

/** Everything that the year came to, without the ids that chance gave: the same seed must give it again. */
export async function digest(world: World): Promise<unknown[]> {
  const all: unknown[] = [];
  for (const org of world.organizations) {
    all.push(
      await rows(
        world,
        org,
        `select meter, period_start, period_end, used::int as used, held::int as held, granted::int as granted, limit_epoch
           from usage_counters where tenant_id = $1 and scope_id = 'tenant' order by meter, period_start`,
      ),
      await rows(
        world,
        org,
        `select b.cause, b.plan_id, b.period_start, l.kind, l.amount_minor::int as minor from bills b
           join bill_lines l on l.tenant_id = b.tenant_id and l.bill_id = b.bill_id where b.tenant_id = $1
          order by b.period_start, b.at, b.cause, b.plan_id, l.position`,
      ),
    );
  }
  return all;
}
