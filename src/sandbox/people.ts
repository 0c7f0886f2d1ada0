/** The people and organizations of the sandbox. They never change, so tests and screenshots can name them. */

export const PUBLISHER_TENANT_ID = '99999999-9999-4999-8999-999999999999';

const LOGISTICS = { tenantId: '11111111-1111-4111-8111-111111111111', organization: 'Sample Logistics' };
const BAKERY = { tenantId: '22222222-2222-4222-8222-222222222222', organization: 'Example Bakery' };

export const PEOPLE = [
  {
    key: 'owner',
    name: 'Olivia Owner',
    role: 'owner',
    address: 'olivia@sample-logistics.example',
    objectId: 'aaaaaaaa-0001-4000-8000-000000000001',
    ...LOGISTICS,
  },
  {
    key: 'agent',
    name: 'Adam Agent',
    role: 'agent',
    address: 'adam@sample-logistics.example',
    objectId: 'aaaaaaaa-0002-4000-8000-000000000002',
    ...LOGISTICS,
  },
  {
    key: 'member',
    name: 'Mara Member',
    role: 'member',
    address: 'mara@sample-logistics.example',
    objectId: 'aaaaaaaa-0003-4000-8000-000000000003',
    ...LOGISTICS,
  },
  {
    key: 'other',
    name: 'Otto Other',
    role: 'other_owner',
    address: 'otto@example-bakery.example',
    objectId: 'bbbbbbbb-0001-4000-8000-000000000001',
    ...BAKERY,
  },
] as const;

export type Person = (typeof PEOPLE)[number];
export type PersonKey = Person['key'];

export const PERSON_KEYS = PEOPLE.map((person) => person.key) as [PersonKey, ...PersonKey[]];

/** People of the publisher, for its operator API alone: they have no chat and buy nothing. Their directory is a setting. */
export const OPERATORS = [
  {
    key: 'support',
    name: 'Sofia Support',
    address: 'sofia@kontingent.example',
    objectId: '99999999-0101-4000-8000-000000000001',
    appRole: 'Kontingent.Support',
  },
  {
    key: 'accounting',
    name: 'Aron Accounting',
    address: 'aron@kontingent.example',
    objectId: '99999999-0102-4000-8000-000000000002',
    appRole: 'Kontingent.Accounting',
  },
] as const;

export type Operator = (typeof OPERATORS)[number];

export const OPERATOR_KEYS = OPERATORS.map(({ key }) => key) as [Operator['key'], ...Operator['key'][]];

export function personBy(key: PersonKey): Person {
  return PEOPLE.find((person) => person.key === key)!;
}
