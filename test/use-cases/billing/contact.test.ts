import { randomUUID } from 'node:crypto';
import type { BillingContactPatch } from '../../../src/contract/billing';
import { decideBillingContact } from '../../../src/features/billing/contact';
import { listDocuments } from '../../../src/features/billing/documents';
import { changeBillingContact, viewBilling } from '../../../src/features/billing/view-billing';
import type { Actor } from '../../../src/platform/actor';
import { type Context, inTenant } from '../../../src/platform/context';
import { ACCOUNTING, aPayer, type Payer, RecordingMailer, runBilling, SELLER } from '../../support/billing';
import { aDirectPlan } from '../../support/contracts';
import { testContext } from '../../support/database';

const bySupport = { documents: { delivery: 'both', billingContactChange: 'by_support' } };
const here = { mailIsOn: true, supportContact: 'support@kontingent.example' };
const transfer = { ...SELLER, collects: false };

async function change(ctx: Context, actor: Actor, patch: BillingContactPatch, revision: number) {
  const changed = await changeBillingContact(ctx, actor, patch, revision);
  if (!changed.ok) throw new Error(changed.refusal.code);
  return changed.value;
}

const auditOf = (ctx: Context, { tenantId }: Payer) =>
  inTenant(ctx, tenantId, ({ db }) =>
    db.query<{ actor: string; action: string; details: object }>(
      `select actor, action, details from audit_log where tenant_id = $1 and action like '%billing_contact%' or tenant_id = $1 and action like 'request.%' order by at, audit_id`,
      [tenantId],
    ),
  );

test('an organization that may change its mailbox itself does so at once, and its next documents go there', async () => {
  const { ctx } = await testContext();
  const payer = await aPayer(ctx, { policies: { documents: { delivery: 'email' } }, seller: transfer });
  const contact = await change(
    ctx,
    payer.owner,
    { mailbox: 'books@customer.example', address: 'Am Gängle 1\n8001 Zürich', taxId: 'CHE-1' },
    1,
  );
  expect(contact).toMatchObject({ mailbox: 'books@customer.example', taxId: 'CHE-1', change: 'self', pending: null, revision: 2 });
  const mailer = new RecordingMailer();
  await payer.bill();
  await runBilling(ctx, { mailer });
  expect(mailer.mails.map(({ to }) => to)).toEqual(['books@customer.example']);
  expect(await auditOf(ctx, payer)).toEqual([
    expect.objectContaining({
      actor: payer.owner.memberId,
      action: 'billing_contact.changed',
      details: expect.objectContaining({ mailbox: 'books@customer.example' }),
    }),
  ]);
});

