// The demo, built into demo/dist: static files that any server, or a folder of one, can serve.
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';

const at = (path: string) => fileURLToPath(new URL(path, import.meta.url));

export default defineConfig({
  root: at('.'),
  base: './',
  resolve: {
    alias: [
      { find: /^matrix-rank\/formats$/, replacement: at('../dist/formats/index.js') },
      { find: /^matrix-rank$/, replacement: at('../dist/index.js') },
    ],
  },
  worker: { format: 'es' },
  build: {
    outDir: at('dist'),
    emptyOutDir: true,
    rollupOptions: { input: [at('index.html'), at('bench.html')] },
  },
});
