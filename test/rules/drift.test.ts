import fc from 'fast-check';
import { type Credential, daysLeft, dueWarning, stateOf } from '../../src/features/operator/credentials.rules';
import { judge } from '../../src/features/operator/self-test.rules';
import { askedFirst, completed, differencesOf, dueReport, lapsedBefore, lapsesAt } from '../../src/features/subscriptions/drift.rules';
import type { LeftOut, ListedSubscription, MarketplaceSubscription } from '../../src/features/subscriptions/marketplace.port';

const person = (address: string | null) => ({ tenantId: 't', objectId: 'o', address });
const truth: MarketplaceSubscription = {
  id: 'x',
  name: 'A purchase',
  offerId: 'kontingent',
  planId: 'standard',
  quantity: 5,
  status: 'Subscribed',
  purchaser: person('a@sample.example'),
  beneficiary: person(null),
  termUnit: 'P1M',
  termStart: new Date('2026-03-01T00:00:00Z'),
  termEnd: new Date('2026-03-31T00:00:00Z'),
  autoRenew: true,
  isFreeTrial: false,
  allowedOperations: ['Delete', 'Read', 'Update'],
  purchasedAt: new Date('2026-03-01T00:00:00Z'),
};
const held = truth as unknown as Parameters<typeof differencesOf>[0];
const differing = (change: Partial<MarketplaceSubscription>, ours = held) =>
  differencesOf(ours, { ...truth, ...change }).map(({ field }) => field);

describe('in which facts a subscription differs', () => {
  test.each<[string, Partial<MarketplaceSubscription>]>([
    ['status', { status: 'Suspended' }],
    ['planId', { planId: 'premium' }],
    ['quantity', { quantity: 6 }],
    ['name', { name: 'Another' }],
    ['offerId', { offerId: 'kontingent-preview' }],
    ['termUnit', { termUnit: 'P1Y' }],
    ['termStart', { termStart: new Date('2026-03-02T00:00:00Z') }],
    ['termEnd', { termEnd: new Date('2026-04-30T00:00:00Z') }],
    ['autoRenew', { autoRenew: false }],
    ['isFreeTrial', { isFreeTrial: true }],
    ['allowedOperations', { allowedOperations: ['Read'] }],
    ['purchaser', { purchaser: person('b@sample.example') }],
    ['beneficiary', { beneficiary: person('b@sample.example') }],
  ])('%s, with ours and theirs', (field, change) => {
    expect(differing(change)).toEqual([field]);
    const [found] = differencesOf(held, { ...truth, ...change });
    expect(found!.ours).not.toBe(found!.theirs);
  });

  test('none in the order of rights, nor in when it was bought', () => {
    expect(differing({ allowedOperations: ['Update', 'Read', 'Delete'], purchasedAt: null })).toEqual([]);
  });

  test('a term and seats that the marketplace does not say differ in nothing; none at all do', () => {
    expect(differing({ termUnit: null, termStart: null, termEnd: null, quantity: null })).toEqual([]);
    expect(differing({ quantity: 0 })).toEqual(['quantity']);
    expect(differing({ status: 'Unsubscribed', quantity: null })).toEqual(['status']);
  });

  const odd = { name: 'Another', offerId: 'other', quantity: 6, autoRenew: false, allowedOperations: ['Read'] };
  const inList = (entry: Partial<ListedSubscription>) =>
    differencesOf(held, completed(held, { ...truth, ...entry })).map(({ field }) => field);
  test.each(Object.keys(odd) as LeftOut[])('%s that an entry of the list leaves out is none; the others are', (field) => {
    expect(inList(odd).sort()).toEqual(Object.keys(odd).sort());
    expect(inList({ ...odd, leftOut: [field] })).toEqual(inList(odd).filter((one) => one !== field));
  });

  test('of a person only what an entry of the list says', () => {
    const nobody = { tenantId: null, objectId: null, address: null };
    expect(inList({ purchaser: nobody, beneficiary: nobody })).toEqual([]);
    for (const part of ['tenantId', 'objectId', 'address'])
      expect(inList({ purchaser: { ...nobody, [part]: 'another' }, beneficiary: nobody })).toEqual(['purchaser']);
  });

  test('none of two that have ended, but one that ended on one side only does', () => {
    const ended = { ...held, status: 'Unsubscribed' } as typeof held;
    expect(differing({ status: 'Unsubscribed', planId: 'premium', autoRenew: false }, ended)).toEqual([]);
    expect(differing({}, ended)).toEqual(['status']);
  });

  test('a fact that one side lacks is shown as lacking, each part of a person in its place', () => {
    const [name] = differencesOf({ ...held, quantity: null }, truth);
    expect(name).toEqual({ field: 'quantity', ours: null, theirs: '5' });
    const unknown = { tenantId: null, objectId: 'o', address: null };
    expect(differencesOf(held, { ...truth, purchaser: unknown })).toEqual([
      { field: 'purchaser', ours: 't o a@sample.example', theirs: '– o –' },
    ]);
    expect(differencesOf(held, { ...truth, allowedOperations: ['Update', 'Read'] })).toEqual([
      { field: 'allowedOperations', ours: 'Delete Read Update', theirs: 'Read Update' },
    ]);
  });
});

