import { z } from 'zod';
import { BillingDocument, Bounce, DocumentQuery, ReceivedPayment } from '../../../contract/billing';
import { page } from '../../../contract/common';
import { DecisionWord } from '../../../contract/requests';
import { decideBillingContact } from '../../../features/billing/contact';
import { recordPayment } from '../../../features/billing/record-payment';
import { reportBounce } from '../../../features/billing/report-bounce';
import { seeDocuments } from '../../../features/billing/see-documents';
import type { OperatorActor } from '../../../platform/actor';
import { type ApiRoute, idParams, operatorRoute } from '../../api-route';

const ofDocument = idParams('tenantId', 'documentId');

export const operatorBillingRoutes: ApiRoute<OperatorActor>[] = [
  operatorRoute({
    method: 'get',
    path: '/tenants/:tenantId/documents',
    summary: 'Bills of an organization, their payments and mails, newest first',
    params: idParams('tenantId'),
    query: DocumentQuery,
    answer: page(BillingDocument),
    run: ({ ctx, actor, params, query }) => seeDocuments(ctx, actor, params.tenantId, query),
  }),
  operatorRoute({
    method: 'post',
    path: '/tenants/:tenantId/documents/:documentId/payment',
    summary: 'Note that the money of a document has moved, by a transfer or after all; issues the receipt. For accounting',
    params: ofDocument,
    body: ReceivedPayment,
    answer: BillingDocument,
    run: ({ ctx, actor, params, body }) => recordPayment(ctx, actor, params, body),
  }),
  operatorRoute({
    method: 'post',
    path: '/tenants/:tenantId/documents/:documentId/bounce',
    summary: 'Note that the mail of a document came back; its administrators are told. For accounting',
    params: ofDocument,
    body: Bounce,
    answer: BillingDocument,
    run: ({ ctx, actor, params, body }) => reportBounce(ctx, actor, params, body),
  }),
  operatorRoute({
    method: 'post',
    path: '/tenants/:tenantId/billing-contact-requests/:requestId/decision',
    summary: 'Confirm or refuse the mailbox that an organization asked for. For accounting',
    params: idParams('tenantId', 'requestId'),
    body: z.strictObject({ decision: DecisionWord }),
    answer: z.object({ mailbox: z.string().nullable() }),
    run: ({ ctx, actor, params, body }) => decideBillingContact(ctx, actor, params, body),
  }),
];
