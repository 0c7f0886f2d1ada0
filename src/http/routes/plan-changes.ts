import { page } from '../../contract/common';
import {
  ChangeOrder,
  ChangeQuery,
  ChangeQuestion,
  KeptItems,
  PlanChange,
  Preview,
  Rehearsal,
  RehearsalQuestion,
} from '../../contract/plan-changes';
import { CancellationOrder } from '../../contract/subscriptions';
import { resumeContract } from '../../features/plan-changes/cancel-contract';
import { cancelSubscription } from '../../features/plan-changes/cancel-subscription';
import { orderChange } from '../../features/plan-changes/order-change';
import { chooseKept, getChange, listChanges, withdrawChange } from '../../features/plan-changes/plan-changes';
import { previewChange, rehearse } from '../../features/plan-changes/preview-change';
import { type ApiRoute, idParams, route } from '../api-route';

const ofSubscription = idParams('subscriptionId');
const ofChange = idParams('subscriptionId', 'changeId');
const CHANGES = '/subscriptions/:subscriptionId/changes';

export const planChangeRoutes: ApiRoute[] = [
  route({
    method: 'post',
    path: `${CHANGES}/preview`,
    summary: 'What a change of plan would cost and do, or why it cannot be made; writes nothing',
    params: ofSubscription,
    body: ChangeQuestion,
    answer: Preview,
    run: ({ ctx, actor, params, body }) => previewChange(ctx, actor, params.subscriptionId, body),
  }),
  route({
    method: 'post',
    path: `${CHANGES}/rehearse`,
    summary: 'Every item and limit as a change of plan would leave them; writes nothing',
    params: ofSubscription,
    body: RehearsalQuestion,
    answer: Rehearsal,
    run: ({ ctx, actor, params, body }) => rehearse(ctx, actor, params.subscriptionId, body),
  }),
  route({
    method: 'post',
    path: CHANGES,
    summary: 'Order a change as it was previewed: at once, for the end of the period, or at the marketplace',
    params: ofSubscription,
    body: ChangeOrder,
    answer: PlanChange,
    creates: true,
    run: ({ ctx, actor, params, key, body }) => orderChange(ctx, actor, { clientKey: key }, params.subscriptionId, body),
  }),
  route({
    method: 'get',
    path: CHANGES,
    summary: 'Changes of a subscription’s plan, newest first',
    params: ofSubscription,
    query: ChangeQuery,
    answer: page(PlanChange),
    run: ({ ctx, actor, params, query }) => listChanges(ctx, actor, params.subscriptionId, query),
  }),
  route({
    method: 'get',
    path: `${CHANGES}/:changeId`,
    summary: 'One change: of an open one what it would do now, of an applied one what it did',
    params: ofChange,
    answer: PlanChange,
    run: ({ ctx, actor, params }) => getChange(ctx, actor, params.subscriptionId, params.changeId),
  }),
  route({
    method: 'delete',
    path: `${CHANGES}/:changeId`,
    summary: 'Withdraw a change that has not taken effect',
    params: ofChange,
    answer: PlanChange,
    run: ({ ctx, actor, params }) => withdrawChange(ctx, actor, params.subscriptionId, params.changeId),
  }),
  route({
    method: 'put',
    path: `${CHANGES}/:changeId/kept`,
    summary: 'Choose what is kept when the change takes effect, as far as the new limits allow',
    params: ofChange,
    body: KeptItems,
    answer: PlanChange,
    run: ({ ctx, actor, params, body }) => chooseKept(ctx, actor, params.subscriptionId, params.changeId, body.items),
  }),
  route({
    method: 'post',
    path: '/subscriptions/:subscriptionId/cancellation',
    summary:
      'Cancel a subscription as its `cancellation` offers: a contract at once or from the next term on; a purchase at the marketplace, with `consent`',
    params: ofSubscription,
    body: CancellationOrder.prefault({}),
    answer: null,
    run: ({ ctx, actor, params, body }) => cancelSubscription(ctx, actor, params.subscriptionId, body),
  }),
  route({
    method: 'delete',
    path: '/subscriptions/:subscriptionId/cancellation',
    summary: 'Let what was bought here renew again',
    params: ofSubscription,
    answer: null,
    run: ({ ctx, actor, params }) => resumeContract(ctx, actor, params.subscriptionId),
  }),
];
