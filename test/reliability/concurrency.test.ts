import { METERS } from '../../src/contract/meters';
import { createChecklist } from '../../src/features/checklists/create-checklist';
import { submitChecklist } from '../../src/features/checklists/submit-checklist';
import { submitDraft } from '../../src/features/submissions/submit-draft';
import { createTicket } from '../../src/features/tickets/create-ticket';
import { undoTicket } from '../../src/features/tickets/tickets';
import { refreshCounters } from '../../src/features/usage/refresh-counters';
import { type Context, inPublisher, inTenant } from '../../src/platform/context';
import { aChecklist, aTicket, books, creationOf, key, refusalOf, unwrap } from '../support/acts';
import { instances, onServer } from '../support/on-server';
import { aPlan, aTenant } from '../support/tenant';

const CALLERS = 32;

/** Runs the tasks in order, so many at once. */
async function atOnce<T>(tasks: (() => Promise<T>)[], callers = CALLERS): Promise<T[]> {
  const results: T[] = [];
  let next = 0;
  const caller = async () => {
    for (let index = next++; index < tasks.length; index = next++) results[index] = await tasks[index]!();
  };
  await Promise.all(Array.from({ length: callers }, caller));
  return results;
}

/** The same order in every run. */
function shuffled<T>(items: readonly T[]): T[] {
  let state = 1;
  const random = () => (state = (state * 48_271) % 2_147_483_647);
  return items
    .map((item) => ({ item, place: random() }))
    .sort((a, b) => a.place - b.place)
    .map(({ item }) => item);
}

const on = (ctxs: Context[], index: number): Context => ctxs[index % ctxs.length]!;

