import { TextLink } from './text-link';

/** An address becomes a link; anything else is shown as it is. */
export function SupportContact({ contact }: { contact: string }) {
  if (/^https?:\/\//u.test(contact))
    return (
      <TextLink href={contact} target="_blank" rel="noreferrer">
        {contact}
      </TextLink>
    );
  if (/^[^\s@]+@[^\s@]+$/u.test(contact)) return <TextLink href={`mailto:${contact}`}>{contact}</TextLink>;
  return contact;
}
