import type { Checklist } from '../../../src/contract/checklists';
import type { Opportunity } from '../../../src/contract/opportunities';
import type { Ticket } from '../../../src/contract/tickets';
import type { SandboxApi } from './sandbox';

export interface Seeded {
  ticket: Ticket;
  checklist: Checklist;
  opportunity: Opportunity;
}

const TITLES = [
  'Drucker im zweiten Stock hat keinen Toner',
  'Schwerlastregalfachbodenträgerbestellung für die Außenstelle Donaudampfschifffahrtsstraße 17',
  'VPN bricht bei Videoanrufen ab',
  'Neuer Laptop für die Auszubildende',
  'Rechnung 2043 nennt die falsche Adresse',
  'Bildschirm im Besprechungsraum bleibt schwarz',
  'Telefonnummer fehlt auf der Website',
  'Scanner an Tor 3 liest keine Etiketten',
  'Zugang zum Lieferportal',
  'Gabelstapler braucht seine jährliche Prüfung',
];

/** An organization in the middle of its work, on the free plan: tickets used up with drafts waiting, checklists nearly, opportunities open. */
export async function seed(api: SandboxApi): Promise<Seeded> {
  const { member } = await api.read<{ member: { id: string } }>('agent', '/me');
  const description =
    'Seit Montag, bei allen im Team.\n\nSiehe https://intranet.example/eine/sehr/lange/adresse/ohne/leerzeichen/die/umbrechen/muss';
  const tickets: Ticket[] = [];
  for (const [index, title] of TITLES.entries()) {
    const priority = (['normal', 'urgent', 'high', 'low'] as const)[index % 4];
    const assigneeId = index % 3 === 0 ? member.id : null;
    tickets.push(
      await api.create<Ticket>('owner', '/tickets', { title, description, priority, assigneeId, dueOn: '2030-01-15', tags: ['büro'] }),
    );
  }
  const ticket = tickets[0]!;
  await api.create('agent', `/tickets/${ticket.id}/comments`, { body: 'Toner kommt morgen.', kind: 'reply' });
  await api.create('owner', `/tickets/${ticket.id}/comments`, { body: 'Sehr dringend.', kind: 'reply' });
  await api.ask('owner', 'PATCH', `/tickets/${ticket.id}`, { status: 'waiting' }, { 'if-match': `"${ticket.revision}"` });
  for (const title of ['Noch ein Ticket', 'Und noch eines mit einem etwas längeren Titel'])
    await api.ask('owner', 'POST', '/tickets', { title });

  const items = [{ text: 'Laptop übergeben' }, { text: 'Rundgang durch das Lager mit der Sicherheitsbeauftragten' }, { text: 'Schlüssel' }];
  const checklists: Checklist[] = [];
  for (const title of ['Erster Tag der Auszubildenden', 'Monatsabschluss', 'Brandschutzprüfung', 'Inventur'])
    checklists.push(await api.create<Checklist>('owner', '/checklists', { title, items, submit: true }));

  const opportunities: Opportunity[] = [];
  for (const [title, customer] of [
    ['Kühllager für die Bäckerei', 'Example Bakery'],
    ['Rahmenvertrag Expressversand', 'Muster & Söhne Präzisionswerkzeuge GmbH & Co. KG'],
  ])
    opportunities.push(
      await api.create<Opportunity>('owner', '/opportunities', {
        title,
        customer,
        value: { minor: 1_250_000, currency: 'EUR' },
        closesOn: '2030-02-28',
      }),
    );
  return { ticket, checklist: checklists[0]!, opportunity: opportunities[0]! };
}
