import { Checklist, ChecklistItemPatch, ChecklistQuery, NewChecklist } from '../../contract/checklists';
import { page } from '../../contract/common';
import { getChecklist, listChecklists, tickItem } from '../../features/checklists/checklists';
import { createChecklist } from '../../features/checklists/create-checklist';
import { submitChecklist } from '../../features/checklists/submit-checklist';
import { type ApiRoute, idParams, route } from '../api-route';

const params = idParams('checklistId');

export const checklistRoutes: ApiRoute[] = [
  route({
    method: 'get',
    path: '/checklists',
    summary: 'Checklists, newest first',
    query: ChecklistQuery,
    answer: page(Checklist),
    run: ({ ctx, actor, query }) => listChecklists(ctx, actor, query),
  }),
  route({
    method: 'post',
    path: '/checklists',
    summary: 'Create a checklist; with submit it starts and counts one of the checklists meter, without it is a draft checklist',
    body: NewChecklist,
    answer: Checklist,
    creates: true,
    run: ({ ctx, actor, key, body }) => createChecklist(ctx, actor, { clientKey: key }, body),
  }),
  route({
    method: 'get',
    path: '/checklists/:checklistId',
    summary: 'One checklist with its items',
    params,
    answer: Checklist,
    run: ({ ctx, actor, params }) => getChecklist(ctx, actor, params.checklistId),
  }),
  route({
    method: 'post',
    path: '/checklists/:checklistId/submit',
    summary: 'Start a draft checklist; counts one of the checklists meter',
    params,
    answer: Checklist,
    starts: true,
    run: ({ ctx, actor, params, key }) => submitChecklist(ctx, actor, { clientKey: key }, params.checklistId),
  }),
  route({
    method: 'patch',
    path: '/checklists/:checklistId/items/:itemId',
    summary: 'Tick or untick an item; works at the limit. If-Match is the checklist’s revision',
    params: idParams('checklistId', 'itemId'),
    body: ChecklistItemPatch,
    answer: Checklist,
    changes: true,
    run: ({ ctx, actor, params, body, revision }) => tickItem(ctx, actor, params.checklistId, params.itemId, body.done, revision),
  }),
];
