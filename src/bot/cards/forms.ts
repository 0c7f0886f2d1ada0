import type { Speech } from '../speech';
import { type Card, card, heading, submit, textInput } from './card';

/** `key` names the act that sending the form is: a second press, or a message sent twice, is the same act. */
export function ticketForm({ texts }: Speech, key: string): Card {
  const { title, name, nameMissing, description } = texts.forms.ticket;
  return card(
    title,
    [
      heading(title),
      textInput('title', name, { isRequired: true, errorMessage: nameMissing, maxLength: 200 }),
      textInput('description', description, { isMultiline: true, maxLength: 20_000 }),
    ],
    [submit(texts.buttons.create, 'create_ticket', { key })],
  );
}

export function checklistForm({ texts }: Speech, key: string, given: { title: string }): Card {
  const { title, name, nameMissing, items, itemsMissing } = texts.forms.checklist;
  return card(
    title,
    [
      heading(title),
      textInput('title', name, { isRequired: true, errorMessage: nameMissing, maxLength: 200, value: given.title }),
      textInput('items', items, { isRequired: true, errorMessage: itemsMissing, isMultiline: true, maxLength: 20_000 }),
    ],
    [submit(texts.buttons.start, 'start_checklist', { key })],
  );
}

export function opportunityForm({ texts }: Speech, key: string, given: { title: string }): Card {
  const { title, name, nameMissing, customer } = texts.forms.opportunity;
  return card(
    title,
    [
      heading(title),
      textInput('title', name, { isRequired: true, errorMessage: nameMissing, maxLength: 200, value: given.title }),
      textInput('customer', customer, { maxLength: 200 }),
    ],
    [submit(texts.buttons.create, 'create_opportunity', { key })],
  );
}
