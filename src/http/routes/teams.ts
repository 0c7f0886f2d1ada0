import { PageQuery, PersonRef, page } from '../../contract/common';
import { NewTeam, Team, TeamPatch, TeamPeople, TeamQuery } from '../../contract/teams';
import { createTeam } from '../../features/teams/create-team';
import {
  addToTeam,
  archiveTeam,
  getTeam,
  joinTeam,
  leaveTeam,
  listTeamPeople,
  listTeams,
  unarchiveTeam,
  updateTeam,
} from '../../features/teams/teams';
import { type ApiRoute, idParams, route } from '../api-route';

const params = idParams('teamId');

export const teamRoutes: ApiRoute[] = [
  route({
    method: 'get',
    path: '/teams',
    summary: 'Teams by name: those one is in or may discover, all of them for owners and admins',
    query: TeamQuery,
    answer: page(Team),
    run: ({ ctx, actor, query }) => listTeams(ctx, actor, query),
  }),
  route({
    method: 'post',
    path: '/teams',
    summary: 'Create a team; counts one of the teams where the plan limits or bills them',
    body: NewTeam,
    answer: Team,
    creates: true,
    run: ({ ctx, actor, key, body }) => createTeam(ctx, actor, { clientKey: key }, body),
  }),
  route({
    method: 'get',
    path: '/teams/:teamId',
    summary: 'One team',
    params,
    answer: Team,
    run: ({ ctx, actor, params }) => getTeam(ctx, actor, params.teamId),
  }),
  route({
    method: 'patch',
    path: '/teams/:teamId',
    summary: 'Rename a team or change its settings; for owners, admins and its creator',
    params,
    body: TeamPatch,
    answer: Team,
    changes: true,
    run: ({ ctx, actor, params, body, revision }) => updateTeam(ctx, actor, params.teamId, body, revision),
  }),
  route({
    method: 'post',
    path: '/teams/:teamId/archive',
    summary: 'Archive a team: read-only from now on, its place free at once. For owners and admins',
    params,
    answer: Team,
    changes: true,
    run: ({ ctx, actor, params, revision }) => archiveTeam(ctx, actor, params.teamId, revision),
  }),
  route({
    method: 'post',
    path: '/teams/:teamId/unarchive',
    summary: 'Bring an archived team back; takes a place anew. For owners and admins',
    params,
    answer: Team,
    starts: true,
    run: ({ ctx, actor, params, key }) => unarchiveTeam(ctx, actor, params.teamId, { clientKey: key }),
  }),
  route({
    method: 'post',
    path: '/teams/:teamId/join',
    summary: 'Join a team; who is in it stays in it',
    params,
    answer: Team,
    run: ({ ctx, actor, params }) => joinTeam(ctx, actor, params.teamId),
  }),
  route({
    method: 'get',
    path: '/teams/:teamId/members',
    summary: 'The people of a team, by name',
    params,
    query: PageQuery,
    answer: page(PersonRef),
    run: ({ ctx, actor, params, query }) => listTeamPeople(ctx, actor, params.teamId, query),
  }),
  route({
    method: 'post',
    path: '/teams/:teamId/members',
    summary: 'Add people to a team, all or none; who may is said by the team’s invitations',
    params,
    body: TeamPeople,
    answer: Team,
    run: ({ ctx, actor, params, body }) => addToTeam(ctx, actor, params.teamId, body.memberIds),
  }),
  route({
    method: 'delete',
    path: '/teams/:teamId/members/:memberId',
    summary: 'Leave a team, or take somebody out of it; the latter for owners and admins',
    params: idParams('teamId', 'memberId'),
    answer: null,
    run: ({ ctx, actor, params }) => leaveTeam(ctx, actor, params.teamId, params.memberId),
  }),
];
