import { SubmittedDraft } from '../../../src/contract/drafts';
import { METERS, type Meter } from '../../../src/contract/meters';
import { discardDraft, editDraft, getDraft, keepWhatWasRefused, listDrafts } from '../../../src/features/drafts/drafts';
import { submitAllDrafts } from '../../../src/features/submissions/submit-all-drafts';
import { submitDraft } from '../../../src/features/submissions/submit-draft';
import { createTicket } from '../../../src/features/tickets/create-ticket';
import type { Actor } from '../../../src/platform/actor';
import { type Context, inTenant } from '../../../src/platform/context';
import { fingerprint } from '../../../src/platform/fingerprint';
import { aChecklist, anOpportunity, aTicket, books, creationOf, key, refusalOf, unwrap } from '../../support/acts';
import { testContext } from '../../support/database';
import { aPlan, aTenant } from '../../support/tenant';

const waiting = async (ctx: Context, actor: Actor) => unwrap(await listDrafts(ctx, actor, { limit: 100 })).items;

/** Tries a creation at the limit; the id of the draft that keeps it. */
async function refusedDraft(ctx: Context, actor: Actor, meter: Meter, clientKey: string, title?: string): Promise<string> {
  const refusal = refusalOf(await creationOf[meter](ctx, actor, key(clientKey), title));
  if (refusal.code !== 'quota_exhausted' || refusal.draftId === null) throw new Error(JSON.stringify(refusal));
  return refusal.draftId;
}

const nothing = { tickets: 0, checklists: 0, opportunities: 0 };

