import { readFile } from 'node:fs/promises';
import type { Locale } from '../../contract/common';
import de from '../../contract/locales/de/billing.json';
import en from '../../contract/locales/en/billing.json';
import it from '../../contract/locales/it/billing.json';
import { refusalTexts } from '../../contract/texts';
import { dateInWords, fill, moneyInWords } from '../../platform/sentences';
import type { BillLine } from './bill-lines.rules';
import { type Amounts, type DocumentContent, type DocumentPayment, setOffOf } from './document.rules';

const TEXTS = { en: en.document, de: de.document, it: it.document };

/** What the printer needs of the library. */
type Pdf = PDFKit.PDFDocument;

/** A4 in points. */
const PAGE = { left: 56, right: 539, top: 56, bottom: 762 };
const WIDTH = PAGE.right - PAGE.left;
const AMOUNT = { x: PAGE.right - 100, width: 100 };
const QUANTITY = { x: AMOUNT.x - 70, width: 60 };
const INK = '#1f1f1f';
const GRAY = '#5f5f5f';
const RULE = '#d6d6d6';
const ACCENT = '#4f52b2';
const TINT = '#f4f4fb';

/** Inter: all letters of the languages that names of European customers are written in, and figures of one width. */
const FONTS = {
  regular: '@expo-google-fonts/inter/400Regular/Inter_400Regular.ttf',
  bold: '@expo-google-fonts/inter/600SemiBold/Inter_600SemiBold.ttf',
};
const FIGURES: PDFKit.Mixins.OpenTypeFeatures[] = ['tnum'];

/** The document as a PDF. The same content, payment and language give the same bytes, whenever and wherever it is printed. */
export async function printDocument(content: DocumentContent, payment: DocumentPayment | null, language: Locale): Promise<Buffer> {
  // Loaded when first needed: most instances of the app print nothing for hours.
  const [{ default: PDFDocument }, regular, bold] = await Promise.all([
    import('pdfkit'),
    readFile(require.resolve(FONTS.regular)),
    readFile(require.resolve(FONTS.bold)),
  ]);
  const title = `${TEXTS[language][content.kind]} ${content.number}`;
  const pdf = new PDFDocument({
    size: 'A4',
    margins: { top: PAGE.top, left: PAGE.left, right: 595 - PAGE.right, bottom: 0 },
    bufferPages: true,
    lang: language,
    displayTitle: true,
    info: { Title: title, Author: content.seller.name, Creator: 'Kontingent', CreationDate: new Date(content.issuedOn) },
  });
  const chunks: Buffer[] = [];
  const done = new Promise<Buffer>((resolve) => {
    pdf.on('data', (chunk: Buffer) => chunks.push(chunk));
    pdf.on('end', () => resolve(Buffer.concat(chunks)));
  });
  pdf.registerFont('regular', regular).registerFont('bold', bold);
  new Printer(pdf, content, language).print(payment);
  pdf.end();
  return done;
}

class Printer {
  private readonly say: (typeof TEXTS)['en'];

  constructor(
    private readonly pdf: Pdf,
    private readonly content: DocumentContent,
    private readonly language: Locale,
  ) {
    this.say = TEXTS[language];
  }

  print(payment: DocumentPayment | null): void {
    const { kind, lines, refunds, usage, seller } = this.content;
    this.head();
    if (kind === 'statement') this.note(this.say.estimate, this.say.estimateText);
    this.tableHead(kind === 'receipt' ? this.say.newPlan : this.say.description);
    for (const line of lines) this.line(line);
    if (kind !== 'invoice' && refunds.length > 0) {
      if (lines.length > 0) this.section(this.say.refund);
      for (const line of refunds) this.line(line);
    }
    this.sums(payment);
    if (usage.length > 0) this.usage();
    if (seller.note && kind === 'invoice') this.paragraph(seller.note);
    this.feet();
  }

