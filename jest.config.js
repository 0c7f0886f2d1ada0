/** @type {import('jest').Config} */
const swc = [
  '@swc/jest',
  {
    jsc: { parser: { syntax: 'typescript', tsx: true }, target: 'es2023', transform: { react: { runtime: 'automatic' } } },
    module: { type: 'commonjs' },
  },
];

module.exports = {
  testMatch: ['<rootDir>/test/**/*.test.{ts,tsx}'],
  testEnvironment: '<rootDir>/test/support/environment.ts',
  transform: { '^.+\\.(ts|tsx|js|mjs)$': swc },
  // These ship as ES modules only; everything else is loaded as it is.
  transformIgnorePatterns: ['/node_modules/(?!(jose|@asteasolutions|yaml|swiper|dom7|ssr-window)/)'],
  globalSetup: '<rootDir>/test/support/global-setup.ts',
  globalTeardown: '<rootDir>/test/support/global-teardown.ts',
  testSequencer: '<rootDir>/test/support/sequencer.cjs',
  testTimeout: 120000,
  maxWorkers: 2,
};
