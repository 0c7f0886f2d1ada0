import { licenseHandlers } from '../../../src/features/licenses/announce-licenses';
import { decideLicenseRequest } from '../../../src/features/licenses/decide-license-request';
import { changeLicenseSettings } from '../../../src/features/licenses/license-settings';
import { requestLicense } from '../../../src/features/licenses/request-license';
import { setLicense } from '../../../src/features/licenses/set-license';
import { meetInChat } from '../../../src/features/notices/conversations';
import type { Announcement } from '../../../src/features/notices/messages.port';
import { runOutbox } from '../../../src/features/outbox/outbox';
import type { Actor } from '../../../src/platform/actor';
import { type Context, inTenant } from '../../../src/platform/context';
import { key, refusalOf, unwrap } from '../../support/acts';
import { type TestClock, testContext } from '../../support/database';
import { aSeatTenant, type SeatTenant } from '../../support/licenses';

let ctx: Context;
let clock: TestClock;
let tenant: SeatTenant;
let told: { to: string; announcement: Announcement }[];
beforeEach(async () => {
  ({ ctx, clock } = await testContext());
  await ctx.database.query(`update outbox set state = 'done' where state = 'queued'`);
  told = [];
});

/** Carries out what is due; who was told what since the last time. */
async function settle(): Promise<string[]> {
  const from = told.length;
  const messages = {
    sendAnnouncement: async (reference: Record<string, unknown>, announcement: Announcement) => {
      told.push({ to: String(reference.person), announcement });
      return { outcome: 'sent' as const };
    },
  };
  const handlers = licenseHandlers(ctx, { messages });
  while ((await runOutbox(ctx, handlers)) > 0);
  return told
    .slice(from)
    .map(({ to, announcement }) => `${to}: ${announcement.title}`)
    .sort();
}

const chat = (person: Actor) => meetInChat(ctx, person, { person: person.name });
/** Members with a full license, last seen so many days ago. */
async function fill(daysAgo: Record<string, number>): Promise<Record<string, Actor>> {
  const people: Record<string, Actor> = {};
  for (const [name, days] of Object.entries(daysAgo)) {
    const person = await tenant.arrive(null, { name });
    await inTenant(ctx, tenant.tenantId, ({ db }) =>
      db.query(`update members set last_active_at = $3::timestamptz - make_interval(days => $4) where tenant_id = $1 and member_id = $2`, [
        tenant.tenantId,
        person.memberId,
        ctx.now(),
        days,
      ]),
    );
    await chat(person);
    people[name] = person;
  }
  return people;
}
const licenses = async (people: Record<string, Actor>) => {
  const all: Record<string, string | null> = {};
  for (const [name, person] of Object.entries(people)) all[name] = await tenant.licenseOf(person);
  return all;
};

