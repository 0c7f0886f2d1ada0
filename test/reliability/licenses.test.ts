import { decideLicenseRequest } from '../../src/features/licenses/decide-license-request';
import { inviteToLicenses } from '../../src/features/licenses/invite';
import { refreshLicenses } from '../../src/features/licenses/refresh-licenses';
import { requestLicense } from '../../src/features/licenses/request-license';
import { setLicense } from '../../src/features/licenses/set-license';
import { enter } from '../../src/features/members/admit-member';
import { meetMember } from '../../src/features/members/members';
import { type Context, inTenant } from '../../src/platform/context';
import { key, unwrap } from '../support/acts';
import { aSeatTenant } from '../support/licenses';
import { instances, onServer } from '../support/on-server';
import { anActor } from '../support/tenant';

const on = (ctxs: Context[], index: number): Context => ctxs[index % ctxs.length]!;
const times = <T>(count: number, make: (index: number) => Promise<T>): Promise<T[]> =>
  Promise.all(Array.from({ length: count }, (_, i) => make(i)));
const at = (name: string | number) => `p${name}@example.com`;

onServer('places under concurrency', () => {
  test('MI-08: 32 invitations at once over four instances at 10 free places: exactly 10 get one, the others are restricted', async () => {
    const { ctxs } = await instances(4);
    const tenant = await aSeatTenant(ctxs[0]!, { seats: 11 });
    const results = await times(32, (i) =>
      inviteToLicenses(on(ctxs, i), tenant.owner, key(), { invitees: [{ address: at(i) }], teamId: null }),
    );
    const licenses = results.map((result) => unwrap(result).record.results[0]!.license);
    expect(licenses.filter((license) => license === 'full')).toHaveLength(10);
    expect(await tenant.pool()).toMatchObject({ full: 1, invited: { full: 10, restricted: 22 }, free: 0 });
  });

  test('MI-08: long lists at once: places are given from the front of each list, and never more than there are', async () => {
    const { ctxs } = await instances(4);
    const tenant = await aSeatTenant(ctxs[0]!, { seats: 101 });
    const results = await times(8, (list) =>
      inviteToLicenses(on(ctxs, list), tenant.owner, key(), {
        invitees: Array.from({ length: 40 }, (_, i) => ({ address: at(`${list}-${i}`) })),
        teamId: null,
      }),
    );
    const full = results.map((result) => unwrap(result).record.results.map(({ license }) => license === 'full'));
    for (const list of full) expect(list).toEqual([...list].sort((a, b) => Number(b) - Number(a)));
    expect(full.flat().filter(Boolean)).toHaveLength(100);
    expect((await tenant.pool()).free).toBe(0);
  });

  test('MI-22: the same batch sent 16 times at once is done once and answered alike', async () => {
    const { ctxs } = await instances(4);
    const tenant = await aSeatTenant(ctxs[0]!, { seats: 3 });
    const batch = { invitees: ['d', 'a', 'c', 'b'].map((name) => ({ address: at(name) })), teamId: null };
    const results = (await times(16, (i) => inviteToLicenses(on(ctxs, i), tenant.owner, key('one batch'), batch))).map(unwrap);
    expect(results.filter(({ replayed }) => !replayed)).toHaveLength(1);
    for (const { record } of results) expect(record).toEqual(results[0]!.record);
    expect(await tenant.pool()).toMatchObject({ invited: { full: 2, restricted: 2 } });
  });

  test('MI-06: 32 first contacts at once at 10 free places: exactly 10 full, 22 restricted, nobody refused', async () => {
    const { ctxs } = await instances(4);
    const tenant = await aSeatTenant(ctxs[0]!, { seats: 11 });
    const people = Array.from({ length: 32 }, () => anActor({ tenantId: tenant.tenantId }));
    const entered = await Promise.all(people.map((actor, i) => inTenant(on(ctxs, i), tenant.tenantId, (tx) => enter(tx, actor, 'read'))));
    const licenses = entered.map((access) => unwrap(access).license);
    expect(licenses.filter((license) => license === 'full')).toHaveLength(10);
    expect(licenses.filter((license) => license === 'restricted')).toHaveLength(22);
  });

  test('MI-21: arriving while being invited takes one place, not two', async () => {
    const { ctxs } = await instances(4);
    const tenant = await aSeatTenant(ctxs[0]!, { seats: 200 });
    await times(20, async (i) => {
      const actor = anActor({ tenantId: tenant.tenantId, address: at(i) });
      await Promise.all([
        inTenant(on(ctxs, i), tenant.tenantId, (tx) => meetMember(tx, actor)),
        inviteToLicenses(on(ctxs, i + 1), tenant.owner, key(), { invitees: [{ address: at(i) }], teamId: null }),
      ]);
    });
    expect(await tenant.pool()).toMatchObject({ full: 21, invited: { full: 0 }, free: 179 });
  });

  test('one free place: of administrators, requests, invitations and arrivals at once exactly one gets it', async () => {
    const { ctxs } = await instances(4);
    const tenant = await aSeatTenant(ctxs[0]!, { seats: 1 });
    const limited = await times(9, () => tenant.arrive());
    const asked = await Promise.all(
      limited.slice(0, 3).map(async (who) => unwrap(await requestLicense(ctxs[0]!, who, key(), { note: null })).record),
    );
    await tenant.buy(2);
    await Promise.all([
      ...asked.map(({ id }, i) => decideLicenseRequest(on(ctxs, i), tenant.owner, id, { decision: 'granted', note: null })),
      ...limited.slice(3, 6).map(({ memberId }, i) => setLicense(on(ctxs, i), tenant.owner, memberId, 'full')),
      ...limited
        .slice(6)
        .map((_, i) => inviteToLicenses(on(ctxs, i), tenant.owner, key(), { invitees: [{ address: at(i) }], teamId: null })),
      ...['x', 'y'].map((name, i) =>
        inTenant(on(ctxs, i), tenant.tenantId, (tx) => enter(tx, anActor({ tenantId: tenant.tenantId, name }), 'read')),
      ),
    ]);
    const { full, invited, free } = await tenant.pool();
    expect([full + invited.full, free]).toEqual([2, 0]);
  });

  test('seats that change while people come and are invited leave no more places taken than were ever bought', async () => {
    const { ctxs } = await instances(4);
    const tenant = await aSeatTenant(ctxs[0]!, { seats: 5 });
    const seats = (count: number) =>
      inTenant(ctxs[3]!, tenant.tenantId, async (tx) => {
        await tx.db.query('select 1 from tenants where tenant_id = $1 for update', [tenant.tenantId]);
        await tx.db.query('update subscriptions set quantity = $2 where tenant_id = $1', [tenant.tenantId, count]);
        await refreshLicenses(tx, tenant.tenantId, ctxs[0]!.now());
      });
    await Promise.all([
      ...[9, 6, 12, 8].map(seats),
      times(12, (i) => inTenant(on(ctxs, i), tenant.tenantId, (tx) => enter(tx, anActor({ tenantId: tenant.tenantId }), 'read'))),
      times(12, (i) => inviteToLicenses(on(ctxs, i), tenant.owner, key(), { invitees: [{ address: at(i) }], teamId: null })),
    ]);
    const { full, invited } = await tenant.pool();
    expect(full + invited.full).toBeLessThanOrEqual(12);
  });
});
