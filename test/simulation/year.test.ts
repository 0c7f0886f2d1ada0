import { recordPayment } from '../../src/features/billing/record-payment';
import { ACCOUNTING } from '../support/billing';
import { act, renewAtMarketplace, settled } from './acts';
import { audit, auditMoney, auditNumbers, auditPast, auditTold, digest, unpaid } from './audit';
import { DAY_MS, nextEdge } from './calendar';
import { compareItems } from './furnish';
import { aWorld, now, open, START, type World } from './world';

/**
 * A year of six organizations, from a seed: another one by SIMULATION_SEED. Whatever comes of it, what the product says is held
 * against books that are kept beside it.
 */
const SEED = Number(process.env.SIMULATION_SEED ?? 20_280_229);
/** Until then everybody but one has opened, and some have renewed. */
const AUTUMN = '2027-10-20T00:00:00.000Z';
const END = '2028-09-06T00:00:00.000Z';

/** Instants at which clocks change, months end and a day is there that other years lack. */
const TRAPS = [
  '2027-09-05T04:00:00Z',
  '2027-10-31T01:00:00Z',
  '2027-11-07T05:00:00Z',
  '2027-12-31T23:00:00Z',
  '2028-02-29T00:00:00Z',
  '2028-03-01T00:00:00Z',
  '2028-03-12T05:00:00Z',
  '2028-03-26T01:00:00Z',
  '2028-04-02T03:00:00Z',
  '2028-04-27T22:00:00Z',
].map((instant) => Date.parse(instant));

/** Hours, days, weeks, or to the very edge of something and a millisecond beside it. */
function leap({ luck, organizations, clock }: World): Date {
  const at = now({ clock });
  const edges = [
    ...TRAPS,
    ...organizations.flatMap(({ books }) => (books.anchor ? [nextEdge(books.anchor, at).getTime()] : [])),
    ...organizations.map(({ opensAt }) => Date.parse(opensAt)),
  ].filter((edge) => edge > at.getTime() + 1000);
  const near = Math.min(...edges);
  switch (luck.weighed({ hours: 2, days: 5, weeks: 1, edge: 4 })) {
    case 'hours':
      return new Date(at.getTime() + luck.between(1, 20 * 3600) * 1000);
    case 'weeks':
      return new Date(at.getTime() + luck.between(7 * 24, 16 * 24) * 3_600_000);
    case 'edge':
      return new Date(near + luck.between(-1, 1));
    default:
      return new Date(at.getTime() + luck.between(DAY_MS, 5 * DAY_MS));
  }
}

/** Some of what runs by itself, in any order; what is not run now is late. */
async function runSome({ luck, jobs }: World): Promise<void> {
  if (luck.chance(50)) await jobs.contracts!();
  if (luck.chance(60)) await jobs.outbox!();
  if (luck.chance(10)) await jobs.snapshots!();
  if (luck.chance(5)) await jobs.forecasts!();
}

/** So many acts fill the year whatever chance says, so that every seed looks as closely. */
const ACTS = 230;

/** How many are due by now: many after weeks, one after an hour. */
function due({ clock, story }: World): number {
  const part = (clock.now().getTime() - Date.parse(START)) / (Date.parse(END) - Date.parse(START));
  return Math.max(1, Math.ceil(ACTS * part) - story.length);
}

/** Lives until then; answers how much was done. */
async function live(world: World, until: string): Promise<number> {
  let acts = 0;
  let audited = 0;
  for (const end = new Date(until); now(world) < end; world.clock.set(leap(world).toISOString())) {
    for (const org of world.organizations) {
      if (!org.subscriptionId && Date.parse(org.opensAt) <= now(world).getTime()) await open(world, org);
      await renewAtMarketplace(world, org);
    }
    await runSome(world);
    const here = world.organizations.filter(({ subscriptionId }) => subscriptionId !== null);
    for (let count = due(world); count > 0; count -= 1) {
      const org = world.luck.one(here);
      await act(world, org);
      await audit(world, org);
      acts += 1;
    }
    expect(world.faults).toEqual([]);
    if (now(world).getTime() - audited > 30 * DAY_MS) {
      audited = now(world).getTime();
      for (const org of here) await auditPast(world, org);
      await auditNumbers(world);
    }
  }
  return acts;
}

/** All jobs, until nothing is due any more; what a provider never took is transferred. */
async function settle(world: World): Promise<Map<string, number>> {
  const byHand = new Map<string, number>();
  for (let round = 0; round < 4; round += 1) {
    for (const job of Object.values(world.jobs)) await job();
    for (const org of world.organizations)
      for (const { documentId, minor } of await unpaid(world, org)) {
        if (world.provider.moved.has(documentId)) continue;
        const noted = await recordPayment(
          world.ctx,
          ACCOUNTING,
          { tenantId: org.tenantId, documentId },
          { paidAt: null, reference: 'transfer', reason: 'by hand' },
        );
        if (noted.ok) byHand.set(documentId, minor);
      }
    world.clock.advance({ days: 1 });
  }
  return byHand;
}

/** What goes wrong is told with what led to it. */
async function told<T>(world: World, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    (error as Error).message += `\n\nseed ${SEED}, the last acts:\n${world.story.slice(-25).join('\n')}`;
    throw error;
  }
}

let autumn: unknown[];

test(`G1–G5, G7–G10: a year of purchases, changes, packages, archiving and payments, seed ${SEED}`, async () => {
  const world = await aWorld(SEED);
  await told(world, async () => {
    let acts = await live(world, AUTUMN);
    autumn = await digest(world);
    acts += await live(world, END);
    expect(acts).toBeGreaterThan(200);
    const byHand = await settle(world);
    for (const org of world.organizations) {
      settled(world, org);
      await audit(world, org);
      await auditPast(world, org);
      await auditMoney(world, org, byHand);
      await compareItems(world, org);
    }
    await auditNumbers(world);
    await auditTold(world);
    expect(world.faults).toEqual([]);
  });
}, 600_000);

test('the same acts at the same instants come to the same counters and the same bills', async () => {
  const world = await aWorld(SEED);
  await told(world, () => live(world, AUTUMN));
  expect(await digest(world)).toEqual(autumn);
}, 600_000);
