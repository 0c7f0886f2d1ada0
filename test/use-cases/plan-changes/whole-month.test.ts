import { listDocuments } from '../../../src/features/billing/documents';
import { publishSeller } from '../../../src/features/billing/seller';
import { cancelContract } from '../../../src/features/plan-changes/cancel-contract';
import { getChange, listChanges, withdrawChange } from '../../../src/features/plan-changes/plan-changes';
import { rehearse } from '../../../src/features/plan-changes/preview-change';
import { rollContracts } from '../../../src/features/plan-changes/roll-contracts';
import { attachResource, deleteResource, getResource } from '../../../src/features/resources/resources';
import { createTicket } from '../../../src/features/tickets/create-ticket';
import { readUsage } from '../../../src/features/usage/read-usage';
import { aTicket, key, refusalOf, unwrap } from '../../support/acts';
import { SELLER } from '../../support/billing';
import { testContext } from '../../support/database';
import { aCustomer, type Customer, change, item, ledger, order, preview } from '../../support/plan-changes';
import { anActor } from '../../support/tenant';

const limitOf = async ({ ctx, owner }: Customer, meter: string) => {
  const usage = unwrap(await readUsage(ctx, owner, async () => null));
  return [...usage.meters, ...usage.limits].find((one) => one.meter === meter)!.limit;
};
const usedOf = async ({ ctx, owner }: Customer, meter: string) => {
  const usage = unwrap(await readUsage(ctx, owner, async () => null));
  return [...usage.meters, ...usage.limits].find((one) => one.meter === meter)!.used;
};

test('CH-03, CH-04, CH-05: an upgrade after 10 full days refunds 39.33 of 59.00 and begins a full month today', async () => {
  const customer = await aCustomer('whole-month', 'growth', { now: '2026-04-01T09:00:00.000Z' });
  customer.clock.set('2026-04-11T15:30:00.000Z');
  const shown = await preview(customer, { toPlanId: 'scale' });
  expect(shown).toMatchObject({ direction: 'upgrade', effective: 'now', effectiveAt: '2026-04-11T15:30:00.000Z' });
  expect(shown.money).toMatchObject({ totalMinor: 9900 - 3933, isEstimate: false, periodStart: '2026-04-11T15:30:00.000Z' });
  expect(shown.money!.lines.map(({ amountMinor }) => amountMinor)).toEqual([9900]);
  expect(shown.money!.refunds.map(({ amountMinor, formula }) => [amountMinor, formula])).toEqual([
    [-3933, '€59.00 less €19.67 for 10 of 30 days'],
  ]);
  const ordered = await change(customer, { toPlanId: 'scale' });
  expect(ordered).toMatchObject({ state: 'applied', money: shown.money });
  expect(await customer.subscription()).toMatchObject({
    planId: 'scale',
    termStart: '2026-04-11T15:30:00.000Z',
    termEnd: '2026-05-11T00:00:00.000Z',
  });
  expect((await ledger(customer)).map(({ kind, planId, amountMinor }) => [kind, planId, amountMinor])).toEqual([
    ['charge', 'growth', 5900],
    ['charge', 'scale', 9900],
    ['refund', 'scale', -3933],
  ]);
});

test('CH-06, G5: upgraded twice on one day, charges less refunds are the used parts and the last full price', async () => {
  const customer = await aCustomer('whole-month', 'basic', { now: '2026-04-01T09:00:00.000Z' });
  customer.clock.set('2026-04-11T08:00:00.000Z');
  await change(customer, { toPlanId: 'growth' });
  customer.clock.advance({ hours: 2 });
  await change(customer, { toPlanId: 'scale' });
  const lines = await ledger(customer);
  // 29.00 × 10/30 = 9.67 used; growth was used no full day.
  expect(lines.map(({ amountMinor }) => amountMinor)).toEqual([2900, 5900, -1933, 9900, -5900]);
  expect(lines.reduce((sum, { amountMinor }) => sum + amountMinor, 0)).toBe(967 + 9900);
});

