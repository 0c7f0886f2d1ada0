import { Combiner } from '../../src/platform/combine';

/** A combiner whose runs end when they are told to. */
function combiner(most: Partial<{ items: number; lanes: number; runs: number }> = {}) {
  const slow: (() => void)[] = [];
  const runs: { lanes: string[][]; end: (fails?: string) => void }[] = [];
  const outcomeOf = (item: string): PromiseSettledResult<string> =>
    item.startsWith('bad') ? { status: 'rejected', reason: new Error(item) } : { status: 'fulfilled', value: `${item} done` };
  const combined = new Combiner<string, string>(
    (lanes) =>
      new Promise((resolve, reject) => {
        const outcomes = lanes.map(async (items) => {
          if (items[0]!.startsWith('slow')) await new Promise<void>((go) => slow.push(go));
          return items.map(outcomeOf);
        });
        runs.push({ lanes, end: (fails) => (fails ? reject(new Error(fails)) : resolve(outcomes)) });
      }),
    { items: 3, lanes: 3, runs: 2, ...most },
  );
  return { combined, runs, slow };
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

test('what arrives in one turn goes together, by lane in order of arrival', async () => {
  const { combined, runs } = combiner();
  void combined.submit('g', 'a', 'a1');
  void combined.submit('g', 'b', 'b1');
  void combined.submit('g', 'a', 'a2');
  await turn();
  expect(runs.map(({ lanes }) => lanes)).toEqual([[['a1', 'a2'], ['b1']]]);
});

test('a lane is never in two runs at once: what comes meanwhile goes in its next', async () => {
  const { combined, runs } = combiner();
  void combined.submit('g', 'a', 'a1');
  await turn();
  void combined.submit('g', 'a', 'a2');
  void combined.submit('g', 'b', 'b1');
  await turn();
  expect(runs.map(({ lanes }) => lanes)).toEqual([[['a1']], [['b1']]]);
  runs[0]!.end();
  await turn();
  await turn();
  expect(runs[2]!.lanes).toEqual([['a2']]);
});

test('only so many runs of a group at once, items and lanes in a run: the rest waits its turn, and nothing is left', async () => {
  const { combined, runs } = combiner({ items: 3, lanes: 2, runs: 1 });
  const sent = ['a1', 'b1', 'c1', 'c2', 'd1', 'd2', 'd3', 'd4'].map((item) => combined.submit('g', item[0]!, item));
  const other = combined.submit('other', 'a', 'x1');
  await turn();
  expect(runs.map(({ lanes }) => lanes)).toEqual([[['a1'], ['b1']], [['x1']]]);
  for (let run = 0; run < runs.length; run += 1) {
    runs[run]!.end();
    await turn();
    await turn();
  }
  expect(runs.slice(2).map(({ lanes }) => lanes)).toEqual([[['c1', 'c2'], ['d1']], [['d2', 'd3', 'd4']]]);
  expect(await Promise.all([...sent, other])).toEqual([
    'a1 done',
    'b1 done',
    'c1 done',
    'c2 done',
    'd1 done',
    'd2 done',
    'd3 done',
    'd4 done',
    'x1 done',
  ]);
});

test('each gets its own outcome, and a run that throws rejects its own items only', async () => {
  const { combined, runs } = combiner();
  const sent = ['a1', 'bad', 'a2'].map((item) => combined.submit('g', 'a', item));
  await turn();
  const later = ['a3', 'b1'].map((item) => combined.submit('g', item[0]!, item));
  runs[0]!.end();
  expect((await Promise.allSettled(sent)).map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
  while (runs.length < 2) await turn();
  for (const { end } of runs.slice(1)) end('the database is away');
  const outcomes = await Promise.allSettled(later);
  expect(outcomes.every((outcome) => outcome.status === 'rejected' && /away/u.test(String(outcome.reason)))).toBe(true);
  const again = combined.submit('g', 'a', 'a4');
  while (runs.length < 4 && runs.at(-1)!.lanes[0]![0] !== 'a4') await turn();
  runs.at(-1)!.end();
  expect(await again).toBe('a4 done');
});

test('a lane that lags holds up neither the others of its run nor the next run, only its own next items', async () => {
  const { combined, runs, slow } = combiner({ runs: 1 });
  const lagging = combined.submit('g', 'slow', 'slow1');
  const other = combined.submit('g', 'a', 'a1');
  await turn();
  runs[0]!.end();
  expect(await other).toBe('a1 done');
  const next = combined.submit('g', 'slow', 'slow2');
  const fresh = combined.submit('g', 'b', 'b1');
  while (runs.length < 2) await turn();
  expect(runs[1]!.lanes).toEqual([['b1']]);
  runs[1]!.end();
  expect(await fresh).toBe('b1 done');
  slow[0]!();
  expect(await lagging).toBe('slow1 done');
  while (runs.length < 3) await turn();
  expect(runs[2]!.lanes).toEqual([['slow2']]);
  runs[2]!.end();
  await turn();
  slow[1]!();
  expect(await next).toBe('slow2 done');
});

test('a lane with more than a run takes goes behind those that wait', async () => {
  const { combined, runs } = combiner({ items: 2, runs: 1 });
  for (const item of ['a1', 'a2', 'a3', 'a4', 'b1']) void combined.submit('g', item[0]!, item);
  for (let run = 0; run < 3; run += 1) {
    while (runs.length <= run) await turn();
    runs[run]!.end();
  }
  expect(runs.map(({ lanes }) => lanes)).toEqual([[['a1', 'a2']], [['b1'], ['a3']], [['a4']]]);
});