describe('fewer seats than are taken', () => {
  let people: Record<string, Actor>;
  beforeEach(async () => {
    tenant = await aSeatTenant(ctx, { policy: { graceDays: 10 }, seats: 5 });
    await chat(tenant.owner);
    people = await fill({ busy: 0, away: 20, gone: 40, seldom: 5 });
    await settle();
  });

  test('nobody is cut; the pool tells by how many and until when to choose, and administrators are told', async () => {
    await tenant.buy(3);
    expect(await licenses(people)).toEqual({ busy: 'full', away: 'full', gone: 'full', seldom: 'full' });
    expect(await tenant.pool()).toMatchObject({
      purchased: 3,
      full: 5,
      free: 0,
      shortage: { over: 2, since: '2026-03-10T09:00:00.000Z', dueAt: '2026-03-20T09:00:00.000Z' },
    });
    expect(await settle()).toEqual(['Sample Owner: More full licenses are in use than there are']);
    expect(told.at(-1)!.announcement.text).toContain('2 too many. Choose by 20 March 2026 at 09:00 (UTC) who become restricted');
  });

  test('MI-18: while it lasts an admin chooses, in the fixed model too; not one more than needed', async () => {
    await tenant.buy(4);
    unwrap(await setLicense(ctx, tenant.owner, people.busy!.memberId, 'restricted'));
    expect((await tenant.pool()).shortage).toBeNull();
    expect(refusalOf(await setLicense(ctx, tenant.owner, people.away!.memberId, 'restricted'))).toEqual({ code: 'license_model_fixed' });
    clock.advance({ days: 30 });
    await settle();
    expect(await licenses(people)).toEqual({ busy: 'restricted', away: 'full', gone: 'full', seldom: 'full' });
  });

  test('after the days to choose the longest inactive become restricted and are told; reminded seven days and one day before', async () => {
    await tenant.buy(3);
    await settle();
    const days: Record<number, string[]> = {};
    for (let day = 1; day <= 10; day += 1) {
      clock.advance({ days: 1 });
      const said = await settle();
      if (said.length > 0) days[day] = said;
    }
    const reminder = ['Sample Owner: More full licenses are in use than there are'];
    expect(days).toEqual({
      3: reminder,
      9: reminder,
      10: ['away: Your license is restricted now', 'gone: Your license is restricted now'],
    });
    expect(await licenses(people)).toEqual({ busy: 'full', away: 'restricted', gone: 'restricted', seldom: 'full' });
    expect(await tenant.pool()).toMatchObject({ full: 3, free: 0, shortage: null });
  });

  test('without a job the choice is made by the next act on licenses after its time', async () => {
    await tenant.buy(3);
    clock.advance({ days: 10 });
    unwrap(await setLicense(ctx, tenant.owner, people.busy!.memberId, 'restricted'));
    expect(await licenses(people)).toEqual({ busy: 'restricted', away: 'full', gone: 'restricted', seldom: 'full' });
  });

  test('seats bought again in time end it: nobody is cut and nobody is reminded', async () => {
    await tenant.buy(3);
    await settle();
    clock.advance({ days: 2 });
    await tenant.buy(5);
    clock.advance({ days: 20 });
    expect(await settle()).toEqual([]);
    expect(await licenses(people)).toEqual({ busy: 'full', away: 'full', gone: 'full', seldom: 'full' });
  });

  test('invitations that nobody has taken up give way first, the latest of them first', async () => {
    await tenant.buy(7);
    unwrap(await tenant.invite(['first@example.com', 'second@example.com']));
    await tenant.buy(6);
    clock.advance({ days: 10 });
    await settle();
    expect(await tenant.pool()).toMatchObject({ full: 5, invited: { full: 1, restricted: 1 }, free: 0 });
    expect(await tenant.licenseOf(await tenant.arrive('first@example.com'))).toBe('full');
    expect(await tenant.licenseOf(await tenant.arrive('second@example.com'))).toBe('restricted');
  });
});

describe('who is told', () => {
  test.each([
    ['admins', ['Sample Owner', 'admin']],
    ['owner', ['Sample Owner']],
  ] as const)('MI-15 MI-19: requests go to %s, once', async (requests, recipients) => {
    tenant = await aSeatTenant(ctx, { policy: { requests }, seats: 1 });
    const admin = await tenant.member('admin', 'admin');
    const [limited, other] = [await tenant.arrive(null, { name: 'Lena' }), await tenant.arrive(null, { name: 'other' })];
    for (const person of [tenant.owner, admin, limited, other]) await chat(person);
    unwrap(await requestLicense(ctx, limited, key(), { note: 'for the printers' }));
    unwrap(await requestLicense(ctx, limited, key(), { note: null }));
    expect(await settle()).toEqual(recipients.map((name) => `${name}: Lena asks for a full license`));
    expect(told.at(-1)!.announcement.text).toMatch(/^“for the printers”/u);
    expect(await settle()).toEqual([]);
  });

  test('MI-19: an administrators’ setting goes before the plan’s, and what is decided already is not told', async () => {
    tenant = await aSeatTenant(ctx, { policy: { requests: 'owner' }, seats: 1 });
    const admin = await tenant.member('admin', 'admin');
    const limited = await tenant.arrive(null, { name: 'Lena' });
    for (const person of [admin, limited]) await chat(person);
    unwrap(await changeLicenseSettings(ctx, tenant.owner, { requests: 'admins' }));
    const { record } = unwrap(await requestLicense(ctx, limited, key(), { note: null }));
    expect(await settle()).toEqual(['admin: Lena asks for a full license']);
    unwrap(await decideLicenseRequest(ctx, admin, record.id, { decision: 'refused', note: null }));
    unwrap(await requestLicense(ctx, limited, key(), { note: null }));
    await tenant.buy(2);
    unwrap(await setLicense(ctx, admin, limited.memberId, 'full'));
    expect(await settle()).toEqual(['Lena: You have a full license', 'Lena: Your request for a license was refused']);
  });

  test('people are told in their own language', async () => {
    tenant = await aSeatTenant(ctx, { seats: 2 });
    await fill({ Lena: 3 });
    await inTenant(ctx, tenant.tenantId, ({ db }) => db.query(`update members set locale = 'de' where tenant_id = $1`, [tenant.tenantId]));
    await tenant.buy(1);
    clock.advance({ days: 30 });
    await settle();
    expect(told.map(({ announcement }) => announcement.title)).toEqual(['Ihre Lizenz ist jetzt eingeschränkt']);
  });
});