test('CH-11: a downgrade waits for the period’s end, is visible until then, and takes effect exactly there', async () => {
  const customer = await aCustomer('whole-month', 'scale', { now: '2026-04-01T09:00:00.000Z' });
  const { ctx, clock, owner, subscriptionId } = customer;
  clock.set('2026-04-11T09:00:00.000Z');
  const shown = await preview(customer, { toPlanId: 'growth' });
  expect(shown).toMatchObject({ direction: 'downgrade', effective: 'period_end', effectiveAt: '2026-05-01T00:00:00.000Z' });
  expect(shown.money).toMatchObject({ totalMinor: 5900, periodStart: '2026-05-01T00:00:00.000Z', periodEnd: '2026-06-01T00:00:00.000Z' });
  const ordered = await change(customer, { toPlanId: 'growth' });
  expect(ordered).toMatchObject({ state: 'scheduled', effectiveAt: '2026-05-01T00:00:00.000Z' });
  expect(unwrap(await listChanges(ctx, owner, subscriptionId, { limit: 10 })).items).toEqual([ordered]);
  expect([await limitOf(customer, 'tickets'), await limitOf(customer, 'boards')]).toEqual([2000, 50]);
  expect((await ledger(customer)).map(({ amountMinor }) => amountMinor)).toEqual([9900]);

  clock.set('2026-04-30T23:59:59.999Z');
  expect([await limitOf(customer, 'tickets'), await limitOf(customer, 'boards')]).toEqual([2000, 50]);
  // No job has run: whoever looks sees what holds.
  clock.set('2026-05-01T00:00:00.000Z');
  expect([await limitOf(customer, 'tickets'), await limitOf(customer, 'boards')]).toEqual([500, 10]);
  await rollContracts(ctx);
  expect(await customer.subscription()).toMatchObject({ planId: 'growth', termEnd: '2026-06-01T00:00:00.000Z' });
  expect([await limitOf(customer, 'tickets'), await limitOf(customer, 'boards')]).toEqual([500, 10]);
  expect((await ledger(customer)).map(({ planId, amountMinor }) => [planId, amountMinor])).toEqual([
    ['scale', 9900],
    ['growth', 5900],
  ]);
  expect(unwrap(await getChange(ctx, owner, subscriptionId, ordered.id))).toMatchObject({
    state: 'applied',
    endedAt: '2026-05-01T00:00:00.000Z',
  });
});

test('CH-11: withdrawn before the renewal, nothing happens', async () => {
  const customer = await aCustomer('whole-month', 'scale', { now: '2026-04-01T09:00:00.000Z' });
  const { ctx, clock, owner, subscriptionId } = customer;
  const { id } = await change(customer, { toPlanId: 'basic' });
  clock.set('2026-04-20T09:00:00.000Z');
  expect(unwrap(await withdrawChange(ctx, owner, subscriptionId, id)).state).toBe('withdrawn');
  expect(unwrap(await withdrawChange(ctx, owner, subscriptionId, id)).state).toBe('withdrawn');
  clock.set('2026-05-01T00:00:00.000Z');
  expect(await limitOf(customer, 'boards')).toBe(50);
  await rollContracts(ctx);
  expect(await limitOf(customer, 'boards')).toBe(50);
  expect((await ledger(customer)).map(({ planId, amountMinor }) => [planId, amountMinor])).toEqual([
    ['scale', 9900],
    ['scale', 9900],
  ]);
  // The way is free for another one.
  expect((await change(customer, { toPlanId: 'growth' })).state).toBe('scheduled');
});

test('CH-12…CH-22: at the edge settings are trimmed as foreseen, once, with what they were', async () => {
  const customer = await aCustomer('whole-month', 'growth', { now: '2026-04-01T09:00:00.000Z' });
  const { ctx, clock, owner, subscriptionId } = customer;
  const boards = [];
  for (const name of ['five', 'three', 'one']) boards.push(await item(customer, 'boards', { name }));
  const queues = [];
  for (const [index, board] of [0, 0, 0, 0, 0, 1, 1, 1, 2].entries()) {
    clock.advance({ minutes: 1 });
    queues.push(
      await item(customer, 'queues', {
        name: `queue ${index}`,
        parentId: boards[board]!.id,
        amounts: { automation_runs: 100, intake_rate: 120 },
      }),
    );
  }
  const sla = await item(customer, 'sla_groups', { name: 'gold' });
  const template = await item(customer, 'templates', { name: 'letter' });
  unwrap(await attachResource(ctx, owner, template.id, boards[0]!.id, 1));

  const rehearsed = unwrap(await rehearse(ctx, owner, subscriptionId, { toPlanId: 'basic', keep: [], removal: true }));
  const resultsOf = (items: { name: string; result: string }[]) => Object.fromEntries(items.map(({ name, result }) => [name, result]));
  expect(resultsOf(rehearsed.items)).toMatchObject({
    five: 'kept',
    three: 'kept',
    one: 'cut',
    gold: 'removed',
    letter: 'detached',
    'queue 8': 'cut',
  });

  const shown = await preview(customer, { toPlanId: 'basic' });
  expect(shown.exceeds.map(({ meter, held, limit }) => [meter, held, limit])).toEqual([
    ['automation_runs', 900, 500],
    ['boards', 3, 2],
    ['intake_rate', 120, 100],
    ['queues', 9, 2],
    ['sla_groups', 1, 0],
    ['templates', 1, 0],
  ]);
  expect(shown.irreversible.map(({ name }) => name)).toEqual(['gold']);
  const ordered = await change(customer, { toPlanId: 'basic' });
  clock.set('2026-05-01T00:00:10.000Z');
  await rollContracts(ctx);
  await rollContracts(ctx);

  const applied = unwrap(await getChange(ctx, owner, subscriptionId, ordered.id));
  expect(resultsOf(applied.items)).toMatchObject({ one: 'cut', 'queue 8': 'cut', 'queue 2': 'cut', gold: 'removed', letter: 'detached' });
  expect(applied.items.every(({ state }) => state === 'applied')).toBe(true);
  const left = [];
  for (const queue of queues) {
    const now = unwrap(await getResource(ctx, owner, queue.id));
    if (now.state === 'active') left.push([now.name, now.amounts.intake_rate, now.amounts.automation_runs]);
  }
  expect(left).toEqual([
    ['queue 0', 100, 100],
    ['queue 1', 100, 100],
  ]);
  expect(refusalOf(await getResource(ctx, owner, sla.id)).code).toBe('resource_not_found');
  expect(unwrap(await getResource(ctx, owner, template.id))).toMatchObject({
    attachedTo: null,
    detachedFrom: boards[0]!.id,
    trimmedBy: ordered.id,
  });
  expect([await usedOf(customer, 'boards'), await usedOf(customer, 'queues'), await usedOf(customer, 'automation_runs')]).toEqual([
    2, 2, 200,
  ]);
});