  /** Seller and buyer on the left, what it is on the right. */
  private head(): void {
    const { content, pdf, say } = this;
    const { seller, buyer } = content;
    const column = 250;
    this.text(seller.name, PAGE.left, PAGE.top, { font: 'bold', size: 11, width: column });
    for (const line of seller.address) this.text(line, PAGE.left, pdf.y + 1, { size: 9, color: GRAY, width: column });
    if (seller.taxId) this.text(`${say.taxId}: ${seller.taxId}`, PAGE.left, pdf.y + 1, { size: 9, color: GRAY, width: column });
    const afterSeller = pdf.y;

    const right = PAGE.left + 290;
    this.text(say[content.kind], right, PAGE.top - 6, { font: 'bold', size: 22, width: PAGE.right - right, color: ACCENT });
    const facts: [string, string][] = [
      [say.number, content.number],
      [say.issuedOn, this.date(content.issuedOn)],
      [say.period, fill(say.range, { from: this.date(content.from), until: this.date(content.until) }, this.language)],
      [say.plan, content.plan[this.language]],
    ];
    pdf.y += 8;
    for (const [name, value] of facts) {
      const y = pdf.y + 3;
      this.text(name, right, y, { size: 9, color: GRAY, width: 62 });
      const below = pdf.y;
      this.text(value, right + 66, y, { size: 9, width: PAGE.right - right - 66, figures: true });
      pdf.y = Math.max(below, pdf.y);
    }
    const afterFacts = pdf.y;

    this.text(say.to, PAGE.left, Math.max(afterSeller + 26, 140), { size: 8.5, color: GRAY, width: column });
    if (buyer.name) this.text(buyer.name, PAGE.left, pdf.y + 3, { font: 'bold', size: 10.5, width: column });
    for (const line of buyer.address) this.text(line, PAGE.left, pdf.y + 1, { size: 10, width: column });
    if (buyer.taxId) this.text(`${say.taxId}: ${buyer.taxId}`, PAGE.left, pdf.y + 1, { size: 9, color: GRAY, width: column });
    this.text(`${say.tenant}: ${buyer.id}`, PAGE.left, pdf.y + 1, { size: 8, color: GRAY, width: column });
    pdf.y = Math.max(pdf.y, afterFacts) + 30;
  }

  /** Something nobody may overlook. */
  private note(title: string, text: string): void {
    const { pdf } = this;
    const inner = { width: WIDTH - 28 };
    const height = 30 + this.height(text, { size: 9.5, ...inner });
    const y = pdf.y;
    pdf.rect(PAGE.left, y, WIDTH, height).fill(TINT);
    pdf.rect(PAGE.left, y, 3, height).fill(ACCENT);
    this.text(title, PAGE.left + 16, y + 9, { font: 'bold', size: 10, ...inner });
    this.text(text, PAGE.left + 16, pdf.y + 2, { size: 9.5, ...inner });
    pdf.y = y + height + 22;
  }

  private tableHead(first: string): void {
    const y = this.pdf.y;
    this.text(first, PAGE.left, y, { size: 8.5, color: GRAY, width: 260 });
    this.text(this.say.quantity, QUANTITY.x, y, { size: 8.5, color: GRAY, width: QUANTITY.width, align: 'right' });
    this.text(this.say.amount, AMOUNT.x, y, { size: 8.5, color: GRAY, width: AMOUNT.width, align: 'right' });
    this.rule(this.pdf.y + 4, INK);
  }

  private section(title: string): void {
    this.room(60);
    this.text(title, PAGE.left, this.pdf.y + 8, { size: 8.5, color: GRAY, width: 300 });
    this.rule(this.pdf.y + 4);
  }

  private line({ words, formula, quantity, amountMinor }: BillLine): void {
    const width = QUANTITY.x - PAGE.left - 12;
    const [name, how] = [words[this.language], formula[this.language]];
    this.room(this.height(name, { size: 10, width }) + this.height(how, { size: 8.5, width }) + 18);
    this.row(
      () => {
        this.text(name, PAGE.left, this.pdf.y, { size: 10, width });
        this.text(how, PAGE.left, this.pdf.y + 2, { size: 8.5, color: GRAY, width, figures: true });
      },
      String(quantity),
      this.money(amountMinor),
    );
  }

