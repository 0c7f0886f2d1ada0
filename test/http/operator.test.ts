import { randomUUID } from 'node:crypto';
import type { JWTPayload } from 'jose';
import request from 'supertest';
import type { Context } from '../../src/platform/context';
import { inTenant } from '../../src/platform/context';
import { stagingEnv, type TestApp, testApp } from '../support/app';
import { testContext } from '../support/database';
import { anActor, aTenant, type TestTenant } from '../support/tenant';

const PUBLISHER = stagingEnv().MARKETPLACE_TENANT_ID!;

let ctx: Context;
let it: TestApp;
let tenant: TestTenant;
beforeAll(async () => {
  ({ ctx } = await testContext());
  it = await testApp(ctx);
  tenant = await aTenant(ctx);
});

describe('who is let in', () => {
  const find = (bearer: string | null) => {
    const asked = request(it.app).get('/api/operator/v1/tenants?q=sample');
    return bearer === null ? asked : asked.set('Authorization', `Bearer ${bearer}`);
  };
  const tokenOf = (appRoles: string[], change: JWTPayload = {}, tenantId = PUBLISHER) => it.token(anActor({ tenantId, appRoles }), change);

  test.each([['Kontingent.Support'], ['Kontingent.Accounting']])('one of the publisher’s people with the app role %s', async (role) => {
    const { status, body } = await find(await tokenOf([role]));
    expect([status, Array.isArray(body.items)]).toEqual([200, true]);
  });

  test('nobody without a token', async () => {
    const { status, body } = await find(null);
    expect([status, body.code]).toEqual([401, 'token_missing']);
  });

  test('no customer, whatever roles their own directory gives them', async () => {
    const token = await it.token({ ...tenant.owner, appRoles: ['Kontingent.Support', 'Kontingent.Accounting'] });
    const { status, body } = await find(token);
    expect([status, body.code, body.items]).toEqual([401, 'token_invalid', undefined]);
  });

  test.each<[string, string[]]>([
    ['no role', []],
    ['a role of customers', ['admin', 'agent']],
    ['a role’s name in other letters', ['kontingent.support', 'SUPPORT', 'Kontingent.Support ']],
    ['a name every object has', ['constructor', '__proto__', 'toString']],
  ])('nobody of the publisher’s directory with %s', async (_what, roles) => {
    const { status, body } = await find(await tokenOf(roles));
    expect([status, body.code, body.items]).toEqual([403, 'operator_role_missing', undefined]);
  });

  const now = Math.floor(Date.now() / 1000);
  test.each<[string, JWTPayload]>([
    ['is for another application', { aud: randomUUID() }],
    ['is for the application’s address, as version 1 tokens are', { aud: `api://${randomUUID()}` }],
    ['expired', { exp: now - 120 }],
    ['is not valid yet', { nbf: now + 120 }],
    ['is of version 1', { ver: '1.0' }],
    ['has no scope, as an application’s own token', { scp: undefined }],
    ['has another scope', { scp: 'User.Read' }],
    ['names the publisher but was issued by another directory', { iss: `https://login.example/${randomUUID()}/v2.0` }],
    ['was issued by the publisher for another directory', { tid: randomUUID() }],
  ])('nobody whose token %s', async (_what, change) => {
    const { status, body } = await find(await tokenOf(['Kontingent.Support'], change));
    expect([status, body.code]).toEqual([401, 'token_invalid']);
  });

  test('ids in capitals are the same directory', async () => {
    expect((await find(await tokenOf(['Kontingent.Support'], {}, PUBLISHER.toUpperCase()))).status).toBe(200);
  });

  test('the directory of OPERATOR_TENANT_ID instead of the marketplace’s, where it is set', async () => {
    const elsewhere = randomUUID();
    const app = await testApp(ctx, { OPERATOR_TENANT_ID: elsewhere.toUpperCase() });
    const ask = async (tenantId: string) => {
      const token = await app.token(anActor({ tenantId, appRoles: ['Kontingent.Support'] }));
      return (await request(app.app).get('/api/operator/v1/tenants?q=x').set('Authorization', `Bearer ${token}`)).status;
    };
    expect([await ask(elsewhere), await ask(PUBLISHER)]).toEqual([200, 401]);
  });

  test('a stranger learns nothing from a request that is wrong besides', async () => {
    const { status, body } = await request(it.app)
      .get('/api/operator/v1/tenants')
      .set('Authorization', `Bearer ${await tokenOf([])}`);
    expect([status, body.errors]).toEqual([403, undefined]);
  });

  test('the rate limit is each operator’s own', async () => {
    const app = await testApp(ctx, { RATE_LIMIT_PER_MINUTE: '2' });
    const [one, other] = [await app.asOperator(), await app.asOperator()];
    const statuses = [];
    for (const who of [one, one, one, other]) statuses.push((await who.get('/tenants?q=x')).status);
    expect(statuses).toEqual([200, 200, 429, 200]);
  });
});

describe('finding an organization', () => {
  test('by a part of its name, its id, and the id of a subscription; other words find nothing', async () => {
    const name = `Quartz ${randomUUID().slice(0, 8)}`;
    const [mine, twin] = [await aTenant(ctx), await aTenant(ctx)];
    for (const { tenantId } of [mine, twin])
      await inTenant(ctx, tenantId, ({ db }) => db.query('update tenants set name = $2 where tenant_id = $1', [tenantId, name]));
    await ctx.database.query(
      `insert into subscription_directory (source, external_id, tenant_id, subscription_id) values ('marketplace', $1, $2, $3)`,
      ['0b1c-market', mine.tenantId, mine.subscriptionId],
    );
    const operator = await it.asOperator();
    const ids = async (q: string) => {
      const { body } = await operator.get(`/tenants?q=${encodeURIComponent(q)}`);
      return (body.items as { tenantId: string }[]).map(({ tenantId }) => tenantId).sort();
    };
    expect(await ids(name.slice(2).toUpperCase())).toEqual([mine.tenantId, twin.tenantId].sort());
    expect(await ids(mine.tenantId.toUpperCase())).toEqual([mine.tenantId]);
    expect(await ids('0B1C-market')).toEqual([mine.tenantId]);
    expect(await ids(mine.subscriptionId)).toEqual([mine.tenantId]);
    expect(await ids('%')).toEqual([]);
    expect(await ids(randomUUID())).toEqual([]);
  });

  test('nobody who acts within one organization learns of another by it', async () => {
    const found = await inTenant(ctx, tenant.tenantId, ({ db }) => db.query(`select * from find_tenants('', 100)`));
    expect(found).toEqual([]);
    expect((await ctx.database.query(`select * from find_tenants('', 100)`)).length).toBeGreaterThan(1);
  });
});
