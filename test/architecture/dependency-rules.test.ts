import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

const root = path.join(__dirname, '../..');
const { forbidden } = require('../../.dependency-cruiser.cjs') as { forbidden: { name: string }[] };

/** Files that hold nothing and are only imported. */
const EMPTY = [
  'src/app.ts',
  'src/config.ts',
  'src/main.ts',
  'src/contract/tickets.ts',
  'src/features/tickets/create-ticket.ts',
  'src/features/tickets/ticket.rules.ts',
  'src/features/tickets/ticket.store.ts',
  'src/features/tickets/ticket.port.ts',
  'src/features/usage/quota.rules.ts',
  'src/features/billing/settled.ts',
  'src/features/licenses/settled.ts',
  'src/http/respond.ts',
  'src/bot/actor.ts',
  'src/jobs/runner.ts',
  'src/clients/marketplace/marketplace-client.ts',
  'src/sandbox/people.ts',
  'src/platform/actor.ts',
  'src/platform/result.ts',
  'src/platform/clock.ts',
  'tabs/api.ts',
  'test/support/builders.ts',
];

type Import = [from: string, what: string];

/** One forbidden import each; every rule of the configuration stands here at least once. */
const FORBIDDEN: Record<string, Import[]> = {
  'no-cycles': [['src/features/usage/circle-one.ts', "import { two } from './circle-two'; export const one = two;"]],
  'features-lean-one-way': [
    ['src/features/billing/asks-back.ts', "import { nothing } from '../licenses/settled'; export const a = nothing;"],
    ['src/features/licenses/asks.ts', "import { nothing } from '../billing/settled'; export const a = nothing;"],
  ],
  'rules-are-pure': [
    ['src/features/usage/reads-clock.rules.ts', "import { nothing } from '../../platform/clock'; export const a = nothing;"],
    ['src/features/usage/reads-disk.rules.ts', "import { readFileSync } from 'node:fs'; export const a = readFileSync;"],
    ['src/features/usage/uses-package.rules.ts', "import { DateTime } from 'luxon'; export const a = DateTime;"],
    ['src/features/usage/names-type.rules.ts', "import type { nothing } from '../../platform/clock'; export type A = typeof nothing;"],
  ],
  'rules-call-rules': [
    ['src/features/usage/reads-store.rules.ts', "import { nothing } from '../tickets/create-ticket'; export const a = nothing;"],
  ],
  'stores-stay-in-their-feature': [
    ['src/features/usage/asks-tables.ts', "import { nothing } from '../tickets/ticket.store'; export const a = nothing;"],
    ['src/features/drafts/names-row.ts', "import type { nothing } from '../tickets/ticket.store'; export type A = typeof nothing;"],
  ],
  'stores-stay-in-features': [
    ['src/http/asks-tables.ts', "import { nothing } from '../features/tickets/ticket.store'; export const a = nothing;"],
  ],
  'features-know-no-caller': [
    ['src/features/usage/calls-http.ts', "import { nothing } from '../../http/respond'; export const a = nothing;"],
    ['src/features/usage/calls-bot.ts', "import { nothing } from '../../bot/actor'; export const a = nothing;"],
    ['src/features/usage/calls-job.ts', "import { nothing } from '../../jobs/runner'; export const a = nothing;"],
    [
      'src/features/usage/calls-client.ts',
      "import { nothing } from '../../clients/marketplace/marketplace-client'; export const a = nothing;",
    ],
    ['src/features/usage/reads-config.ts', "import { nothing } from '../../config'; export const a = nothing;"],
    ['src/features/usage/joins.ts', "import { nothing } from '../../app'; export const a = nothing;"],
  ],
  'ways-in-do-not-mix': [
    ['src/bot/uses-http.ts', "import { nothing } from '../http/respond'; export const a = nothing;"],
    ['src/http/uses-jobs.ts', "import { nothing } from '../jobs/runner'; export const a = nothing;"],
    ['src/jobs/names-bot.ts', "import type { nothing } from '../bot/actor'; export type A = typeof nothing;"],
  ],
  'clients-come-from-app': [
    ['src/http/makes-client.ts', "import { nothing } from '../clients/marketplace/marketplace-client'; export const a = nothing;"],
  ],
  'ways-in-see-no-joining': [['src/http/joins.ts', "import { nothing } from '../app'; export const a = nothing;"]],
  'clients-see-ports': [
    ['src/clients/marketplace/acts.ts', "import { nothing } from '../../features/tickets/create-ticket'; export const a = nothing;"],
    ['src/clients/marketplace/reads-config.ts', "import { nothing } from '../../config'; export const a = nothing;"],
  ],
  'platform-has-no-business': [
    ['src/platform/knows-tickets.ts', "import { nothing } from '../features/tickets/ticket.rules'; export const a = nothing;"],
    ['src/platform/knows-contract.ts', "import { nothing } from '../contract/tickets'; export const a = nothing;"],
  ],
  'contract-stands-alone': [
    ['src/contract/uses-platform.ts', "import { nothing } from '../platform/result'; export const a = nothing;"],
    ['src/contract/uses-node.ts', "import { Buffer } from 'node:buffer'; export const a = Buffer;"],
    ['src/contract/uses-package.ts', "import { DateTime } from 'luxon'; export const a = DateTime;"],
  ],
  'config-stands-alone': [['src/config.ts', "import { nothing } from './platform/clock'; export const a = nothing;"]],
  'tabs-see-the-contract': [
    ['tabs/knows-feature.ts', "import type { nothing } from '../src/features/tickets/ticket.rules'; export type A = typeof nothing;"],
  ],
  'tabs-see-types-only': [['tabs/loads-schema.tsx', "import { nothing } from '../src/contract/tickets'; export const a = nothing;"]],
  'src-sees-no-tabs-no-test': [
    ['src/http/knows-tab.ts', "import { nothing } from '../../tabs/api'; export const a = nothing;"],
    ['src/http/knows-test.ts', "import { nothing } from '../../test/support/builders'; export const a = nothing;"],
  ],
  'express-stays-in-http': [
    ['src/jobs/serves.ts', "import express from 'express'; export const a = express;"],
    ['src/bot/names-request.ts', "import type { Request } from 'express'; export type A = Request;"],
  ],
  'botbuilder-stays-in-bot': [
    ['src/http/chats.ts', "import { TurnContext } from 'botbuilder'; export const a = TurnContext;"],
    ['src/clients/entra/chats.ts', "import type { Activity } from 'botframework-schema'; export type A = Activity;"],
  ],
  'database-drivers-stay-in-db': [
    ['src/features/usage/connects.ts', "import { Pool } from 'pg'; export const a = Pool;"],
    ['src/platform/opens.ts', "import { PGlite } from '@electric-sql/pglite'; export const a = PGlite;"],
  ],
  'sandbox-is-joined-by-app': [['src/http/pretends.ts', "import { nothing } from '../sandbox/people'; export const a = nothing;"]],
  'sandbox-sees-what-clients-see': [
    ['src/sandbox/short-cut.ts', "import { nothing } from '../features/tickets/create-ticket'; export const a = nothing;"],
  ],
  'teams-js-has-one-user': [['tabs/greets.ts', "import { app } from '@microsoft/teams-js'; export const a = app;"]],
  'dependencies-are-declared': [
    ['src/platform/borrows.ts', "import { Ajv } from 'ajv'; export const a = Ajv;"],
    ['src/platform/needs-development.ts', "import { test } from 'fast-check'; export const a = test;"],
    ['src/platform/does-not-exist.ts', "import { a } from 'no-such-package'; export const b = a;"],
  ],
};