describe('when the publisher is told that a purchase waits', () => {
  const boughtAt = new Date('2026-03-01T00:00:00Z');
  test.each([
    ['2026-03-02T23:59:59.999Z', null],
    ['2026-03-03T00:00:00.000Z', 'two_days'],
    ['2026-03-23T23:59:59.999Z', 'two_days'],
    ['2026-03-24T00:00:00.000Z', 'week_left'],
    ['2026-03-29T23:59:59.999Z', 'week_left'],
    ['2026-03-30T00:00:00.000Z', 'day_left'],
    ['2026-03-30T23:59:59.999Z', 'day_left'],
    ['2026-03-31T00:00:00.000Z', null],
  ])('at %s: %s', (at, report) => {
    expect(dueReport(boughtAt, new Date(at))).toBe(report);
  });

  test('it lapses 30 days after it was bought', () => {
    expect(lapsesAt(boughtAt).toISOString()).toBe('2026-03-31T00:00:00.000Z');
    expect(lapsedBefore(lapsesAt(boughtAt))).toEqual(boughtAt);
  });
});

describe('when a credential is warned of', () => {
  const credential: Credential = { name: 'A', expiresAt: new Date('2027-01-31T00:00:00Z') };
  const HOUR_MS = 3_600_000;

  test('the warning grows more urgent and never less, and belongs to a state', () => {
    fc.assert(
      fc.property(fc.integer({ min: -100, max: 2_000 }), fc.integer({ min: 0, max: 1_000 }), (hours, later) => {
        const at = new Date(credential.expiresAt!.getTime() - hours * HOUR_MS);
        const then = new Date(at.getTime() + later * HOUR_MS);
        const [now, next] = [dueWarning(credential, at) ?? 31, dueWarning(credential, then) ?? 31];
        expect(next).toBeLessThanOrEqual(now);
        expect(stateOf(credential, at)).toBe(now === 31 ? 'good' : now === 0 ? 'over' : 'ends_soon');
      }),
    );
  });

  test.each([
    ['2026-12-31T23:59:59.999Z', 31, null],
    ['2027-01-01T00:00:00.000Z', 30, 30],
    ['2027-01-23T23:59:59.999Z', 8, 30],
    ['2027-01-24T00:00:00.000Z', 7, 7],
    ['2027-01-29T23:59:59.999Z', 2, 7],
    ['2027-01-30T00:00:00.000Z', 1, 1],
    ['2027-01-30T23:59:59.999Z', 1, 1],
    ['2027-01-31T00:00:00.000Z', 0, 0],
  ])('at %s %i days are left', (now, left, warning) => {
    expect([daysLeft(credential.expiresAt!, new Date(now)), dueWarning(credential, new Date(now))]).toEqual([left, warning]);
  });

  test('at the instant it ends it is over', () => {
    expect(stateOf(credential, credential.expiresAt!)).toBe('over');
  });

  test('nobody said when it ends: never, and the state says that', () => {
    const silent = { name: 'A', expiresAt: null };
    expect([dueWarning(silent, new Date()), stateOf(silent, new Date())]).toEqual([null, 'unknown']);
  });
});

describe('what a probe of the webhook means', () => {
  const probe = { url: 'https://kontingent.example/hook', signed: true, status: 200, durationMs: 5, said: 'ok' };
  test.each([
    ['accepted and here', {}, true, true, /changed nothing/u],
    ['accepted and not here', {}, false, false, /is not here/u],
    ['refused although signed', { status: 401, said: 'token_invalid' }, false, false, /MARKETPLACE_WEBHOOK/u],
    ['unknown signer refused', { signed: false, status: 401, said: 'token_invalid' }, false, true, /as it must\. .*next true event/u],
    ['unknown signer accepted', { signed: false }, true, false, /instead of being refused/u],
    ['unknown signer refused and yet kept', { signed: false, status: 401, said: 'token_invalid' }, true, false, /instead of/u],
    ['no keys', { signed: false, status: 503, said: 'identity_unavailable' }, false, false, /keys/u],
    ['nobody there', { status: null, said: 'ENOTFOUND' }, false, false, /^Nobody answers at .*ENOTFOUND/u],
    ['nobody there, who knows why', { status: null, said: null }, false, false, /no reason given/u],
    ['no answer now', { status: 503, said: 'unavailable' }, false, false, /answered 503 \(unavailable\) and is not here/u],
    ['kept, and a fault', { status: 500, said: 'identity_unavailable' }, true, false, /answered 500 .* and was kept/u],
    ['unknown signer refused for another reason', { signed: false, status: 401, said: 'not_allowed' }, false, false, /instead of/u],
    ['unknown signer, refused as something else', { signed: false, status: 400, said: 'token_invalid' }, false, false, /instead of/u],
    ['somebody else there', { status: 403, said: null }, false, false, /PUBLIC_URL/u],
    ['another server of ours there', { status: 404, said: 'not_found' }, false, false, /PUBLIC_URL/u],
  ] as const)('%s', (_what, change, arrived, passed, finding) => {
    expect(judge({ ...probe, ...change }, arrived)).toEqual({ passed, finding: expect.stringMatching(finding) });
  });
});

test('G6 of 250 purchases that a list never names, 100 an hour are asked for, and each gets its turn', () => {
  const noted = new Map<number, { why: 'not_read'; lastAt: Date }>();
  const asked = new Set<number>();
  for (let hour = 1; hour <= 3; hour += 1) {
    const line = Array.from({ length: 250 }, (_, id) => id).sort((a, b) => askedFirst(noted.get(a), noted.get(b)));
    for (const id of line.slice(0, 100)) {
      asked.add(id);
      noted.delete(id);
    }
    for (const id of line.slice(100).filter((one) => !noted.has(one)))
      noted.set(id, { why: 'not_read', lastAt: new Date(hour * 3_600_000) });
  }
  expect(asked.size).toBe(250);
});
