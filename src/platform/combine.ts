/**
 * Lets concurrent items of one key share a run: while a run of a key is under way, what arrives waits and goes
 * together in the next one, in arrival order. Each item gets its own result.
 * `run` returns one settled result per item, in order; when it throws, all items of that run are rejected with the error.
 */
export class Combiner<Item, Outcome> {
  private readonly lanes = new Map<string, { item: Item; resolve: (outcome: Outcome) => void; reject: (error: unknown) => void }[]>();

  constructor(
    private readonly run: (key: string, items: Item[]) => Promise<PromiseSettledResult<Outcome>[]>,
    private readonly mostPerRun: number,
  ) {}

  submit(key: string, item: Item): Promise<Outcome> {
    return new Promise((resolve, reject) => {
      const waiting = this.lanes.get(key);
      if (waiting) {
        waiting.push({ item, resolve, reject });
        return;
      }
      this.lanes.set(key, [{ item, resolve, reject }]);
      void this.drain(key);
    });
  }

  private async drain(key: string): Promise<void> {
    const waiting = this.lanes.get(key)!;
    while (waiting.length > 0) {
      const batch = waiting.splice(0, this.mostPerRun);
      try {
        const outcomes = await this.run(
          key,
          batch.map((entry) => entry.item),
        );
        batch.forEach((entry, index) => {
          const outcome = outcomes[index]!;
          if (outcome.status === 'fulfilled') entry.resolve(outcome.value);
          else entry.reject(outcome.reason);
        });
      } catch (error) {
        for (const entry of batch) entry.reject(error);
      }
    }
    this.lanes.delete(key);
  }
}