describe.each(METERS)('%s', (meter) => {
  const create = creationOf[meter];

  test('what the limit refused is its author’s draft, word for word, and nobody else’s', async () => {
    const { ctx } = await testContext();
    const tenant = await aTenant(ctx, { limits: nothing });
    const draftId = await refusedDraft(ctx, tenant.owner, meter, 'a', 'My words');
    const [draft] = await waiting(ctx, tenant.owner);
    expect(draft).toMatchObject({ id: draftId, meter, payload: expect.objectContaining({ title: 'My words' }), revision: 1 });
    expect(unwrap(await getDraft(ctx, tenant.owner, draftId))).toEqual(draft);

    const admin = await tenant.member('admin');
    expect(await waiting(ctx, admin)).toEqual([]);
    expect(refusalOf(await getDraft(ctx, admin, draftId))).toEqual({ code: 'draft_not_found' });
    expect(refusalOf(await submitDraft(ctx, admin, draftId))).toEqual({ code: 'draft_not_found' });
    expect(refusalOf(await discardDraft(ctx, admin, draftId, 1))).toEqual({ code: 'draft_not_found' });
  });

  test('the same act refused again keeps one draft, as edited since', async () => {
    const { ctx } = await testContext();
    const tenant = await aTenant(ctx, { limits: nothing });
    const draftId = await refusedDraft(ctx, tenant.owner, meter, 'a');
    const payload = { tickets: aTicket, checklists: aChecklist, opportunities: anOpportunity }[meter]({ title: 'Better words' });
    const edited = unwrap(await editDraft(ctx, tenant.owner, draftId, { meter, payload } as never, 1));
    expect(await refusedDraft(ctx, tenant.owner, meter, 'a')).toBe(draftId);
    expect(refusalOf(await submitDraft(ctx, tenant.owner, draftId))).toMatchObject({ code: 'quota_exhausted', draftId });
    expect(await waiting(ctx, tenant.owner)).toEqual([edited]);
  });

  test('a submitted draft becomes the record with its latest words, counts once and waits no more', async () => {
    const { ctx } = await testContext();
    const tenant = await aTenant(ctx, { limits: nothing });
    const draftId = await refusedDraft(ctx, tenant.owner, meter, 'a');
    const payload = { tickets: aTicket, checklists: aChecklist, opportunities: anOpportunity }[meter]({ title: 'Better words' });
    unwrap(await editDraft(ctx, tenant.owner, draftId, { meter, payload } as never, 1));
    await tenant.changePlan(await aPlan(ctx, { [meter]: 1 }));

    const submitted = unwrap(await submitDraft(ctx, tenant.owner, draftId));
    expect(SubmittedDraft.parse(submitted.record)).toEqual(submitted.record);
    expect(submitted).toMatchObject({ replayed: false, record: { draftId, meter, record: { title: 'Better words' } } });
    expect(await waiting(ctx, tenant.owner)).toEqual([]);
    expect(unwrap(await submitDraft(ctx, tenant.owner, draftId))).toEqual({ ...submitted, replayed: true });
    expect(await books(ctx, tenant.tenantId, meter)).toEqual({ counted: 1, ledger: 1, records: 1 });
  });

  test('G2 a late retry of the refused act after its draft was submitted creates nothing new', async () => {
    const { ctx } = await testContext();
    const tenant = await aTenant(ctx, { limits: nothing });
    const draftId = await refusedDraft(ctx, tenant.owner, meter, 'a');
    await tenant.changePlan(await aPlan(ctx, { [meter]: 1 }));
    const { record } = unwrap(await submitDraft(ctx, tenant.owner, draftId));
    const retry = unwrap(await create(ctx, tenant.owner, key('a')));
    expect(retry).toMatchObject({ replayed: true, record: { id: record.record.id } });
    expect(await books(ctx, tenant.tenantId, meter)).toEqual({ counted: 1, ledger: 1, records: 1 });
  });

  test('G2 a retry of the refused act that succeeds takes the draft with it; submitting that draft repeats the outcome', async () => {
    const { ctx } = await testContext();
    const tenant = await aTenant(ctx, { limits: nothing });
    const draftId = await refusedDraft(ctx, tenant.owner, meter, 'a');
    await tenant.changePlan(await aPlan(ctx, { [meter]: 1 }));
    const { record } = unwrap(await create(ctx, tenant.owner, key('a')));
    expect(await waiting(ctx, tenant.owner)).toEqual([]);
    expect(unwrap(await submitDraft(ctx, tenant.owner, draftId))).toMatchObject({ replayed: true, record: { record: { id: record.id } } });
    expect(await books(ctx, tenant.tenantId, meter)).toEqual({ counted: 1, ledger: 1, records: 1 });
  });

  test('G2 retry and submission at once, many times over, create one', async () => {
    const { ctx } = await testContext();
    const tenant = await aTenant(ctx, { limits: nothing });
    const draftId = await refusedDraft(ctx, tenant.owner, meter, 'a');
    await tenant.changePlan(await aPlan(ctx, { [meter]: 5 }));
    const ids = await Promise.all(
      Array.from({ length: 10 }, async (_, index) =>
        index % 2 === 0
          ? unwrap(await submitDraft(ctx, tenant.owner, draftId)).record.record.id
          : unwrap(await create(ctx, tenant.owner, key('a'))).record.id,
      ),
    );
    expect(new Set(ids).size).toBe(1);
    expect(await books(ctx, tenant.tenantId, meter)).toEqual({ counted: 1, ledger: 1, records: 1 });
    expect(await waiting(ctx, tenant.owner)).toEqual([]);
  });

  test('a draft kept late, after its act had been done by a retry, is marked submitted when it is submitted', async () => {
    const { ctx } = await testContext();
    const tenant = await aTenant(ctx, { limits: { [meter]: 1 } });
    const { record } = unwrap(await create(ctx, tenant.owner, key('a')));
    const [done] = await inTenant(ctx, tenant.tenantId, ({ db }) =>
      db.query<{ operation_key: string; fingerprint: string }>(
        'select operation_key, fingerprint from usage_records where tenant_id = $1 and subject = $2',
        [tenant.tenantId, record.id],
      ),
    );
    const payload = { tickets: aTicket, checklists: aChecklist, opportunities: anOpportunity }[meter]();
    const act = { key: done!.operation_key, fingerprint: done!.fingerprint };
    const late = { code: 'quota_exhausted', meter, limit: 1, used: 1, held: 0, resetsAt: '', draftId: null } as const;
    refusalOf(await keepWhatWasRefused(ctx, tenant.owner, act, { meter, payload } as never, late));

    const [draft] = await waiting(ctx, tenant.owner);
    expect(unwrap(await submitDraft(ctx, tenant.owner, draft!.id))).toMatchObject({
      replayed: true,
      record: { record: { id: record.id } },
    });
    expect(await waiting(ctx, tenant.owner)).toEqual([]);
    // And a refusal that comes later still does not open it again.
    refusalOf(await keepWhatWasRefused(ctx, tenant.owner, act, { meter, payload } as never, late));
    expect(await waiting(ctx, tenant.owner)).toEqual([]);
    expect(await books(ctx, tenant.tenantId, meter)).toEqual({ counted: 1, ledger: 1, records: 1 });
  });

  test('another text under the key of a draft is a conflict: neither text is lost silently', async () => {
    const { ctx } = await testContext();
    const tenant = await aTenant(ctx, { limits: nothing });
    const draftId = await refusedDraft(ctx, tenant.owner, meter, 'a', 'First words');
    expect(refusalOf(await create(ctx, tenant.owner, key('a'), 'Second words'))).toEqual({ code: 'idempotency_conflict' });
    await tenant.changePlan(await aPlan(ctx, { [meter]: 10 }));
    const together = ['b', 'a', 'c'].map((name) => create(ctx, tenant.owner, key(name), 'Second words'));
    expect((await Promise.all(together)).map((result) => result.ok || result.refusal.code)).toEqual([true, 'idempotency_conflict', true]);
    expect(await waiting(ctx, tenant.owner)).toEqual([
      expect.objectContaining({ id: draftId, payload: expect.objectContaining({ title: 'First words' }) }),
    ]);
  });

  test('a discarded draft is gone; its act refused again opens it anew', async () => {
    const { ctx } = await testContext();
    const tenant = await aTenant(ctx, { limits: nothing });
    const draftId = await refusedDraft(ctx, tenant.owner, meter, 'a');
    expect(refusalOf(await discardDraft(ctx, tenant.owner, draftId, 7))).toMatchObject({
      code: 'stale_revision',
      current: { revision: 1 },
    });
    unwrap(await discardDraft(ctx, tenant.owner, draftId, 1));
    expect(await waiting(ctx, tenant.owner)).toEqual([]);
    expect(refusalOf(await submitDraft(ctx, tenant.owner, draftId))).toEqual({ code: 'draft_not_found' });
    expect(await refusedDraft(ctx, tenant.owner, meter, 'a')).toBe(draftId);
    expect(await waiting(ctx, tenant.owner)).toHaveLength(1);
  });

  test('refusals for other reasons keep no draft', async () => {
    const { ctx } = await testContext();
    const tenant = await aTenant(ctx);
    await create(ctx, await tenant.member('viewer'), key());
    await tenant.setStatus('Suspended');
    await create(ctx, tenant.owner, key());
    const rows = await inTenant(ctx, tenant.tenantId, ({ db }) => db.query('select 1 from drafts where tenant_id = $1', [tenant.tenantId]));
    expect(rows).toEqual([]);
  });
});