  /** What it is about on the left, its two figures on the right: in the order in which it is read aloud. */
  private row(left: () => void, first: string, second: string): void {
    const y = this.pdf.y + 6;
    this.pdf.y = y;
    left();
    const below = this.pdf.y;
    this.text(first, QUANTITY.x, y, { size: 10, width: QUANTITY.width, align: 'right', figures: true });
    this.text(second, AMOUNT.x, y, { size: 10, width: AMOUNT.width, align: 'right', figures: true });
    this.rule(below + 6);
  }

  private sums(payment: DocumentPayment | null): void {
    const { kind, total, refunded, tax } = this.content;
    const { say } = this;
    this.room(130);
    this.pdf.y += 8;
    if (kind === 'receipt') {
      if (this.content.lines.length > 0) this.taxedSum(say.total, total);
      if (refunded.grossMinor !== 0) this.taxedSum(say.refundTotal, refunded);
      if (this.content.creditedMinor) this.sum(say.setOff, setOffOf(this.content));
      this.sum(payment!.amountMinor < 0 ? say.balanceBack : say.balance, Math.abs(payment!.amountMinor), true);
      if (payment?.on && payment.amountMinor > 0) this.remark(fill(say.paidOn, { date: this.date(payment.on) }, this.language));
    } else if (kind === 'statement') {
      const whole = { ...total };
      for (const name of ['netMinor', 'taxMinor', 'grossMinor'] as const) whole[name] += refunded[name];
      this.taxedSum(say.estimatedTotal, whole, true);
    } else {
      this.taxedSum(say.total, total, true);
      if (payment) this.paid(payment);
    }
    if (tax.included && tax.basisPoints > 0)
      this.remark(this.contained(kind === 'statement' ? total.taxMinor + refunded.taxMinor : total.taxMinor));
  }

  private paid({ state, method, amountMinor, on }: DocumentPayment): void {
    const { say, language } = this;
    const isBack = amountMinor < 0;
    if (state === 'set_off') {
      this.sum(say.setOff, Math.abs(amountMinor));
      return;
    }
    if (state === 'paid') {
      this.sum(isBack ? say.credited : say.paid, Math.abs(amountMinor));
      if (on) this.remark(fill(isBack ? say.creditedOn : say.paidOn, { date: this.date(on) }, language));
      return;
    }
    this.sum(isBack ? say.creditDue : say.due, Math.abs(amountMinor));
    const asked = method === 'transfer' ? fill(say.dueTransfer, { number: this.content.number }, language) : say.dueProvider;
    this.remark(isBack ? say.creditDueText : asked);
  }

  /** A sum with the tax that is added to it; one that is contained is only remarked on. */
  private taxedSum(name: string, { netMinor, taxMinor, grossMinor }: Amounts, isStrong = false): void {
    const { tax } = this.content;
    if (!tax.included && tax.basisPoints > 0) {
      this.sum(this.say.net, netMinor);
      this.sum(fill(this.say.tax, { name: this.taxName(), percent: this.percent() }, this.language), taxMinor);
    }
    this.sum(name, grossMinor, isStrong);
  }

  private sum(name: string, minor: number, isStrong = false): void {
    const look = { font: isStrong ? ('bold' as const) : ('regular' as const), size: isStrong ? 12 : 10 };
    const y = this.pdf.y + 4;
    const x = PAGE.left + 180;
    this.text(name, x, y, { ...look, width: AMOUNT.x - x - 8, align: 'right' });
    const below = this.pdf.y;
    this.text(this.money(minor), AMOUNT.x - 20, y, { ...look, width: AMOUNT.width + 20, align: 'right', figures: true });
    this.pdf.y = Math.max(below, this.pdf.y);
  }

  private remark(text: string): void {
    const x = PAGE.left + 100;
    this.text(text, x, this.pdf.y + 3, { size: 8.5, color: GRAY, width: PAGE.right - x, align: 'right', figures: true });
  }

