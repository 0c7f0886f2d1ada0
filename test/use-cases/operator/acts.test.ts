import { randomUUID } from 'node:crypto';
import type { Refusal } from '../../../src/contract/refusals';
import { billStart } from '../../../src/features/billing/bill-start';
import { endContractFor, startContractFor } from '../../../src/features/operator/contracts';
import { clearOverrideFor, decideUnlock, grantSupport, setOverrideFor, unlockFor } from '../../../src/features/operator/deviations';
import { explainFor, registerTenant, viewTenant } from '../../../src/features/operator/tenants';
import { endOfContract } from '../../../src/features/plan-changes/end-of-contract';
import type { Plan } from '../../../src/features/plans/plans';
import { buyContract } from '../../../src/features/subscriptions/buy-contract';
import { askEarlyUnlock } from '../../../src/features/support/ask-early-unlock';
import type { Actor, OperatorActor, OperatorRole } from '../../../src/platform/actor';
import { type Context, inTenant } from '../../../src/platform/context';
import type { Result } from '../../../src/platform/result';
import { key, refusalOf, unwrap } from '../../support/acts';
import { aDirectPlan, consentTo } from '../../support/contracts';
import { testContext } from '../../support/database';
import { anActor } from '../../support/tenant';

const REASON = 'Letter of 3 March';
const LATER = '2026-06-01T00:00:00.000Z';
const ORGANIZATION = { name: 'Sample Works', contactAddress: 'office@sample.example', locale: 'en', timeZone: 'UTC' } as const;

const anOperator = (...roles: OperatorRole[]): OperatorActor => ({ memberId: randomUUID(), name: 'Sofia Support', roles, locale: null });

/** An organization of which something waits: teams for a payment, a request for support, a rule that is otherwise than the plan says. */
interface Customer {
  owner: Actor;
  tenantId: string;
  subscriptionId: string;
  requestId: string;
}

let ctx: Context;
let named: Customer;
let other: Customer;
let base: Plan;
let addon: Plan;
beforeAll(async () => {
  ({ ctx } = await testContext());
  base = await aDirectPlan(ctx, {
    items: [
      { entitlement: 'tickets', kind: 'metered', amount: 100, policy: {} },
      { entitlement: 'teams', kind: 'stock', amount: 10, policy: {} },
    ],
  });
  addon = await aDirectPlan(ctx, {
    role: 'addon',
    items: [{ entitlement: 'teams', kind: 'stock', amount: 4, policy: { activation: 'on_payment' } }],
  });
  named = await aCustomer();
  other = await aCustomer();
});

async function aCustomer(): Promise<Customer> {
  const owner = anActor();
  const { tenantId } = owner;
  const buy = async (plan: Plan) => {
    const order = { planId: plan.planId, term: 'P1M', quantity: null, consent: consentTo(plan), organization: ORGANIZATION } as const;
    return unwrap(await buyContract(ctx, owner, key(), order, billStart)).record.id;
  };
  const subscriptionId = await buy(base);
  await buy(addon);
  const { id: requestId } = unwrap(await askEarlyUnlock(ctx, owner, 'teams', 'support@kontingent.example'));
  unwrap(
    await setOverrideFor(ctx, anOperator('support'), tenantId, {
      path: 'tickets.enforcement',
      value: 'soft',
      expiresAt: LATER,
      reason: 'x',
    }),
  );
  return { owner, tenantId, subscriptionId, requestId };
}

/** Every row that an act of the publisher's people could have written in an organization. */
const rowsOf = ({ tenantId }: { tenantId: string }) =>
  inTenant(ctx, tenantId, async ({ db }) => {
    const found: Record<string, unknown[]> = {};
    for (const table of [
      'tenants',
      'subscriptions',
      'grants',
      'usage_counters',
      'policy_overrides',
      'requests',
      'bills',
      'outbox',
      'operations',
      'audit_log',
    ])
      found[table] = (
        await db.query<{ row: unknown }>(`select to_jsonb(t) as row from ${table} t where tenant_id = $1 order by t::text`, [tenantId])
      ).map(({ row }) => row);
    return found;
  });

