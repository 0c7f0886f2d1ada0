import fc from 'fast-check';
import { changesOf, readSearch, UNDO_WINDOW_MS, undoableUntil } from '../../src/features/tickets/tickets.rules';

test('a creation can be undone for sixty seconds', () => {
  expect(undoableUntil(new Date('2026-03-31T23:59:30.000Z')).toISOString()).toBe('2026-04-01T00:00:30.000Z');
  expect(UNDO_WINDOW_MS).toBe(60_000);
});

test.each([
  [undefined, null, null],
  ['', null, null],
  ['   ', null, null],
  ['printer', 'printer:*', null],
  ['Printer on FIRE', 'printer:* & on:* & fire:*', null],
  ['Drucker Größe', 'drucker:* & größe:*', null],
  ['1042', '1042:*', 1042],
  ['T-1042', 't:* & 1042:*', 1042],
  ['#7', '7:*', 7],
  ['t7', 't7:*', 7],
  ['T-1042 printer', 't:* & 1042:* & printer:*', null],
  ['12345678901', '12345678901:*', null],
  ["a' & !b | (c:*) <->", 'a:* & b:* & c:*', null],
  ['!&|:*()', null, null],
])('the search %p looks for the words %p and the number %p', (q, words, number) => {
  expect(readSearch(q)).toEqual({ words, number });
});

test('whatever is typed, only words and our own operators reach the index', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 60 }), (q) => {
      const { words } = readSearch(q);
      if (words !== null) expect(words).toMatch(/^[\p{L}\p{N}]+:\*( & [\p{L}\p{N}]+:\*)*$/u);
    }),
  );
});

const before = {
  title: 'Printer',
  description: '',
  status: 'open',
  priority: 'normal',
  assigneeId: 'a',
  dueOn: null,
  tags: ['hall'],
} as const;
const nameOf = (id: string) => ({ a: 'Anna', b: 'Bruno' })[id] ?? null;

test('the history names what really changed, people by name', () => {
  const patch = { title: 'Printer', status: 'closed' as const, assigneeId: 'b', dueOn: '2026-04-01', tags: ['hall', 'fire'] };
  expect(changesOf({ ...before, tags: [...before.tags] }, patch, nameOf)).toEqual({
    status: ['open', 'closed'],
    assignee: ['Anna', 'Bruno'],
    dueOn: [null, '2026-04-01'],
    tags: ['hall', 'hall, fire'],
  });
});

test('a patch of what is there already changes nothing', () => {
  const same = { ...before, tags: [...before.tags] };
  expect(changesOf(same, same, nameOf)).toEqual({});
});
