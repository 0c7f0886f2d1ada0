// pgbench, prepared, running the product's own one-by-one statement as the product's role, under row-level security.
import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { built, sample } from './product.mjs';

const { SHARED_STATEMENT } = built('features/usage/admit');
const { rolesThatMay } = built('features/members/access.rules');
const { fingerprint } = built('platform/fingerprint');

/** `tenants`: [first, last] of the tenants the acts are spread over. */
async function scriptFor(folder, [first, last]) {
  const tenant = `('00000000-0000-4000-8000-' || lpad((:n)::text, 12, '0'))`;
  const act = `jsonb_build_array(jsonb_build_object('key', 'create_ticket:' || gen_random_uuid(), 'fingerprint', '${fingerprint(sample)}', 'subject', gen_random_uuid(), 'actor', ${tenant}, 'quantity', 1, 'record', '${pgbenchText(sample)}'::jsonb))`;
  const calls = `jsonb_build_array(jsonb_build_object('tenant', ${tenant}, 'at', now(), 'acts', ${act}))`;
  const values = { $1: `'create_tickets'`, $2: `'{${rolesThatMay('create').join(',')}}'`, $3: calls };
  const statement = SHARED_STATEMENT.replaceAll(/\$\d/gu, (place) => values[place]).replaceAll(/\s+/gu, ' ');
  const file = path.join(folder, `create-${first}-${last}.sql`);
  await writeFile(file, `\\set n random(${first}, ${last})\n${statement};\n`);
  return file;
}

export async function pgbench(bin, url, folder, { clients, seconds, tenants }) {
  const file = await scriptFor(folder, tenants);
  const { stdout } = await promisify(execFile)(
    path.join(bin, 'pgbench'),
    ['-n', '-M', 'prepared', '-c', String(clients), '-j', '2', '-T', String(seconds), '-f', file, url],
    { env: { ...process.env, PGOPTIONS: '-c role=kontingent_app' } },
  );
  const tps = /tps = ([\d.]+)/u.exec(stdout)?.[1];
  if (!tps || !/failed transactions: 0 /u.test(stdout)) throw new Error(`pgbench did not run cleanly:\n${stdout}`);
  return Number(tps);
}

/** JSON in which no colon stands before a letter: pgbench would take that for a variable. */
function pgbenchText(value) {
  return JSON.stringify(value).replaceAll('":', '": ');
}
