/** A small generator of numbers in [0, 1) that says the same again for the same seed (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** What came of a creation: the answer, or nothing when the connection broke. */
export type Outcome = { status: number; id: string | undefined; replayed: boolean } | null;

/** Creates a ticket over HTTP under this key. */
export async function createTicket(url: string, token: string, key: string): Promise<Outcome> {
  try {
    const res = await fetch(`${url}/api/v1/tickets`, {
      method: 'POST',
      headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json', 'Idempotency-Key': key },
      body: JSON.stringify({ title: `Ticket ${key}` }),
      signal: AbortSignal.timeout(15_000),
    });
    const body = (await res.json()) as { id?: string };
    return { status: res.status, id: body.id, replayed: res.headers.get('idempotent-replayed') === 'true' };
  } catch {
    return null;
  }
}

const stops: (() => void)[] = [];
afterAll(() => {
  for (const stop of stops) stop();
});

/** `callers` create one ticket after the other under keys `<name>-<n>` until told to stop; every key with what came of it. */
export function keepCreating(url: string, token: string, name: string, callers: number): { stop(): Promise<Map<string, Outcome>> } {
  const outcomes = new Map<string, Outcome>();
  let stopped = false;
  let next = 0;
  const caller = async () => {
    while (!stopped) {
      const key = `${name}-${next++}`.padEnd(12, '.');
      outcomes.set(key, null);
      const outcome = await createTicket(url, token, key);
      outcomes.set(key, outcome);
      if (!outcome) await new Promise((resolve) => setTimeout(resolve, 20));
    }
  };
  stops.push(() => {
    stopped = true;
  });
  const all = Promise.all(Array.from({ length: callers }, caller));
  return {
    async stop() {
      stopped = true;
      await all;
      return outcomes;
    },
  };
}
