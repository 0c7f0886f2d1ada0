import { parseArgs } from 'node:util';
import { Locale } from './contract/common';
import { CatalogError, loadCatalog } from './features/plans/catalog';
import { compareCatalogs, describeCatalog } from './features/plans/describe-catalog';

const USAGE = `Checks a catalog of plans and says what a customer of each plan would read; with two, what becomes of each plan when the
second takes the place of the first.

  npm run plans:check -- FILE [OTHER] [--language en|de|it]

Ends with 0 when every file can be used, with 1 when one cannot, with 2 when it was called wrongly.`;

/** Its exit code. */
async function main(): Promise<number> {
  const { files, locale } = given();
  if (files.length < 1 || files.length > 2 || !locale.success) {
    console.error(USAGE);
    return 2;
  }
  const loaded = await Promise.allSettled(files.map((file) => loadCatalog(file)));
  for (const one of loaded) if (one.status === 'rejected') console.error(explain(one.reason));
  if (loaded.some(({ status }) => status === 'rejected')) return 1;

  const [first, second] = loaded.map((one) => (one as PromiseFulfilledResult<Awaited<ReturnType<typeof loadCatalog>>>).value);
  console.log(second ? `From ${files[0]} to ${files[1]}:\n\n${compareCatalogs(first!, second)}` : describeCatalog(first!, locale.data));
  return 0;
}

function given() {
  try {
    const { positionals, values } = parseArgs({ allowPositionals: true, options: { language: { type: 'string', default: 'en' } } });
    return { files: positionals, locale: Locale.safeParse(values.language) };
  } catch {
    return { files: [], locale: Locale.safeParse('') };
  }
}

function explain(error: unknown): string {
  if (error instanceof CatalogError) return error.message;
  throw error;
}

void main().then((code) => {
  process.exitCode = code;
});
