import type { LicenseRequest } from '../../contract/licenses';
import type { Refusal } from '../../contract/refusals';
import type { Request } from '../../contract/requests';
import type { Actor } from '../../platform/actor';
import { type Context, inTenant } from '../../platform/context';
import { fingerprint } from '../../platform/fingerprint';
import { ok, type Result, refuse } from '../../platform/result';
import { enter } from '../members/admit-member';
import { enqueue } from '../outbox/outbox';
import { holdRequest, openRequest } from '../requests/requests';
import { type Created, type CreationKey, keyOf } from '../usage/creation';
import { once } from '../usage/once';
import { recall } from '../usage/recall';
import { routeRequest } from './licenses.rules';
import { giveLicenses, holdPool, TOPICS } from './pool';

const OPEN_MS = 30 * 86_400_000;

/** Asks for a full license: the one open request of this person, granted at once where a setting says so and a place is free. */
export function requestLicense(
  ctx: Context,
  actor: Actor,
  key: CreationKey,
  input: LicenseRequest,
): Promise<Result<Created<Request>, Refusal>> {
  const { tenantId, memberId } = actor;
  return inTenant(ctx, tenantId, async (tx) => {
    const at = tx.now();
    const act = { key: keyOf('request_license', actor, key), fingerprint: fingerprint(input) };
    const access = await enter(tx, actor, 'request_license');
    if (!access.ok) return access;
    const pool = await holdPool(tx, tenantId);
    const before = await recall(tx, tenantId, act);
    if (!before.ok) return before;
    if (before.value) return ok({ record: (await holdRequest(tx, tenantId, before.value, at))!, replayed: true });

    if (!pool) return refuse({ code: 'licenses_not_assigned' });
    if (access.value.license === 'full') return refuse({ code: 'license_not_needed' });
    const route = routeRequest(pool);
    if (route === 'off') return refuse({ code: 'license_requests_off' });

    const asked = { kind: 'license' as const, subject: memberId, requestedBy: memberId, details: { note: input.note } };
    const { request, isNew } = await openRequest(tx, tenantId, { ...asked, expiresAt: new Date(at.getTime() + OPEN_MS) }, at);
    await once(tx, tenantId, { ...act, subject: request.id }, at);
    if (route === 'grant') {
      await giveLicenses(tx, tenantId, [memberId], 'full', { actor: 'automatic', via: 'licenses', because: 'granted' }, at);
      return ok({ record: (await holdRequest(tx, tenantId, request.id, at))!, replayed: false });
    }
    if (isNew) await enqueue(tx, tenantId, TOPICS.requested, { requestId: request.id }, at);
    return ok({ record: request, replayed: false });
  });
}
