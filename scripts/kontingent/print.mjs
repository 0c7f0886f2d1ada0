const WIDEST = 60;

/** For people: a list as a table of these columns, anything else field by field. */
export function print(answer, columns) {
  if (answer === null) return console.log('Done.');
  if (!Array.isArray(answer.items)) return fields(answer, '');
  if (answer.items.length === 0) return console.log('Nothing.');
  table(answer.items, columns);
  if (answer.nextCursor) console.log(`\nThere is more: --cursor ${answer.nextCursor}`);
}

function table(items, columns) {
  const rows = items.map((item) => columns.map((column) => plain(item[column])));
  const widths = columns.map((column, index) => Math.min(WIDEST, Math.max(column.length, ...rows.map((row) => row[index].length))));
  for (const row of [columns, ...rows])
    console.log(
      row
        .map((cell, index) => cell.padEnd(widths[index]))
        .join('  ')
        .trimEnd(),
    );
}

function fields(value, indent) {
  for (const [name, inner] of Object.entries(value)) {
    const isDeep = inner !== null && typeof inner === 'object';
    const isList = Array.isArray(inner);
    if (!isDeep) console.log(`${indent}${name}: ${plain(inner)}`);
    else if (Object.keys(inner).length === 0) console.log(`${indent}${name}: none`);
    else if (isList) {
      console.log(`${indent}${name}:`);
      for (const one of inner) console.log(`${indent}  - ${typeof one === 'object' ? inline(one) : plain(one)}`);
    } else {
      console.log(`${indent}${name}:`);
      fields(inner, `${indent}  `);
    }
  }
}

const inline = (one) =>
  Object.entries(one)
    .filter(([, value]) => value !== null)
    .map(([name, value]) => `${name} ${plain(value)}`)
    .join(', ');

function plain(value) {
  if (value === null || value === undefined) return '–';
  if (Array.isArray(value))
    return value.map((one) => ('field' in Object(one) ? `${one.field}: ${one.ours} ≠ ${one.theirs}` : plain(one))).join('; ');
  // What came from outside must not steer the terminal.
  return (typeof value === 'object' ? JSON.stringify(value) : String(value)).replaceAll(/\p{Cc}/gu, ' ');
}
