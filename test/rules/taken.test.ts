import fc from 'fast-check';
import { LOST_AFTER_MS, stepFor } from '../../src/features/subscriptions/taken.rules';

const HOUR = 3_600_000;
const sentAt = new Date('2026-03-10T09:00:00.000Z');
const later = (ms: number) => new Date(sentAt.getTime() + ms);

test('what was never taken is asked for', () => expect(stepFor({ sentAt: null, sends: 0 }, sentAt)).toBe('ask'));

test.each([
  [1, 0, 'wait'],
  [1, HOUR - 1, 'wait'],
  [1, HOUR, 'ask'],
  [2, HOUR, 'ask'],
  [3, HOUR, 'wait'],
  [3, LOST_AFTER_MS - 1, 'wait'],
  [1, LOST_AFTER_MS, 'lost'],
  [3, LOST_AFTER_MS, 'lost'],
] as const)('taken %i times, %i ms after the last: %s', (sends, ms, step) => expect(stepFor({ sentAt, sends }, later(ms))).toBe(step));

test('G6: however it is looked at, it is asked for three times at most, an hour apart, and ends within 26 hours', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 3 * HOUR }), { minLength: 120, maxLength: 120 }), (pauses) => {
      let taken: { sentAt: Date | null; sends: number } = { sentAt: null, sends: 0 };
      let at = sentAt;
      const asked: number[] = [];
      for (const pause of pauses) {
        const step = stepFor(taken, at);
        if (step === 'lost') break;
        if (step === 'ask') {
          asked.push(at.getTime());
          taken = { sentAt: at, sends: taken.sends + 1 };
        }
        at = new Date(at.getTime() + pause);
      }
      expect(asked.length).toBeLessThanOrEqual(3);
      for (const [index, time] of asked.entries()) if (index > 0) expect(time - asked[index - 1]!).toBeGreaterThanOrEqual(HOUR);
      expect(at.getTime() - asked.at(-1)!).toBeLessThanOrEqual(LOST_AFTER_MS + 3 * HOUR);
    }),
  );
});
