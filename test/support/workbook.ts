import { strFromU8, unzipSync } from 'fflate';

/** What each cell of a workbook shows, row by row; a formula would have an `f` element. */
export function cellsOf(bytes: Buffer): { rows: string[][]; formulas: number; sheet: string } {
  const files = unzipSync(bytes);
  const text = (name: string) => strFromU8(files[name]!);
  const decode = (xml: string) =>
    xml.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&quot;', '"').replaceAll('&apos;', "'").replaceAll('&amp;', '&');
  const shared = [...text('xl/sharedStrings.xml').matchAll(/<si>.*?<t[^>]*>(.*?)<\/t>.*?<\/si>/gsu)].map(([, value]) => decode(value!));
  const sheet = text('xl/worksheets/sheet1.xml');
  return {
    rows: [...sheet.matchAll(/<row[^>]*>(.*?)<\/row>/gsu)].map(([, row]) =>
      [...row!.matchAll(/<c ([^>]*?)(?:\/>|>(.*?)<\/c>)/gsu)].map(([, attributes, inner]) => {
        const value = /<v>(.*?)<\/v>/u.exec(inner ?? '')?.[1] ?? '';
        return /t="s"/u.test(attributes!) ? shared[Number(value)]! : decode(value);
      }),
    ),
    formulas: (sheet.match(/<f[ >]/gu) ?? []).length,
    sheet: decode(/<sheet [^>]*name="([^"]*)"/u.exec(text('xl/workbook.xml'))![1]!),
  };
}
