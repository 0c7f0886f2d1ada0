import type { Request } from 'express';
import type { Actor } from '../platform/actor';
import { localeOf, RequestProblem } from './respond';
import type { createEntraVerifier } from './verify-entra-token';

/** The scope that Teams asks for on the tab's behalf. */
const SCOPE = 'access_as_user';

/** Who calls, from the bearer token. @throws RequestProblem token_missing, token_invalid or identity_unavailable */
export async function authenticate(req: Request, verify: ReturnType<typeof createEntraVerifier>): Promise<Actor> {
  const header = req.get('authorization');
  if (!header) throw new RequestProblem('token_missing');
  const token = /^Bearer ([\w-]+\.[\w-]+\.[\w-]+)$/iu.exec(header)?.[1];
  if (!token) throw new RequestProblem('token_invalid');
  const verified = await verify(token);
  if (!verified.ok) throw new RequestProblem(verified.reason);
  const { claims } = verified;
  if (!claims.scopes.includes(SCOPE)) throw new RequestProblem('token_invalid');
  return {
    tenantId: claims.tenantId,
    memberId: claims.objectId,
    name: claims.name,
    address: claims.address,
    appRoles: claims.roles,
    locale: req.get('accept-language') ? localeOf(req) : null,
    via: 'tab',
  };
}