test('CH-19, CH-20, CH-21: after a later upgrade what was removed is gone, what was detached hangs again', async () => {
  const customer = await aCustomer('whole-month', 'growth', { now: '2026-04-01T09:00:00.000Z' });
  const { ctx, clock, owner, subscriptionId } = customer;
  const board = await item(customer, 'boards');
  const [sla, ip] = [await item(customer, 'sla_groups'), await item(customer, 'allowed_ips')];
  const template = await item(customer, 'templates');
  unwrap(await attachResource(ctx, owner, template.id, board.id, 1));
  const ordered = await change(customer, { toPlanId: 'basic' });
  clock.set('2026-05-01T08:00:00.000Z');
  await rollContracts(ctx);
  const detached = unwrap(await getResource(ctx, owner, template.id));
  expect(refusalOf(await attachResource(ctx, owner, template.id, board.id, detached.revision)).code).toBe('resource_not_in_plan');
  await change(customer, { toPlanId: 'growth' });
  for (const gone of [sla, ip]) expect(refusalOf(await getResource(ctx, owner, gone.id)).code).toBe('resource_not_found');
  const again = unwrap(await attachResource(ctx, owner, template.id, detached.detachedFrom!, detached.revision));
  expect(again).toMatchObject({ attachedTo: board.id, trimmedBy: null });
  const { items } = unwrap(await getChange(ctx, owner, subscriptionId, ordered.id));
  expect(Object.fromEntries(items.map(({ id, state }) => [id, state]))).toEqual({
    [sla.id]: 'applied',
    [ip.id]: 'applied',
    [template.id]: 'restored',
  });
});

test('CH-19: what cannot be undone needs a word of its own; without consent to it, it is frozen', async () => {
  const customer = await aCustomer('whole-month', 'growth', { now: '2026-04-01T09:00:00.000Z' });
  const { ctx, clock, owner } = customer;
  const sla = await item(customer, 'sla_groups', { name: 'gold' });
  const { previewId } = await preview(customer, { toPlanId: 'basic' });
  expect(refusalOf(await order(customer, previewId, { change: true }))).toEqual({
    code: 'consent_missing',
    of: 'removal',
    items: ['gold'],
  });
  expect(unwrap(await order(customer, previewId, { change: true, removal: false })).record.items).toMatchObject([
    { name: 'gold', result: 'frozen' },
  ]);
  clock.set('2026-05-01T00:00:00.000Z');
  await rollContracts(ctx);
  expect(unwrap(await getResource(ctx, owner, sla.id)).state).toBe('active');
});

test('CH-14: whoever makes room before the edge loses nothing', async () => {
  const customer = await aCustomer('whole-month', 'growth', { now: '2026-04-01T09:00:00.000Z' });
  const { ctx, clock, owner, subscriptionId } = customer;
  const board = await item(customer, 'boards');
  const queues = [1, 2, 3].map(() => item(customer, 'queues', { parentId: board.id }));
  const made = await Promise.all(queues);
  const ordered = await change(customer, { toPlanId: 'basic' });
  expect(ordered.items).toHaveLength(1);
  unwrap(await deleteResource(ctx, owner, made[0]!.id, 1));
  expect(unwrap(await getChange(ctx, owner, subscriptionId, ordered.id)).items).toEqual([]);
  clock.set('2026-05-01T00:00:00.000Z');
  await rollContracts(ctx);
  expect(unwrap(await getChange(ctx, owner, subscriptionId, ordered.id)).items).toEqual([]);
});

