import { ROLES } from '../../src/contract/members';
import { SUBSCRIPTION_STATUSES } from '../../src/contract/subscriptions';
import { type Capability, decideAccess, initialRole, may, rolesThatMay, seesNotes } from '../../src/features/members/access.rules';

const CAPABILITIES: Capability[] = ['read', 'join_team', 'create', 'edit', 'invite', 'manage_members', 'manage_plan', 'read_billing'];

test('what each role may', () => {
  const table = Object.fromEntries(ROLES.map((role) => [role, CAPABILITIES.filter((capability) => may(role, capability))]));
  expect(table).toEqual({
    owner: CAPABILITIES,
    admin: CAPABILITIES,
    agent: ['read', 'join_team', 'create', 'edit', 'invite'],
    member: ['read', 'join_team', 'create', 'edit', 'invite'],
    viewer: ['read', 'join_team'],
  });
  expect(rolesThatMay('create')).toEqual(ROLES.filter((role) => role !== 'viewer'));
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
  expect(initialRole(['viewer', 'ADMIN'])).toBe('admin');
  expect(initialRole(['owner', 'Global Administrator'])).toBe('member');
});

test('internal notes are for agents and above', () => {
  expect(ROLES.filter(seesNotes)).toEqual(['owner', 'admin', 'agent']);
});
