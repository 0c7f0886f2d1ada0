import type { Meter } from '../../src/contract/meters';
import { METERS } from '../../src/contract/meters';
import type { Plan } from '../../src/features/plans/plans';
import { type Anchor, nextEdge, periodAt } from './calendar';

interface Use {
  meter: Meter;
  subject: string;
  units: number;
  at: Date;
  period: string;
  releasedAt: Date | null;
}

interface Hold {
  holdId: string;
  meter: Meter;
  units: number;
  period: string;
  openedAt: Date;
  expiresAt: Date;
  closedAt: Date | null;
}

interface Support {
  meter: Meter;
  units: number;
  from: Date;
  until: Date;
}

/** What a meter's notices were given for: its period, how high the limit has been, how often it rose. */
interface Level {
  period: string;
  granted: number;
  peak: number;
  epoch: number;
}

const THRESHOLDS = [80, 100];

/**
 * What one organization must have, kept beside the product: every act is written down here with its instant, and every number is
 * told from that list again. Nothing here reads the product's tables or calls its rules.
 */
export class Books {
  readonly anchors: Anchor[] = [];
  readonly uses: Use[] = [];
  readonly holds: Hold[] = [];
  readonly support: Support[] = [];
  /** Which plan grants from when; null: none. What is to come stands here too, until it is taken back. */
  readonly plans: { from: Date; plan: Plan | null }[] = [];
  readonly standings: { from: Date; isSubscribed: boolean }[] = [];
  /** Notices that must have been given, and those that may: `<meter> <period> <epoch> <percent>`. */
  readonly required = new Set<string>();
  readonly possible = new Set<string>();
  private readonly levels = new Map<Meter, Level & { seenAt: Date }>();

  /** A new anchor: periods begin now. What is kept of the use opens the new one. */
  start(anchor: Anchor, kept: 'nothing' | 'use'): void {
    const carried = METERS.map((meter) => [meter, kept === 'use' && this.anchor ? this.used(meter, anchor.startedAt) : 0] as const);
    this.anchors.push(anchor);
    const period = periodAt(anchor, anchor.startedAt);
    for (const [meter, units] of carried)
      if (units > 0) this.uses.push({ meter, subject: `carried into ${period}`, units, at: anchor.startedAt, period, releasedAt: null });
  }

  get anchor(): Anchor | null {
    return this.anchors.at(-1) ?? null;
  }

  /** The anchor that held at an instant, and the one that came after it. */
  anchorAt(at: Date): Anchor {
    return this.anchors.filter(({ startedAt }) => startedAt <= at).at(-1)!;
  }

  anchorAfter(at: Date): Anchor | null {
    return this.anchors.find(({ startedAt }) => startedAt > at) ?? null;
  }

  /** The period that began then, by its own anchor. */
  nameOf(start: Date): string {
    return periodAt(this.anchorAt(start), start);
  }

  period(at: Date): string {
    return periodAt(this.anchor!, at);
  }

  use(meter: Meter, subject: string, at: Date, units = 1): void {
    this.uses.push({ meter, subject, units, at, period: this.period(at), releasedAt: null });
  }

  release(subject: string, at: Date): void {
    this.uses.find((one) => one.subject === subject)!.releasedAt ??= at;
  }

  hold(hold: Pick<Hold, 'holdId' | 'meter' | 'units' | 'expiresAt'>, at: Date): void {
    this.holds.push({ ...hold, period: this.period(at), openedAt: at, closedAt: null });
  }

  /** Of a hold that is confirmed: used in the period it was opened in. */
  confirm(holdId: string, subject: string, at: Date): void {
    const hold = this.holds.find((one) => one.holdId === holdId)!;
    hold.closedAt = at;
    this.uses.push({ meter: hold.meter, subject, units: hold.units, at, period: hold.period, releasedAt: null });
  }

  used(meter: Meter, at: Date): number {
    return this.usedIn(meter, this.period(at), at);
  }

  private usedIn(meter: Meter, period: string, at: Date): number {
    return sum(
      this.uses
        .filter((one) => one.meter === meter && one.period === period && one.at <= at && (one.releasedAt === null || one.releasedAt > at))
        .map(({ units }) => units),
    );
  }

  held(meter: Meter, at: Date): number {
    return this.heldIn(meter, this.period(at), at);
  }

  private heldIn(meter: Meter, period: string, at: Date): number {
    const open = this.holds.filter(
      (one) =>
        one.meter === meter && one.period === period && one.openedAt <= at && one.expiresAt > at && !(one.closedAt && one.closedAt <= at),
    );
    return sum(open.map(({ units }) => units));
  }

  planAt(at: Date): Plan | null {
    return this.plans.filter(({ from }) => from <= at).at(-1)?.plan ?? null;
  }

  isSubscribed(at: Date): boolean {
    return this.standings.filter(({ from }) => from <= at).at(-1)?.isSubscribed ?? false;
  }

  /** Whether the running period began at this very instant, and has been used in it. */
  beganWith(at: Date): boolean {
    const period = this.period(at);
    const hasBegun = this.anchor!.startedAt >= at || this.period(new Date(at.getTime() - 1)) !== period;
    return hasBegun && [...this.uses, ...this.holds].some((one) => one.period === period);
  }