/** What the rules must leave alone. */
const ALLOWED: Import[] = [
  [
    'src/features/tickets/allowed.rules.ts',
    "import { nothing } from '../usage/quota.rules'; import { nothing as b } from '../../platform/result'; import type { nothing as C } from './create-ticket'; export const a = [nothing, b]; export type D = typeof C;",
  ],
  [
    'src/features/tickets/allowed.ts',
    "import { nothing } from './ticket.store'; import { nothing as b } from '../usage/quota.rules'; export const a = [nothing, b];",
  ],
  [
    'src/http/allowed.ts',
    "import express from 'express'; import { nothing } from '../features/tickets/create-ticket'; import type { nothing as B } from '../clients/marketplace/marketplace-client'; export const a = [express, nothing]; export type C = typeof B;",
  ],
  [
    'src/clients/teams/allowed.ts',
    "import { TurnContext } from 'botbuilder'; import { nothing } from '../../features/tickets/ticket.port'; export const a = [TurnContext, nothing];",
  ],
  [
    'src/platform/db/allowed.ts',
    "import { Pool } from 'pg'; import { PGlite } from '@electric-sql/pglite'; export const a = [Pool, PGlite];",
  ],
  ['src/contract/allowed.ts', "import { z } from 'zod'; import { nothing } from './tickets'; export const a = [z, nothing];"],
  [
    'src/sandbox/allowed.ts',
    "import express from 'express'; import { nothing } from '../features/tickets/ticket.rules'; export const a = [express, nothing];",
  ],
  [
    'tabs/teams.ts',
    "import { app } from '@microsoft/teams-js'; import type { nothing } from '../src/contract/tickets'; export const a = app; export type B = typeof nothing;",
  ],
];

