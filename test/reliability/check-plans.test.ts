import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { compileServer } from '../support/server-process';

let server: Awaited<ReturnType<typeof compileServer>>;
const folder = mkdtempSync(path.join(tmpdir(), 'plans-check-'));
beforeAll(async () => {
  server = await compileServer();
});
afterAll(() => server.remove());

/** What `npm run plans:check` runs, once the server is built. */
function check(...given: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [path.join(server.folder, 'check-plans.js'), ...given], {
    encoding: 'utf8',
  });
  return { status, stdout, stderr };
}

/** A preset with some of its words replaced. */
function edited(preset: string, ...edits: [from: string, to: string][]): string {
  const text = edits.reduce(
    (done, [from, to]) => {
      if (!done.includes(from)) throw new Error(`${preset} does not say ${from}`);
      return done.replace(from, to);
    },
    readFileSync(`plans/presets/${preset}.yaml`, 'utf8'),
  );
  const file = path.join(folder, `${preset}-${edits.length}-${edits[0]?.[1].length ?? 0}.yaml`);
  writeFileSync(file, text);
  return file;
}

test('a catalog that can be used is told as its customers will read it', () => {
  const { status, stdout, stderr } = check('plans/presets/org-quota.yaml');
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  expect(stdout).toContain('Offer kontingent, billed by Microsoft; 4 plans.');
  expect(stdout).toContain('premium (base, rank 20): Premium');
  expect(stdout).toMatch(/price +€59\.00 per month · €590\.00 per year/u);
  expect(stdout).toMatch(/tickets +100 per month/u);
  expect(stdout).toContain('At the limit new ones are kept as drafts until the next period begins.');
  expect(stdout).toContain('A smaller plan holds at once.');
});

test('in the language that is asked for', () => {
  expect(check('plans/presets/org-quota.yaml', '--language', 'de').stdout).toMatch(/Tickets +100 pro Monat/u);
});

test('one that cannot be used is refused with 1, by file, line and field', () => {
  const file = edited('org-quota', ['rank: 20', 'rank: 30'], ['proration: days', 'proration: weekly']);
  const { status, stdout, stderr } = check(file);
  expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
  expect(stderr).toContain(`The plan catalog ${file} cannot be used:`);
  expect(stderr).toMatch(/line \d+, defaults\.change\.proration: /u);
  expect(check('plans/presets/org-quota.yaml', file).status).toBe(1);
});

test('two are compared plan by plan: what changes, and who keeps what', () => {
  const next = edited(
    'org-quota',
    ['minor: 9900 }', 'minor: 10900 }'],
    ['quotas: { tickets: 500,', 'quotas: { tickets: 600,'],
    ['- id: ticketing', '- id: desk'],
  );
  const { status, stdout } = check('plans/presets/org-quota.yaml', next);
  expect(status).toBe(0);
  expect(stdout).toContain('ticketing goes: it is sold to nobody any more. Who has it keeps it as it is, also through renewals.');
  expect(stdout).toContain('desk is new: it is sold from now on.');
  expect(stdout).toContain('premium stays as it is, in the version it has.');
  expect(stdout).toContain(
    [
      'professional becomes a new version:',
      '  quotas.tickets.amount: 500 → 600',
      '  prices.P1M: €99.00 per subscription → €109.00 per subscription',
      '  Who has it keeps the version they bought,',
    ].join('\n'),
  );
  expect(stdout).toContain('New versions at the next start: professional, desk.');
});

test('two that say the same need no new version, in whatever order they say it', () => {
  const same = edited('org-quota', ['{ windowHours: 72, afterWindow: renewal_off }', '{ afterWindow: renewal_off, windowHours: 72 }']);
  expect(check('plans/presets/org-quota.yaml', same).stdout).toMatch(/No new versions\.\n$/u);
});

test('what holds for every plan changes every plan', () => {
  const next = edited('whole-month', ['rule: scale_proportionally', 'rule: freeze']);
  expect(check('plans/presets/whole-month.yaml', next).stdout).toContain('New versions at the next start: basic, growth, scale.');
});

test.each([[[]], [['a', 'b', 'c']], [['--colour', 'red', 'a']], [['plans/default.yaml', '--language', 'fr']]])(
  'called wrongly, it says how it is called and ends with 2: %j',
  (given) => {
    const { status, stdout, stderr } = check(...given);
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toContain('npm run plans:check -- FILE [OTHER]');
  },
);

test('npm run plans:check is this', () => {
  const { scripts } = JSON.parse(readFileSync('package.json', 'utf8')) as { scripts: Record<string, string> };
  expect(scripts['plans:check']).toBe('node scripts/check-plans.mjs');
  expect(readFileSync('scripts/check-plans.mjs', 'utf8')).toContain('dist/server/check-plans.js');
});
