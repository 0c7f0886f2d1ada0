// biome-ignore-all lint/suspicious/noExplicitAny: what comes over the wire is looked at as it is
import { randomUUID } from 'node:crypto';
import type { Answer, Caller } from './http';
import type { World } from './world';

export interface Person {
  id: string;
  name: string;
  caller: Caller;
}

/** An organization of one test's own, by contract: many of them live in one world, and none sees another. */
export interface Organization {
  tenantId: string;
  /** Where its bills are mailed at first. */
  mailbox: string;
  /** Who bought; its owner. */
  owner: Person;
  /** Somebody's first contact. */
  arrive(name?: string, given?: { roles?: string[]; id?: string }): Promise<Person>;
  crowd(count: number): Promise<Person[]>;
  /** A team with exactly these people. */
  team(people: readonly Person[], name?: string): Promise<any>;
  archive(team: { id: string }): Promise<Answer>;
  unarchive(team: { id: string }): Promise<Answer>;
  billing(): Promise<any>;
  units(): Promise<any>;
  /** All of a billing month, over as many pages as it takes. */
  billed(kind: 'people' | 'teams', month: string): Promise<any>;
  documents(kind?: 'invoice' | 'receipt'): Promise<any[]>;
}

let organizations = 0;

/** Buys a plan for a new organization. */
export async function anOrganization(world: World, planId: string): Promise<Organization> {
  const tenantId = randomUUID();
  const one = await organizationOf(world, tenantId, await personOf(world, tenantId, 'Sample Owner'));
  const { body: sold } = await one.owner.caller.get('/plans');
  const plan = sold.items.find((some: any) => some.planId === planId);
  const price = plan.prices.find(({ term }: any) => term === 'P1M');
  const { status, body } = await one.owner.caller.post('/subscriptions', {
    planId,
    term: 'P1M',
    consent: { version: plan.version, currency: price.currency, minor: price.minor },
    organization: { name: `Organization ${organizations}`, contactAddress: one.mailbox, locale: 'en', timeZone: 'UTC' },
  });
  if (status !== 201) throw new Error(`the contract answered ${status} ${JSON.stringify(body)}`);
  await one.owner.caller.get('/me');
  return one;
}

/** As above, of a contract that the publisher's accounting entered: it had begun elsewhere. Its first person is an admin. */
export async function anOrganizationSince(world: World, planId: string, startsAt: string): Promise<Organization> {
  const tenantId = randomUUID();
  const admin = await personOf(world, tenantId, 'Sample Admin', { roles: ['admin'] });
  const one = await organizationOf(world, tenantId, admin);
  const accounting = world.operator('accounting');
  const facts = { name: `Organization ${organizations}`, contactAddress: one.mailbox, locale: 'en', timeZone: 'UTC', reason: 'Contract' };
  const known = await accounting.put(`/tenants/${tenantId}`, facts);
  if (known.status >= 300) throw new Error(`the organization answered ${known.status} ${JSON.stringify(known.body)}`);
  const order = { planId, term: 'P1M', startsAt, reason: 'Contract of that day' };
  const { status, body } = await accounting.post(`/tenants/${tenantId}/contracts`, order);
  if (status !== 201) throw new Error(`the contract answered ${status} ${JSON.stringify(body)}`);
  await admin.caller.get('/me');
  return one;
}

async function personOf(world: World, tenantId: string, name: string, given: { roles?: string[]; id?: string } = {}): Promise<Person> {
  const { roles = [], id = randomUUID() } = given;
  return { id, name, caller: world.as(world.someone({ tenantId, memberId: id, name, roles })) };
}

async function organizationOf(world: World, tenantId: string, owner: Person): Promise<Organization> {
  organizations += 1;
  const { caller } = owner;
  let people = 0;
  let teams = 0;
  const arrive: Organization['arrive'] = async (name, given = {}) => {
    people += 1;
    const person = await personOf(world, tenantId, name ?? `Person ${String(people).padStart(3, '0')}`, given);
    const { status, body } = await person.caller.get('/me');
    if (status !== 200) throw new Error(`the first contact answered ${status} ${JSON.stringify(body)}`);
    return person;
  };
  const pages = async (path: string): Promise<any> => {
    const items: any[] = [];
    for (let cursor = ''; ; ) {
      const { status, body } = await caller.get(`${path}limit=100${cursor}`);
      if (status !== 200) throw new Error(`${path} answered ${status} ${JSON.stringify(body)}`);
      items.push(...body.items);
      if (!body.nextCursor) return { ...body, items };
      cursor = `&cursor=${encodeURIComponent(body.nextCursor)}`;
    }
  };
  return {
    tenantId,
    mailbox: `bills-${organizations}@sample.example`,
    owner,
    arrive,
    async crowd(count) {
      const all: Person[] = [];
      while (all.length < count) all.push(await arrive());
      return all;
    },
    async team(members, name) {
      teams += 1;
      const given = { name: name ?? `Team ${teams}`, memberIds: members.map(({ id }) => id) };
      const { status, body } = await caller.post('/teams', given);
      if (status !== 201) throw new Error(`the team answered ${status} ${JSON.stringify(body)}`);
      return body;
    },
    async archive({ id }) {
      const { revision } = (await caller.get(`/teams/${id}`)).body;
      return caller.send('POST', `/teams/${id}/archive`, { headers: { 'if-match': `"${revision}"` } });
    },
    unarchive: ({ id }) => caller.post(`/teams/${id}/unarchive`),
    billing: async () => (await caller.get('/billing')).body,
    units: async () => (await caller.get('/billing/units')).body,
    billed: (kind, month) => pages(`/billing/${kind}/${month}?`),
    async documents(kind = 'invoice') {
      await world.settle();
      return (await pages(`/billing/documents?kind=${kind}&`)).items;
    },
  };
}

/** YYYY-MM. */
export const monthOf = (world: World): string => world.now().toISOString().slice(0, 7);

/** Moves to a day of this month, at noon. */
export const toDay = (world: World, day: number): Promise<void> => {
  const now = world.now();
  return world.moveTo(new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth(), day, 12)));
};

/** Moves to the first of the next month, at nine; answers which month it is. */
export async function toNextMonth(world: World): Promise<string> {
  const now = world.now();
  await world.moveTo(new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + 1, 1, 9)));
  return monthOf(world);
}
