import { changeLicenseSettings, readLicenseSettings } from '../../../src/features/licenses/license-settings';
import { refreshLicenses } from '../../../src/features/licenses/refresh-licenses';
import { setLicense } from '../../../src/features/licenses/set-license';
import { viewLicenses } from '../../../src/features/licenses/view-licenses';
import { type Context, inTenant } from '../../../src/platform/context';
import { refusalOf, unwrap } from '../../support/acts';
import { testContext } from '../../support/database';
import { aSeatPlan, aSeatTenant, type SeatTenant } from '../../support/licenses';
import { aPlan, aTenant } from '../../support/tenant';

let ctx: Context;
beforeEach(async () => {
  ({ ctx } = await testContext());
});

const held = async (tenant: SeatTenant, plan: Parameters<SeatTenant['changePlan']>[0]) => {
  await tenant.changePlan(plan);
  await inTenant(ctx, tenant.tenantId, (tx) => refreshLicenses(tx, tenant.tenantId, ctx.now()));
};

test('MI-05 MI-18: in the flexible model an admin switches full to restricted at once, and the place is free', async () => {
  const tenant = await aSeatTenant(ctx, { policy: { model: 'flexible' }, seats: 2 });
  const member = await tenant.arrive();
  expect(await tenant.pool()).toMatchObject({ full: 2, free: 0 });
  expect(unwrap(await setLicense(ctx, tenant.owner, member.memberId, 'restricted'))).toMatchObject({ license: 'restricted' });
  expect(await tenant.pool()).toMatchObject({ full: 1, restricted: 1, free: 1 });
  unwrap(await setLicense(ctx, tenant.owner, member.memberId, 'restricted'));
});

test('MI-18: in the fixed model a full license cannot be taken', async () => {
  const tenant = await aSeatTenant(ctx, { seats: 2 });
  const member = await tenant.arrive();
  expect(refusalOf(await setLicense(ctx, tenant.owner, member.memberId, 'restricted'))).toEqual({ code: 'license_model_fixed' });
  expect(await tenant.licenseOf(member)).toBe('full');
});

test('MI-17: in both models an admin gives a full license while a place is free', async () => {
  for (const model of ['flexible', 'fixed'] as const) {
    const tenant = await aSeatTenant(ctx, { policy: { model }, seats: 1 });
    const member = await tenant.arrive();
    expect(refusalOf(await setLicense(ctx, tenant.owner, member.memberId, 'full'))).toMatchObject({ code: 'licenses_exhausted', free: 0 });
    await tenant.buy(2);
    unwrap(await setLicense(ctx, tenant.owner, member.memberId, 'full'));
    expect(await tenant.pool()).toMatchObject({ full: 2, free: 0 });
  }
});

test('MI-17: only admins switch, and only members that are there', async () => {
  const tenant = await aSeatTenant(ctx, { seats: 3 });
  const member = await tenant.arrive();
  expect(refusalOf(await setLicense(ctx, member, member.memberId, 'full'))).toEqual({ code: 'not_allowed', needs: 'manage_members' });
  expect(refusalOf(await setLicense(ctx, tenant.owner, tenant.subscriptionId, 'full'))).toEqual({ code: 'member_not_found' });
});

test('MI-01: a plan without restricted licenses gives nobody one', async () => {
  const tenant = await aSeatTenant(ctx, { policy: { model: 'flexible', restricted: false, onShortage: 'reject_all' }, seats: 2 });
  const member = await tenant.arrive();
  expect(refusalOf(await setLicense(ctx, tenant.owner, member.memberId, 'restricted'))).toEqual({
    code: 'license_not_in_plan',
    license: 'restricted',
  });
});

test('MI-03: in the flexible model new members are restricted when that is the default, the plan’s or the administrators’', async () => {
  const byPlan = await aSeatTenant(ctx, { policy: { model: 'flexible', defaultForNew: 'restricted' }, seats: 9 });
  expect(await byPlan.licenseOf(await byPlan.arrive())).toBe('restricted');
  unwrap(await changeLicenseSettings(ctx, byPlan.owner, { defaultForNew: 'full' }));
  expect(await byPlan.licenseOf(await byPlan.arrive())).toBe('full');
  unwrap(await changeLicenseSettings(ctx, byPlan.owner, { defaultForNew: null }));
  expect(await byPlan.licenseOf(await byPlan.arrive())).toBe('restricted');

  const chosen = await aSeatTenant(ctx, { policy: { model: 'flexible' }, seats: 9 });
  expect(await chosen.licenseOf(await chosen.arrive())).toBe('full');
  unwrap(await changeLicenseSettings(ctx, chosen.owner, { defaultForNew: 'restricted' }));
  expect(await chosen.licenseOf(await chosen.arrive())).toBe('restricted');
  expect(await chosen.licenseOf(await chosen.member('agent'))).toBe('restricted');
});

