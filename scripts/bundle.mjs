// Run after tsc. What of dist/ is more than one compiled source:
//
// dist/vendor/*.js         the libraries that src/vendor/ names, so that the package depends on none
// dist/pool/worker-code.js the pool's worker as text
// dist/matrix-rank.min.js  the whole root entry as one ES module that imports nothing,
// for <script type="module">, import
//                          maps and CDNs; its workers load this same file (through a
//                          Blob where it is from another origin)
// dist/cjs/                the library once more for require(): one file, an entry and its types for each of ENTRIES
// dist/workerd/            the library for Cloudflare Workers, which take their kernel from a file
// dist/cli/                the command in a few files instead of eighty, which Node takes 50 ms to find and open
// dist/LICENSES.txt        the licences of the libraries inside
import { copyFileSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));
const dist = join(root, 'dist');
const { version, peerDependencies = {} } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));

/** The entries of the library, as package.json has them under 'matrix-rank/NAME'; index is 'matrix-rank'. */
const ENTRIES = {
  index: 'index.js',
  formats: 'formats/index.js',
  kernel: 'kernel/init.js',
  'heavy-tail': 'heavy-tail.js',
  files: 'files/index.js',
  jobs: 'jobs/index.js',
};

/** Packages that stay outside: a user who wants them has them. */
const external = Object.keys(peerDependencies);

const used = new Set(); // the packages that went into something

async function bundle(options) {
  const { metafile, outputFiles } = await build({
    bundle: true,
    format: 'esm',
    target: 'es2022',
    logLevel: 'warning',
    metafile: true,
    ...options,
    external: [...external, ...(options.external ?? [])],
  });
  for (const path of Object.keys(metafile.inputs)) {
    const name = /.*node_modules\/((@[^/]+\/)?[^/]+)/.exec(path)?.[1];
    if (name) used.add(name);
  }
  return { metafile, outputFiles };
}

/** A plugin that gives files of dist/ another text. */
const replaced = (name, texts) => ({
  name,
  setup({ onLoad }) {
    for (const [file, text] of Object.entries(texts)) {
      const filter = new RegExp(`dist[/\\\\]${file.replaceAll('/', '[/\\\\]').replaceAll('.', '\\.')}$`);
      onLoad({ filter }, ({ path }) => ({
        contents: typeof text === 'function' ? text(readFileSync(path, 'utf8')) : text,
        resolveDir: dirname(path),
      }));
    }
  },
});

// ---- vendor

/**
 * AssemblyScript's loader without what serves managed objects (strings, arrays, classes), two thirds of it: the kernel
 * takes and returns numbers. With them goes the TextDecoder that it makes at import and jsdom does not have.
 */
const numbersOnly = {
  name: 'numbers only',
  setup({ onLoad }) {
    onLoad({ filter: /assemblyscript[/\\]loader[/\\]index\.js$/ }, ({ path }) => {
      let contents = readFileSync(path, 'utf8');
      const replace = (part, by) => {
        if (!part.test(contents)) throw new Error(`@assemblyscript/loader has changed: there is no ${part}.`);
        contents = contents.replace(part, by);
      };
      replace(/^function preInstantiate\(imports\) \{[\s\S]*?^\}/m, 'function preInstantiate() {}');
      replace(
        /^function postInstantiate\(extendedExports, instance\) \{[\s\S]*?^\}/m,
        'function postInstantiate(_, instance) { return instance.exports; }',
      );
      replace(/^const utf16 = .*$/m, '');
      replace(/^Object\.hasOwn = [\s\S]*?^\};/m, '');
      return { contents };
    });
  },
};

for (const file of readdirSync(join(dist, 'vendor')).filter((name) => name.endsWith('.js'))) {
  await bundle({
    entryPoints: [join(dist, 'vendor', file)],
    platform: 'browser', // the variant of a library that needs nothing of Node
    plugins: [numbersOnly],
    outfile: join(dist, 'vendor', file),
    allowOverwrite: true,
  });
  rmSync(join(dist, 'vendor', file.replace(/js$/, 'd.ts')));
}

// ---- the pool's worker as text; its kernel comes by message.

const NO_KERNEL = `export function embedded() {
  throw new Error('matrix-rank: this thread was given no kernel.');
}`;
const { outputFiles } = await bundle({
  entryPoints: [join(dist, 'pool/inline-worker.js')],
  format: 'iife',
  minify: true,
  plugins: [replaced('no kernel', { 'kernel/embedded.js': NO_KERNEL })],
  write: false,
});
writeFileSync(
  join(dist, 'pool/worker-code.js'),
  `// Made by scripts/bundle.mjs.\nexport const code = ${JSON.stringify(outputFiles[0].text.trim())};\n`,
);
for (const type of ['js', 'd.ts']) rmSync(join(dist, `pool/inline-worker.${type}`));

// ---- one file for browsers

const FROM_FILE = "new Worker(new URL('./browser-worker.js', import.meta.url), { type: 'module' })";
const ITSELF = `(() => {
  const here = import.meta.url;
  const blob = () => new Blob(['import ' + JSON.stringify(here)], { type: 'text/javascript' });
  const url = new URL(here).origin === location.origin ? here : URL.createObjectURL(blob());
  return new Worker(url, { type: 'module', name: 'matrix-rank' });
})()`;

/** How the pool starts its workers, written otherwise. */
const workersBy = (how) => (text) => {
  if (!text.includes(FROM_FILE)) throw new Error('pool/browser.js starts its workers in another way now.');
  return text.replace(FROM_FILE, how);
};