test('a draft of a checklist is submitted as a started checklist even if it was edited to be kept as a draft', async () => {
  const { ctx } = await testContext();
  const tenant = await aTenant(ctx, { limits: nothing });
  const draftId = await refusedDraft(ctx, tenant.owner, 'checklists', 'a');
  unwrap(await editDraft(ctx, tenant.owner, draftId, { meter: 'checklists', payload: aChecklist({ submit: false }) }, 1));
  await tenant.changePlan(await aPlan(ctx));
  expect(unwrap(await submitDraft(ctx, tenant.owner, draftId)).record.record).toMatchObject({ state: 'running' });
});

test('submit all goes oldest first and stops each meter at its first refusal; the rest stay as they are', async () => {
  const { ctx, clock } = await testContext();
  const tenant = await aTenant(ctx, { limits: nothing });
  const ids: Record<string, string> = {};
  for (const name of ['tickets 1', 'checklists 1', 'tickets 2', 'opportunities 1', 'tickets 3', 'tickets 4', 'opportunities 2']) {
    clock.advance({ seconds: 1 });
    ids[name] = await refusedDraft(ctx, tenant.owner, name.split(' ')[0] as Meter, name, name);
  }
  await tenant.changePlan(await aPlan(ctx, { tickets: 2, checklists: 0, opportunities: 10 }));

  const result = unwrap(await submitAllDrafts(ctx, tenant.owner));
  expect(result.submitted.map(({ record }) => record.title)).toEqual(['tickets 1', 'tickets 2', 'opportunities 1', 'opportunities 2']);
  expect(result.refused).toEqual([
    { draftId: ids['checklists 1'], refusal: expect.objectContaining({ code: 'quota_exhausted', draftId: ids['checklists 1'] }) },
    { draftId: ids['tickets 3'], refusal: expect.objectContaining({ code: 'quota_exhausted', draftId: ids['tickets 3'] }) },
  ]);
  expect(result.remaining).toBe(3);
  expect((await waiting(ctx, tenant.owner)).map(({ id, revision }) => [id, revision])).toEqual([
    [ids['checklists 1'], 1],
    [ids['tickets 3'], 1],
    [ids['tickets 4'], 1],
  ]);
});

