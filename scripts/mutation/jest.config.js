const base = require('../../jest.config.js');

/** The tests of the rules alone: they need no database and say everything that a rule decides. */
module.exports = {
  ...base,
  rootDir: require('node:path').resolve(__dirname, '../..'),
  testMatch: ['<rootDir>/test/rules/**/*.test.ts'],
  globalSetup: undefined,
  globalTeardown: undefined,
};
