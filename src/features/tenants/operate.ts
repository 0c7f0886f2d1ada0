import type { Refusal } from '../../contract/refusals';
import type { OperatorActor, OperatorRole } from '../../platform/actor';
import { type Context, inTenant, type TxContext } from '../../platform/context';
import { ok, type Result, refuse } from '../../platform/result';
import { audit } from '../audit/audit';
import { ensureTenant, findTenant, type Tenant } from './tenants';

/** What one of the publisher's people does for one organization. */
export interface OperatorAct {
  operator: OperatorActor;
  /** The role it takes. */
  needs: OperatorRole;
  /** Makes the organization known, should it not be yet. */
  registers?: boolean;
  tenantId: string;
  /** As the audit log names it. */
  action: string;
  reason: string;
  /** What else the audit log keeps: the act's input. */
  details?: Record<string, unknown>;
}

/** What an act came to, and about what. `isNew` false: it had been done before, and is written down already. */
export interface Done<T> {
  value: T;
  subject: string | null;
  isNew?: boolean;
}

/**
 * The one door through which the publisher's people act: in the named organization alone, by those of the right role, and
 * written into its audit log with the reason. `work` refuses before it writes.
 */
export function operate<T>(
  ctx: Context,
  act: OperatorAct,
  work: (tx: TxContext, tenant: Tenant, at: Date) => Promise<Result<Done<T>, Refusal>>,
): Promise<Result<T, Refusal>> {
  return inTenant(ctx, act.tenantId, async (tx) => {
    const { operator, needs, action, reason, details } = act;
    if (!operator.roles.includes(needs)) return refuse({ code: 'not_allowed', needs });
    const at = tx.now();
    if (act.registers) await ensureTenant(tx.db, act.tenantId, at);
    const tenant = await findTenant(tx.db, act.tenantId);
    if (!tenant) return refuse({ code: 'tenant_not_found' });
    const done = await work(tx, tenant, at);
    if (!done.ok) return done;
    const { value, subject, isNew = true } = done.value;
    if (isNew)
      await audit(
        tx,
        act.tenantId,
        { actor: operator.memberId, via: 'operator', action, subject, details: { ...details, reason, name: operator.name } },
        at,
      );
    return ok(value);
  });
}

/** Lets any of the publisher's people look at one organization; that somebody looked is written down too. */
export function overlook<T>(
  ctx: Context,
  operator: OperatorActor,
  tenantId: string,
  subject: string,
  work: (tx: TxContext, tenant: Tenant, at: Date) => Promise<Result<T, Refusal>>,
): Promise<Result<T, Refusal>> {
  const act = { operator, needs: operator.roles[0]!, tenantId, action: 'operator.look', reason: '' };
  return operate(ctx, act, async (tx, tenant, at) => {
    const seen = await work(tx, tenant, at);
    return seen.ok ? ok({ value: seen.value, subject }) : seen;
  });
}
