import { page } from '../../contract/common';
import { Me } from '../../contract/me';
import {
  ChangedClasses,
  ClassChange,
  Member,
  MemberPatch,
  MemberQuery,
  QuietQuery,
  Removal,
  RemovalOrder,
  RemovalPreview,
  RemovalUndone,
} from '../../contract/members';
import { changeClasses, changeMember, listMembers, listQuietMembers, readmitMember, removeMember } from '../../features/members/members';
import { describeMe } from '../../features/subscriptions/describe-me';
import { previewRemoval, removeUnplaced, undoRemoval } from '../../features/teams/remove-unplaced';
import { type ApiRoute, idParams, route } from '../api-route';

const params = idParams('memberId');

export const memberRoutes = (links: { accountUrl: string; supportContact: string }): ApiRoute[] => [
  route({
    method: 'get',
    path: '/me',
    summary: 'Who is asking, what they may do, and what their organization bought',
    answer: Me,
    run: ({ ctx, actor }) => describeMe(ctx, actor, links),
  }),
  route({
    method: 'get',
    path: '/members',
    summary: 'Members by name, each with whether the plan counts them; removed ones for owners and admins',
    query: MemberQuery,
    answer: page(Member),
    run: ({ ctx, actor, query }) => listMembers(ctx, actor, query),
  }),
  route({
    method: 'get',
    path: '/members/inactive',
    summary: 'Counted people whom nobody has seen for `days`, longest ago first; for owners and admins',
    query: QuietQuery,
    answer: page(Member),
    run: ({ ctx, actor, query }) => listQuietMembers(ctx, actor, query),
  }),
  route({
    method: 'post',
    path: '/members/class',
    summary: 'Give many members one class, all or none; again changes nothing. For owners and admins',
    body: ClassChange,
    answer: ChangedClasses,
    run: ({ ctx, actor, body }) => changeClasses(ctx, actor, body),
  }),
  route({
    method: 'get',
    path: '/members/removals/preview',
    summary: 'Who is in no active team and would be removed; for owners and admins, where the plan counts people in active teams',
    answer: RemovalPreview,
    run: ({ ctx, actor }) => previewRemoval(ctx, actor),
  }),
  route({
    method: 'post',
    path: '/members/removals',
    summary: 'Remove everybody whom the preview with this hash names; nobody to remove is fine',
    body: RemovalOrder,
    answer: Removal,
    starts: true,
    run: ({ ctx, actor, key, body }) => removeUnplaced(ctx, actor, { clientKey: key }, body),
  }),
  route({
    method: 'post',
    path: '/members/removals/:removalId/undo',
    summary: 'Take back a removal within a day: everybody it removed has access again',
    params: idParams('removalId'),
    answer: RemovalUndone,
    run: ({ ctx, actor, params }) => undoRemoval(ctx, actor, params.removalId),
  }),
  route({
    method: 'patch',
    path: '/members/:memberId',
    summary: 'Give a member another role or class; for owners and admins',
    params,
    body: MemberPatch,
    answer: Member,
    changes: true,
    run: ({ ctx, actor, params, body, revision }) => changeMember(ctx, actor, params.memberId, body, revision),
  }),
  route({
    method: 'delete',
    path: '/members/:memberId',
    summary: 'Take a member’s access away; what they wrote stays. For owners and admins',
    params,
    answer: null,
    changes: true,
    run: ({ ctx, actor, params, revision }) => removeMember(ctx, actor, params.memberId, revision),
  }),
  route({
    method: 'post',
    path: '/members/:memberId/readmit',
    summary: 'Give a removed member access again; for owners and admins',
    params,
    answer: Member,
    run: ({ ctx, actor, params }) => readmitMember(ctx, actor, params.memberId),
  }),
];
