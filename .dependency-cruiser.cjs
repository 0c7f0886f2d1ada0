/**
 * Who may import whom. One direction: ways in (http, bot, jobs) → features → platform; clients plug into ports of the features;
 * app.ts joins everything. test/architecture/dependency-rules.test.ts plants a violation of every rule.
 */

/** A package as dependency-cruiser sees it, its types included. */
const npm = (...names) => `(^|/)node_modules/(@types/)?(${names.join('|')})(/|$)`;

const forbidden = (name, comment, from, to) => ({ name, comment, severity: 'error', from, to });

module.exports = {
  forbidden: [
    forbidden('no-cycles', 'Two files that need each other are one file, or miss a third.', {}, { circular: true }),
    {
      ...forbidden(
        'features-lean-one-way',
        'Two features that need each other are one feature, or miss a third.',
        { path: '^src/features/' },
        { circular: true },
      ),
      scope: 'folder',
    },
    forbidden(
      'rules-are-pure',
      'A rule takes values and returns a decision: no clock, no database, no package.',
      { path: '\\.rules\\.ts$' },
      { pathNot: ['\\.rules\\.ts$', '^src/contract/', '^src/features/', '^src/platform/(actor|result|invariant|sentences)\\.ts$'] },
    ),
    forbidden(
      'rules-call-rules',
      'Of a feature a rule may name the shapes; what it calls is a rule.',
      { path: '\\.rules\\.ts$' },
      { path: '^src/features/', pathNot: '\\.rules\\.ts$', dependencyTypesNot: ['type-only'] },
    ),
    forbidden(
      'stores-stay-in-their-feature',
      'Another feature asks a use case or a rule, never the tables.',
      { path: '^src/features/([^/]+)/' },
      { path: '\\.store\\.ts$', pathNot: '^src/features/$1/' },
    ),
    forbidden(
      'stores-stay-in-features',
      'Ways in, clients and platform do not reach into the tables of a feature.',
      { pathNot: '^src/features/' },
      { path: '^src/features/.+\\.store\\.ts$' },
    ),
    forbidden(
      'features-know-no-caller',
      'What the product does is independent of who asks for it and of who answers.',
      { path: '^src/features/' },
      { path: '^src/(http|bot|jobs|clients|sandbox)/|^src/(app|config|main)\\.ts$' },
    ),
    forbidden(
      'ways-in-do-not-mix',
      'What two ways in share belongs into a feature, the contract or the platform.',
      { path: '^src/(http|bot|jobs)/' },
      { path: '^src/(http|bot|jobs)/', pathNot: '^src/$1/' },
    ),
    forbidden(
      'clients-come-from-app',
      'A way in is handed its clients; it may name their types.',
      { path: '^src/(http|bot|jobs)/' },
      { path: '^src/clients/', dependencyTypesNot: ['type-only'] },
    ),
    forbidden(
      'ways-in-see-no-joining',
      'Ways in are joined by app.ts and handed their settings.',
      { path: '^src/(http|bot|jobs|clients|sandbox)/' },
      { path: '^src/(app|main)\\.ts$' },
    ),
    forbidden(
      'clients-see-ports',
      'A client implements a port; of the features it knows ports and rules.',
      { path: '^src/clients/' },
      { path: '^src/', pathNot: ['^src/(clients|platform|contract)/', '\\.(port|rules)\\.ts$'] },
    ),
    forbidden(
      'platform-has-no-business',
      'The platform knows no word of the product.',
      { path: '^src/platform/' },
      { path: '^(src|tabs|test)/', pathNot: '^src/platform/' },
    ),
    forbidden(
      'contract-stands-alone',
      'Browser and server both load the contract: schemas, and nothing that needs either of them.',
      { path: '^src/contract/' },
      { pathNot: ['^src/contract/', npm('zod')] },
    ),
    forbidden(
      'config-stands-alone',
      'The settings are read before anything else exists.',
      { path: '^src/config\\.ts$' },
      { pathNot: ['^src/contract/', npm('zod')], dependencyTypesNot: ['core', 'type-only'] },
    ),
    forbidden(
      'tabs-see-the-contract',
      'Of the server the browser knows the contract alone.',
      { path: '^tabs/' },
      { path: '^(src|test)/', pathNot: '^src/contract/' },
    ),
    forbidden(
      'tabs-see-types-only',
      'The schemas check on the server; the browser would only carry their weight.',
      { path: '^tabs/' },
      { path: '^src/contract/', pathNot: '^src/contract/locales/', dependencyTypesNot: ['type-only'] },
    ),
    forbidden(
      'src-sees-no-tabs-no-test',
      'The server is built without the browser and without tests.',
      { path: '^src/' },
      { path: '^(tabs|test|scripts)/' },
    ),
    forbidden(
      'express-stays-in-http',
      'The web framework lives in one folder (the sandbox speaks HTTP too).',
      { path: '^src/', pathNot: '^src/(http|sandbox)/' },
      { path: npm('express', 'express-rate-limit', 'helmet', 'pino-http') },
    ),
    forbidden(
      'botbuilder-stays-in-bot',
      'The SDK of the bot is archived: one folder and one client can be rewritten, the product cannot.',
      { path: '^(src|tabs)/', pathNot: '^src/(bot|clients/teams)/' },
      { path: npm('botbuilder[^/]*', 'botframework[^/]*') },
    ),
    forbidden(
      'database-drivers-stay-in-db',
      'Everything else speaks SQL through the platform and works on both engines.',
      { path: '^src/', pathNot: '^src/platform/db/' },
      { path: npm('pg', 'pg-[^/]*', '@electric-sql') },
    ),
    forbidden(
      'sandbox-is-joined-by-app',
      'Nothing but the joining place knows that stand-ins exist.',
      { path: '^(src|tabs)/', pathNot: ['^src/sandbox/', '^src/app\\.ts$'] },
      { path: '^src/sandbox/' },
    ),
    forbidden(
      'sandbox-sees-what-clients-see',
      'The stand-ins are the outside: they reach the product over HTTP, not through its use cases.',
      { path: '^src/sandbox/' },
      { path: '^src/', pathNot: ['^src/(sandbox|clients|platform|contract)/', '\\.(port|rules)\\.ts$'] },
    ),
    forbidden(
      'teams-js-has-one-user',
      'One file knows the Teams SDK (the sandbox host is a Teams look-alike and answers it by hand).',
      { path: '^(src|tabs)/', pathNot: '^tabs/teams\\.ts$' },
      { path: npm('@microsoft/teams-js') },
    ),
    forbidden(
      'dependencies-are-declared',
      'What is imported stands in package.json; the server needs nothing that only development installs.',
      { path: '^src/' },
      { dependencyTypes: ['npm-no-pkg', 'npm-unknown', 'npm-dev', 'unknown', 'undetermined'], pathNot: '(^|/)node_modules/@types/' },
    ),
  ],
  options: {
    // Types count: a type import is a dependency of the reader, and some rules allow only those.
    tsPreCompilationDeps: true,
    parser: 'swc',
    doNotFollow: { path: '(^|/)node_modules/' },
    moduleSystems: ['cjs', 'es6'],
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'require', 'node', 'default', 'types'],
      extensions: ['.ts', '.tsx', '.js', '.mjs', '.cjs', '.json'],
    },
  },
};
