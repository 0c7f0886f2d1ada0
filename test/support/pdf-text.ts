import PDFParser from 'pdf2json';

/** What a reader finds in a PDF: its words in the order they are written, spaces as readers see them. */
export async function textOf(pdf: Buffer): Promise<string> {
  // The first two arguments: no password, raw text is wanted.
  const parser = new (PDFParser as unknown as new (context: null, needsRawText: number) => InstanceType<typeof PDFParser>)(null, 1);
  const log = console.log;
  console.log = () => {};
  try {
    await new Promise<void>((resolve, reject) => {
      parser.on('pdfParser_dataReady', () => resolve());
      parser.on('pdfParser_dataError', (error) => reject(error instanceof Error ? error : error.parserError));
      parser.parseBuffer(pdf);
    });
  } finally {
    console.log = log;
  }
  return parser
    .getRawTextContent()
    .replace(/-+Page \(\d+\) Break-+/gu, '')
    .replace(/\s+/gu, ' ');
}
