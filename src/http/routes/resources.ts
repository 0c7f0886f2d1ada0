import { z } from 'zod';
import { page } from '../../contract/common';
import { Attachment, NewResource, Resource, ResourceKindView, ResourcePatch, ResourceQuery } from '../../contract/resources';
import { createResource, restoreResource } from '../../features/resources/create-resource';
import {
  archiveResource,
  attachResource,
  deleteResource,
  detachResource,
  getResource,
  listResourceKinds,
  listResources,
  updateResource,
} from '../../features/resources/resources';
import { type ApiRoute, idParams, route } from '../api-route';

const params = idParams('resourceId');

export const resourceRoutes: ApiRoute[] = [
  route({
    method: 'get',
    path: '/resource-kinds',
    summary: 'The kinds of settings-like items that the organization’s plans know, with their limits',
    answer: z.array(ResourceKindView),
    run: ({ ctx, actor }) => listResourceKinds(ctx, actor),
  }),
  route({
    method: 'get',
    path: '/resources',
    summary: 'Settings-like items, oldest first',
    query: ResourceQuery,
    answer: page(Resource),
    run: ({ ctx, actor, query }) => listResources(ctx, actor, query),
  }),
  route({
    method: 'post',
    path: '/resources',
    summary: 'Create a settings-like item; counts against the limit of its kind',
    body: NewResource,
    answer: Resource,
    creates: true,
    run: ({ ctx, actor, key, body }) => createResource(ctx, actor, { clientKey: key }, body),
  }),
  route({
    method: 'get',
    path: '/resources/:resourceId',
    summary: 'One settings-like item',
    params,
    answer: Resource,
    run: ({ ctx, actor, params }) => getResource(ctx, actor, params.resourceId),
  }),
  route({
    method: 'patch',
    path: '/resources/:resourceId',
    summary: 'Rename an item or give it other amounts',
    params,
    body: ResourcePatch,
    answer: Resource,
    changes: true,
    run: ({ ctx, actor, params, body, revision }) => updateResource(ctx, actor, params.resourceId, body, revision),
  }),
  route({
    method: 'delete',
    path: '/resources/:resourceId',
    summary: 'Remove an item for good, with all below it',
    params,
    answer: null,
    changes: true,
    run: ({ ctx, actor, params, revision }) => deleteResource(ctx, actor, params.resourceId, revision),
  }),
  route({
    method: 'post',
    path: '/resources/:resourceId/archive',
    summary: 'Take an item out of use, with all below it; its place is free at once',
    params,
    answer: Resource,
    changes: true,
    run: ({ ctx, actor, params, revision }) => archiveResource(ctx, actor, params.resourceId, revision),
  }),
  route({
    method: 'post',
    path: '/resources/:resourceId/restore',
    summary: 'Take an archived item back into use; counts anew',
    params,
    answer: Resource,
    starts: true,
    run: ({ ctx, actor, params, key }) => restoreResource(ctx, actor, { clientKey: key }, params.resourceId),
  }),
  route({
    method: 'post',
    path: '/resources/:resourceId/attach',
    summary: 'Hang an item on another one',
    params,
    body: Attachment,
    answer: Resource,
    changes: true,
    run: ({ ctx, actor, params, body, revision }) => attachResource(ctx, actor, params.resourceId, body.to, revision),
  }),
  route({
    method: 'post',
    path: '/resources/:resourceId/detach',
    summary: 'Take an item off what it hangs on',
    params,
    answer: Resource,
    changes: true,
    run: ({ ctx, actor, params, revision }) => detachResource(ctx, actor, params.resourceId, revision),
  }),
];
