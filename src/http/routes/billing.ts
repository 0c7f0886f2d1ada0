import { Billing, BillingContact, BillingContactPatch, BillingDocument, DocumentQuery, PdfQuery } from '../../contract/billing';
import { page } from '../../contract/common';
import { downloadDocument, listDocuments } from '../../features/billing/documents';
import { changeBillingContact, viewBilling } from '../../features/billing/view-billing';
import { type ApiRoute, idParams, route } from '../api-route';

export const billingRoutes = (here: { mailIsOn: boolean; supportContact: string }): ApiRoute[] => [
  route({
    method: 'get',
    path: '/billing',
    summary: 'How the organization is billed, and where its bills go; for owners, admins and the billing contact',
    answer: Billing,
    run: ({ ctx, actor }) => viewBilling(ctx, actor, here),
  }),
  route({
    method: 'patch',
    path: '/billing/contact',
    summary: 'Change where bills go; another mailbox may have to be confirmed by the publisher first; for owners and admins',
    body: BillingContactPatch,
    answer: BillingContact,
    changes: true,
    run: ({ ctx, actor, body, revision }) => changeBillingContact(ctx, actor, body, revision),
  }),
  route({
    method: 'get',
    path: '/billing/documents',
    summary: 'Statements, invoices and receipts, newest first; for owners, admins and the billing contact',
    query: DocumentQuery,
    answer: page(BillingDocument),
    run: ({ ctx, actor, query }) => listDocuments(ctx, actor, query),
  }),
  route({
    method: 'get',
    path: '/billing/documents/:documentId.pdf',
    summary: 'A document as PDF under its permanent address; `language` in another language than it was issued in',
    params: idParams('documentId'),
    query: PdfQuery,
    answer: null,
    file: ['application/pdf'],
    run: ({ ctx, actor, params, query }) => downloadDocument(ctx, actor, params.documentId, query.language),
  }),
];
