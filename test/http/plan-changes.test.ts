import { type Caller, testApp } from '../support/app';
import { aCustomer, type Customer } from '../support/plan-changes';

let customer: Customer;
let owner: Caller;
let base: string;

async function begin(planId: string): Promise<void> {
  customer = await aCustomer('whole-month', planId, { now: '2026-04-01T09:00:00.000Z' });
  const app = await testApp(customer.ctx);
  owner = await app.as(customer.owner);
  base = `/subscriptions/${customer.subscriptionId}/changes`;
}
const send = (method: string, path: string, body?: object) => owner.send(method, path, (test) => (body ? test.send(body) : test));
const previewOf = async (toPlanId: string) => (await send('post', `${base}/preview`, { toPlanId })).body;

test('a change is previewed, ordered once whatever the retries, shown, and withdrawn', async () => {
  await begin('growth');
  const preview = await previewOf('basic');
  const consent = { change: true };
  const ordered = await owner.post(base, { previewId: preview.previewId, consent }, 'the same act, 1');
  const again = await owner.post(base, { previewId: preview.previewId, consent }, 'the same act, 1');
  expect([ordered.status, again.status, again.headers['idempotent-replayed']]).toEqual([201, 201, 'true']);
  expect(again.body).toEqual(ordered.body);
  expect((await owner.get(base)).body.items).toEqual([ordered.body]);
  const path = `${base}/${ordered.body.id}`;
  expect((await send('put', `${path}/kept`, { items: [] })).status).toBe(200);
  expect((await send('delete', path)).body.state).toBe('withdrawn');
  expect((await send('put', `${path}/kept`, { items: [] })).body).toMatchObject({ status: 409, code: 'change_closed', state: 'withdrawn' });
});

test('every refusal is a problem with facts', async () => {
  await begin('growth');
  const { previewId } = await previewOf('basic');
  expect((await owner.post(base, { previewId })).body).toMatchObject({ status: 409, code: 'consent_missing', of: 'change' });
  expect((await owner.post(base, { previewId: 'x', consent: { change: true } })).body).toMatchObject({
    code: 'preview_outdated',
    previewedAt: null,
  });
  expect((await previewOf('unknown')).refusal).toEqual({ code: 'plan_unknown', planId: 'unknown' });
  expect((await previewOf('growth')).refusal).toMatchObject({ code: 'change_not_allowed', reason: 'same_plan' });
  for (const quantity of [0, -1, 1.5]) expect((await send('post', `${base}/preview`, { toPlanId: 'basic', quantity })).status).toBe(400);
  expect((await send('post', `${base}/rehearse`, { toPlanId: 'unknown' })).body).toMatchObject({ status: 409, code: 'plan_unknown' });
  expect((await owner.get(`${base}/11111111-2222-4333-8444-555555555555`)).body.code).toBe('change_not_found');
});

test('at the edge all is as it will be, before any job has run: the plan, its term, its limits, and what became of items', async () => {
  await begin('growth');
  const boards = [];
  for (let count = 0; count < 3; count += 1) boards.push((await owner.post('/resources', { kind: 'boards', name: `Board ${count}` })).body);
  const { previewId } = await previewOf('basic');
  const { body: change } = await owner.post(base, { previewId, consent: { change: true } });
  customer.clock.set('2026-05-01T00:00:00.000Z');
  expect((await send('delete', `${base}/${change.id}`)).body).toMatchObject({ code: 'change_closed', state: 'applied' });
  expect((await owner.get('/subscriptions')).body.items).toMatchObject([{ planId: 'basic', termEnd: '2026-06-01T00:00:00.000Z' }]);
  expect((await owner.get('/resources?kind=boards')).body.items).toHaveLength(2);
});

test('an item has a place or is refused with the limit; it is changed by its revision only', async () => {
  await begin('basic');
  const [one, two] = [
    await owner.post('/resources', { kind: 'boards', name: 'A' }),
    await owner.post('/resources', { kind: 'boards', name: 'B' }),
  ];
  expect([one.status, two.status, one.headers.etag]).toEqual([201, 201, '"1"']);
  const full = await owner.post('/resources', { kind: 'boards', name: 'C' });
  expect(full.body).toMatchObject({ code: 'limit_reached', meter: 'boards', limit: 2, used: 2 });
  const path = `/resources/${one.body.id}`;
  expect((await send('patch', path, { name: 'Z' })).status).toBe(428);
  expect((await owner.patch(path, { name: 'Z' }, 7)).status).toBe(412);
  expect((await owner.patch(path, { name: 'Z' }, 1)).body).toMatchObject({ name: 'Z', revision: 2 });
  expect((await owner.patch(path, {}, 2)).status).toBe(400);
  const archived = await owner.send('post', `${path}/archive`, (test) => test.set('If-Match', '"2"'));
  expect(archived.body.state).toBe('archived');
  expect((await owner.post('/resources', { kind: 'boards', name: 'C' })).status).toBe(201);
  expect((await owner.post(`${path}/restore`)).body.code).toBe('limit_reached');
  expect((await owner.remove(path, 3)).status).toBe(204);
  expect((await owner.get(path)).status).toBe(404);
  expect((await owner.get('/resource-kinds')).body.find((kind: { kind: string }) => kind.kind === 'boards')).toMatchObject({
    limit: 2,
    held: 2,
  });
});

test('cancelling gives the money back within the window, and else lets it end with its term', async () => {
  await begin('growth');
  const path = `/subscriptions/${customer.subscriptionId}/cancellation`;
  customer.clock.advance({ hours: 73 });
  expect((await send('post', path)).status).toBe(204);
  expect((await owner.get('/subscriptions')).body.items).toMatchObject([
    { status: 'Subscribed', autoRenew: false, cancellation: { offer: null } },
  ]);
  expect((await send('delete', path)).status).toBe(204);
  expect((await owner.get('/subscriptions')).body.items).toMatchObject([{ autoRenew: true, cancellation: { offer: 'renewal_off' } }]);
});
