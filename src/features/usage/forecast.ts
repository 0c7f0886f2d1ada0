import type { Locale } from '../../contract/common';
import type { Forecast } from '../../contract/usage';
import type { TxContext } from '../../platform/context';
import { dateInWords, fill } from '../../platform/sentences';
import { calendarDate } from '../entitlements/periods.rules';
import type { Tenant } from '../tenants/tenants';
import { type Counter, remainingOf } from './counter.rules';
import { firstUse, usedBy } from './counters.store';
import { USAGE_TEXTS } from './explanation.rules';
import { type Outlook, outlookOf, weekEdges } from './forecast.rules';

/** How long a meter lasts at the pace of the last weeks; costs the same however long its history is. */
export async function outlookAt(tx: TxContext, tenantId: string, meter: string, counter: Counter, at: Date): Promise<Outlook> {
  const resetsAt = counter.months === 0 ? null : counter.periodEnd;
  const remaining = remainingOf(counter);
  const since = remaining === null || remaining === 0 ? null : await firstUse(tx.db, tenantId, meter);
  if (since === null) return outlookOf({ weeks: [], remaining, at, resetsAt });
  const edges = weekEdges(at, since);
  // What is used at this very instant belongs to the latest week.
  const totals = await usedBy(tx.db, tenantId, meter, [new Date(at.getTime() + 1), ...edges.slice(1)]);
  return outlookOf({ weeks: totals.slice(0, -1).map((total, week) => total - totals[week + 1]!), remaining, at, resetsAt });
}

/** As outlookAt, for a reader. */
export async function forecastAt(
  tx: TxContext,
  tenantId: string,
  meter: string,
  counter: Counter,
  { timeZone }: Pick<Tenant, 'timeZone'>,
  { at, locale }: { at: Date; locale: Locale },
): Promise<Forecast> {
  const { state, perDay, from, likely, until } = await outlookAt(tx, tenantId, meter, counter, at);
  const texts = USAGE_TEXTS[locale].forecast;
  const date = (instant: Date | null) => (instant ? dateInWords(calendarDate(instant, timeZone), locale) : '');
  const key = state === 'runs_out' && until === null ? 'runs_out_open' : state === 'lasts' && counter.months === 0 ? 'lastsLong' : state;
  return {
    state,
    perDay,
    from: from?.toISOString() ?? null,
    at: likely?.toISOString() ?? null,
    until: until?.toISOString() ?? null,
    words: fill(texts[key], { date: date(likely), from: date(from), until: date(until) }, locale),
  };
}
