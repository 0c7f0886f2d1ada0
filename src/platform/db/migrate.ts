import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { APP_ROLE } from './database';

/** The owner's connection, able to run several statements in one text. */
export interface Owner {
  run(text: string): Promise<void>;
  rows<Row>(text: string, values?: unknown[]): Promise<Row[]>;
}

export const MIGRATIONS_DIR = path.join(__dirname, 'migrations');
const LOCK = 7_051_802_117;

/**
 * Brings the database up to date: plain SQL files in order, each in a transaction of its own, forward only.
 * Safe to run any number of times at once. Throws when a file that already ran has been edited since.
 */
export async function migrate(owner: Owner, directory = MIGRATIONS_DIR): Promise<string[]> {
  const files = (await readdir(directory)).filter((name) => /^\d{4}_\w+\.sql$/u.test(name)).sort();
  const applied: string[] = [];
  await owner.run(`select pg_advisory_lock(${LOCK})`);
  try {
    await owner.run(`
      create table if not exists schema_migrations (name text primary key, sha256 text not null, applied_at timestamptz not null default now());
      do $$ begin
        if not exists (select from pg_roles where rolname = '${APP_ROLE}') then
          begin create role ${APP_ROLE} nologin; exception when duplicate_object or unique_violation then null; end;
        end if;
        -- From 16 on the creator of a role is its member without the right to become it.
        if not pg_has_role(current_user, '${APP_ROLE}', case when current_setting('server_version_num')::int >= 160000 then 'set' else 'member' end) then
          execute format('grant ${APP_ROLE} to %I', current_user);
        end if;
      end $$;
    `);
    const known = new Map(
      (await owner.rows<{ name: string; sha256: string }>('select name, sha256 from schema_migrations')).map((row) => [
        row.name,
        row.sha256,
      ]),
    );
    for (const name of files) {
      const sql = await readFile(path.join(directory, name), 'utf8');
      const sha256 = createHash('sha256').update(sql).digest('hex');
      const ran = known.get(name);
      if (ran === sha256) continue;
      if (ran) throw new Error(`Migration ${name} was edited after it ran; a shipped migration is never edited.`);
      await owner
        .run(`begin;\n${sql}\n;insert into schema_migrations (name, sha256) values ('${name}', '${sha256}');\ncommit;`)
        .catch(async (error) => {
          await owner.run('rollback');
          throw new Error(`Migration ${name} failed: ${(error as Error).message}`, { cause: error });
        });
      applied.push(name);
    }
  } finally {
    await owner.run(`select pg_advisory_unlock(${LOCK})`);
  }
  return applied;
}