onServer('several instances on one server', () => {
  test.each(METERS)(
    'G1 G7 32 callers over four instances at a limit of 100 %s: exactly 100 are admitted, 80 and 100 are said once',
    async (meter) => {
      const { ctxs } = await instances(4);
      const tenant = await aTenant(ctxs[0]!);
      const people = await Promise.all(Array.from({ length: CALLERS }, () => tenant.member()));
      const results = await atOnce(
        Array.from({ length: 10 * CALLERS }, (_, index) => () => creationOf[meter](on(ctxs, index), people[index % CALLERS]!, key())),
      );
      expect(results.filter((result) => result.ok)).toHaveLength(100);
      for (const result of results)
        if (!result.ok) expect(result.refusal).toMatchObject({ code: 'quota_exhausted', limit: 100, used: 100 });
      expect(await books(ctxs[0]!, tenant.tenantId, meter)).toEqual({ counted: 100, ledger: 100, records: 100 });

      const [ledger] = await inTenant(ctxs[0]!, tenant.tenantId, ({ db }) =>
        db.query<{ steps: number[] }>(
          'select array_agg(used_after::int order by used_after) as steps from usage_records where tenant_id = $1 and meter = $2',
          [tenant.tenantId, meter],
        ),
      );
      expect(ledger!.steps).toEqual(Array.from({ length: 100 }, (_, index) => index + 1));
      const said = await inPublisher(ctxs[0]!, ({ db }) =>
        db.query<{ threshold: number }>(
          `select (payload ->> 'threshold')::int as threshold from outbox where tenant_id = $1 and topic = 'quota.notice' order by 1`,
          [tenant.tenantId],
        ),
      );
      expect(said.map(({ threshold }) => threshold)).toEqual([80, 100]);
    },
  );

  test('tickets keep one gapless row of numbers over all instances', async () => {
    const { ctxs } = await instances(4);
    const tenant = await aTenant(ctxs[0]!, { limits: { tickets: 150 } });
    const results = await atOnce(
      Array.from({ length: 200 }, (_, index) => () => createTicket(on(ctxs, index), tenant.owner, key(), aTicket())),
    );
    const numbers = results.flatMap((result) => (result.ok ? [result.value.record.number] : []));
    expect(numbers.sort((a, b) => a - b)).toEqual(Array.from({ length: 150 }, (_, index) => index + 1));
  });

  test.each(METERS)('G2 every key of %s sent four times to two instances at once counts once', async (meter) => {
    const { ctxs } = await instances(2);
    const tenant = await aTenant(ctxs[0]!, { limits: { [meter]: 100 } });
    const sends = shuffled(
      Array.from({ length: 400 }, (_, index) => ({ name: `key ${index % 100}`, ctx: on(ctxs, Math.floor(index / 100)) })),
    );
    const results = await atOnce(
      sends.map(({ name, ctx }) => async () => ({ name, ...unwrap(await creationOf[meter](ctx, tenant.owner, key(name), name)) })),
    );
    expect(new Set(results.map(({ name, record }) => `${name} ${record.id}`)).size).toBe(100);
    expect(results.filter(({ replayed }) => !replayed)).toHaveLength(100);
    for (const { name, record } of results) expect(record.title).toBe(name);
    expect(await books(ctxs[0]!, tenant.tenantId, meter)).toEqual({ counted: 100, ledger: 100, records: 100 });
  });

  test('G2 a retry of a success is never refused: of 3,000 interleaved sends at a filling limit each key wins or loses as one', async () => {
    const { ctxs } = await instances(2);
    const tenant = await aTenant(ctxs[0]!, { limits: { opportunities: 300 } });
    const sends = shuffled(
      Array.from({ length: 3000 }, (_, index) => ({ name: `key ${index % 1000}`, ctx: on(ctxs, Math.floor(index / 1000)) })),
    );
    const outcomes = new Map<string, Set<string>>();
    await atOnce(
      sends.map(({ name, ctx }) => async () => {
        const result = await creationOf.opportunities(ctx, tenant.owner, key(name), name);
        const outcome = result.ok ? result.value.record.id : result.refusal.code;
        outcomes.set(name, (outcomes.get(name) ?? new Set()).add(outcome));
      }),
    );
    expect([...outcomes].filter(([, seen]) => seen.size > 1)).toEqual([]);
    expect([...outcomes.values()].filter((seen) => !seen.has('quota_exhausted'))).toHaveLength(300);
    expect(await books(ctxs[0]!, tenant.tenantId, 'opportunities')).toEqual({ counted: 300, ledger: 300, records: 300 });
  });

  test('G1 G7 40 organizations at a limit of 10 each, over four instances: exactly 10 are admitted in each, each mark is said once', async () => {
    const { ctxs } = await instances(4);
    const plan = await aPlan(ctxs[0]!, { tickets: 10 });
    const tenants = await Promise.all(Array.from({ length: 40 }, () => aTenant(ctxs[0]!, { plan })));
    const sends = shuffled(tenants.flatMap((tenant) => Array.from({ length: 15 }, () => tenant)));
    const results = await atOnce(
      sends.map(
        ({ owner }, index) =>
          () =>
            createTicket(on(ctxs, index), owner, key(), aTicket()),
      ),
      64,
    );
    expect(results.filter((result) => result.ok)).toHaveLength(400);
    for (const { tenantId } of tenants) {
      expect(await books(ctxs[0]!, tenantId, 'tickets')).toEqual({ counted: 10, ledger: 10, records: 10 });
      const numbers = await inTenant(ctxs[0]!, tenantId, ({ db }) =>
        db.query<{ number: number }>('select number::int from tickets order by 1'),
      );
      expect(numbers.map(({ number }) => number)).toEqual(Array.from({ length: 10 }, (_, index) => index + 1));
    }
    // A booking that crosses both at once says the higher one only.
    const said = await inPublisher(ctxs[0]!, ({ db }) =>
      db.query<{ once: boolean; full: boolean }>(
        `select count(*) = count(distinct payload ->> 'threshold') as once, bool_or(payload ->> 'threshold' = '100') as full
           from outbox where tenant_id = any ($1) and topic = 'quota.notice' group by tenant_id`,
        [tenants.map(({ tenantId }) => tenantId)],
      ),
    );
    expect(said).toEqual(Array.from({ length: 40 }, () => ({ once: true, full: true })));
  });

  test('an organization whose counter is held by another transaction holds up nobody else’s creation', async () => {
    const { ctxs } = await instances(1);
    const ctx = ctxs[0]!;
    const [held, ...others] = await Promise.all(Array.from({ length: 8 }, () => aTenant(ctx)));
    let letGo = () => {};
    const letting = new Promise<void>((resolve) => {
      letGo = resolve;
    });
    const isHeld = new Promise<void>((resolve) => {
      void inTenant(ctx, held!.tenantId, async ({ db }) => {
        await db.query(`select 1 from usage_counters where meter = 'tickets' for update`);
        resolve();
        await letting;
      });
    });
    await isHeld;
    let isMade = false;
    const waiting = createTicket(ctx, held!.owner, key(), aTicket()).then((result) => {
      isMade = true;
      return result;
    });
    const made = await Promise.all(others.map(({ owner }) => createTicket(ctx, owner, key(), aTicket())));
    expect(made.every(({ ok }) => ok)).toBe(true);
    expect(isMade).toBe(false);
    letGo();
    unwrap(await waiting);
  });

  test('TW-18 at the first instant of a period all instances open one counter together', async () => {
    const { ctxs, clock } = await instances(4);
    const tenant = await aTenant(ctxs[0]!, { limits: { tickets: 50 } });
    await tenant.use('tickets', 50);
    clock.set('2026-04-10T00:00:00.000Z');
    const results = await atOnce(
      Array.from({ length: 64 }, (_, index) => () => createTicket(on(ctxs, index), tenant.owner, key(), aTicket())),
    );
    expect(results.filter((result) => result.ok)).toHaveLength(50);
    const rows = await inTenant(ctxs[0]!, tenant.tenantId, ({ db }) =>
      db.query(`select used::int as used from usage_counters where tenant_id = $1 and meter = 'tickets' order by period_start`, [
        tenant.tenantId,
      ]),
    );
    expect(rows).toEqual([{ used: 50 }, { used: 50 }]);
  });

  test('G1 creations, undos, plan changes and refreshes at once neither deadlock nor lose or invent a unit', async () => {
    const { ctxs, clock } = await instances(4);
    const tenant = await aTenant(ctxs[0]!, { limits: { tickets: 120 } });
    const [larger, smaller] = [await aPlan(ctxs[0]!, { tickets: 140 }), await aPlan(ctxs[0]!, { tickets: 90 })];
    let undone = 0;
    await atOnce(
      Array.from({ length: 400 }, (_, index) => async () => {
        const ctx = on(ctxs, index);
        if (index % 40 === 7) return tenant.changePlan(index % 80 === 7 ? larger : smaller);
        if (index % 20 === 3) return inTenant(ctx, tenant.tenantId, (tx) => refreshCounters(tx, tenant.tenantId, clock.now()));
        const created = await createTicket(ctx, tenant.owner, key(), aTicket());
        if (!created.ok || index % 3 !== 0) return;
        const undos = await Promise.all([0, 1].map((other) => undoTicket(on(ctxs, index + other), tenant.owner, created.value.record.id)));
        // The second is answered as the first was, and gives nothing back.
        expect(undos.every((result) => result.ok)).toBe(true);
        undone += 1;
      }),
    );
    const { counted, ledger, records } = await books(ctxs[0]!, tenant.tenantId, 'tickets');
    expect({ counted, ledger }).toEqual({ counted: records - undone, ledger: records - undone });
    expect(counted).toBeLessThanOrEqual(140);
  });

  test('G2 a draft checklist submitted with one key by two instances at once is started once and replayed, never refused', async () => {
    const { ctxs } = await instances(2);
    const tenant = await aTenant(ctxs[0]!, { limits: { checklists: 60 } });
    for (let index = 0; index < 60; index += 1) {
      const { record } = unwrap(await createChecklist(ctxs[0]!, tenant.owner, key(), aChecklist({ submit: false })));
      const results = await Promise.all(
        [0, 1, 2, 3].map((place) => submitChecklist(on(ctxs, place), tenant.owner, key(`submit ${index}`), record.id)),
      );
      expect(results.map((result) => unwrap(result).replayed).sort()).toEqual([false, true, true, true]);
    }
    expect(await books(ctxs[0]!, tenant.tenantId, 'checklists')).toEqual({ counted: 60, ledger: 60, records: 60 });
  });

  test('a draft checklist submitted by several people at once is started once, and the others are told so', async () => {
    const { ctxs } = await instances(2);
    const tenant = await aTenant(ctxs[0]!, { limits: { checklists: 30 } });
    for (let index = 0; index < 30; index += 1) {
      const { record } = unwrap(await createChecklist(ctxs[0]!, tenant.owner, key(), aChecklist({ submit: false })));
      const results = await Promise.all([0, 1, 2, 3].map((place) => submitChecklist(on(ctxs, place), tenant.owner, key(), record.id)));
      const refused = results.filter((result) => !result.ok).map(refusalOf);
      expect(refused).toEqual(Array.from({ length: 3 }, () => ({ code: 'checklist_already_submitted' })));
    }
    expect(await books(ctxs[0]!, tenant.tenantId, 'checklists')).toEqual({ counted: 30, ledger: 30, records: 30 });
  });

  test('G2 a late retry and the submission of its draft, at once on two instances, create one record', async () => {
    const { ctxs } = await instances(2);
    const tenant = await aTenant(ctxs[0]!, { limits: { tickets: 0 } });
    const drafts = await atOnce(
      Array.from({ length: 40 }, (_, index) => async () => {
        const refusal = refusalOf(await createTicket(ctxs[0]!, tenant.owner, key(`${index}`), aTicket()));
        return (refusal as { draftId: string }).draftId;
      }),
    );
    await tenant.changePlan(await aPlan(ctxs[0]!, { tickets: 40 }));
    await atOnce(
      drafts.map((draftId, index) => async () => {
        const [retried, submitted] = await Promise.all([
          createTicket(ctxs[0]!, tenant.owner, key(`${index}`), aTicket()),
          submitDraft(ctxs[1]!, tenant.owner, draftId),
        ]);
        expect(unwrap(submitted).record.record.id).toBe(unwrap(retried).record.id);
      }),
      8,
    );
    expect(await books(ctxs[0]!, tenant.tenantId, 'tickets')).toEqual({ counted: 40, ledger: 40, records: 40 });
    const open = await inTenant(ctxs[0]!, tenant.tenantId, ({ db }) =>
      db.query(`select 1 from drafts where tenant_id = $1 and state = 'open'`, [tenant.tenantId]),
    );
    expect(open).toEqual([]);
  });
});