test('submit all of many, page after page, and of none', async () => {
  const { ctx } = await testContext();
  const tenant = await aTenant(ctx, { limits: { tickets: 0 } });
  expect(unwrap(await submitAllDrafts(ctx, tenant.owner))).toEqual({ submitted: [], refused: [], remaining: 0 });
  await Promise.all(Array.from({ length: 120 }, (_, index) => createTicket(ctx, tenant.owner, key(`${index}`), aTicket())));
  await tenant.changePlan(await aPlan(ctx, { tickets: 110 }));
  const result = unwrap(await submitAllDrafts(ctx, tenant.owner));
  expect([result.submitted.length, result.refused.length, result.remaining]).toEqual([110, 1, 10]);
});

test('submit all of a suspended organization, or of a viewer, is refused as a whole', async () => {
  const { ctx } = await testContext();
  const tenant = await aTenant(ctx, { limits: nothing });
  await refusedDraft(ctx, tenant.owner, 'tickets', 'a');
  expect(refusalOf(await submitAllDrafts(ctx, await tenant.member('viewer')))).toEqual({ code: 'not_allowed', needs: 'create' });
  await tenant.setStatus('Suspended');
  expect(refusalOf(await submitAllDrafts(ctx, tenant.owner))).toMatchObject({ code: 'subscription_inactive' });
  expect(await waiting(ctx, tenant.owner)).toHaveLength(1);
});

test('editing keeps the meter and the newest revision', async () => {
  const { ctx } = await testContext();
  const tenant = await aTenant(ctx, { limits: nothing });
  const draftId = await refusedDraft(ctx, tenant.owner, 'tickets', 'a');
  const other = { meter: 'checklists' as const, payload: aChecklist() };
  expect(refusalOf(await editDraft(ctx, tenant.owner, draftId, other, 1))).toEqual({ code: 'draft_not_found' });
  unwrap(await editDraft(ctx, tenant.owner, draftId, { meter: 'tickets', payload: aTicket({ title: 'x' }) }, 1));
  const late = editDraft(ctx, tenant.owner, draftId, { meter: 'tickets', payload: aTicket({ title: 'y' }) }, 1);
  expect(refusalOf(await late)).toMatchObject({ code: 'stale_revision', current: { revision: 2, payload: { title: 'x' } } });
});

test('equal content has one digest, whatever the order of its fields', () => {
  expect(fingerprint({ a: 1, b: [{ c: 2, d: null }] })).toBe(fingerprint({ b: [{ d: null, c: 2 }], a: 1 }));
  expect(fingerprint({ a: [1, 2] })).not.toBe(fingerprint({ a: [2, 1] }));
  expect(fingerprint({ a: undefined })).toBe(fingerprint({}));
});

test('a late retry of the first words creates them and leaves the author’s later words a draft of their own', async () => {
  const { ctx } = await testContext();
  const tenant = await aTenant(ctx, { limits: nothing });
  const draftId = await refusedDraft(ctx, tenant.owner, 'tickets', 'a', 'First words');
  unwrap(await editDraft(ctx, tenant.owner, draftId, { meter: 'tickets', payload: aTicket({ title: 'Better words' }) }, 1));
  await tenant.changePlan(await aPlan(ctx, { tickets: 2 }));
  expect(unwrap(await creationOf.tickets(ctx, tenant.owner, key('a'), 'First words')).record.title).toBe('First words');
  const [kept] = await waiting(ctx, tenant.owner);
  expect(kept).toMatchObject({ id: draftId, payload: { title: 'Better words' } });
  expect(unwrap(await submitDraft(ctx, tenant.owner, draftId)).record.record).toMatchObject({ title: 'Better words' });
  expect(unwrap(await submitDraft(ctx, tenant.owner, draftId))).toMatchObject({
    replayed: true,
    record: { record: { title: 'Better words' } },
  });
  expect(unwrap(await creationOf.tickets(ctx, tenant.owner, key('a'), 'First words'))).toMatchObject({ replayed: true });
  expect(await waiting(ctx, tenant.owner)).toEqual([]);
  expect(await books(ctx, tenant.tenantId, 'tickets')).toMatchObject({ counted: 2, ledger: 2 });
});

