import type { Request } from 'express';
import type { Actor, OperatorActor, OperatorRole } from '../platform/actor';
import { localeOf, RequestProblem } from './respond';
import type { createEntraVerifier, EntraClaims } from './verify-entra-token';

/** The scope that Teams asks for on the tab's behalf. */
const SCOPE = 'access_as_user';

/** Who calls, from the bearer token. @throws RequestProblem token_missing, token_invalid or identity_unavailable */
export async function authenticate(req: Request, verify: ReturnType<typeof createEntraVerifier>): Promise<Actor> {
  const claims = await claimsOf(req, verify);
  return {
    tenantId: claims.tenantId,
    memberId: claims.objectId,
    name: claims.name,
    address: claims.address,
    appRoles: claims.roles,
    locale: languageOf(req),
    via: 'tab',
  };
}

/** The app roles of the publisher's people, as its directory writes them. */
const APP_ROLES: Record<string, OperatorRole> = { 'Kontingent.Support': 'support', 'Kontingent.Accounting': 'accounting' };

/** Which of the publisher's people calls. A role's name in another directory's token means nothing. @throws RequestProblem */
export async function authenticateOperator(
  req: Request,
  verify: ReturnType<typeof createEntraVerifier>,
  operatorTenantId: string,
): Promise<OperatorActor> {
  const claims = await claimsOf(req, verify);
  if (claims.tenantId !== operatorTenantId) throw new RequestProblem('token_invalid');
  const roles = claims.roles.flatMap((role) => (Object.hasOwn(APP_ROLES, role) ? [APP_ROLES[role]!] : []));
  if (roles.length === 0) throw new RequestProblem('operator_role_missing');
  return { memberId: claims.objectId, name: claims.name, roles, locale: languageOf(req) };
}

const languageOf = (req: Request): string | null => (req.get('accept-language') ? localeOf(req) : null);

async function claimsOf(req: Request, verify: ReturnType<typeof createEntraVerifier>): Promise<EntraClaims> {
  const header = req.get('authorization');
  if (!header) throw new RequestProblem('token_missing');
  const token = /^Bearer ([\w-]+\.[\w-]+\.[\w-]+)$/iu.exec(header)?.[1];
  if (!token) throw new RequestProblem('token_invalid');
  const verified = await verify(token);
  if (!verified.ok) throw new RequestProblem(verified.reason);
  const { claims } = verified;
  if (!claims.scopes.includes(SCOPE)) throw new RequestProblem('token_invalid');
  return claims;
}
