import type { NewSupportMessage } from '../../../src/contract/support';
import { askEarlyUnlock } from '../../../src/features/support/ask-early-unlock';
import { contactSupport, SUPPORT_MAIL } from '../../../src/features/support/contact-support';
import { supportMail } from '../../../src/features/support/support-mail';
import type { Actor } from '../../../src/platform/actor';
import { type Context, inTenant } from '../../../src/platform/context';
import { key, refusalOf, unwrap } from '../../support/acts';
import { type TestClock, testContext } from '../../support/database';
import { anActor, aTenant, type TestTenant } from '../../support/tenant';

let ctx: Context;
let clock: TestClock;
let tenant: TestTenant;
beforeEach(async () => {
  ({ ctx, clock } = await testContext());
  tenant = await aTenant(ctx, { limits: { tickets: 100, checklists: null } });
});

const SUPPORT = 'support@publisher.example';
const question: NewSupportMessage = { topic: 'quota', message: 'When does the limit rise?', meter: 'tickets' };
const ask = (
  actor: Actor,
  { clientKey, input = question, contact = SUPPORT }: { clientKey?: string; input?: NewSupportMessage; contact?: string } = {},
) => contactSupport(ctx, actor, key(clientKey), input, contact);

const mailsOf = (tenantId: string) =>
  inTenant(ctx, tenantId, ({ db }) =>
    db.query<{ key: string; kind: string; subject: string; recipient: string; locale: 'en' | 'de' | 'it' }>(
      'select mail_key as key, kind, subject, recipient, locale from mail_deliveries where tenant_id = $1 order by queued_at, mail_key',
      [tenantId],
    ),
  );
const mailOf = async ({ tenantId }: TestTenant) => {
  const [mail] = await mailsOf(tenantId);
  return (await supportMail.compose(ctx, tenantId, { ...mail!, state: 'sending', attempts: 1, problem: null, at: ctx.now() }))!;
};

describe('a question to the publisher', () => {
  test('TW-31: goes to the support contact with the organization’s id and how every meter stands, and is written down', async () => {
    await tenant.use('tickets', 80);
    const asked = unwrap(await ask(tenant.owner));
    expect(asked).toMatchObject({ replayed: false, record: { ...question, contact: SUPPORT, delivery: 'mail' } });
    expect(await mailsOf(tenant.tenantId)).toMatchObject([{ kind: SUPPORT_MAIL, recipient: SUPPORT, subject: asked.record.id }]);
    const { subject, text } = await mailOf(tenant);
    expect(subject).toBe('Question about the quota: Sample Organization');
    expect(text).toContain(question.message);
    expect(text).toContain(tenant.tenantId);
    expect(text).toContain('tickets: 80 used of 100\n');
    expect(text).toContain('checklists: 0 used of unlimited\n');
    const [entry] = await inTenant(ctx, tenant.tenantId, ({ db }) =>
      db.query(`select actor, subject, details from audit_log where tenant_id = $1 and action = 'support.asked'`, [tenant.tenantId]),
    );
    expect(entry).toEqual({ actor: tenant.owner.memberId, subject: asked.record.id, details: { topic: 'quota', meter: 'tickets' } });
  });

  test('TW-31: shows the use of the moment it was written, whatever was used until it is mailed', async () => {
    await tenant.use('tickets', 5);
    unwrap(await ask(tenant.owner));
    await tenant.use('tickets', 60);
    expect((await mailOf(tenant)).text).toContain('tickets: 5 used of 100\n');
  });

  test.each([
    ['de-DE', 'Frage zum Kontingent: Sample Organization', 'Tickets: 0 von 100 verbraucht'],
    ['it', 'Domanda sulla quota: Sample Organization', 'consumati su 100'],
  ])('TW-33: is mailed in the language of whoever asks: %s', async (locale, subject, words) => {
    unwrap(await ask({ ...tenant.owner, locale }));
    const mail = await mailOf(tenant);
    expect(mail.subject).toBe(subject);
    expect(mail.text).toContain(words);
  });

  test('EC-18: may be asked by anybody of the organization, under any standing, and by nobody else', async () => {
    unwrap(await ask(await tenant.member('viewer')));
    await tenant.setStatus('Suspended');
    unwrap(await ask(await tenant.member('member')));
    await tenant.setStatus('Unsubscribed');
    unwrap(await ask(tenant.owner, { input: { topic: 'billing', message: 'May I have last year’s bills?', meter: null } }));
    expect(refusalOf(await ask(anActor()))).toEqual({ code: 'no_subscription' });
  });

  test('sent twice under one key is one question and one mail; other words under the key are a conflict', async () => {
    const [first, second] = await Promise.all([
      ask(tenant.owner, { clientKey: 'one-question' }),
      ask(tenant.owner, { clientKey: 'one-question' }),
    ]);
    expect(unwrap(first).record).toEqual(unwrap(second).record);
    expect(await mailsOf(tenant.tenantId)).toHaveLength(1);
    const other = { ...question, message: 'Something else' };
    expect(refusalOf(await ask(tenant.owner, { clientKey: 'one-question', input: other }))).toEqual({ code: 'idempotency_conflict' });
  });

  test('is only kept where the contact is a link', async () => {
    const { record } = unwrap(await ask(tenant.owner, { contact: 'https://publisher.example/help' }));
    expect(record.delivery).toBe('recorded');
    expect(await mailsOf(tenant.tenantId)).toEqual([]);
  });

  test('is one of at most twenty a day of a person, and the refusal says when the next may come', async () => {
    const begun = ctx.now();
    for (let turn = 0; turn < 20; turn += 1) unwrap(await ask(tenant.owner));
    const retryAt = new Date(begun.getTime() + 86_400_000).toISOString();
    expect(refusalOf(await ask(tenant.owner))).toEqual({ code: 'too_many_messages', limit: 20, retryAt });
    unwrap(await ask(await tenant.member('admin')));
    clock.set(retryAt);
    unwrap(await ask(tenant.owner));
  });
});

