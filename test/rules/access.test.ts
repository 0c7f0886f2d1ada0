import { LICENSE_KINDS, ROLES } from '../../src/contract/members';
import { SUBSCRIPTION_STATUSES } from '../../src/contract/subscriptions';
import {
  type Capability,
  decideAccess,
  deniedByLicense,
  inactiveRefusal,
  initialRole,
  may,
  rolesThatMay,
  seesNotes,
} from '../../src/features/members/access.rules';

const CAPABILITIES: Capability[] = [
  'read',
  'join_team',
  'request_license',
  'comment',
  'create',
  'edit',
  'invite',
  'manage_members',
  'manage_plan',
  'read_billing',
];

test('what each role may', () => {
  const table = Object.fromEntries(ROLES.map((role) => [role, CAPABILITIES.filter((capability) => may(role, capability))]));
  expect(table).toEqual({
    owner: CAPABILITIES,
    admin: CAPABILITIES,
    agent: CAPABILITIES.slice(0, 7),
    member: CAPABILITIES.slice(0, 7),
    viewer: CAPABILITIES.slice(0, 3),
  });
  expect(rolesThatMay('create')).toEqual(ROLES.filter((role) => role !== 'viewer'));
});

test('MI-11 MI-12 MI-13 MI-14: capabilities are those of the role without those that the license denies', () => {
  const table = Object.fromEntries(
    LICENSE_KINDS.map((license) => [license, CAPABILITIES.filter((capability) => !deniedByLicense(license, capability))]),
  );
  const managing = ['manage_members', 'manage_plan', 'read_billing'];
  expect(table).toEqual({
    full: CAPABILITIES,
    restricted: ['read', 'join_team', 'request_license', 'comment', ...managing],
    none: ['request_license', ...managing],
  });
  for (const role of ROLES)
    for (const license of [...LICENSE_KINDS, null])
      for (const capability of CAPABILITIES)
        expect(may(role, capability, license)).toBe(may(role, capability) && (license === null || table[license]!.includes(capability)));
});

test.each(ROLES)('an organization without a subscription is told so first, whoever of it asks (%s)', (role) => {
  for (const standing of [null, 'PendingFulfillmentStart'] as const) {
    for (const capability of CAPABILITIES) {
      expect(decideAccess(role, standing, capability)).toEqual({ ok: false, refusal: { code: 'no_subscription' } });
    }
  }
});

test.each(SUBSCRIPTION_STATUSES.filter((status) => status !== 'PendingFulfillmentStart'))(
  'G8 every role reads while the subscription is %s, and who reads bills still does; writing needs Subscribed and the role',
  (standing) => {
    for (const role of ROLES) {
      expect(decideAccess(role, standing, 'read')).toEqual({ ok: true, value: true });
      for (const capability of CAPABILITIES.slice(1)) {
        const decided = decideAccess(role, standing, capability);
        if (!may(role, capability)) expect(decided).toMatchObject({ ok: false, refusal: { code: 'not_allowed', needs: capability } });
        else if (standing === 'Subscribed' || capability === 'read_billing') expect(decided).toMatchObject({ ok: true });
        else expect(decided).toEqual({ ok: false, refusal: { code: 'subscription_inactive', status: standing } });
      }
    }
  },
);

test('the role at first contact comes from the directory’s app roles and is never more than admin', () => {
  expect(initialRole([])).toBe('member');
  expect(initialRole(['Agent'])).toBe('agent');
  expect(initialRole(['Viewer'])).toBe('viewer');
  expect(initialRole(['viewer', 'ADMIN'])).toBe('admin');
  expect(initialRole(['owner', 'Global Administrator'])).toBe('member');
});

test('internal notes are for agents and above', () => {
  expect(ROLES.filter(seesNotes)).toEqual(['owner', 'admin', 'agent']);
});

test('an organization that cannot write is told why: nothing bought or activated yet, or the subscription’s status', () => {
  for (const standing of [null, 'PendingFulfillmentStart'] as const) expect(inactiveRefusal(standing)).toEqual({ code: 'no_subscription' });
  for (const status of ['Suspended', 'Unsubscribed'] as const)
    expect(inactiveRefusal(status)).toEqual({ code: 'subscription_inactive', status });
});
