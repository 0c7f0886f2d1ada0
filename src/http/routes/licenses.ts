import { PageQuery, page } from '../../contract/common';
import {
  HolderQuery,
  Invitation,
  InvitationBatch,
  InvitationBatchResult,
  LicenseChange,
  LicenseHolder,
  LicenseOverview,
  LicenseRequest,
  LicenseSettingsPatch,
  LicenseSettingsView,
} from '../../contract/licenses';
import { Request } from '../../contract/requests';
import { inviteToLicenses } from '../../features/licenses/invite';
import { changeLicenseSettings, readLicenseSettings } from '../../features/licenses/license-settings';
import { requestLicense } from '../../features/licenses/request-license';
import { setLicense } from '../../features/licenses/set-license';
import { listInvitations, takeInvitationBack, viewLicenses } from '../../features/licenses/view-licenses';
import { type ApiRoute, idParams, route } from '../api-route';

export const licenseRoutes: ApiRoute[] = [
  route({
    method: 'get',
    path: '/licenses',
    summary: 'The places for full licenses as allocation sees them at this instant, and who holds which license, by name',
    query: HolderQuery,
    answer: LicenseOverview,
    run: ({ ctx, actor, query }) => viewLicenses(ctx, actor, query),
  }),
  route({
    method: 'get',
    path: '/licenses/invitations',
    summary: 'Open invitations of people who have not been here yet, newest first; for owners and admins',
    query: PageQuery,
    answer: page(Invitation),
    run: ({ ctx, actor, query }) => listInvitations(ctx, actor, query),
  }),
  route({
    method: 'post',
    path: '/licenses/invitations',
    summary: 'Invite people; licenses are given in the order of the list, and `limited` names whose access is limited',
    body: InvitationBatch,
    answer: InvitationBatchResult,
    creates: true,
    run: ({ ctx, actor, key, body }) => inviteToLicenses(ctx, actor, { clientKey: key }, body),
  }),
  route({
    method: 'delete',
    path: '/licenses/invitations/:invitationId',
    summary: 'Take an open invitation back; its place is free at once. For owners and admins',
    params: idParams('invitationId'),
    answer: null,
    run: ({ ctx, actor, params }) => takeInvitationBack(ctx, actor, params.invitationId),
  }),
  route({
    method: 'get',
    path: '/licenses/settings',
    summary: 'What new members get, where requests go and who may invite; for owners and admins',
    answer: LicenseSettingsView,
    run: ({ ctx, actor }) => readLicenseSettings(ctx, actor),
  }),
  route({
    method: 'patch',
    path: '/licenses/settings',
    summary: 'Choose otherwise than the plan says; null goes back to it. For owners and admins',
    body: LicenseSettingsPatch,
    answer: LicenseSettingsView,
    run: ({ ctx, actor, body }) => changeLicenseSettings(ctx, actor, body),
  }),
  route({
    method: 'post',
    path: '/licenses/requests',
    summary: 'Ask for a full license; asking again is the same request while it is open',
    body: LicenseRequest,
    answer: Request,
    creates: true,
    run: ({ ctx, actor, key, body }) => requestLicense(ctx, actor, { clientKey: key }, body),
  }),
  route({
    method: 'patch',
    path: '/licenses/:memberId',
    summary: 'Switch a member’s license; the one they have already is no change. For owners and admins',
    params: idParams('memberId'),
    body: LicenseChange,
    answer: LicenseHolder,
    run: ({ ctx, actor, params, body }) => setLicense(ctx, actor, params.memberId, body.license),
  }),
];
