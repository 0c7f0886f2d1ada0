import type { CredentialView } from '../../contract/marketplace-log';
import type { Context } from '../../platform/context';
import { sayOnce } from '../audit/said-once';
import { type Credential, daysLeft, dueWarning, stateOf } from './credentials.rules';

/**
 * Warns in the log of secrets and certificates that end within 30 days, again at 7 and at 1, and when they are over; each is said once,
 * whatever instance says it. A new credential begins anew. `now` is real time, as issuers count it.
 */
export async function warnOfCredentials(ctx: Context, credentials: readonly Credential[], now: Date): Promise<void> {
  for (const credential of credentials) {
    const warning = dueWarning(credential, now);
    const { name, expiresAt } = credential;
    if (warning === null || expiresAt === null) continue;
    if (!(await sayOnce(ctx.database, `credential.${name}.${expiresAt.toISOString()}.${warning}`, now))) continue;
    const facts = { setting: name, expiresAt: expiresAt.toISOString(), daysLeft: daysLeft(expiresAt, now) };
    if (warning === 0) ctx.log.error(facts, 'a credential is over: what needs it is refused until it is replaced');
    else ctx.log.warn(facts, 'a credential ends soon: replace it');
  }
}

export const showCredentials = (credentials: readonly Credential[], now: Date): CredentialView[] =>
  credentials.map((one) => ({
    name: one.name,
    expiresAt: one.expiresAt?.toISOString() ?? null,
    daysLeft: one.expiresAt && daysLeft(one.expiresAt, now),
    state: stateOf(one, now),
  }));