test('CH-23, G8: more records than the new plan allows stay readable; only new ones wait', async () => {
  const customer = await aCustomer('whole-month', 'scale', { now: '2026-04-01T09:00:00.000Z' });
  const { ctx, clock, owner } = customer;
  for (let count = 0; count < 3; count += 1) await createTicket(ctx, owner, key(), aTicket());
  await change(customer, { toPlanId: 'basic' });
  clock.set('2026-05-01T00:00:00.000Z');
  await rollContracts(ctx);
  expect(unwrap(await createTicket(ctx, owner, key(), aTicket())).replayed).toBe(false);
});

test('a run that is weeks late writes the bills that punctual ones would have', async () => {
  const punctual = await aCustomer('whole-month', 'growth', { now: '2026-01-31T10:00:00.000Z' });
  const bills = async (customer: Customer) => (await ledger(customer)).map(({ billId: _, ...line }) => line);
  for (const day of ['2026-02-28', '2026-03-31', '2026-04-30']) {
    punctual.clock.set(`${day}T00:00:00.000Z`);
    await rollContracts(punctual.ctx);
  }
  const late = await aCustomer('whole-month', 'growth', { now: '2026-01-31T10:00:00.000Z' });
  late.clock.set('2026-05-20T12:00:00.000Z');
  await rollContracts(late.ctx);
  await rollContracts(late.ctx);
  expect(await bills(late)).toEqual(await bills(punctual));
  expect((await bills(late)).map(({ periodStart, periodEnd }) => [periodStart, periodEnd])).toEqual([
    ['2026-01-31T10:00', '2026-02-28T00:00'],
    ['2026-02-28T00:00', '2026-03-31T00:00'],
    ['2026-03-31T00:00', '2026-04-30T00:00'],
    ['2026-04-30T00:00', '2026-05-31T00:00'],
  ]);
  expect(await late.subscription()).toMatchObject({ termEnd: '2026-05-31T00:00:00.000Z' });
});

test('TW-23, G5: cancelled in its window all the money comes back, through a change of plan and with every tax as it was asked for', async () => {
  // At this rate the sum of all bills is taxed a cent lower than one bill after the other.
  await publishSeller((await testContext()).ctx, { ...SELLER, collects: false, tax: { name: null, basisPoints: 1930, included: false } });
  const customer = await aCustomer('whole-month', 'growth', { now: '2026-03-01T10:00:00.000Z' });
  const { ctx, clock, owner, subscriptionId } = customer;
  clock.set('2026-03-03T10:00:00.000Z');
  await change(customer, { toPlanId: 'scale' });
  clock.set('2026-03-04T09:00:00.000Z');
  unwrap(await cancelContract(ctx, owner, subscriptionId));
  expect((await ledger(customer)).map(({ kind, amountMinor }) => [kind, amountMinor])).toEqual(
    expect.arrayContaining([
      ['charge', 5900],
      ['charge', 9900],
      ['refund', -5519],
      ['refund', -10281],
    ]),
  );
  // Nothing had been paid yet: nothing is asked for any more, and nothing goes back.
  const documents = unwrap(await listDocuments(ctx, owner, { limit: 50 })).items;
  expect(documents.map(({ payment }) => [payment?.direction, payment?.amountMinor, payment?.state]).sort()).toEqual([
    ['charge', 11811, 'credited'],
    ['charge', 7039, 'credited'],
    ['refund', 12266, 'credited'],
    ['refund', 6584, 'credited'],
  ]);
});

test('EC-07: what became of the plan everybody may read, what it cost only who sees bills', async () => {
  const customer = await aCustomer('whole-month', 'growth');
  const { ctx, owner, subscriptionId } = customer;
  const member = anActor({ tenantId: owner.tenantId });
  const ordered = await change(customer, { toPlanId: 'scale' });
  expect(ordered.money).not.toBeNull();
  expect(unwrap(await getChange(ctx, member, subscriptionId, ordered.id))).toEqual({ ...ordered, money: null });
  expect(unwrap(await listChanges(ctx, member, subscriptionId, { limit: 5 })).items).toEqual([{ ...ordered, money: null }]);
  expect(unwrap(await getChange(ctx, owner, subscriptionId, ordered.id))).toEqual(ordered);
});
