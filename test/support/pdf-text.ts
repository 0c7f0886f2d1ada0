import PDFParser from 'pdf2json';

/** What a reader finds in a PDF: its words in the order they are written, spaces as readers see them. */
export async function textOf(pdf: Buffer): Promise<string> {
  // The first two arguments: no password, raw text is wanted.
  const parser = new (PDFParser as unknown as new (context: null, needsRawText: number) => InstanceType<typeof PDFParser>)(null, 1);
  await new Promise<void>((resolve, reject) => {
    parser.on('pdfParser_dataReady', () => resolve());
    parser.on('pdfParser_dataError', (error) => reject(error instanceof Error ? error : error.parserError));
    // 0 would be taken for no choice.
    parser.parseBuffer(pdf, -1);
  });
  return parser
    .getRawTextContent()
    .replace(/-+Page \(\d+\) Break-+/gu, '')
    .replace(/\s+/gu, ' ');
}
