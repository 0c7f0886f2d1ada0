/** Units in millionths, as whole numbers: what the marketplace writes as 5.5 is 5_500_000n. Nothing is ever rounded away. */
export type Quantity = bigint;

const SCALE = 6;
const UNIT = 10n ** BigInt(SCALE);

export const units = (whole: number): Quantity => BigInt(whole) * UNIT;

/** What a table or the marketplace says, to the sixth decimal place. */
export function quantityOf(said: string | number): Quantity {
  const text = typeof said === 'number' ? said.toFixed(SCALE) : said;
  const parts = /^(-?)(\d+)(?:\.(\d*))?$/u.exec(text);
  if (!parts) throw new Error(`not a quantity: ${text}`);
  const [, sign, whole, decimals = ''] = parts;
  const size = BigInt(whole!) * UNIT + BigInt(decimals.slice(0, SCALE).padEnd(SCALE, '0'));
  return sign ? -size : size;
}

/** As a decimal number in words of the database and of JSON. */
export function numeral(quantity: Quantity): string {
  const size = quantity < 0n ? -quantity : quantity;
  const decimals = String(size % UNIT)
    .padStart(SCALE, '0')
    .replace(/0+$/u, '');
  return `${quantity < 0n ? '-' : ''}${size / UNIT}${decimals && `.${decimals}`}`;
}

export const atMost = (a: Quantity, b: Quantity): Quantity => (a < b ? a : b);
export const atLeast = (a: Quantity, b: Quantity): Quantity => (a > b ? a : b);