  private contained(taxMinor: number): string {
    return fill(this.say.contained, { amount: this.money(taxMinor), name: this.taxName(), percent: this.percent() }, this.language);
  }

  private usage(): void {
    const { say, language, pdf } = this;
    const { usage, issuedOn } = this.content;
    this.room(40 + usage.length * 22);
    pdf.y += 24;
    const y = pdf.y;
    this.text(fill(say.usage, { date: this.date(issuedOn) }, language), PAGE.left, y, { size: 8.5, color: GRAY, width: 260 });
    this.text(say.used, QUANTITY.x, y, { size: 8.5, color: GRAY, width: QUANTITY.width, align: 'right' });
    this.text(say.limit, AMOUNT.x, y, { size: 8.5, color: GRAY, width: AMOUNT.width, align: 'right' });
    this.rule(pdf.y + 4, INK);
    const number = new Intl.NumberFormat(language);
    for (const { meter, used, limit, resetsOn } of usage) {
      this.room(30);
      const name = refusalTexts[language].meters[meter as keyof (typeof refusalTexts)['en']['meters']] ?? meter;
      const reset = resetsOn && fill(say.resets, { date: this.date(resetsOn) }, language);
      this.row(
        () => {
          this.text(name.charAt(0).toLocaleUpperCase(language) + name.slice(1), PAGE.left, pdf.y, { size: 10, width: 260 });
          if (reset) this.text(reset, PAGE.left, pdf.y + 2, { size: 8.5, color: GRAY, width: 260 });
        },
        number.format(used),
        limit === null ? say.unlimited : number.format(limit),
      );
    }
  }

  private paragraph(text: string): void {
    const look = { size: 9, color: GRAY, width: WIDTH };
    this.room(this.height(text, look) + 24);
    this.text(text, PAGE.left, this.pdf.y + 24, look);
  }

  /** On each page who says this, of what, and how many pages there are. */
  private feet(): void {
    const { pdf, content, say, language } = this;
    const { count } = pdf.bufferedPageRange();
    const seller = [content.seller.name, ...content.seller.address].filter(Boolean).join(' · ');
    for (let page = 0; page < count; page += 1) {
      pdf.switchToPage(page);
      this.rule(785);
      this.text(seller, PAGE.left, 792, { size: 8, color: GRAY, width: WIDTH - 150 });
      const number = `${content.number} · ${fill(say.page, { page: page + 1, pages: count }, language)}`;
      this.text(number, PAGE.right - 140, 792, { size: 8, color: GRAY, width: 140, align: 'right' });
    }
  }

  /** A new page where so much does not fit on this one. */
  private room(height: number): void {
    if (this.pdf.y + height <= PAGE.bottom) return;
    this.pdf.addPage();
    this.pdf.y = PAGE.top;
  }

  private rule(y: number, color = RULE): void {
    this.pdf.moveTo(PAGE.left, y).lineTo(PAGE.right, y).lineWidth(0.6).stroke(color);
    this.pdf.y = y;
  }

  private text(words: string, x: number, y: number, look: Look): void {
    const { font = 'regular', size, color = INK, width, align = 'left', figures = false } = look;
    this.pdf
      .font(font)
      .fontSize(size)
      .fillColor(color)
      .text(words, x, y, { width, align, ...(figures && { features: FIGURES }) });
  }

  private height(words: string, { font = 'regular', size, width }: Look): number {
    return this.pdf.font(font).fontSize(size).heightOfString(words, { width });
  }

  private readonly date = (date: string): string => dateInWords(date, this.language);
  private readonly money = (minor: number): string => moneyInWords(minor, this.content.currency, this.language);
  private readonly taxName = (): string => this.content.tax.name ?? this.say.taxName;
  private readonly percent = (): string =>
    new Intl.NumberFormat(this.language, { style: 'percent', maximumFractionDigits: 2 }).format(this.content.tax.basisPoints / 10_000);
}

interface Look {
  font?: 'regular' | 'bold';
  size: number;
  color?: string;
  width: number;
  align?: 'left' | 'right';
  /** Figures of one width, so that amounts stand below each other. */
  figures?: boolean;
}
