/** An address becomes a link; anything else is shown as it is. */
export function SupportContact({ contact }: { contact: string }) {
  if (/^https?:\/\//u.test(contact))
    return (
      <a href={contact} target="_blank" rel="noreferrer">
        {contact}
      </a>
    );
  if (/^[^\s@]+@[^\s@]+$/u.test(contact)) return <a href={`mailto:${contact}`}>{contact}</a>;
  return contact;
}
