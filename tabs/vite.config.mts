import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

const { version } = JSON.parse(readFileSync(here('../package.json'), 'utf8')) as { version: string };

/** Three pages out of one build, so that they share chunks: /tab/, /account/ and (sandbox only) /. Assets are hashed and immutable under /assets/. */
export default defineConfig({
  root: here('.'),
  base: '/',
  cacheDir: here('../node_modules/.vite'),
  define: { __VERSION__: JSON.stringify(version) },
  plugins: [react()],
  build: {
    outDir: here('../dist/tabs'),
    emptyOutDir: true,
    manifest: true,
    target: 'es2022',
    modulePreload: { polyfill: false },
    rolldownOptions: {
      input: {
        tab: here('tab/index.html'),
        account: here('account/index.html'),
        sandbox: here('sandbox/index.html'),
      },
    },
  },
});