const auditBy = ({ tenantId }: { tenantId: string }, { memberId }: OperatorActor) =>
  inTenant(ctx, tenantId, ({ db }) =>
    db.query<{ action: string; via: string; details: Record<string, unknown> }>(
      'select action, via, details from audit_log where tenant_id = $1 and actor = $2 order by at, audit_id',
      [tenantId, memberId],
    ),
  );

interface Act {
  needs: OperatorRole;
  /** As the audit log names it. */
  action: string;
  run(operator: OperatorActor, at: { tenantId: string; subscriptionId: string; requestId: string }): Promise<Result<unknown, Refusal>>;
}

const ACTS: [string, Act][] = [
  [
    'describing it',
    {
      needs: 'accounting',
      action: 'operator.describe',
      run: (operator, { tenantId }) => registerTenant(ctx, operator, tenantId, { ...ORGANIZATION, name: 'Granite Works' }, REASON),
    },
  ],
  [
    'ending a contract',
    {
      needs: 'accounting',
      action: 'contract.end',
      run: (operator, to) => endContractFor(ctx, operator, to, { when: 'now', reason: REASON }, endOfContract),
    },
  ],
  [
    'unlocking what waits',
    {
      needs: 'support',
      action: 'grants.unlock',
      run: (operator, { tenantId }) => unlockFor(ctx, operator, tenantId, { meter: 'teams', reason: REASON }),
    },
  ],
  [
    'deciding a request',
    {
      needs: 'support',
      action: 'early_unlock.granted',
      run: (operator, to) => decideUnlock(ctx, operator, to, { decision: 'granted', note: null, reason: REASON }),
    },
  ],
  [
    'giving units',
    {
      needs: 'support',
      action: 'grants.give',
      run: (operator, { tenantId }) =>
        grantSupport(ctx, operator, tenantId, key(), { meter: 'tickets', amount: 5, effectiveAt: null, expiresAt: LATER, reason: REASON }),
    },
  ],
  [
    'letting a rule be otherwise',
    {
      needs: 'support',
      action: 'override.set',
      run: (operator, { tenantId }) =>
        setOverrideFor(ctx, operator, tenantId, { path: 'teams.enforcement', value: 'soft', expiresAt: LATER, reason: REASON }),
    },
  ],
  [
    'letting the plan hold again',
    {
      needs: 'support',
      action: 'override.clear',
      run: (operator, { tenantId }) => clearOverrideFor(ctx, operator, tenantId, { path: 'tickets.enforcement', reason: REASON }),
    },
  ],
];

/** A base plan is owned already, so that this act is tried on an organization of its own. */
const starting: Act = {
  needs: 'accounting',
  action: 'contract.start',
  run: (operator, { tenantId }) =>
    startContractFor(
      ctx,
      operator,
      tenantId,
      key(),
      { planId: base.planId, term: 'P1M', quantity: null, startsAt: null, reason: REASON },
      billStart,
    ),
};

