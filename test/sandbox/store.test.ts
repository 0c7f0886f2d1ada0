import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { openStore } from '../../src/sandbox/store';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'sandbox-store-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

test('what a change has answered is on the disk', async () => {
  const store = await openStore(folder, 'numbers', { list: [] as number[] });
  await Promise.all(Array.from({ length: 20 }, (_, n) => store.change((draft) => draft.list.push(n))));
  const onDisk = JSON.parse(await readFile(path.join(folder, 'numbers.json'), 'utf8'));
  expect(onDisk.list).toEqual(Array.from({ length: 20 }, (_, n) => n));
  expect((await openStore(folder, 'numbers', { list: [] })).current).toEqual(onDisk);
});

test('a change that throws leaves the state as it was, and the next one works', async () => {
  const store = await openStore(folder, 'numbers', { list: [1] });
  const failed = store.change((draft) => {
    draft.list.push(2);
    throw new Error('no');
  });
  await expect(failed).rejects.toThrow('no');
  await store.change((draft) => draft.list.push(3));
  expect(store.current.list).toEqual([1, 3]);
});

test('a crash while writing leaves the last whole state', async () => {
  const store = await openStore(folder, 'numbers', { list: [1] });
  await store.change((draft) => draft.list.push(2));
  await writeFile(path.join(folder, 'numbers.json.new'), '{"list":[1,2,');
  expect((await openStore(folder, 'numbers', { list: [] as number[] })).current.list).toEqual([1, 2]);
});

test('a file that somebody broke is named, not silently replaced', async () => {
  await writeFile(path.join(folder, 'numbers.json'), 'not json');
  await expect(openStore(folder, 'numbers', {})).rejects.toThrow('numbers.json');
});
