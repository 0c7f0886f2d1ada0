import { ROLES } from '../../../src/contract/members';
import { METERS } from '../../../src/contract/meters';
import { TicketQuery } from '../../../src/contract/tickets';
import { tickItem } from '../../../src/features/checklists/checklists';
import { createChecklist } from '../../../src/features/checklists/create-checklist';
import { requestLicense } from '../../../src/features/licenses/request-license';
import { setLicense } from '../../../src/features/licenses/set-license';
import { describeMe } from '../../../src/features/subscriptions/describe-me';
import { createTicket } from '../../../src/features/tickets/create-ticket';
import {
  commentTicket,
  deleteTicket,
  getTicket,
  listTickets,
  ticketTimeline,
  undoTicket,
  updateTicket,
} from '../../../src/features/tickets/tickets';
import type { Actor } from '../../../src/platform/actor';
import type { Context } from '../../../src/platform/context';
import { aChecklist, aTicket, creationOf, everything, key, refusalOf, unwrap } from '../../support/acts';
import { testContext } from '../../support/database';
import { aSeatTenant, type SeatTenant } from '../../support/licenses';

const LINKS = { accountUrl: 'https://kontingent.example/account', supportContact: 'support@kontingent.example' };

let ctx: Context;
let tenant: SeatTenant;
/** Somebody who came when all places were taken. */
let limited: Actor;
beforeEach(async () => {
  ({ ctx } = await testContext());
  tenant = await aSeatTenant(ctx, { seats: 1 });
  limited = await tenant.arrive('limited@example.com');
});

const restricted = (needs: string, openRequestId: string | null = null) => ({
  code: 'license_restricted',
  needs,
  mayRequest: true,
  openRequestId,
});

test('MI-06: who comes of themselves when all full licenses are taken is restricted, not refused', async () => {
  expect(await tenant.licenseOf(limited)).toBe('restricted');
  expect(unwrap(await describeMe(ctx, limited, LINKS))).toMatchObject({
    member: { license: 'restricted' },
    license: { kind: 'restricted', mayRequest: true, openRequestId: null },
    may: { create: false, edit: false, manageMembers: false },
  });
});

test.each(METERS)(
  'MI-11: a restricted member creates no %s; nothing is written, and with a full license the same act succeeds',
  async (meter) => {
    const before = await everything(ctx, tenant.tenantId);
    const again = () => creationOf[meter](ctx, limited, key('one act'));
    expect(refusalOf(await again())).toEqual(restricted('create'));
    expect(await everything(ctx, tenant.tenantId)).toEqual(before);
    await tenant.buy(2);
    unwrap(await setLicense(ctx, tenant.owner, limited.memberId, 'full'));
    expect(unwrap(await again())).toMatchObject({ replayed: false });
  },
);

test('MI-11: the first contact of somebody restricted may be an attempt to create', async () => {
  const stranger = { ...limited, memberId: tenant.subscriptionId };
  expect(refusalOf(await createTicket(ctx, stranger, key(), aTicket()))).toMatchObject({ code: 'license_restricted', needs: 'create' });
  expect(await tenant.licenseOf(stranger)).toBe('restricted');
});

test.each(ROLES.filter((role) => role !== 'viewer'))('MI-11 MI-14: a %s with a restricted license creates nothing', async (role) => {
  const member = await tenant.member(role);
  expect(await tenant.licenseOf(member)).toBe('restricted');
  expect(refusalOf(await createTicket(ctx, member, key(), aTicket()))).toMatchObject({ code: 'license_restricted' });
});

test('MI-11 MI-16: a restricted member views and comments, and every other act says how to ask for a license', async () => {
  const { record: ticket } = unwrap(await createTicket(ctx, tenant.owner, key(), aTicket()));
  const { record: checklist } = unwrap(await createChecklist(ctx, tenant.owner, key(), aChecklist()));
  unwrap(await getTicket(ctx, limited, ticket.id));
  expect(unwrap(await listTickets(ctx, limited, TicketQuery.parse({}))).items).toHaveLength(1);
  const comment = unwrap(await commentTicket(ctx, limited, ticket.id, key(), { body: 'I see smoke', kind: 'reply' }));
  expect(comment.record.body).toBe('I see smoke');
  unwrap(await ticketTimeline(ctx, limited, ticket.id));

  const { record: request } = unwrap(await requestLicense(ctx, limited, key(), { note: null }));
  const item = checklist.items[0]!;
  const blocked = [
    await updateTicket(ctx, limited, ticket.id, { title: 'Mine' }, ticket.revision),
    await deleteTicket(ctx, limited, ticket.id, ticket.revision),
    await undoTicket(ctx, limited, ticket.id),
    await tickItem(ctx, limited, checklist.id, item.id, true, checklist.revision),
  ];
  for (const result of blocked) expect(refusalOf(result)).toEqual(restricted('edit', request.id));
  expect(refusalOf(await createChecklist(ctx, limited, key(), aChecklist({ submit: false })))).toEqual(restricted('create', request.id));
  expect(unwrap(await getTicket(ctx, limited, ticket.id)).title).toBe(ticket.title);
});

test('G2: what was created before a license was taken is answered to a retry', async () => {
  await tenant.buy(2);
  unwrap(await setLicense(ctx, tenant.owner, limited.memberId, 'full'));
  const first = unwrap(await createTicket(ctx, limited, key('before'), aTicket()));
  await tenant.buy(1);
  unwrap(await setLicense(ctx, tenant.owner, limited.memberId, 'restricted'));
  expect(unwrap(await createTicket(ctx, limited, key('before'), aTicket()))).toEqual({ record: first.record, replayed: true });
  expect(refusalOf(await createTicket(ctx, limited, key('after'), aTicket()))).toMatchObject({ code: 'license_restricted' });
});

test('a restricted admin still manages: otherwise nobody could give licenses again', async () => {
  const admin = await tenant.arrive(null, { appRoles: ['admin'] });
  await tenant.buy(2);
  expect(unwrap(await setLicense(ctx, admin, admin.memberId, 'full')).license).toBe('full');
});

test('where the plan has no restricted licenses, who finds no place has no access, and may ask for one', async () => {
  tenant = await aSeatTenant(ctx, { policy: { restricted: false, onShortage: 'reject_all' }, seats: 1 });
  const shutOut = await tenant.arrive();
  expect(await tenant.licenseOf(shutOut)).toBe('none');
  const refusal = refusalOf(await listTickets(ctx, shutOut, TicketQuery.parse({})));
  expect(refusal).toEqual({ code: 'license_missing', needs: 'read', mayRequest: true, openRequestId: null });
  expect(unwrap(await describeMe(ctx, shutOut, LINKS)).license).toEqual({ kind: 'none', mayRequest: true, openRequestId: null });
  expect(unwrap(await requestLicense(ctx, shutOut, key(), { note: 'please' })).record.state).toBe('open');
});
