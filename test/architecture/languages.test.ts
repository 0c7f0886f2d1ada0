import ts from 'typescript';
import { filesIn, nodesOf, read } from './source';

const LANGUAGES = ['en', 'de', 'it'];
const FOLDER = 'src/contract/locales';
const FORMS = /_(zero|one|two|few|many|other)$/;

interface Texts {
  [key: string]: string | Texts;
}

/** `a.b.c` → text. */
function flat(texts: Texts, prefix = ''): Map<string, string> {
  const all = new Map<string, string>();
  for (const [key, value] of Object.entries(texts)) {
    if (typeof value === 'string') all.set(prefix + key, value);
    else for (const [inner, text] of flat(value, `${prefix}${key}.`)) all.set(inner, text);
  }
  return all;
}

const load = (language: string, name: string) => flat(JSON.parse(read(`${FOLDER}/${language}/${name}`)) as Texts);

/** Languages need different plural forms of one sentence; what they share is the sentence. */
function sentences(texts: Map<string, string>): Map<string, string[]> {
  const grouped = new Map<string, string[]>();
  for (const [key, text] of texts) grouped.set(key.replace(FORMS, ''), [...(grouped.get(key.replace(FORMS, '')) ?? []), text]);
  return grouped;
}

/** The places of a sentence that are filled, and the tags around its parts; a plural form may leave its number out. */
function places(texts: string[]): string[] {
  const found = texts.flatMap((text) => [
    ...[...text.matchAll(/\{\{-?\s*(\w+)/g)].map(([, name]) => name!),
    ...(text.match(/<\/?\w+\s*\/?>/g) ?? []),
  ]);
  return [...new Set(found)].filter((place) => place !== 'count').sort();
}

const names = filesIn(`${FOLDER}/en`, /\.json$/).map((file) => file.slice(`${FOLDER}/en/`.length));

test('the three languages have the same files', () => {
  for (const language of LANGUAGES) {
    expect(filesIn(`${FOLDER}/${language}`, /\.json$/)).toEqual(names.map((name) => `${FOLDER}/${language}/${name}`));
  }
  expect(names.length).toBeGreaterThan(0);
});

describe.each(names)('%s', (name) => {
  const english = sentences(load('en', name));

  test.each(['de', 'it'])('says the same things in %s', (language) => {
    expect([...sentences(load(language, name)).keys()].sort()).toEqual([...english.keys()].sort());
  });

  test.each(['de', 'it'])('fills the same places in %s', (language) => {
    const translated = sentences(load(language, name));
    for (const [key, texts] of english) expect({ key, places: places(translated.get(key) ?? []) }).toEqual({ key, places: places(texts) });
  });

  test.each(LANGUAGES)('has no empty text and both plural forms in %s', (language) => {
    const texts = load(language, name);
    expect([...texts].filter(([, text]) => text.trim() === '')).toEqual([]);
    const counted = [...texts.keys()].filter((key) => /_(one|other)$/.test(key));
    const incomplete = counted.filter((key) => !texts.has(key.replace(FORMS, '_one')) || !texts.has(key.replace(FORMS, '_other')));
    expect(incomplete).toEqual([]);
  });
});

/** The codes written in src/contract/refusals.ts: the union of refusals and the list of request problems. */
function problemCodes(): string[] {
  const file = 'src/contract/refusals.ts';
  return nodesOf(file, read(file)).flatMap((node) => {
    if (ts.isPropertySignature(node) && node.name.getText() === 'code' && node.type && ts.isLiteralTypeNode(node.type)) {
      return ts.isStringLiteral(node.type.literal) ? [node.type.literal.text] : [];
    }
    if (ts.isVariableDeclaration(node) && node.name.getText() === 'REQUEST_PROBLEM_CODES') {
      return [...node.getText().matchAll(/'(\w+)'/g)].map(([, code]) => code!);
    }
    return [];
  });
}

test.each(LANGUAGES)('every refusal has a sentence in %s', (language) => {
  const texts = load(language, 'refusals.json');
  const codes = problemCodes();
  expect(codes).toEqual(expect.arrayContaining(['quota_exhausted', 'activation_failed', 'token_missing', 'internal']));
  expect(codes.filter((code) => !texts.get(code))).toEqual([]);
});

test('the neutral sentence at the limit sells nothing in any language', () => {
  const sales = /\b(price|upgrade|larger plan|buy|tarif|preis|kaufen|piano|prezzo|acquist\w*)\b|[€$£]/i;
  for (const language of LANGUAGES) {
    const texts = load(language, 'refusals.json');
    expect(texts.get('quota_exhausted')).not.toMatch(sales);
    expect(texts.get('quota_exhausted_upgrade')).toMatch(sales);
  }
});
