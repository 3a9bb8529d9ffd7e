// Run after tsc. Makes two bundles.
//
// dist/matrix-rank.min.js: the whole root entry as one ES module that imports nothing, for <script type="module">,
// import maps and CDNs. What differs from dist/index.js: the pool's workers load this same file (through a
// Blob where it came from another origin), and threads of Node are left out.
//
// dist/cli/: the command and its worker in a few files instead of eighty, which Node takes 50 ms to find and open. Small
// libraries are inside, their licences beside it; the kernel, which the root entry has, stays outside.
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const dist = fileURLToPath(new URL('../dist', import.meta.url));
const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));

const WORKER = "new Worker(new URL('./browser-worker.js', import.meta.url), { type: 'module' })";
const ITSELF = `(() => {
  const here = import.meta.url;
  const blob = () => new Blob(['import ' + JSON.stringify(here)], { type: 'text/javascript' });
  const url = new URL(here).origin === location.origin ? here : URL.createObjectURL(blob());
  return new Worker(url, { type: 'module', name: 'matrix-rank' });
})()`;

const oneFile = {
  name: 'one file',
  setup({ onLoad }) {
    onLoad({ filter: /pool[/\\]browser\.js$/ }, ({ path }) => {
      const text = readFileSync(path, 'utf8');
      if (!text.includes(WORKER)) throw new Error(`${path}: the pool starts its workers in another way now.`);
      return { contents: text.replace(WORKER, ITSELF) };
    });
    onLoad({ filter: /pool[/\\]node\.js$/ }, () => ({
      contents: `export const start = () => {
        throw new Error("createRankPool: matrix-rank.min.js is for browsers; in Node import 'matrix-rank'.");
      };`,
    }));
  },
};

await build({
  stdin: {
    contents: `export * from './index.js';
if (globalThis.name === 'matrix-rank' && typeof document === 'undefined') import('./pool/browser-worker.js');`,
    resolveDir: dist,
  },
  bundle: true,
  minify: true,
  format: 'esm',
  target: 'es2022',
  plugins: [oneFile],
  banner: {
    js: `/*! matrix-rank ${version}, MIT. With @assemblyscript/loader, Apache-2.0. Kernel: WebAssembly from assembly/. */`,
  },
  outfile: `${dist}/matrix-rank.min.js`,
});

/** Libraries that load when they are needed, or not at all. The others are on the way to the first row. */
const LARGE = ['piscina', 'cli-progress', 'cli-table3', 'uplot'];
const { metafile } = await build({
  entryPoints: { main: `${dist}/cli/main.js`, 'node-worker': `${dist}/pool/node-worker.js` },
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node20',
  external: [...LARGE, `${dist}/kernel/generated/kernel.js`],
  chunkNames: 'part-[hash]',
  outdir: `${dist}/cli`,
  allowOverwrite: true,
  metafile: true,
  logLevel: 'warning',
});
const made = new Set(Object.keys(metafile.outputs).map((path) => basename(path)));
for (const name of readdirSync(`${dist}/cli`)) {
  if (/\.(js|d\.ts)$/.test(name) && !made.has(name)) rmSync(`${dist}/cli/${name}`);
}

const names = Object.keys(metafile.inputs).map((path) => /node_modules\/((@[^/]+\/)?[^/]+)/.exec(path)?.[1]);
const licences = [...new Set(names.filter((name) => name !== undefined))].sort().map((name) => {
  const folder = fileURLToPath(new URL(`../node_modules/${name}`, import.meta.url));
  const file = readdirSync(folder).find((f) => /^licen[cs]e/i.test(f));
  const { license, version } = JSON.parse(readFileSync(`${folder}/package.json`, 'utf8'));
  const text = file ? readFileSync(`${folder}/${file}`, 'utf8').trim() : '';
  return `${name} ${version}, ${license}\n\n${text}\n`;
});
writeFileSync(
  `${dist}/cli/LICENSES.txt`,
  `Libraries inside the files of this folder.\n\n${licences.join('\n---\n\n')}`,
);