describe.each([...ACTS, ['beginning a contract', starting] as [string, Act]])('%s', (_what, act) => {
  test.each<[string, OperatorRole[]]>([
    ['the other role', [act.needs === 'support' ? 'accounting' : 'support']],
    ['no role', []],
  ])('is refused to whoever has %s, and nothing is written', async (_who, roles) => {
    const operator = anOperator(...roles);
    const before = await rowsOf(named);
    expect(refusalOf(await act.run(operator, named))).toEqual({ code: 'not_allowed', needs: act.needs });
    expect(await rowsOf(named)).toEqual(before);
  });

  test('is written down with its reason where it was done, and changes nothing anywhere else', async () => {
    const operator = anOperator(act.needs);
    const place = act === starting ? { ...named, tenantId: await anEmptyTenant() } : await aCustomer();
    const elsewhere = await rowsOf(other);
    unwrap(await act.run(operator, place));
    const written = await auditBy(place, operator);
    expect(written.filter(({ via }) => via === 'operator').filter(({ action }) => action === act.action)).toMatchObject([
      { details: { reason: REASON, name: operator.name } },
    ]);
    expect(await rowsOf(other)).toEqual(elsewhere);
  });

  test('in an organization that nobody knows finds none, and makes none', async () => {
    const nobody = { ...named, tenantId: randomUUID() };
    const done = await act.run(anOperator(act.needs), nobody);
    if (act.action === 'operator.describe') return void expect(done.ok).toBe(true);
    expect(refusalOf(done)).toEqual({ code: 'tenant_not_found' });
    expect(Object.values(await rowsOf(nobody)).flat()).toEqual([]);
  });
});

async function anEmptyTenant(): Promise<string> {
  const tenantId = randomUUID();
  unwrap(await registerTenant(ctx, anOperator('accounting'), tenantId, ORGANIZATION, REASON));
  return tenantId;
}

test('what belongs to another organization does not exist under the named one', async () => {
  const before = [await rowsOf(named), await rowsOf(other)];
  const [support, accounting] = [anOperator('support'), anOperator('accounting')];
  const crossed = { tenantId: named.tenantId, subscriptionId: other.subscriptionId, requestId: other.requestId };
  const ended = await endContractFor(ctx, accounting, crossed, { when: 'now', reason: REASON }, endOfContract);
  expect(refusalOf(ended)).toEqual({ code: 'subscription_not_found' });
  const decided = await decideUnlock(ctx, support, crossed, { decision: 'granted', note: null, reason: REASON });
  expect(refusalOf(decided)).toEqual({ code: 'request_not_found' });
  expect([await rowsOf(named), await rowsOf(other)]).toEqual(before);
});

test('looking is open to either role, shows the customer’s own words, and is written down where somebody looked', async () => {
  for (const role of ['support', 'accounting'] as const) {
    const operator = anOperator(role);
    const elsewhere = await rowsOf(other);
    expect(unwrap(await viewTenant(ctx, operator, named.tenantId))).toMatchObject({
      tenantId: named.tenantId,
      requests: [{ subject: 'teams' }],
    });
    expect(unwrap(await explainFor(ctx, operator, { tenantId: named.tenantId, meter: 'teams' }, undefined))).toMatchObject({
      entitled: 14,
      available: 10,
    });
    expect(await auditBy(named, operator)).toMatchObject([{ action: 'operator.look' }, { action: 'operator.look' }]);
    expect(await rowsOf(other)).toEqual(elsewhere);
  }
});

test('G2 an act repeated under its key, later or at once, is done once and written down once', async () => {
  const operator = anOperator('support');
  const once = key();
  const given = { meter: 'tickets', amount: 5, effectiveAt: null, expiresAt: LATER, reason: REASON };
  const first = unwrap(await grantSupport(ctx, operator, named.tenantId, once, given));
  const after = await rowsOf(named);
  const again = unwrap(await grantSupport(ctx, operator, named.tenantId, once, given));
  expect([again.replayed, again.record]).toEqual([true, first.record]);
  expect(await rowsOf(named)).toEqual(after);
  expect(refusalOf(await grantSupport(ctx, operator, named.tenantId, once, { ...given, amount: 6 })).code).toBe('idempotency_conflict');

  const [twice, grants] = [
    key(),
    () => inTenant(ctx, named.tenantId, ({ db }) => db.query(`select 1 from grants where source = 'support'`)),
  ];
  const before = (await grants()).length;
  const atOnce = await Promise.all([1, 2, 3].map(() => grantSupport(ctx, operator, named.tenantId, twice, given)));
  expect(new Set(atOnce.map((result) => unwrap(result).record.id)).size).toBe(1);
  expect(await grants()).toHaveLength(before + 1);
});
