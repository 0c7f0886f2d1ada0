import { z } from 'zod';
import { PageQuery, page } from '../../contract/common';
import { Me } from '../../contract/me';
import { Member, MemberPatch } from '../../contract/members';
import { changeRole, listMembers } from '../../features/members/members';
import { describeMe } from '../../features/subscriptions/describe-me';
import { type ApiRoute, idParams, route } from '../api-route';

const Query = PageQuery.extend({
  q: z
    .string()
    .trim()
    .max(200)
    .regex(/^\P{Cc}*$/u, 'must not hold control characters')
    .default(''),
});

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
    summary: 'Members by name; `q` finds a part of it',
    query: Query,
    answer: page(Member),
    run: ({ ctx, actor, query }) => listMembers(ctx, actor, query),
  }),
  route({
    method: 'patch',
    path: '/members/:memberId',
    summary: 'Give a member another role; for owners and admins',
    params: idParams('memberId'),
    body: MemberPatch,
    answer: Member,
    changes: true,
    run: ({ ctx, actor, params, body, revision }) => changeRole(ctx, actor, params.memberId, body.role, revision),
  }),
];
