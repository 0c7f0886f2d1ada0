import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire, Module } from 'node:module';
import path from 'node:path';
import { INSTRUMENTER_CONSTANTS } from '@stryker-mutator/api/core';
import { commonTokens, declareClassPlugin, PluginKind, tokens } from '@stryker-mutator/api/plugin';
import { DryRunStatus, determineHitLimitReached, TestStatus, toMutantRunResult } from '@stryker-mutator/api/test-runner';
import { transformSync } from '@swc/core';

/** A property stops looking for a counterexample after so much computing: a busy machine finds what a quiet one does. */
const LONGEST_PROPERTY_MS = 500;
/** How often each test passes each mutant's place, for every process of one run: they work in a copy of the tree. */
const HITS = 'mutation-hits.json';
/** Whatever a test file works out as it is loaded is no test of its own, and nothing of a rule that stands still. */
const LOADING = 'loading';

/**
 * Runs the tests of the rules in one process that loads them once: a mutant costs milliseconds, with a jest of its own a second and
 * more. That is right because rules keep nothing between two calls. Jest's words (`test`, `test.each`, `describe`, `expect`) are
 * Jest's own; hooks are not run, and a test of a rule has none.
 */
class RulesRunner {
  #tests = new Map();
  #hits;
  #isFresh = true;
  #isSpoiled = false;
  #files;

  static inject = tokens(commonTokens.options);

  constructor({ testFiles = [] }) {
    const every = readdirSync('test/rules', { recursive: true }).filter((name) => name.endsWith('.test.ts'));
    this.#files = testFiles.length > 0 ? testFiles : every.map((name) => `test/rules/${name}`);
  }

  capabilities() {
    // What is worked out once, on loading, is mutated in a fresh process.
    return { reloadEnvironment: false };
  }

  #load() {
    if (this.#tests.size > 0) return;
    const require = createRequire(path.resolve('package.json'));
    Module._extensions['.ts'] = (module, file) => module._compile(compile(file), file);
    // fast-check keeps the clock that it finds on loading.
    const { now } = Date;
    Date.now = () => process.cpuUsage().user / 1000;
    const fastCheck = require('fast-check');
    Date.now = now;
    // One seed, so that the score is the same twice. A counterexample kills the mutant; making it small would only take time.
    fastCheck.configureGlobal({ seed: 20260131, endOnFailure: true, interruptAfterTimeLimit: LONGEST_PROPERTY_MS });
    const { describe, test, getState } = require('jest-circus');
    Object.assign(globalThis, { describe, test, expect: require('expect').expect });
    const root = getState().rootDescribeBlock;
    for (const name of readdirSync('src', { recursive: true })) if (name.endsWith('.rules.ts')) require(path.resolve('src', name));
    globalThis[INSTRUMENTER_CONSTANTS.NAMESPACE].currentTestId = LOADING;
    for (const file of this.#files) {
      const seen = new Set(root.children);
      require(path.resolve(file));
      for (const child of root.children.filter((one) => !seen.has(one))) this.#collect(child, file);
    }
    globalThis[INSTRUMENTER_CONSTANTS.NAMESPACE].currentTestId = undefined;
  }

  #collect(entry, parent) {
    const name = `${parent} › ${entry.name}`;
    if (entry.type === 'describeBlock') for (const child of entry.children) this.#collect(child, name);
    else this.#tests.set(this.#tests.has(name) ? `${name} (${this.#tests.size})` : name, { run: entry.fn, timeMs: 0 });
  }

  async dryRun() {
    this.#load();
    const stryker = globalThis[INSTRUMENTER_CONSTANTS.NAMESPACE];
    const tests = [];
    for (const id of this.#tests.keys()) {
      stryker.currentTestId = id;
      tests.push(await this.#run(id));
    }
    stryker.currentTestId = undefined;
    delete stryker.mutantCoverage.perTest[LOADING];
    writeFileSync(HITS, JSON.stringify(stryker.mutantCoverage.perTest));
    return { status: DryRunStatus.Complete, tests, mutantCoverage: stryker.mutantCoverage };
  }

  async mutantRun({ activeMutant, mutantActivation, testFilter, disableBail, hitLimit }) {
    if (this.#isSpoiled) throw new Error('An earlier mutant has spoiled this process.');
    globalThis[INSTRUMENTER_CONSTANTS.NAMESPACE] ??= {};
    const stryker = globalThis[INSTRUMENTER_CONSTANTS.NAMESPACE];
    if (mutantActivation === 'static') stryker.activeMutant = activeMutant.id;
    this.#load();
    stryker.activeMutant = activeMutant.id;
    const tests = [];
    let overrun;
    for (const id of this.#quickestFirst(testFilter ?? [...this.#tests.keys()])) {
      // Of each test by itself: a short one is soon seen to go round in circles, of all tests together a long one takes minutes.
      const most = hitLimit && Math.min(hitLimit, 100 + 50 * this.#hitsOf(id, activeMutant));
      Object.assign(stryker, { hitLimit: most, hitCount: most && 0 });
      tests.push(await this.#run(id));
      overrun = determineHitLimitReached(stryker.hitCount, most);
      if (overrun || (tests.at(-1).status === TestStatus.Failed && !disableBail)) break;
    }
    Object.assign(stryker, { activeMutant: undefined, hitLimit: undefined, hitCount: undefined });
    await this.#beSureOf(tests);
    return toMutantRunResult(overrun ?? { status: DryRunStatus.Complete, tests }, disableBail);
  }

  /**
   * A mutant may leave something in a cache that makes later ones look killed: its killer must pass without it. On a rejection
   * Stryker takes a fresh process and asks for the same mutant again.
   */
  async #beSureOf(tests) {
    const killer = tests.find(({ status }) => status === TestStatus.Failed);
    this.#isSpoiled = killer !== undefined && (await this.#run(killer.id)).status === TestStatus.Failed;
    if (this.#isSpoiled && !this.#isFresh) throw new Error('The test fails without the mutant too.');
    this.#isFresh = false;
  }

  #hitsOf(test, mutant) {
    this.#hits ??= existsSync(HITS) ? JSON.parse(readFileSync(HITS, 'utf8')) : {};
    return this.#hits[test]?.[mutant.id] ?? 0;
  }

  #quickestFirst(ids) {
    return ids.toSorted((a, b) => this.#tests.get(a).timeMs - this.#tests.get(b).timeMs);
  }

  async #run(id) {
    const test = this.#tests.get(id);
    const began = performance.now();
    const result = { id, name: id };
    try {
      await test.run();
      test.timeMs = performance.now() - began;
      return { ...result, status: TestStatus.Success, timeSpentMs: test.timeMs };
    } catch (error) {
      return { ...result, status: TestStatus.Failed, failureMessage: String(error), timeSpentMs: performance.now() - began };
    }
  }
}

function compile(file) {
  const options = { jsc: { parser: { syntax: 'typescript' }, target: 'es2023' }, module: { type: 'commonjs' }, sourceMaps: false };
  return transformSync(readFileSync(file, 'utf8'), { ...options, filename: file, swcrc: false }).code;
}

export const strykerPlugins = [declareClassPlugin(PluginKind.TestRunner, 'rules', RulesRunner)];
