// What the package costs to load: bundles by esbuild with its minifier, gzip -9. Prints a table, with `--write` into
// docs/platforms.md, and fails when something has outgrown its budget. Run after `npm run build`.
import { readFileSync, writeFileSync } from 'node:fs';
import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';

const dist = fileURLToPath(new URL('../dist', import.meta.url));

/** [what, file of dist/ or source of a module beside it, budget in kB of gzip] */
const ENTRIES = [
  ['matrix-rank.min.js', { file: 'matrix-rank.min.js' }, 81],
  ['import { matrixRank }', { source: "export { matrixRank } from './index.js'" }, 56],
  ['import { singularValues }', { source: "export { singularValues } from './index.js'" }, 54],
  ['import { spectralMetrics }', { source: "export { spectralMetrics } from './index.js'" }, 57],
  ['import { RankAccumulator }', { source: "export { RankAccumulator } from './index.js'" }, 60],
  ['import { convLayerRank }', { source: "export { convLayerRank } from './index.js'" }, 57],
  [
    "import { readTensors } from 'matrix-rank/formats'",
    { source: "export { readTensors } from './formats/index.js'", split: true },
    30,
  ],
  ['kernel/relaxed.wasm', { file: 'kernel/relaxed.wasm' }, 43],
  ['kernel/baseline.wasm', { file: 'kernel/baseline.wasm' }, 43],
];

/** All of it, or, `split`, what loads at first: the reader of a format comes when a file of that format does. */
async function bytes({ file, source, split = false }) {
  if (file) return readFileSync(`${dist}/${file}`);
  const { outputFiles, metafile } = await build({
    stdin: { contents: source, resolveDir: dist },
    bundle: true,
    splitting: split,
    minify: true,
    format: 'esm',
    outdir: dist,
    absWorkingDir: dist,
    metafile: true,
    write: false,
  });
  const first = new Set();
  const visit = (path) => {
    if (first.has(path)) return;
    first.add(path);
    for (const { path: next, kind } of metafile.outputs[path].imports)
      if (kind === 'import-statement') visit(next);
  };
  visit(Object.keys(metafile.outputs).find((path) => metafile.outputs[path].entryPoint));
  const loaded = outputFiles.filter(({ path }) => first.has(relative(dist, path).replaceAll('\\', '/')));
  return Buffer.concat(loaded.map(({ contents }) => contents));
}

/** [{ what, size, gzip, budget }], sizes in bytes, the budget too. */
export async function sizes() {
  const measure = async ([what, from, budget]) => {
    const content = await bytes(from);
    return {
      what,
      size: content.length,
      gzip: gzipSync(content, { level: 9 }).length,
      budget: 1000 * budget,
    };
  };
  return Promise.all(ENTRIES.map(measure));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const kB = (n) => `${(n / 1000).toFixed(1)} kB`;
  const rows = (await sizes()).map(({ what, size, gzip, budget }) => {
    if (gzip > budget) process.exitCode = 1;
    return `| \`${what}\` | ${kB(size)} | ${kB(gzip)} | ${kB(budget)}${gzip > budget ? ' EXCEEDED' : ''} |`;
  });
  const table = ['| what | minified | gzip | budget |', '|---|---|---|---|', ...rows].join('\n');
  console.log(table);
  if (process.argv.includes('--write')) {
    const page = fileURLToPath(new URL('../docs/platforms.md', import.meta.url));
    const text = readFileSync(page, 'utf8');
    writeFileSync(
      page,
      text.replace(/\| what \| minified (.*\n)(\|.*\n)*/, () => `${table}\n`),
    );
  }
}
