import { readFileSync } from 'node:fs';
import path from 'node:path';
import { TestEnvironment } from 'jest-environment-node';

/** Node's own; its types leave it out. */
declare const WebAssembly: { compile(bytes: Uint8Array): Promise<object> };

/**
 * The engine compiled once per worker instead of once per test file: V8 finds the same bytes again for as long as somebody
 * holds what it made of them, with all that it has optimized since.
 */
const held: object[] = [];

export default class extends TestEnvironment {
  override async setup(): Promise<void> {
    await super.setup();
    if (!process.env.TEST_DATABASE_URL && held.length === 0) held.push(await WebAssembly.compile(readFileSync(ENGINE)));
  }
}

const ENGINE = path.join(path.dirname(require.resolve('@electric-sql/pglite')), 'pglite.wasm');
