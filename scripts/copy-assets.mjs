// What the compiler leaves behind: the migrations stand beside the compiled code that runs them.
import { cpSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
cpSync(path.join(root, 'src/platform/db/migrations'), path.join(root, 'dist/server/platform/db/migrations'), { recursive: true });
