interface Entry<Item, Outcome> {
  item: Item;
  resolve: (outcome: Outcome) => void;
  reject: (error: unknown) => void;
}

interface Lane<Item, Outcome> {
  name: string;
  entries: Entry<Item, Outcome>[];
}

/** How much may go together: items and lanes of a run, runs of a group at once. */
interface Most {
  items: number;
  lanes: number;
  runs: number;
}

/** Of each lane of a run, in its place: one settled result per item, in the items' places. */
type Outcomes<Outcome> = Promise<PromiseSettledResult<Outcome>[]>[];

/**
 * Lets concurrent items share a run. Items of one lane go in arrival order and never in two runs at once; lanes of one group
 * may go together. What arrives in one turn of the event loop, or while as many runs are under way as may be, waits and goes together.
 * `run` gets the items by lane and answers when their common part is done, with what each lane comes to. That may take longer: a lane
 * that lags holds up no other. When `run` throws, all items of that run are rejected with the error.
 */
export class Combiner<Item, Outcome> {
  private readonly groups = new Map<string, Group<Item, Outcome>>();

  constructor(
    private readonly run: (lanes: Item[][]) => Promise<Outcomes<Outcome>>,
    private readonly most: Most,
  ) {}

  submit(group: string, lane: string, item: Item): Promise<Outcome> {
    return new Promise((resolve, reject) => {
      let found = this.groups.get(group);
      if (!found) {
        found = new Group(this.run, this.most, () => this.groups.delete(group));
        this.groups.set(group, found);
      }
      found.add(lane, { item, resolve, reject });
    });
  }
}

class Group<Item, Outcome> {
  private readonly waiting = new Map<string, Entry<Item, Outcome>[]>();
  private readonly underWay = new Set<string>();
  private runs = 0;
  private isWoken = false;

  constructor(
    private readonly run: (lanes: Item[][]) => Promise<Outcomes<Outcome>>,
    private readonly most: Most,
    private readonly onEmpty: () => void,
  ) {}

  add(lane: string, entry: Entry<Item, Outcome>): void {
    const before = this.waiting.get(lane);
    if (before) before.push(entry);
    else this.waiting.set(lane, [entry]);
    this.wake();
  }

  private wake(): void {
    if (this.isWoken) return;
    this.isWoken = true;
    setImmediate(() => {
      this.isWoken = false;
      while (this.runs < this.most.runs) {
        const lanes = this.next();
        if (lanes.length === 0) break;
        void this.serve(lanes);
      }
      if (this.waiting.size === 0 && this.underWay.size === 0 && this.runs === 0) this.onEmpty();
    });
  }

  private next(): Lane<Item, Outcome>[] {
    const lanes: Lane<Item, Outcome>[] = [];
    let room = this.most.items;
    for (const [name, waiting] of this.waiting) {
      if (room === 0 || lanes.length === this.most.lanes) break;
      if (this.underWay.has(name)) continue;
      const entries = waiting.splice(0, room);
      this.waiting.delete(name);
      // What is left of it goes to the end of the line: a long lane takes turns with the others.
      if (waiting.length > 0) this.waiting.set(name, waiting);
      this.underWay.add(name);
      lanes.push({ name, entries });
      room -= entries.length;
    }
    return lanes;
  }

  private async serve(lanes: Lane<Item, Outcome>[]): Promise<void> {
    this.runs += 1;
    const common = this.run(lanes.map(({ entries }) => entries.map(({ item }) => item)));
    for (const [place, lane] of lanes.entries())
      void this.deliver(
        lane,
        common.then((outcomes) => outcomes[place]!),
      );
    await common.catch(() => {});
    this.runs -= 1;
    this.wake();
  }

  private async deliver({ name, entries }: Lane<Item, Outcome>, outcomes: Promise<PromiseSettledResult<Outcome>[]>): Promise<void> {
    try {
      for (const [place, outcome] of (await outcomes).entries()) {
        const { resolve, reject } = entries[place]!;
        if (outcome.status === 'fulfilled') resolve(outcome.value);
        else reject(outcome.reason);
      }
    } catch (error) {
      for (const { reject } of entries) reject(error);
    }
    this.underWay.delete(name);
    this.wake();
  }
}
