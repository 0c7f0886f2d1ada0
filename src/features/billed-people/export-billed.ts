import { stringify } from 'csv-stringify/sync';
import { unzipSync, zipSync } from 'fflate';
import writeExcelFile from 'write-excel-file/node';
import type { BilledKind } from '../../contract/billed-people';
import { type Locale, localeFor } from '../../contract/common';
import de from '../../contract/locales/de/billed-people.json';
import en from '../../contract/locales/en/billed-people.json';
import it from '../../contract/locales/it/billed-people.json';
import type { Refusal } from '../../contract/refusals';
import type { Actor } from '../../platform/actor';
import { type Context, inTenant } from '../../platform/context';
import type { Download } from '../../platform/download';
import { ok, type Result, refuse } from '../../platform/result';
import { findTenant } from '../tenants/tenants';
import { findUnits, type SnapshotRow, type UnitRow } from './billed-people.store';
import { askedMonth } from './list-billed';
import { isOver } from './months.rules';
import { snapshotMonth } from './snapshot-month';

export const CSV = 'text/csv';
export const XLSX = 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet';

const TEXTS = { en, de, it };
type Texts = typeof en;

/** A month's list as a file: of a month that is over, so that it is the same whenever it is exported again (EC-13). */
export async function exportBilled(
  ctx: Context,
  actor: Actor,
  kind: BilledKind,
  month: string,
  format: 'csv' | 'xlsx',
): Promise<Result<Download, Refusal>> {
  const found = await inTenant(ctx, actor.tenantId, async (tx) => {
    const at = tx.now();
    const asked = await askedMonth(tx, actor, month, at);
    if (!asked.ok) return asked;
    if (!isOver(month, asked.value.timeZone, at)) return refuse({ code: 'month_not_billed' as const, month, reason: 'not_over' as const });
    const snapshot = await snapshotMonth(tx, actor.tenantId, month, null, at);
    const rows = await findUnits(tx.db, actor.tenantId, month, kind, 0, null);
    return ok({ snapshot, rows, locale: localeFor(actor.locale ?? (await findTenant(tx.db, actor.tenantId))!.locale) });
  });
  if (!found.ok) return found;
  const { snapshot, rows, locale } = found.value;
  const texts = TEXTS[locale];
  const table = tableOf(kind, snapshot, rows, texts);
  const name = `${texts[kind].file}-${month}.${format}`;
  if (format === 'csv') return ok({ name, mediaType: CSV, bytes: toCsv(table, locale) });
  return ok({ name, mediaType: XLSX, bytes: await toXlsx(table, texts[kind].sheet) });
}

interface Table {
  header: string[];
  rows: string[][];
}

function tableOf(kind: BilledKind, { active_rule }: SnapshotRow, units: readonly UnitRow[], { header, reason }: Texts): Table {
  return kind === 'people'
    ? {
        header: [header.name, header.address, header.reason, header.teams, header.from, header.until, header.id],
        rows: units.map((unit) => [
          unit.name,
          unit.address ?? '',
          reason[active_rule],
          unit.teams.join(', '),
          unit.from_day,
          unit.until_day,
          unit.subject,
        ]),
      }
    : {
        header: [header.name, header.reason, header.from, header.until, header.id],
        rows: units.map((unit) => [unit.name, reason.team, unit.from_day, unit.until_day, unit.subject]),
      };
}

/** What Excel of a language takes for the end of a cell; it guesses by nothing else. */
const DELIMITER: Record<Locale, string> = { en: ',', de: ';', it: ';' };

/** With a byte order mark, or Excel takes UTF-8 for something else. A name that begins like a formula is quoted, never computed. */
const toCsv = ({ header, rows }: Table, locale: Locale): Buffer =>
  Buffer.from(
    stringify([header, ...rows], { bom: true, delimiter: DELIMITER[locale], record_delimiter: 'windows', escape_formulas: true }),
  );

const WIDTHS = { first: 32, other: 24 };
/** The first instant that a ZIP archive can name; it takes local time. */
const LONG_AGO = new Date(1980, 0, 1);

/** Every cell is text, so that nothing in it is computed. The archive's own times are taken out: the same list, the same bytes. */
async function toXlsx({ header, rows }: Table, sheet: string): Promise<Buffer> {
  const cells = [
    header.map((value) => ({ value, type: String, fontWeight: 'bold' as const })),
    ...rows.map((row) => row.map((value) => ({ value, type: String }))),
  ];
  const columns = header.map((_, index) => ({ width: index === 0 ? WIDTHS.first : WIDTHS.other }));
  const written = await writeExcelFile(cells, { sheet, columns, stickyRowsCount: 1 }).toBuffer();
  const files = Object.entries(unzipSync(written)).map(([name, bytes]) => [name, [bytes, { mtime: LONG_AGO }]] as const);
  return Buffer.from(zipSync(Object.fromEntries(files) as Parameters<typeof zipSync>[0]));
}
