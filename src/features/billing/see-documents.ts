import type { BillingDocument, DocumentQuery } from '../../contract/billing';
import { localeFor } from '../../contract/common';
import type { Refusal } from '../../contract/refusals';
import type { OperatorActor } from '../../platform/actor';
import type { Context } from '../../platform/context';
import type { Page } from '../../platform/page';
import { ok, type Result } from '../../platform/result';
import { overlook } from '../tenants/operate';
import { documentsOf } from './documents';

/** What the publisher's people see of an organization's bills. */
export const seeDocuments = (
  ctx: Context,
  operator: OperatorActor,
  tenantId: string,
  query: DocumentQuery,
): Promise<Result<Page<BillingDocument>, Refusal>> =>
  overlook(ctx, operator, tenantId, 'documents', async (tx) => ok(await documentsOf(tx, tenantId, query, localeFor(operator.locale))));