describe('EC-15: where the plan leaves the mailbox to the publisher', () => {
  test('an admin’s wish waits until accounting confirms it; both are written down, and until then the old one holds', async () => {
    const { ctx } = await testContext();
    const payer = await aPayer(ctx, { policies: bySupport, seller: transfer });
    const asked = await change(ctx, await payer.member('admin'), { mailbox: 'books@customer.example', taxId: 'CHE-1' }, 1);
    expect(asked).toMatchObject({
      mailbox: 'invoices@customer.example',
      taxId: 'CHE-1',
      pending: { mailbox: 'books@customer.example' },
      revision: 2,
    });
    const mailer = new RecordingMailer();
    await payer.bill();
    const path = { tenantId: payer.tenantId, requestId: asked.pending!.requestId };
    const confirm = () => decideBillingContact(ctx, ACCOUNTING, path, { decision: 'granted', reason: 'Called back' });
    expect(await confirm()).toEqual({ ok: true, value: { mailbox: 'books@customer.example' } });
    expect(await confirm()).toEqual({ ok: true, value: { mailbox: 'books@customer.example' } });
    await payer.bill();
    await runBilling(ctx, { mailer });
    // Due at one instant: in which order they go out says nothing.
    expect(mailer.mails.map(({ to }) => to).sort()).toEqual(['books@customer.example', 'invoices@customer.example']);
    expect((await auditOf(ctx, payer)).map(({ action }) => action)).toEqual([
      'request.opened',
      'billing_contact.changed',
      'request.granted',
      'billing_contact.decided',
    ]);
    const view = await viewBilling(ctx, payer.owner, here);
    expect(view).toMatchObject({
      ok: true,
      value: { delivery: 'both', contact: { mailbox: 'books@customer.example', change: 'by_support', pending: null } },
    });
  });

  test('a refusal changes nothing, and afterwards it can be asked for anew', async () => {
    const { ctx } = await testContext();
    const payer = await aPayer(ctx, { policies: bySupport });
    const asked = await change(ctx, payer.owner, { mailbox: 'a@customer.example' }, 1);
    const path = { tenantId: payer.tenantId, requestId: asked.pending!.requestId };
    await decideBillingContact(ctx, ACCOUNTING, path, { decision: 'refused', reason: 'Unknown caller' });
    const again = await change(ctx, payer.owner, { mailbox: 'b@customer.example' }, 1);
    expect(again).toMatchObject({ mailbox: 'invoices@customer.example', pending: { mailbox: 'b@customer.example' } });
    expect(again.pending!.requestId).not.toBe(asked.pending!.requestId);
  });

  test('only accounting decides, and only about this organization’s own requests', async () => {
    const { ctx } = await testContext();
    const payer = await aPayer(ctx, { policies: bySupport });
    const other = await aPayer(ctx, { policies: bySupport });
    const asked = await change(ctx, payer.owner, { mailbox: 'a@customer.example' }, 1);
    const decision = { decision: 'granted' as const, reason: 'why' };
    const codeOf = async (...args: Parameters<typeof decideBillingContact>) => {
      const decided = await decideBillingContact(...args);
      return decided.ok ? null : decided.refusal.code;
    };
    const path = { tenantId: payer.tenantId, requestId: asked.pending!.requestId };
    expect(await codeOf(ctx, { ...ACCOUNTING, roles: ['support'] }, path, decision)).toBe('not_allowed');
    expect(await codeOf(ctx, ACCOUNTING, { ...path, tenantId: other.tenantId }, decision)).toBe('request_not_found');
    expect(await codeOf(ctx, ACCOUNTING, { ...path, requestId: randomUUID() }, decision)).toBe('request_not_found');
    expect(await viewBilling(ctx, payer.owner, here)).toMatchObject({ value: { contact: { mailbox: 'invoices@customer.example' } } });
  });
});

test('of two changes of one revision one is refused with what holds now; a stranger cannot become billing contact', async () => {
  const { ctx } = await testContext();
  const payer = await aPayer(ctx);
  await change(ctx, payer.owner, { taxId: 'one' }, 1);
  const late = await changeBillingContact(ctx, payer.owner, { taxId: 'two' }, 1);
  expect(late).toMatchObject({ ok: false, refusal: { code: 'stale_revision', current: { taxId: 'one', revision: 2 } } });
  const stranger = await changeBillingContact(ctx, payer.owner, { memberId: randomUUID() }, 2);
  expect(stranger).toEqual({ ok: false, refusal: { code: 'member_not_found' } });
  expect(await change(ctx, payer.owner, {}, 2)).toMatchObject({ revision: 2 });
});

describe('EC-07: who sees bills', () => {
  test.each([
    ['owner', true],
    ['admin', true],
    ['agent', false],
    ['member', false],
    ['viewer', false],
  ] as const)('%s: %s', async (role, sees) => {
    const { ctx } = await testContext();
    const payer = await aPayer(ctx, { seller: transfer });
    await payer.bill();
    const actor = await payer.member(role);
    const listed = await listDocuments(ctx, actor, { limit: 10 });
    if (sees) expect(listed).toMatchObject({ ok: true, value: { items: [{ kind: 'invoice' }] } });
    else expect(listed).toEqual({ ok: false, refusal: { code: 'not_allowed', needs: 'read_billing' } });
  });

  test('a member whom the organization named as billing contact sees bills and changes nothing', async () => {
    const { ctx } = await testContext();
    const payer = await aPayer(ctx, { seller: transfer });
    await payer.bill();
    const clerk = await payer.member('member');
    await change(ctx, payer.owner, { memberId: clerk.memberId }, 1);
    expect(await listDocuments(ctx, clerk, { limit: 10 })).toMatchObject({ ok: true, value: { items: [{ kind: 'invoice' }] } });
    expect(await changeBillingContact(ctx, clerk, { taxId: 'mine' }, 2)).toMatchObject({ ok: false, refusal: { code: 'not_allowed' } });
    expect(await listDocuments(ctx, await payer.member('agent'), { limit: 10 })).toMatchObject({ ok: false });
  });

  test('bills can be read after the subscription has ended', async () => {
    const { ctx } = await testContext();
    const payer = await aPayer(ctx, { seller: transfer });
    await payer.bill();
    await payer.setStatus('Unsubscribed');
    expect(await listDocuments(ctx, payer.owner, { limit: 10 })).toMatchObject({ ok: true, value: { items: [{ kind: 'invoice' }] } });
  });
});

