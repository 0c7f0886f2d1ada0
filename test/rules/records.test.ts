import { itemsFromText, oneLine, ticketFromText, withoutControls } from '../../src/bot/commands/typed-text.rules';
import { stateOf } from '../../src/features/checklists/checklists.rules';
import { patched } from '../../src/features/crm/opportunities.rules';
import { DEFAULT_POLICY } from '../../src/features/plans/quota-policy.rules';
import { unitsOf } from '../../src/features/usage/count-event.rules';
import { operationKey } from '../../src/features/usage/operation-key.rules';

test('TW-06 an act counts one, or one for each task where the plan counts tasks, and never nothing', () => {
  const perTask = { ...DEFAULT_POLICY, countEvent: 'per_task' as const };
  expect([0, 1, 7].map((tasks) => unitsOf(DEFAULT_POLICY, tasks))).toEqual([1, 1, 1]);
  expect([0, 1, 7].map((tasks) => unitsOf(perTask, tasks))).toEqual([1, 1, 7]);
});

test('G2 the same act of the same member has one name; another use case, member or key has another', () => {
  const names = [
    operationKey('create_ticket', 'mia', '1'),
    operationKey('create_ticket', 'tom', '1'),
    operationKey('create_ticket', 'mia', '2'),
    operationKey('import', 'mia', '1'),
  ];
  expect(new Set(names).size).toBe(4);
  // Names are stored: a retry after an update must still find its own.
  expect(names[0]).toBe('create_ticket:mia:1');
});

test('a checklist is completed with its last open item, and runs again as soon as one is open', () => {
  const done = { done_at: new Date(0) };
  expect([stateOf([done, done]), stateOf([done, { done_at: null }]), stateOf([{ done_at: null }])]).toEqual([
    'completed',
    'running',
    'running',
  ]);
});

describe('a change of an opportunity', () => {
  const before: Parameters<typeof patched>[0] = {
    title: 'Move',
    customer: 'Acme',
    stage: 'new',
    value: { minor: 100, currency: 'EUR' },
    closesOn: '2026-01-31',
    ownerId: 'mia',
  };

  test.each<[Parameters<typeof patched>[1]]>([
    [{ title: 'Stay' }],
    [{ customer: 'Bolt' }],
    [{ stage: 'won' }],
    [{ value: { minor: 200, currency: 'EUR' } }],
    [{ value: { minor: 100, currency: 'USD' } }],
    [{ value: null }],
    [{ closesOn: null }],
    [{ ownerId: 'tom' }],
  ])('%j alone is one, and leaves the rest', (patch) => {
    expect(patched(before, patch)).toEqual({ ...before, ...patch });
  });

  test('that says what is there already, or nothing, is none', () => {
    expect(patched(before, {})).toBeNull();
    expect(patched(before, { ...before, value: { minor: 100, currency: 'EUR' } })).toBeNull();
    expect(patched(before, { title: undefined, ownerId: undefined })).toBeNull();
    expect(patched({ ...before, value: null }, { value: null })).toBeNull();
  });
});

describe('what somebody typed', () => {
  test('the first line is the title, the rest the description', () => {
    expect(ticketFromText('  Printer\tis   out \r\n\r\n Third floor\rsince Monday  ')).toEqual({
      title: 'Printer is out',
      description: 'Third floor\nsince Monday',
    });
    expect(ticketFromText('')).toEqual({ title: '', description: '' });
  });

  test('a title of 200 characters stays; of a longer one nothing is lost', () => {
    expect(ticketFromText(`${'x'.repeat(200)}\nmore`)).toEqual({ title: 'x'.repeat(200), description: 'more' });
    const long = `${'word '.repeat(50)}end`;
    const { title, description } = ticketFromText(`${long}\nmore`);
    expect(title).toBe(`${'word '.repeat(39).trim()}…`);
    expect(description).toBe(`${long}\nmore`);
    expect(ticketFromText('y'.repeat(201)).title).toBe(`${'y'.repeat(199)}…`);
    // A space in the first half is no place to cut at; one behind it is.
    expect(ticketFromText(`${'a'.repeat(100)} ${'b'.repeat(150)}`).title).toHaveLength(200);
    expect(ticketFromText(`${'a'.repeat(101)} ${'b'.repeat(150)}`).title).toBe(`${'a'.repeat(101)}…`);
  });

  test('no half of a character is left where a text is cut', () => {
    expect(ticketFromText(`${'x'.repeat(198)}😀${'x'.repeat(9)}`).title).toBe(`${'x'.repeat(198)}…`);
    expect(ticketFromText(`short\n${'x'.repeat(30_000)}`).description).toHaveLength(20_000);
  });

  test('lines are items, without the list signs that people type', () => {
    expect(itemsFromText('- one\n  * two\n• three\n☐ four\n1. five\n12) six\n\n   \n7seven\n-eight\nnine - ten')).toEqual([
      'one',
      'two',
      'three',
      'four',
      'five',
      'six',
      '7seven',
      '-eight',
      'nine - ten',
    ]);
  });

  test('no control character and no half character reaches the database', () => {
    expect(withoutControls('a\u0000b\u001fc\u007fd\ud800e\tf\ng')).toBe('a b c de\tf\ng');
    expect(oneLine(' a \u0007\n\n b ')).toBe('a b');
  });
});