let tree: string;

/** `rule: from` of everything a cruise over the tree reports. */
let reported: string[];
let output: { status: number | null; stderr: string };

beforeAll(() => {
  tree = mkdtempSync(path.join(tmpdir(), 'kontingent-rules-'));
  for (const file of ['.dependency-cruiser.cjs', 'package.json']) cpSync(path.join(root, file), path.join(tree, file));
  symlinkSync(path.join(root, 'node_modules'), path.join(tree, 'node_modules'));

  for (const file of EMPTY) write(file, 'export const nothing = 0;');
  write('src/features/usage/circle-two.ts', "import { one } from './circle-one'; export const two = one;");
  for (const [file, text] of [...Object.values(FORBIDDEN).flat(), ...ALLOWED]) write(file, text);

  output = cruise(tree);
  reported = output.stderr.split('\n').flatMap((line) => /^([a-z-]+: \S+) →/.exec(line)?.[1] ?? []);
});
afterAll(() => rmSync(tree, { recursive: true, force: true }));

function write(file: string, text: string) {
  mkdirSync(path.dirname(path.join(tree, file)), { recursive: true });
  writeFileSync(path.join(tree, file), `${text}\n`);
}

function cruise(folder: string) {
  return spawnSync(process.execPath, [path.join(root, 'scripts/check-architecture.mjs'), '--root', folder], { encoding: 'utf8' });
}

test('every rule has a planted violation', () => {
  expect(Object.keys(FORBIDDEN).sort()).toEqual(forbidden.map((rule) => rule.name).sort());
});

test.each(Object.entries(FORBIDDEN).flatMap(([rule, imports]) => imports.map(([from]) => [rule, from])))('%s fires on %s', (rule, from) => {
  // A rule between folders names the folder.
  const place = rule === 'features-lean-one-way' ? path.posix.dirname(from!) : from;
  expect(reported).toContain(`${rule}: ${place}`);
});

test('a tree with violations fails', () => {
  expect(output.status).toBe(1);
});

test.each(ALLOWED.map(([from]) => from))('no rule fires on %s', (from) => {
  expect(reported).not.toEqual([]);
  expect(reported.filter((line) => line.endsWith(` ${from}`))).toEqual([]);
});

test('a cruise that saw nothing fails instead of passing', () => {
  const empty = mkdtempSync(path.join(tmpdir(), 'kontingent-rules-'));
  cpSync(path.join(root, '.dependency-cruiser.cjs'), path.join(empty, '.dependency-cruiser.cjs'));
  mkdirSync(path.join(empty, 'src'));
  writeFileSync(path.join(empty, 'src/readme.md'), 'nothing to see');
  const { status, stderr } = cruise(empty);
  rmSync(empty, { recursive: true, force: true });
  expect({ status, stderr }).toEqual({ status: 1, stderr: expect.stringMatching(/saw no module at all/) });
});

test('this repository keeps the rules', () => {
  const { status, stderr } = cruise(root);
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
});