  /** What is granted of a meter at an instant: the plan, what was carried over, support, and what was used of support that is over. */
  granted(meter: Meter, at: Date): number {
    const item = this.item(meter, at);
    const plan = item && this.isSubscribed(at) ? item.amount! : 0;
    const support = this.support.filter((one) => one.meter === meter);
    const running = support.filter(({ from, until }) => from <= at && until > at);
    return (
      plan + sum(running.map(({ units }) => units)) + sum([...this.burnt(meter, at).values()]) + (plan > 0 ? this.carried(meter, at) : 0)
    );
  }

  private item(meter: Meter, at: Date) {
    return this.planAt(at)?.items.find(({ entitlement }) => entitlement === meter) ?? null;
  }

  /** Whether teams have shares of it. */
  isShared(meter: Meter, at: Date): boolean {
    return this.item(meter, at)?.policy.allocation === 'per_team';
  }

  tolerance(meter: Meter, at: Date): number {
    return this.item(meter, at)?.policy.tolerance ?? 0;
  }

  /** What was used of support that ended within this period: it is spent first, and what expires first before the rest. */
  private burnt(meter: Meter, at: Date): Map<Support, number> {
    const period = this.period(at);
    const burnt = new Map<Support, number>();
    const ofMeter = this.support.filter((one) => one.meter === meter).sort((a, b) => +a.until - +b.until || +a.from - +b.from);
    for (const ended of ofMeter.filter(({ until }) => until <= at && this.lies(until, period))) {
      const before = new Date(ended.until.getTime() - 1);
      if (before < this.anchor!.startedAt || this.period(before) !== period) continue;
      let left = this.usedIn(meter, period, before) + this.heldIn(meter, period, before) - sum([...burnt.values()]);
      for (const one of ofMeter.filter(({ from, until }) => from <= before && until > before)) {
        const part = Math.max(0, Math.min(left, one.units));
        if (one.until.getTime() === ended.until.getTime() && !burnt.has(one)) burnt.set(one, part);
        left -= part;
      }
    }
    return burnt;
  }

  private lies(at: Date, period: string): boolean {
    return at >= this.anchor!.startedAt && this.period(at) === period;
  }

  /** What the period got of the one before: what was left there, up to the plan's cap. */
  private carried(meter: Meter, at: Date): number {
    const { startedAt } = this.anchor!;
    let carried = 0;
    for (let edge = nextEdge(this.anchor!, startedAt); edge <= at; edge = nextEdge(this.anchor!, edge)) {
      const before = new Date(edge.getTime() - 1);
      const cap = this.item(meter, before)?.policy.rollover?.cap ?? 0;
      if (cap === 0) return 0;
      const granted = this.item(meter, before)!.amount! + carried;
      carried = Math.min(cap, Math.max(0, granted - this.used(meter, before)));
    }
    return carried;
  }

  /** Brings what notices are given for up to `at`. `isLooked`: the product had to look at this meter at that instant. */
  look(at: Date, looked: readonly Meter[]): void {
    for (const meter of METERS) {
      const since = this.levels.get(meter)?.seenAt ?? this.anchor!.startedAt;
      const within = [...this.plans, ...this.support, ...this.support.map(({ until }) => ({ from: until }))]
        .map(({ from }) => from)
        .concat(this.beginsBetween(since, at))
        .filter((edge) => edge > since && edge < at)
        .sort((a, b) => +a - +b);
      for (const instant of [...within, at])
        if (instant >= this.anchor!.startedAt) this.fold(meter, instant, instant === at && looked.includes(meter));
    }
  }

  /** Where periods begin between two instants: what was granted at their first one is a level of theirs. */
  private beginsBetween(since: Date, at: Date): Date[] {
    const from = since < this.anchor!.startedAt ? this.anchor!.startedAt : since;
    if (this.period(from) === this.period(at)) return [];
    const begins = nextEdge(this.anchor!, from);
    return [begins, ...this.beginsBetween(begins, at)];
  }

  private fold(meter: Meter, at: Date, isLooked: boolean): void {
    const period = this.period(at);
    const granted = this.granted(meter, at);
    // People see what refuses as the limit; with an allowance of 0 there is no tolerance.
    const shown = granted === 0 ? 0 : granted + this.tolerance(meter, at);
    const before = this.levels.get(meter);
    const isSame = before?.period === period;
    // A limit that a suspension took away and that comes back is not a new one.
    const rose = isSame && shown > before.granted && (before.granted !== 0 || shown > before.peak);
    const epoch = isSame ? before.epoch + (rose ? 1 : 0) : 0;
    this.levels.set(meter, { period, granted: shown, peak: isSame ? Math.max(before.peak, shown) : shown, epoch, seenAt: at });
    const used = this.used(meter, at);
    for (const threshold of granted > 0 ? THRESHOLDS.filter((percent) => used * 100 >= percent * granted) : []) {
      const notice = `${meter} ${period} ${epoch} ${threshold}`;
      this.possible.add(notice);
      if (isLooked) this.required.add(notice);
    }
  }
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, one) => total + one, 0);
