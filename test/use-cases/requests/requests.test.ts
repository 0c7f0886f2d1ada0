import { decideRequest, listRequests, openRequest } from '../../../src/features/requests/requests';
import { type Context, inTenant } from '../../../src/platform/context';
import { refusalOf, unwrap } from '../../support/acts';
import { type TestClock, testContext } from '../../support/database';
import { aTenant, type TestTenant } from '../../support/tenant';

let ctx: Context;
let clock: TestClock;
let tenant: TestTenant;
beforeEach(async () => {
  ({ ctx, clock } = await testContext());
  tenant = await aTenant(ctx);
});

const QUERY = { limit: 50 };

const ask = (subject: string, more: { requestedBy?: string; expiresAt?: Date } = {}) =>
  inTenant(ctx, tenant.tenantId, (tx) =>
    openRequest(
      tx,
      tenant.tenantId,
      { kind: 'early_unlock', subject, requestedBy: tenant.owner.memberId, details: { meter: subject }, ...more },
      ctx.now(),
    ),
  );

const decideIt = (id: string, decision: 'granted' | 'refused', by = 'the publisher’s support') =>
  inTenant(ctx, tenant.tenantId, (tx) => decideRequest(tx, tenant.tenantId, id, decision, by, ctx.now(), 'so be it'));

const audited = () =>
  inTenant(ctx, tenant.tenantId, ({ db }) =>
    db.query<{ action: string; actor: string }>(
      `select action, actor from audit_log where tenant_id = $1 and action like 'request.%' order by audit_id`,
      [tenant.tenantId],
    ),
  );

test('MI-12: asking again while it is open is the same request, whoever asks; about something else it is another', async () => {
  const colleague = await tenant.member('admin');
  const first = await ask('groups');
  expect(first).toMatchObject({ isNew: true, request: { state: 'open', subject: 'groups', details: { meter: 'groups' } } });
  expect(await ask('groups', { requestedBy: colleague.memberId })).toEqual({ request: first.request, isNew: false });
  expect((await ask('storage')).request.id).not.toBe(first.request.id);
  expect(await audited()).toHaveLength(2);
});

test('after it was decided, asking again opens a new one', async () => {
  const { request } = await ask('groups');
  unwrap(await decideIt(request.id, 'refused'));
  expect(await ask('groups')).toMatchObject({ isNew: true, request: { state: 'open' } });
});

test('the same decision twice is one; another decision is refused with what was decided', async () => {
  const { request } = await ask('groups');
  const first = unwrap(await decideIt(request.id, 'granted'));
  expect(first).toMatchObject({ replayed: false, request: { state: 'granted', note: 'so be it', decidedBy: { name: null } } });
  clock.advance({ hours: 1 });
  expect(unwrap(await decideIt(request.id, 'granted', 'somebody else'))).toEqual({ replayed: true, request: first.request });
  expect(refusalOf(await decideIt(request.id, 'refused'))).toEqual({
    code: 'request_closed',
    state: 'granted',
    closedAt: first.request.decidedAt,
  });
  expect(await audited()).toEqual([
    { action: 'request.opened', actor: tenant.owner.memberId },
    { action: 'request.granted', actor: 'the publisher’s support' },
  ]);
});

test('a request whose time is over is shown as expired, cannot be granted, and can be asked for anew', async () => {
  const { request } = await ask('groups', { expiresAt: new Date(ctx.now().getTime() + 60_000) });
  clock.advance({ seconds: 60 });
  const list = async (state?: 'open' | 'expired') =>
    unwrap(await listRequests(ctx, tenant.owner, { ...QUERY, state })).items.map(({ id, state }) => ({ id, state }));
  expect(await list()).toEqual([{ id: request.id, state: 'expired' }]);
  expect(await list('open')).toEqual([]);
  expect(refusalOf(await decideIt(request.id, 'granted'))).toMatchObject({ code: 'request_closed', state: 'expired' });
  const again = await ask('groups');
  expect(again.isNew).toBe(true);
  expect(await list('expired')).toEqual([{ id: request.id, state: 'expired' }]);
  expect(await list('open')).toEqual([{ id: again.request.id, state: 'open' }]);
});

test('owners and admins see all requests, others their own; newest first, page by page', async () => {
  const member = await tenant.member();
  for (const subject of ['a', 'b', 'c']) {
    await ask(subject, subject === 'b' ? { requestedBy: member.memberId } : {});
    clock.advance({ seconds: 1 });
  }
  const subjects = async (actor = tenant.owner) => unwrap(await listRequests(ctx, actor, QUERY)).items.map(({ subject }) => subject);
  expect(await subjects()).toEqual(['c', 'b', 'a']);
  expect(await subjects(await tenant.member('admin'))).toEqual(['c', 'b', 'a']);
  expect(await subjects(member)).toEqual(['b']);
  const page = unwrap(await listRequests(ctx, tenant.owner, { limit: 2 }));
  const rest = unwrap(await listRequests(ctx, tenant.owner, { limit: 2, cursor: page.nextCursor! }));
  expect([...page.items, ...rest.items].map(({ subject }) => subject)).toEqual(['c', 'b', 'a']);
  expect(rest.nextCursor).toBeNull();
});

test('G9: another organization’s request is not there to be decided', async () => {
  const { request } = await ask('groups');
  tenant = await aTenant(ctx);
  expect(refusalOf(await decideIt(request.id, 'granted'))).toEqual({ code: 'request_not_found' });
  expect(unwrap(await listRequests(ctx, tenant.owner, QUERY)).items).toEqual([]);
});