test('MI-02: the model is told with the pool, and what a fixed one does not allow is refused', async () => {
  const tenant = await aSeatTenant(ctx, { seats: 5 });
  const overview = unwrap(await viewLicenses(ctx, tenant.owner, { limit: 10 }));
  expect(overview).toMatchObject({
    pool: { model: 'fixed', restrictedExist: true, purchased: 5, full: 1, free: 4, shortage: null },
    settings: { effective: { defaultForNew: 'full', requests: 'admins', invitations: 'admins' } },
    holders: { items: [{ member: { name: 'Sample Owner' }, license: 'full', isWaiting: false }], nextCursor: null },
  });
  expect(refusalOf(await changeLicenseSettings(ctx, tenant.owner, { defaultForNew: 'restricted' }))).toEqual({
    code: 'license_model_fixed',
  });
  const flexible = await aSeatTenant(ctx, { policy: { model: 'flexible' } });
  expect((await flexible.pool()).model).toBe('flexible');
});

test('MI-15: settings are the administrators’', async () => {
  const tenant = await aSeatTenant(ctx, { seats: 5 });
  const member = await tenant.arrive();
  expect(refusalOf(await changeLicenseSettings(ctx, member, { requests: 'off' }))).toMatchObject({ code: 'not_allowed' });
  expect(refusalOf(await readLicenseSettings(ctx, member))).toMatchObject({ code: 'not_allowed' });
  expect(unwrap(await readLicenseSettings(ctx, tenant.owner)).chosen).toEqual({ defaultForNew: null, requests: null, invitations: null });
});

test('MI-20: help about license models and their management is linked', async () => {
  const tenant = await aSeatTenant(ctx);
  expect(unwrap(await viewLicenses(ctx, tenant.owner, { limit: 1 })).help.map(({ topic }) => topic)).toEqual([
    'license_models',
    'license_management',
  ]);
});

test('members of before get licenses when the plan begins to assign them, owner and admins first; when it ends everybody is free again', async () => {
  const tenant = await aTenant(ctx);
  const early = await tenant.member('member', 'Early');
  const admin = await tenant.member('admin', 'Admin');
  const plan = await aSeatPlan(ctx, { full: 2 });
  const seated = { ...(await aSeatTenant(ctx)), ...tenant } as SeatTenant;
  await held(seated, plan);
  const overview = async () => unwrap(await viewLicenses(ctx, tenant.owner, { limit: 10 }));
  const licenses = async () => (await overview()).holders.items.map(({ member, license }) => [member.name, license]);
  expect(await licenses()).toEqual([
    ['Admin', 'full'],
    ['Early', 'restricted'],
    ['Sample Owner', 'full'],
  ]);
  expect((await overview()).pool).toMatchObject({ purchased: 2, full: 2, restricted: 1 });

  await held(seated, await aPlan(ctx));
  expect(await overview()).toMatchObject({ pool: null, settings: null, holders: { items: [] } });
  await held(seated, plan);
  expect(await licenses()).toHaveLength(3);
  void [early, admin];
});

test('a plan with unlimited full licenses gives everybody one', async () => {
  const tenant = await aSeatTenant(ctx, { policy: { restricted: false, full: 'unlimited' } });
  for (let i = 0; i < 5; i += 1) await tenant.arrive();
  expect(await tenant.pool()).toMatchObject({ purchased: null, free: null, full: 6 });
});

test('who is removed frees a place, which goes to who waits; who comes back has a full license while there is one', async () => {
  const tenant = await aSeatTenant(ctx, { seats: 2 });
  const member = await tenant.arrive();
  const set = (state: string) =>
    inTenant(ctx, tenant.tenantId, ({ db }) =>
      db.query('update members set state = $3 where tenant_id = $1 and member_id = $2', [tenant.tenantId, member.memberId, state]),
    );
  await set('removed');
  expect(await tenant.pool()).toMatchObject({ full: 1, free: 1 });
  await set('present');
  expect(await tenant.licenseOf(member)).toBe('full');
  await set('removed');
  await tenant.arrive();
  await set('present');
  expect(await tenant.licenseOf(member)).toBe('restricted');
  expect(await tenant.pool()).toMatchObject({ full: 2, free: 0 });
});
