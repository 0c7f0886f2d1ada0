import { exportBilled } from '../../../src/features/billed-people/export-billed';
import { archiveTeam } from '../../../src/features/teams/teams';
import type { Actor } from '../../../src/platform/actor';
import { type Context, inTenant } from '../../../src/platform/context';
import { refusalOf, unwrap } from '../../support/acts';
import { testContext } from '../../support/database';
import { aPeoplePlan, aTeam } from '../../support/teams';
import { aTenant } from '../../support/tenant';
import { cellsOf } from '../../support/workbook';

/** March is over; these people were in the team of this name. */
async function afterMarch(people: [name: string, address: string | null][], teamName = 'Service') {
  const { ctx, clock } = await testContext({ now: '2026-03-02T00:00:00.000Z' });
  const tenant = await aTenant(ctx, { plan: await aPeoplePlan(ctx) });
  const members: Actor[] = [];
  for (const [name, address] of people) {
    const actor = await tenant.member('member', name);
    members.push(actor);
    await inTenant(ctx, tenant.tenantId, ({ db }) =>
      db.query('update members set address = $3 where tenant_id = $1 and member_id = $2', [tenant.tenantId, actor.memberId, address]),
    );
  }
  const team = await aTeam(ctx, tenant.owner, members, { name: teamName });
  clock.set('2026-03-10T12:00:00.000Z');
  unwrap(await archiveTeam(ctx, tenant.owner, team.id, 1));
  clock.set('2026-04-01T00:00:00.000Z');
  return { ctx, clock, tenant, members };
}

const file = async (ctx: Context, actor: Actor, format: 'csv' | 'xlsx', kind: 'people' | 'teams' = 'people') => {
  const { bytes, ...named } = unwrap(await exportBilled(ctx, actor, kind, '2026-03', format));
  return { ...named, bytes: bytes as Buffer };
};

test('EC-13: the export names exactly the billed, with address, reason, teams and dates', async () => {
  const { ctx, tenant, members } = await afterMarch([
    ['Mara', 'mara@example.com'],
    ['Otto', null],
  ]);
  const { name, mediaType, bytes } = await file(ctx, tenant.owner, 'csv');
  expect([name, mediaType]).toEqual(['billed-people-2026-03.csv', 'text/csv']);
  expect(bytes.toString('utf8')).toBe(
    [
      '\uFEFFName,Address,Reason,Teams,From,Until,Id',
      `Mara,mara@example.com,Member of an active team,Service,2026-03-02,2026-03-10,${members[0]!.memberId}`,
      `Otto,,Member of an active team,Service,2026-03-02,2026-03-10,${members[1]!.memberId}`,
      '',
    ].join('\r\n'),
  );
  const teams = (await file(ctx, tenant.owner, 'csv', 'teams')).bytes.toString('utf8');
  expect(teams).toMatch(/^\uFEFFName,Reason,From,Until,Id\r\nService,Active team,2026-03-02,2026-03-10,[0-9a-f-]{36}\r\n$/u);
});

test('EC-13: exported again months later, after everything has changed, it is the same to the byte, as CSV and as XLSX', async () => {
  const { ctx, clock, tenant } = await afterMarch([['Mara', 'mara@example.com']]);
  const before = { csv: await file(ctx, tenant.owner, 'csv'), xlsx: await file(ctx, tenant.owner, 'xlsx') };
  await inTenant(ctx, tenant.tenantId, ({ db }) =>
    db.query(`update members set name = 'Renamed', state = 'removed', standing_since = $2 where tenant_id = $1 and role = 'member'`, [
      tenant.tenantId,
      ctx.now(),
    ]),
  );
  clock.advance({ days: 300 });
  const real = Date.now;
  try {
    // What writes archives stamps them with the real time.
    Date.now = () => real() + 400 * 86_400_000;
    for (const format of ['csv', 'xlsx'] as const) {
      const { bytes } = await file(ctx, tenant.owner, format);
      expect(bytes.equals(before[format].bytes)).toBe(true);
    }
  } finally {
    Date.now = real;
  }
});

const HOSTILE = ['=1+1', '+1', '-1', '@SUM(A1)', '\t=1', '\r=1', '=cmd|" /C calc"!A0', '"=1"', 'a;b,c"d', '＝1', 'line\nbreak'];

test('EC-13: no name, address or team can make a spreadsheet compute: not in CSV', async () => {
  const { ctx, tenant } = await afterMarch(
    HOSTILE.map((name) => [name, name]),
    '=HYPERLINK("https://attacker.example")',
  );
  const text = (await file(ctx, tenant.owner, 'csv')).bytes.toString('utf8');
  const cells = text
    .slice(1)
    .split(/\r\n(?=.*[0-9a-f]{12})|,/u)
    .map((cell) => cell.replace(/^"/u, ''));
  expect(cells.length).toBeGreaterThan(HOSTILE.length * 6);
  for (const cell of cells) expect([cell, /^[=+\-@\t\r＝]/u.test(cell)]).toEqual([cell, false]);
  expect(text).toContain("'=1+1");
  expect(text).toContain("'@SUM(A1)");
});

test('EC-13: nor in XLSX, where every cell is text and every character survives', async () => {
  const { ctx, tenant } = await afterMarch(HOSTILE.map((name) => [name, null]));
  const { mediaType, bytes, name } = await file(ctx, tenant.owner, 'xlsx');
  expect([name, mediaType]).toEqual(['billed-people-2026-03.xlsx', 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet']);
  const { rows, formulas, sheet } = cellsOf(bytes);
  expect([sheet, formulas, rows.length]).toEqual(['Billed people', 0, HOSTILE.length + 1]);
  expect(rows[0]).toEqual(['Name', 'Address', 'Reason', 'Teams', 'From', 'Until', 'Id']);
  const shown = rows.slice(1).map(([first]) => first!.trim());
  expect(shown.sort()).toEqual(HOSTILE.map((one) => one.trim()).sort());
});

test.each([
  ['de-DE', 'abgerechnete-personen-2026-03.csv', 'Name;Adresse;Grund;Teams;Von;Bis;Kennung', 'Mitglied eines aktiven Teams'],
  ['it', 'persone-fatturate-2026-03.csv', 'Nome;Indirizzo;Motivo;Team;Dal;Al;Identificativo', 'Membro di un team attivo'],
])(
  'headers, reasons and file names are in the reader’s language, cells as its Excel parts them (%s)',
  async (locale, name, header, reason) => {
    const { ctx, tenant } = await afterMarch([['Mara', null]]);
    const found = await file(ctx, { ...tenant.owner, locale }, 'csv');
    expect(found.name).toBe(name);
    expect(found.bytes.toString('utf8').split('\r\n')[0]).toBe(`\uFEFF${header}`);
    expect(found.bytes.toString('utf8')).toContain(reason);
  },
);

test('a month that is not over is no file, nor is one before the beginning; only owners and admins export', async () => {
  const { ctx, tenant, members } = await afterMarch([['Mara', null]]);
  const month = async (asked: string, actor = tenant.owner) => refusalOf(await exportBilled(ctx, actor, 'people', asked, 'csv'));
  expect(await month('2026-04')).toEqual({ code: 'month_not_billed', month: '2026-04', reason: 'not_over' });
  expect(await month('2026-02')).toEqual({ code: 'month_not_billed', month: '2026-02', reason: 'before_start' });
  expect(await month('2026-03', members[0]!)).toEqual({ code: 'not_allowed', needs: 'read_billing' });
});
