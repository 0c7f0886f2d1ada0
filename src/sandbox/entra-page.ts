import type { Person } from './people';

const LANGUAGES = ['en', 'de', 'it'] as const;
type Language = (typeof LANGUAGES)[number];

const TEXTS: Record<Language, { title: string; choose: string; note: string; wrong: string; goOn: string }> = {
  en: {
    title: 'Sign in – sandbox',
    choose: 'Who is signing in?',
    note: 'This page stands in for Microsoft Entra. These people exist only in the sandbox.',
    wrong: 'This sign-in request is not valid',
    goOn: 'Continue',
  },
  de: {
    title: 'Anmelden – Sandbox',
    choose: 'Wer meldet sich an?',
    note: 'Diese Seite vertritt Microsoft Entra. Diese Personen gibt es nur in der Sandbox.',
    wrong: 'Diese Anmeldeanfrage ist ungültig',
    goOn: 'Weiter',
  },
  it: {
    title: 'Accesso – sandbox',
    choose: 'Chi effettua l’accesso?',
    note: 'Questa pagina sostituisce Microsoft Entra. Queste persone esistono solo nella sandbox.',
    wrong: 'Questa richiesta di accesso non è valida',
    goOn: 'Continua',
  },
};

/** The best of our languages for a request; `accepts` is express's `req.acceptsLanguages`. */
export function pageLanguage(accepts: (languages: string[]) => string | false): Language {
  return (accepts([...LANGUAGES]) || 'en') as Language;
}

/** The choice of a person; each is a link that repeats the request with `login_hint`. */
export function choicePage(language: Language, people: readonly Person[], linkFor: (person: Person) => string): string {
  const text = TEXTS[language];
  const items = people
    .map(
      (person) =>
        `<li><a href="${escaped(linkFor(person))}"><b>${escaped(person.name)}</b><br>${escaped(person.address)} · ${escaped(person.organization)}</a></li>`,
    )
    .join('');
  return page(language, `<h1>${text.choose}</h1><ul>${items}</ul><p>${text.note}</p>`);
}

/** A request that cannot be answered by a redirect, because its client or its redirect address is not ours. */
export function wrongRequestPage(language: Language, reason: string): string {
  return page(language, `<h1>${TEXTS[language].wrong}</h1><p lang="en">${escaped(reason)}</p>`);
}

/** `response_mode=form_post`: a form that sends itself, with a button where scripts are off. */
export function formPostPage(language: Language, address: string, fields: Record<string, string>, scriptNonce: string): string {
  const inputs = Object.entries(fields)
    .map(([name, value]) => `<input type="hidden" name="${escaped(name)}" value="${escaped(value)}">`)
    .join('');
  return page(
    language,
    `<form method="post" action="${escaped(address)}">${inputs}<button>${TEXTS[language].goOn}</button></form>
<script nonce="${scriptNonce}">document.forms[0].submit()</script>`,
  );
}

function page(language: Language, body: string): string {
  return `<!doctype html>
<html lang="${language}"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>${TEXTS[language].title}</title>
<style>
:root { color-scheme: light dark; font: 16px/1.5 "Segoe UI", system-ui, sans-serif }
main { max-width: 26rem; margin: 3rem auto; padding: 0 1rem }
h1 { font-size: 1.4rem }
ul { list-style: none; padding: 0 }
li { margin: .5rem 0 }
a { display: block; padding: .75rem 1rem; border: 1px solid; border-radius: 4px; color: inherit; text-decoration: none; overflow-wrap: anywhere }
a:hover, a:focus-visible { outline: 2px solid; outline-offset: 2px }
</style></head><body><main>${body}</main></body></html>`;
}

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
