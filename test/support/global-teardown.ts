import { rm } from 'node:fs/promises';
import path from 'node:path';

export default async function teardown(): Promise<void> {
  const dump = process.env.KONTINGENT_TEST_DUMP;
  if (dump) await rm(path.dirname(dump), { recursive: true, force: true });
}
