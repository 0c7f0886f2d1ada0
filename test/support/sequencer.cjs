const { default: Sequencer } = require('@jest/test-sequencer');

/** They take the longest by far, whatever their files' sizes: begun last, one of them would run alone at the end. */
const LONG = [
  'browser/looks',
  'acceptance/active-members',
  'browser/walk',
  'reliability/staging',
  'acceptance/team-units',
  'acceptance/whole-month',
  'acceptance/org-quota',
  'acceptance/tiered-addon',
  'acceptance/license-pool',
  'browser/foreign-host',
  'reliability/lock',
  'simulation/year',
  'reliability/kill',
  'reliability/drain',
];

const placeOf = ({ path }) => {
  const place = LONG.findIndex((name) => path.endsWith(`/test/${name}.test.ts`));
  return place < 0 ? LONG.length : place;
};

/** Where jest has not timed the files yet, as in a clean clone, it goes by their sizes; here the long ones come first. */
module.exports = class extends Sequencer {
  sort(tests) {
    return super.sort(tests).sort((one, other) => placeOf(one) - placeOf(other));
  }
};
