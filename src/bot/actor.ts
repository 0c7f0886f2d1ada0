import type { Actor } from '../platform/actor';
import { ok, type Result, refuse } from '../platform/result';

/** What of an activity says who speaks and for which organization. It is trusted because the request's token was. */
export interface Origin {
  from?: { aadObjectId?: unknown; name?: unknown };
  conversation?: { tenantId?: unknown };
  channelData?: unknown;
  locale?: unknown;
}

const GUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/iu;

/** The organization of an activity. Two statements that contradict each other are none; null: not said. */
export function tenantOf({ conversation, channelData }: Origin): Result<string | null, 'contradiction'> {
  const said = [conversation?.tenantId, (channelData as { tenant?: { id?: unknown } } | null | undefined)?.tenant?.id].filter(
    (id) => id !== undefined && id !== null && id !== '',
  );
  const tenants = new Set(said.map((id) => String(id).toLowerCase()));
  if (tenants.size > 1) return refuse('contradiction');
  const [tenant] = tenants;
  return ok(tenant !== undefined && GUID.test(tenant) ? tenant : null);
}

/** Who speaks, by directory ids. Guests of a channel and other bots have none and are refused. */
export function actorOf(origin: Origin, locale: string | null): Result<Actor, 'unknown' | 'contradiction'> {
  const tenant = tenantOf(origin);
  if (!tenant.ok) return tenant;
  const objectId = origin.from?.aadObjectId;
  if (tenant.value === null || typeof objectId !== 'string' || !GUID.test(objectId)) return refuse('unknown');
  return ok({
    tenantId: tenant.value,
    memberId: objectId.toLowerCase(),
    name: nameOf(origin.from?.name) ?? objectId.toLowerCase(),
    address: null,
    appRoles: [],
    locale,
    via: 'bot',
  });
}

function nameOf(name: unknown): string | null {
  if (typeof name !== 'string') return null;
  const clean = name.replace(/\p{C}/gu, ' ').trim().slice(0, 200);
  return clean === '' ? null : clean;
}
