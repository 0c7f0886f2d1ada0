import { METERS, type Meter } from '../../../src/contract/meters';
import { type Context, inPublisher, inTenant } from '../../../src/platform/context';
import { creationOf, key, unwrap } from '../../support/acts';
import { testContext } from '../../support/database';
import { aPlan, aTenant } from '../../support/tenant';

/** What was said: `<limit level>:<threshold>` of one meter, in the order of levels. */
async function said(ctx: Context, tenantId: string, meter: Meter): Promise<string[]> {
  const rows = await inTenant(ctx, tenantId, ({ db }) =>
    db.query<{ limit_epoch: number; threshold: number }>(
      'select limit_epoch, threshold from notices where tenant_id = $1 and meter = $2 order by period_start, limit_epoch, threshold',
      [tenantId, meter],
    ),
  );
  return rows.map((row) => `${row.limit_epoch}:${row.threshold}`);
}

/** What was queued to be sent, in order. */
async function queued(ctx: Context, tenantId: string, meter: Meter): Promise<number[]> {
  const rows = await inPublisher(ctx, ({ db }) =>
    db.query<{ threshold: number }>(
      `select (payload ->> 'threshold')::int as threshold from outbox
        where tenant_id = $1 and topic = 'quota.notice' and payload ->> 'meter' = $2 order by not_before, payload ->> 'threshold'`,
      [tenantId, meter],
    ),
  );
  return rows.map((row) => row.threshold);
}

describe.each(METERS)('%s', (meter) => {
  const create = creationOf[meter];

  test('TW-08 G7 80 % and 100 % are said once each, at exactly full, and each queued once', async () => {
    const { ctx, clock } = await testContext();
    const tenant = await aTenant(ctx, { limits: { [meter]: 10 } });
    const after: string[][] = [];
    for (let index = 0; index < 12; index += 1) {
      clock.advance({ seconds: 1 });
      await create(ctx, tenant.owner, key());
      after.push(await said(ctx, tenant.tenantId, meter));
    }
    expect(after.map((list) => list.length)).toEqual([0, 0, 0, 0, 0, 0, 0, 1, 1, 2, 2, 2]);
    expect(after.at(-1)).toEqual(['0:80', '0:100']);
    expect(await queued(ctx, tenant.tenantId, meter)).toEqual([80, 100]);
  });

  test('G7 one act over several thresholds sends the highest and marks the lower as said', async () => {
    const { ctx } = await testContext();
    const tenant = await aTenant(ctx, { limits: { [meter]: 1 } });
    unwrap(await create(ctx, tenant.owner, key()));
    expect(await said(ctx, tenant.tenantId, meter)).toEqual(['0:80', '0:100']);
    expect(await queued(ctx, tenant.tenantId, meter)).toEqual([100]);
  });

  test('G7 many at once say each threshold once', async () => {
    const { ctx } = await testContext();
    const tenant = await aTenant(ctx, { limits: { [meter]: 10 } });
    await Promise.all(Array.from({ length: 30 }, () => create(ctx, tenant.owner, key())));
    expect(await said(ctx, tenant.tenantId, meter)).toEqual(['0:80', '0:100']);
    const sent = await queued(ctx, tenant.tenantId, meter);
    expect(sent).toContain(100);
    expect(new Set(sent).size).toBe(sent.length);
  });

  test('G7 a lowered limit says what it crosses, once; a raised one begins a new level', async () => {
    const { ctx } = await testContext();
    const tenant = await aTenant(ctx);
    await tenant.use(meter, 60);
    await tenant.changePlan(await aPlan(ctx, { [meter]: 50 }));
    expect(await said(ctx, tenant.tenantId, meter)).toEqual(['0:80', '0:100']);
    await tenant.changePlan(await aPlan(ctx, { [meter]: 50 }));
    expect(await queued(ctx, tenant.tenantId, meter)).toEqual([100]);

    await tenant.changePlan(await aPlan(ctx, { [meter]: 77 }));
    expect(await said(ctx, tenant.tenantId, meter)).toEqual(['0:80', '0:100']);
    unwrap(await create(ctx, tenant.owner, key()));
    unwrap(await create(ctx, tenant.owner, key()));
    expect(await said(ctx, tenant.tenantId, meter)).toEqual(['0:80', '0:100', '1:80']);
  });

  test('TW-08 a new period may be warned of anew', async () => {
    const { ctx, clock } = await testContext();
    const tenant = await aTenant(ctx, { limits: { [meter]: 5 } });
    for (const days of [0, 35]) {
      clock.advance({ days });
      for (let index = 0; index < 4; index += 1) unwrap(await create(ctx, tenant.owner, key()));
    }
    expect(await said(ctx, tenant.tenantId, meter)).toEqual(['0:80', '0:80']);
  });

  test('a replay and a refusal say nothing; nothing is said without an allowance', async () => {
    const { ctx } = await testContext();
    const tenant = await aTenant(ctx, { limits: { [meter]: 10 } });
    await tenant.use(meter, 9);
    unwrap(await create(ctx, tenant.owner, key('same')));
    const before = await queued(ctx, tenant.tenantId, meter);
    await create(ctx, tenant.owner, key('same'));
    await create(ctx, tenant.owner, key());
    expect(await queued(ctx, tenant.tenantId, meter)).toEqual(before);

    for (const limit of [0, null]) {
      const other = await aTenant(ctx, { limits: { [meter]: limit } });
      await create(ctx, other.owner, key());
      expect(await said(ctx, other.tenantId, meter)).toEqual([]);
    }
  });
});
