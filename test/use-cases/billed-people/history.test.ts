import fc from 'fast-check';
import type { MemberClass } from '../../../src/contract/members';
import { billedCounts } from '../../../src/features/billed-people/snapshot-month';
import { changeClasses, readmitMember, removeMember } from '../../../src/features/members/members';
import { activeMembers, activeTeamCount } from '../../../src/features/teams/active-members';
import { addToTeam, archiveTeam, getTeam, leaveTeam, unarchiveTeam } from '../../../src/features/teams/teams';
import type { Actor } from '../../../src/platform/actor';
import { inTenant } from '../../../src/platform/context';
import { key } from '../../support/acts';
import { testContext } from '../../support/database';
import { aPeoplePlan, aTeam, stockBooks } from '../../support/teams';
import { aTenant } from '../../support/tenant';

const PEOPLE = 4;
const TEAMS = 3;
const DAY = 86_400_000;

type Step =
  | { act: 'join' | 'leave'; person: number; team: number }
  | { act: 'archive' | 'unarchive'; team: number }
  | { act: 'class'; person: number; to: MemberClass }
  | { act: 'remove' | 'readmit'; person: number }
  | { act: 'wait'; hours: number };

const person = fc.nat(PEOPLE - 1);
const team = fc.nat(TEAMS - 1);
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ act: fc.constantFrom('join' as const, 'leave' as const), person, team }),
  fc.record({ act: fc.constantFrom('join' as const), person, team }),
  fc.record({ act: fc.constantFrom('archive' as const, 'unarchive' as const), team }),
  fc.record({
    act: fc.constant('class' as const),
    person,
    to: fc.constantFrom('active' as const, 'active' as const, 'external' as const, 'blocked' as const),
  }),
  fc.record({ act: fc.constantFrom('remove' as const, 'readmit' as const), person }),
  fc.record({ act: fc.constant('wait' as const), hours: fc.integer({ min: 1, max: 400 }) }),
);

/** What holds from an instant on, as a person with a pencil would write it down. */
interface State {
  from: number;
  classes: MemberClass[];
  present: boolean[];
  archived: boolean[];
  inTeam: boolean[][];
}

const activeIn = (state: State, who: number, rule: 'class_active' | 'in_active_team'): boolean =>
  state.present[who]! &&
  state.classes[who] === 'active' &&
  (rule === 'class_active' || state.inTeam[who]!.some((isIn, index) => isIn && !state.archived[index]));

test('EC-10 EC-11 EC-12 EC-19: after any history, who is active or billed at any instant and in any span is what a pencil would say', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 10, maxLength: 30 }), async (steps) => {
      const { ctx, clock } = await testContext({ now: '2026-01-01T00:00:00.000Z' });
      const tenant = await aTenant(ctx, { plan: await aPeoplePlan(ctx, { people: 1000, teams: 1000 }) });
      const people: Actor[] = [];
      for (let index = 0; index < PEOPLE; index += 1) people.push(await tenant.member('member', `P${index}`));
      const teams: string[] = [];
      for (let index = 0; index < TEAMS; index += 1) teams.push((await aTeam(ctx, tenant.owner, [], { name: `T${index}` })).id);

      const now: State = {
        from: ctx.now().getTime(),
        classes: people.map(() => 'active' as const),
        present: people.map(() => true),
        archived: teams.map(() => false),
        inTeam: people.map(() => teams.map(() => false)),
      };
      const history: State[] = [structuredClone(now)];

      for (const one of steps) {
        if (one.act === 'wait') clock.advance({ hours: one.hours });
        else await perform(one);
        history.push({ ...structuredClone(now), from: ctx.now().getTime() });
      }

      const end = ctx.now().getTime() + 10 * DAY;
      const pencil = (from: number, to: number, rule: 'class_active' | 'in_active_team'): number[] =>
        people
          .map((_, who) => who)
          .filter((who) =>
            history.some((state, index) => {
              const until = history[index + 1]?.from ?? Number.POSITIVE_INFINITY;
              return state.from < until && state.from < to && until > from && activeIn(state, who, rule);
            }),
          );
      const idsOf = (found: number[]) => found.map((who) => people[who]!.memberId).sort();
      const instants = [...new Set(history.map((state) => state.from)), end];

      await inTenant(ctx, tenant.tenantId, async (tx) => {
        for (const active of ['class_active', 'in_active_team'] as const) {
          for (const at of instants) {
            const ids = (await activeMembers(tx, tenant.tenantId, { active }, new Date(at))).filter((id) => id !== tenant.owner.memberId);
            expect(ids).toEqual(idsOf(pencil(at, at + 1, active)));
          }
          const span = { start: new Date(instants[Math.floor(instants.length / 3)]!), end: new Date(end) };
          for (const countRule of ['any_time', 'cut_off'] as const) {
            const { people: billed } = await billedCounts(tx, tenant.tenantId, { active, countRule }, span);
            const from = span.start.getTime();
            const to = countRule === 'any_time' ? end : from + 1;
            expect(billed).toBe(pencil(from, to, active).length + (active === 'class_active' ? 1 : 0));
          }
        }
        expect(await activeTeamCount(tx, tenant.tenantId, ctx.now())).toBe(now.archived.filter((isArchived) => !isArchived).length);
      });
      const counted = people.filter((_, who) => activeIn(now, who, 'in_active_team')).length;
      expect(await stockBooks(ctx, tenant.tenantId, 'active_members')).toEqual({ used: counted, ledger: counted });
      const open = now.archived.filter((isArchived) => !isArchived).length;
      expect(await stockBooks(ctx, tenant.tenantId, 'teams')).toEqual({ used: open, ledger: open });

      /** Does it, and writes it down when it was not refused. */
      async function perform(one: Exclude<Step, { act: 'wait' }>): Promise<void> {
        switch (one.act) {
          case 'join':
            if ((await addToTeam(ctx, tenant.owner, teams[one.team]!, [people[one.person]!.memberId])).ok)
              now.inTeam[one.person]![one.team] = true;
            return;
          case 'leave':
            if ((await leaveTeam(ctx, tenant.owner, teams[one.team]!, people[one.person]!.memberId)).ok)
              now.inTeam[one.person]![one.team] = false;
            return;
          case 'archive': {
            const found = await getTeam(ctx, tenant.owner, teams[one.team]!);
            if (found.ok && (await archiveTeam(ctx, tenant.owner, teams[one.team]!, found.value.revision)).ok)
              now.archived[one.team] = true;
            return;
          }
          case 'unarchive':
            if ((await unarchiveTeam(ctx, tenant.owner, teams[one.team]!, key())).ok) now.archived[one.team] = false;
            return;
          case 'class':
            if ((await changeClasses(ctx, tenant.owner, { memberIds: [people[one.person]!.memberId], class: one.to })).ok)
              now.classes[one.person] = one.to;
            return;
          case 'remove': {
            const revision = await inTenant(ctx, tenant.tenantId, ({ db }) =>
              db.query<{ revision: number }>('select revision from members where tenant_id = $1 and member_id = $2', [
                tenant.tenantId,
                people[one.person]!.memberId,
              ]),
            );
            if ((await removeMember(ctx, tenant.owner, people[one.person]!.memberId, revision[0]!.revision)).ok)
              now.present[one.person] = false;
            return;
          }
          case 'readmit':
            if ((await readmitMember(ctx, tenant.owner, people[one.person]!.memberId)).ok) now.present[one.person] = true;
        }
      }
    }),
    { numRuns: 25 },
  );
});
