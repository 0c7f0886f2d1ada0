import { decideLicenseRequest } from '../../../src/features/licenses/decide-license-request';
import { changeLicenseSettings } from '../../../src/features/licenses/license-settings';
import { requestLicense } from '../../../src/features/licenses/request-license';
import { setLicense } from '../../../src/features/licenses/set-license';
import { removeMembers } from '../../../src/features/members/members';
import { listRequests } from '../../../src/features/requests/requests';
import type { Actor } from '../../../src/platform/actor';
import { type Context, inTenant } from '../../../src/platform/context';
import { key, refusalOf, unwrap } from '../../support/acts';
import { type TestClock, testContext } from '../../support/database';
import { aSeatTenant, type SeatTenant } from '../../support/licenses';
import { aTenant } from '../../support/tenant';

let ctx: Context;
let clock: TestClock;
let tenant: SeatTenant;
let limited: Actor;
beforeEach(async () => {
  ({ ctx, clock } = await testContext());
  tenant = await aSeatTenant(ctx, { seats: 1 });
  limited = await tenant.arrive('limited@example.com');
});

const ask = (who: Actor = limited, note: string | null = null) => requestLicense(ctx, who, key(), { note });
const decide = (id: string, decision: 'granted' | 'refused', by: Actor = tenant.owner) =>
  decideLicenseRequest(ctx, by, id, { decision, note: null });
const open = async () => unwrap(await listRequests(ctx, tenant.owner, { state: 'open', limit: 50 })).items;

test('MI-12: who is restricted asks for a license; asking again is the same request; admins see it', async () => {
  const { record } = unwrap(await ask(limited, 'I look after the printers'));
  expect(record).toMatchObject({ kind: 'license', state: 'open', details: { note: 'I look after the printers' } });
  expect(unwrap(await ask()).record).toEqual(record);
  expect(await open()).toEqual([record]);
  expect(unwrap(await listRequests(ctx, limited, { limit: 50 })).items).toEqual([record]);
});

test('MI-12: granted with a free place, they have a full license', async () => {
  const { record } = unwrap(await ask());
  await tenant.buy(2);
  expect(unwrap(await decide(record.id, 'granted'))).toMatchObject({ state: 'granted', decidedBy: { name: 'Sample Owner' } });
  expect(await tenant.licenseOf(limited)).toBe('full');
  expect(unwrap(await decide(record.id, 'granted')).state).toBe('granted');
  expect(refusalOf(await decide(record.id, 'refused'))).toMatchObject({ code: 'request_closed', state: 'granted' });
});

test('MI-17: without a free place it cannot be granted and stays open, with the reason', async () => {
  const { record } = unwrap(await ask());
  expect(refusalOf(await decide(record.id, 'granted'))).toEqual({ code: 'licenses_exhausted', purchased: 1, taken: 1, free: 0, needed: 1 });
  expect(await open()).toEqual([record]);
  expect(await tenant.licenseOf(limited)).toBe('restricted');
});

test('refused, they stay as they are and may ask anew', async () => {
  const { record } = unwrap(await ask());
  expect(unwrap(await decide(record.id, 'refused')).state).toBe('refused');
  expect(await tenant.licenseOf(limited)).toBe('restricted');
  expect(unwrap(await ask()).record).toMatchObject({ state: 'open' });
});

test('G2: a retry of asking gets the request it made, even when that was decided meanwhile', async () => {
  const first = unwrap(await requestLicense(ctx, limited, key('ask'), { note: null }));
  unwrap(await decide(first.record.id, 'refused'));
  const again = unwrap(await requestLicense(ctx, limited, key('ask'), { note: null }));
  expect(again).toMatchObject({ replayed: true, record: { id: first.record.id, state: 'refused' } });
  expect(await open()).toEqual([]);
});

test('MI-15: only admins decide; requests of other kinds are not theirs', async () => {
  const { record } = unwrap(await ask());
  const colleague = await tenant.arrive();
  expect(refusalOf(await decide(record.id, 'granted', colleague))).toEqual({ code: 'not_allowed', needs: 'manage_members' });
  expect(refusalOf(await decide(record.id, 'granted', limited))).toMatchObject({ code: 'not_allowed' });
});

test('MI-15 MI-19: switched off, nobody may ask, and nobody is offered to', async () => {
  unwrap(await changeLicenseSettings(ctx, tenant.owner, { requests: 'off' }));
  expect(refusalOf(await ask())).toEqual({ code: 'license_requests_off' });
  expect(refusalOf(await tenant.invite(['x@example.com'], limited))).toMatchObject({ code: 'license_restricted', mayRequest: false });
});

test('MI-15 MI-19: granted by itself while a place is free, else it waits for one', async () => {
  unwrap(await changeLicenseSettings(ctx, tenant.owner, { requests: 'automatic_while_free' }));
  expect(unwrap(await ask()).record.state).toBe('open');
  expect(await tenant.licenseOf(limited)).toBe('restricted');
  await tenant.buy(2);
  expect(await tenant.licenseOf(limited)).toBe('full');
  expect(unwrap(await listRequests(ctx, tenant.owner, { limit: 5 })).items).toMatchObject([
    { state: 'granted', decidedBy: { id: 'automatic', name: null } },
  ]);
  const second = await tenant.arrive();
  await tenant.buy(3);
  expect(unwrap(await ask(second)).record.state).toBe('granted');
  expect(await tenant.pool()).toMatchObject({ full: 3, free: 0 });
});

test('who leaves takes the request along: the free place is for who is still there', async () => {
  unwrap(await changeLicenseSettings(ctx, tenant.owner, { requests: 'automatic_while_free' }));
  const { record } = unwrap(await ask());
  const second = await tenant.arrive();
  unwrap(await ask(second));
  await inTenant(ctx, tenant.tenantId, (tx) => removeMembers(tx, tenant.tenantId, [limited.memberId], ctx.now()));
  const { items } = unwrap(await listRequests(ctx, tenant.owner, { limit: 5 }));
  expect(items.find(({ id }) => id === record.id)).toMatchObject({ state: 'expired', decidedBy: null });
  await tenant.buy(2);
  expect(await tenant.licenseOf(second)).toBe('full');
});

test('a license given by other ways settles the request for it', async () => {
  const { record } = unwrap(await ask());
  await tenant.buy(2);
  unwrap(await setLicense(ctx, tenant.owner, limited.memberId, 'full'));
  expect(await open()).toEqual([]);
  expect(unwrap(await listRequests(ctx, limited, { limit: 5 })).items).toMatchObject([{ id: record.id, state: 'granted' }]);
});

test('who has a full license, or needs none, has nothing to ask for', async () => {
  expect(refusalOf(await ask(tenant.owner))).toEqual({ code: 'license_not_needed' });
  const other = await aTenant(ctx);
  expect(refusalOf(await ask(other.owner))).toEqual({ code: 'licenses_not_assigned' });
});

test('a request nobody decides expires after thirty days and can be made anew', async () => {
  const { record } = unwrap(await ask());
  clock.advance({ days: 30 });
  await tenant.buy(2);
  expect(refusalOf(await decide(record.id, 'granted'))).toMatchObject({ code: 'request_closed', state: 'expired' });
  expect(unwrap(await ask()).record).not.toMatchObject({ id: record.id });
});