describe('EC-01: the page begins with how the organization is billed', () => {
  const per = (one: 'subscription' | 'active_team' | 'active_member' | 'full_license') => [
    { term: 'P1M' as const, currency: 'EUR', minor: 400, per: one },
  ];

  test.each([
    ['subscription', 'organization', 1, 'Billed for the whole organization, with any number of members, since 10 Mar 2026.'],
    ['active_team', 'team', 0, 'Billed by active team, since 10 Mar 2026.'],
    ['active_member', 'member', 3, 'Billed by active member, since 10 Mar 2026.'],
    ['full_license', 'license', 12, 'Billed by full license, since 10 Mar 2026.'],
  ] as const)('a price per %s', async (one, mode, units, headline) => {
    const { ctx } = await testContext();
    const payer = await aPayer(ctx, { plan: await aDirectPlan(ctx, { prices: per(one) }) });
    await payer.member();
    await payer.member();
    await inTenant(ctx, payer.tenantId, ({ db }) =>
      db.query('update subscriptions set quantity = 12 where tenant_id = $1', [payer.tenantId]),
    );
    const view = await viewBilling(ctx, payer.owner, here);
    expect(view).toMatchObject({ ok: true, value: { subscriptions: [{ mode, units, headline }], mailIsOn: true } });
  });

  test.each([
    ['de', 'Abgerechnet nach aktiven Teams, seit dem 10. März 2026.'],
    ['it', 'Fatturato per team attivo, dal 10 mar 2026.'],
  ])('in the reader’s language: %s', async (locale, headline) => {
    const { ctx } = await testContext();
    const payer = await aPayer(ctx, { plan: await aDirectPlan(ctx, { prices: per('active_team') }) });
    expect(await viewBilling(ctx, { ...payer.owner, locale }, here)).toMatchObject({ value: { subscriptions: [{ headline }] } });
  });

  test('EC-03: since when is the day on which this way of billing began, not that of the last plan', async () => {
    const { ctx } = await testContext();
    const [byTeam, byMember, otherByMember] = [
      await aDirectPlan(ctx, { prices: per('active_team') }),
      await aDirectPlan(ctx, { prices: per('active_member') }),
      await aDirectPlan(ctx, { prices: per('active_member') }),
    ];
    const payer = await aPayer(ctx, { plan: otherByMember });
    await inTenant(ctx, payer.tenantId, async ({ db }) => {
      const history = [
        [1, byTeam, '2021-05-01T00:00:00Z'],
        [2, byMember, '2022-02-01T00:00:00Z'],
        [3, byMember, '2022-03-01T00:00:00Z'],
        [4, otherByMember, '2024-02-01T00:00:00Z'],
      ] as const;
      for (const [revision, plan, at] of history)
        await db.query(
          `insert into subscription_log (tenant_id, subscription_id, revision, cause, after, at) values ($1, $2, $3, 'test', $4, $5)`,
          [
            payer.tenantId,
            payer.subscriptionId,
            revision,
            JSON.stringify({ planId: plan.planId, planVersion: plan.version, termUnit: 'P1M' }),
            at,
          ],
        );
    });
    expect(await viewBilling(ctx, payer.owner, here)).toMatchObject({
      value: {
        subscriptions: [{ mode: 'member', since: '2022-02-01T00:00:00.000Z', headline: 'Billed by active member, since 1 Feb 2022.' }],
      },
    });
  });
});