describe('asking for an early unlock', () => {
  /** Four more groups of which three wait for a payment. */
  const withPending = async (at = tenant) =>
    inTenant(ctx, at.tenantId, ({ db }) =>
      db.query(
        `insert into grants (tenant_id, grant_id, meter, source, source_id, amount, effective_at, activation, state, created_at)
         values ($1, gen_random_uuid(), 'tickets', 'addon', 'package', 3, $2, 'on_payment', 'pending', $2)`,
        [at.tenantId, ctx.now()],
      ),
    );

  test('HO-08: opens one request for support, however often it is asked, and tells the support contact once', async () => {
    await withPending();
    const first = unwrap(await askEarlyUnlock(ctx, tenant.owner, 'tickets', SUPPORT));
    expect(first).toMatchObject({ kind: 'early_unlock', subject: 'tickets', state: 'open', details: { entitled: 103, available: 100 } });
    const admin = await tenant.member('admin');
    expect(unwrap(await askEarlyUnlock(ctx, admin, 'tickets', SUPPORT)).id).toBe(first.id);
    expect(await mailsOf(tenant.tenantId)).toHaveLength(1);
    const { subject, text } = await mailOf(tenant);
    expect(subject).toBe('Request for an early unlock: Sample Organization');
    expect(text).toContain('tickets: 0 used of 100; entitled to 103, 100 available');
  });

  test('is for who manages the plan, and only where something waits', async () => {
    expect(refusalOf(await askEarlyUnlock(ctx, tenant.owner, 'tickets', SUPPORT))).toEqual({ code: 'nothing_to_unlock' });
    expect(refusalOf(await askEarlyUnlock(ctx, tenant.owner, 'nothing_like_it', SUPPORT))).toEqual({ code: 'nothing_to_unlock' });
    await withPending();
    expect(refusalOf(await askEarlyUnlock(ctx, await tenant.member('agent'), 'tickets', SUPPORT))).toEqual({
      code: 'not_allowed',
      needs: 'manage_plan',
    });
  });

  test('HO-09: concerns the organization that asks alone', async () => {
    const twin = await aTenant(ctx);
    await withPending();
    await withPending(twin);
    unwrap(await askEarlyUnlock(ctx, tenant.owner, 'tickets', SUPPORT));
    expect(await mailsOf(twin.tenantId)).toEqual([]);
    const rows = await inTenant(ctx, twin.tenantId, ({ db }) => db.query('select 1 from requests where tenant_id = $1', [twin.tenantId]));
    expect(rows).toEqual([]);
  });
});
