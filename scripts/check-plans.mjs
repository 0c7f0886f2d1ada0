// Checks catalogs of plans: npm run plans:check -- FILE [OTHER] [--language en|de|it]
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { buildServer, root } from './build-if-changed.mjs';

buildServer();
const { status } = spawnSync(process.execPath, [path.join(root, 'dist/server/check-plans.js'), ...process.argv.slice(2)], {
  stdio: 'inherit',
});
process.exit(status ?? 1);
