/** The settings-like items of an organization as they must be: beside the product, and trimmed in the scheme's words, not by its rules. */

export const KINDS = ['boards', 'queues', 'sla_groups', 'allowed_ips', 'templates'] as const;
export type Kind = (typeof KINDS)[number];

export interface Item {
  id: string;
  kind: Kind;
  parentId: string | null;
  createdAt: Date;
  activatedAt: Date;
  isInUse: boolean;
  /** Of queues alone. */
  runs: number;
  rate: number;
  attachedTo: string | null;
}

type Limits = (meter: Kind | 'automation_runs' | 'intake_rate') => number;

const older = (a: Item, b: Item): number => +a.createdAt - +b.createdAt || (a.id < b.id ? -1 : 1);

export class Items {
  all: Item[] = [];

  inUse(kind: Kind): Item[] {
    return this.all.filter((one) => one.kind === kind && one.isInUse).sort(older);
  }

  below({ id }: Pick<Item, 'id'>): Item[] {
    return this.inUse('queues').filter(({ parentId }) => parentId === id);
  }

  find(id: string | null): Item | undefined {
    return this.all.find((one) => one.id === id);
  }

  /** What queues other than this one hold of the total. */
  runs(except: string | null = null): number {
    return this.inUse('queues').reduce((sum, { id, runs }) => sum + (id === except ? 0 : runs), 0);
  }

  putAway(item: Item): void {
    for (const one of [item, ...this.below(item)]) one.isInUse = false;
  }

  drop(item: Item): void {
    const gone = new Set([item.id, ...this.all.filter(({ parentId }) => parentId === item.id).map(({ id }) => id)]);
    this.all = this.all.filter(({ id }) => !gone.has(id));
    for (const one of this.all) if (one.attachedTo && gone.has(one.attachedTo)) one.attachedTo = null;
  }

  /** What a plan with these limits leaves: CH-15 to CH-22. */
  trim(limit: Limits, mayRemove: boolean): void {
    const fullest = this.inUse('boards').map((board) => ({ board, queues: this.below(board).length }));
    fullest.sort((a, b) => b.queues - a.queues);
    for (const { board } of fullest.slice(limit('boards'))) this.putAway(board);
    const longest = this.inUse('queues').sort((a, b) => +a.activatedAt - +b.activatedAt || older(a, b));
    for (const queue of longest.slice(limit('queues'))) this.putAway(queue);
    this.shrink(limit('automation_runs'));
    for (const queue of this.inUse('queues')) queue.rate = Math.min(queue.rate, limit('intake_rate'));
    for (const kind of mayRemove ? (['sla_groups', 'allowed_ips'] as const) : [])
      for (const item of this.inUse(kind).slice(limit(kind))) this.drop(item);
    const attached = this.inUse('templates').filter(({ attachedTo }) => attachedTo !== null);
    for (const template of attached.slice(limit('templates'))) template.attachedTo = null;
  }

  /** To the total in the same proportions, to the last unit; what is left over goes where most was cut off, then to the older. */
  private shrink(most: number): void {
    const held = this.runs();
    if (held <= most) return;
    const parts = this.inUse('queues').map((queue) => ({ queue, rest: (queue.runs * most) % held }));
    for (const { queue } of parts) queue.runs = Math.floor((queue.runs * most) / held);
    let left = most - this.runs();
    for (const { queue } of parts.sort((a, b) => b.rest - a.rest)) if (left-- > 0) queue.runs += 1;
  }
}