await bundle({
  stdin: {
    contents: `export * from './index.js';
if (globalThis.name === 'matrix-rank' && typeof document === 'undefined') import('./pool/browser-worker.js');`,
    resolveDir: dist,
  },
  minify: true,
  plugins: [
    replaced('one file', {
      'pool/browser.js': (text) => workersBy(ITSELF)(text).replace(', fromText]', ']'),
      'pool/node.js': `export const start = () => {
        throw new Error("createRankPool: matrix-rank.min.js is for browsers; in Node import 'matrix-rank'.");
      };`,
    }),
  ],
  banner: {
    js: `/*! matrix-rank ${version}, MIT. With @assemblyscript/loader, Apache-2.0. Kernel: assembly/. */`,
  },
  outfile: join(dist, 'matrix-rank.min.js'),
});

// ---- CommonJS: one file, for entries that share the kernel to share it here too.

const cjs = join(dist, 'cjs');
mkdirSync(cjs, { recursive: true });
writeFileSync(join(cjs, 'package.json'), '{ "type": "commonjs" }\n');
await bundle({
  stdin: {
    contents: Object.entries(ENTRIES)
      .map(([name, path]) => `export * as '${name}' from './${path}';`)
      .join('\n'),
    resolveDir: dist,
  },
  format: 'cjs',
  platform: 'node',
  target: 'node20',
  plugins: [
    replaced('no file for the worker', {
      'pool/browser.js': (text) => workersBy('undefined')(text).replace('[fromFile, ', '['),
    }),
  ],
  outfile: join(cjs, 'matrix-rank.js'),
});

/** Copies the declarations that a file needs, itself first. */
function copyTypes(file, copied = new Set()) {
  if (copied.has(file)) return;
  copied.add(file);
  const to = join(cjs, relative(dist, file));
  mkdirSync(dirname(to), { recursive: true });
  copyFileSync(file, to);
  for (const [, path] of readFileSync(file, 'utf8').matchAll(/(?:from |import\()'(\.[^']+)\.js'/g))
    copyTypes(resolve(dirname(file), `${path}.d.ts`), copied);
}
for (const [name, path] of Object.entries(ENTRIES)) {
  writeFileSync(join(cjs, `${name}.js`), `module.exports = require('./matrix-rank.js')['${name}'];\n`);
  copyTypes(join(dist, path.replace(/js$/, 'd.ts')));
  if (path !== `${name}.js`) writeFileSync(join(cjs, `${name}.d.ts`), `export * from './${path}';\n`);
}

// ---- Cloudflare Workers: the bundler there makes a WebAssembly.Module of an imported .wasm file.

await bundle({
  entryPoints: Object.fromEntries(
    Object.entries(ENTRIES)
      .filter(([name]) => !['files', 'jobs'].includes(name)) // a Worker has neither files nor threads
      .map(([name, path]) => [name, join(dist, path)]),
  ),
  splitting: true,
  chunkNames: 'part-[hash]',
  external: ['*.wasm'],
  plugins: [
    replaced('workerd', {
      'kernel/embedded.js': `import baseline from '../kernel/baseline.wasm';
import relaxed from '../kernel/relaxed.wasm';
export const embedded = (build) => (build === 'relaxed' ? relaxed : baseline);`,
      'pool/node.js': `export { start } from './browser.js';`,
      'shared/builtin.js': `export const builtin = async (name) => {
        throw new Error('matrix-rank: Cloudflare Workers have no ' + name + '.');
      };`,
      'pool/browser.js': `export const start = async () => {
        throw new Error('createRankPool: Cloudflare Workers have no threads; call the functions themselves.');
      };`,
    }),
  ],
  outdir: join(dist, 'workerd'),
});

// ---- the command; the kernel, which the root entry has, stays outside.

const { metafile } = await bundle({
  entryPoints: { main: join(dist, 'cli/main.js') },
  splitting: true,
  platform: 'node',
  target: 'node20',
  banner: {
    js: "import { createRequire as requireHere } from 'node:module'; const require = requireHere(import.meta.url);",
  },
  external: [join(dist, 'kernel/generated/kernel.js')],
  chunkNames: 'part-[hash]',
  outdir: join(dist, 'cli'),
  allowOverwrite: true,
});
const made = new Set(Object.keys(metafile.outputs).map((path) => basename(path)));
for (const name of readdirSync(join(dist, 'cli'))) {
  if (/\.(js|d\.ts)$/.test(name) && !made.has(name)) rmSync(join(dist, 'cli', name));
}
for (const file of ['uPlot.iife.min.js', 'uPlot.min.css']) {
  copyFileSync(join(root, 'node_modules/uplot/dist', file), join(dist, 'cli/html', file));
}
copyFileSync(join(root, 'node_modules/uplot/LICENSE'), join(dist, 'cli/html/uPlot.LICENSE'));
used.add('uplot');

// ---- licences

const licences = [...used].sort().map((name) => {
  const folder = join(root, 'node_modules', name);
  const file = readdirSync(folder).find((f) => /^licen[cs]e/i.test(f));
  const about = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  const text = file ? readFileSync(join(folder, file), 'utf8').trim() : '';
  return `${name} ${about.version}, ${about.license}\n\n${text}\n`;
});
writeFileSync(
  join(dist, 'LICENSES.txt'),
  `Libraries inside the files of this folder.\n\n${licences.join('\n---\n\n')}`,
);