test('a draft that was discarded and opened anew by its act goes with a late retry of the same words', async () => {
  const { ctx } = await testContext();
  const tenant = await aTenant(ctx, { limits: nothing });
  const draftId = await refusedDraft(ctx, tenant.owner, 'tickets', 'a', 'First words');
  unwrap(await discardDraft(ctx, tenant.owner, draftId, 1));
  expect(await refusedDraft(ctx, tenant.owner, 'tickets', 'a', 'First words')).toBe(draftId);
  await tenant.changePlan(await aPlan(ctx, { tickets: 2 }));
  unwrap(await creationOf.tickets(ctx, tenant.owner, key('a'), 'First words'));
  expect(await waiting(ctx, tenant.owner)).toEqual([]);
  expect(await books(ctx, tenant.tenantId, 'tickets')).toMatchObject({ counted: 1, ledger: 1 });
});

test('a page left open from before a draft was discarded never passes for the present one, however it came to its revision', async () => {
  const { ctx } = await testContext();
  const tenant = await aTenant(ctx, { limits: nothing });
  const edit = (draftId: string, title: string, revision: number) =>
    editDraft(ctx, tenant.owner, draftId, { meter: 'tickets', payload: aTicket({ title }) }, revision);
  const shown = new Set<number>();
  for (let life = 1; life <= 3; life += 1) {
    const draftId = await refusedDraft(ctx, tenant.owner, 'tickets', 'a', 'First words');
    const [opened] = await waiting(ctx, tenant.owner);
    expect(opened).toMatchObject({ payload: { title: 'First words' } });
    for (const stale of shown) {
      expect(refusalOf(await edit(draftId, 'Stale words', stale)).code).toBe('stale_revision');
      expect(refusalOf(await discardDraft(ctx, tenant.owner, draftId, stale)).code).toBe('stale_revision');
    }
    const edited = unwrap(await edit(draftId, `Words of life ${life}`, opened!.revision));
    for (const { revision } of [opened!, edited]) {
      expect(shown).not.toContain(revision);
      shown.add(revision);
    }
    unwrap(await discardDraft(ctx, tenant.owner, draftId, edited.revision));
  }
  await tenant.changePlan(await aPlan(ctx, { tickets: 2 }));
  unwrap(await creationOf.tickets(ctx, tenant.owner, key('a'), 'First words'));
  expect(await waiting(ctx, tenant.owner)).toEqual([]);
  expect(await books(ctx, tenant.tenantId, 'tickets')).toMatchObject({ counted: 1, ledger: 1 });
});

test('words edited in a draft that was opened anew are not lost to a late retry of the first words', async () => {
  const { ctx } = await testContext();
  const tenant = await aTenant(ctx, { limits: nothing });
  const draftId = await refusedDraft(ctx, tenant.owner, 'tickets', 'a', 'First words');
  unwrap(await discardDraft(ctx, tenant.owner, draftId, 1));
  await refusedDraft(ctx, tenant.owner, 'tickets', 'a', 'First words');
  const { revision } = (await waiting(ctx, tenant.owner))[0]!;
  unwrap(await editDraft(ctx, tenant.owner, draftId, { meter: 'tickets', payload: aTicket({ title: 'Better words' }) }, revision));
  await tenant.changePlan(await aPlan(ctx, { tickets: 2 }));
  unwrap(await creationOf.tickets(ctx, tenant.owner, key('a'), 'First words'));
  expect(await waiting(ctx, tenant.owner)).toEqual([expect.objectContaining({ id: draftId, payload: aTicket({ title: 'Better words' }) })]);
});
