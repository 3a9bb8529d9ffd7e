// GFLOP/s of each building block, against what one core can do with 128-bit lanes: the same multiply-adds on registers
// alone. Both builds where the engine takes both. The blocks are compiled here from assembly/ (lib/blocks.ts), so
// they are the ones the library has; flops are counted as in the head of each block's file.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { setFlagsFromString } from 'node:v8';
import { instantiateSync } from '@assemblyscript/loader';
import asc from 'assemblyscript/asc';
import { describe, machine, readArguments } from './lib/run.mjs';
import { digits, table } from './lib/table.mjs';

const USAGE = 'node bench/kernels.mjs [--case REGEX] [--rounds N] [--ms N] [--quick] [--json]';

// The optimising compiler at once: what a long run reaches, whatever the machine does meanwhile.
setFlagsFromString('--no-liftoff');

const ROOT = fileURLToPath(new URL('..', import.meta.url));

/** The blocks in one of the two builds, or null where the engine rejects it. */
async function compile(relaxed) {
  const folder = mkdtempSync(join(tmpdir(), 'matrix-rank-bench-'));
  const out = join(folder, 'blocks.wasm');
  const features = `simd,bulk-memory,threads${relaxed ? ',relaxed-simd' : ''}`;
  const flags = '-O3 --noAssert --runtime stub --use abort= --maximumMemory 65536 --config none --baseDir';
  const { error, stderr } = await asc.main(
    ['bench/lib/blocks.ts', ...flags.split(' '), ROOT, '--enable', features, '--outFile', out],
    {},
  );
  if (error) throw new Error(`bench/lib/blocks.ts no longer fits assembly/:\n${stderr}`);
  const bytes = readFileSync(out);
  rmSync(folder, { recursive: true });
  if (!WebAssembly.validate(bytes)) return null;
  const none = () => {};
  return instantiateSync(bytes, { host: { pull: none, gather: none, outOfMemory: none } }).exports;
}

/** name, flops of one time, prepare, run(times). */
function blocks(k) {
  const n = 512;
  const m = 1024;
  const b = 32;
  return [
    ['peak: madd on registers', 48, () => k.prepareVectors(m), (t) => k.peak(t)],
    ['tile 4x4, k = 192 (L1)', 32 * 192, () => k.prepareVectors(4 * 192), (t) => k.tile(192, t)],
    ['tile 4x4, k = 1024 (L2)', 32 * m, () => k.prepareVectors(4 * m), (t) => k.tile(m, t)],
    ['three tiles, k = 192 (L1)', 96 * 192, () => k.prepareVectors(8 * 192), (t) => k.tiles(192, t)],
    ['syrk 1024x512', m * n * (n + 4), () => k.prepareGram(m, n), (t) => k.syrk(m, n, t)],
    ['Cholesky 512', n ** 3 / 3, () => k.prepareGram(m, n), (t) => k.cholesky(n, true, t)],
    ['inertia (LDL^T) 512', n ** 3 / 3, () => k.prepareGram(m, n), (t) => k.cholesky(n, false, t)],
    ['triangular inverse 512', n ** 3 / 3, () => choleskyOnce(k, n), (t) => k.invert(n, t)],
    ['QR panel 1024x32', 2 * m * b * b, () => k.prepareQr(m, n, b), (t) => k.panel(m, b, t)],
    ['block reflector 1024x32', m * b * b, () => qrOnce(k, m, n, b), (t) => k.form(m, b, t)],
    ['apply 32 to 1024x480', 4 * m * b * (n - b), () => qrOnce(k, m, n, b), (t) => k.apply(m, n, b, t)],
    ['dot 1024', 2 * m, () => k.prepareVectors(m), (t) => k.dot(m, t)],
    ['axpy and norm 1024', 4 * m, () => k.prepareVectors(m), (t) => k.axpy(m, t)],
    ['rotation 1024', 6 * m, () => k.prepareVectors(m), (t) => k.rotate(m, t)],
  ];
}

function choleskyOnce(k, n) {
  k.prepareGram(2 * n, n);
  k.cholesky(n, true, 1);
}

function qrOnce(k, m, n, b) {
  k.prepareQr(m, n, b);
  k.panel(m, b, 1);
  k.form(m, b, 1);
}

/** GFLOP/s: the best of 8 x `rounds` runs of about `ms` / 8 each, for the same reason as the peak is one. */
function rate([, flops, prepare, run], { rounds, ms }) {
  prepare();
  let times = 1;
  const timed = () => {
    const start = performance.now();
    run(times);
    return performance.now() - start;
  };
  for (const end = performance.now() + 2 * ms; performance.now() < end; ) {
    if (timed() < ms / 8) times *= 2;
  }
  return (flops * times) / Math.min(...Array.from({ length: 8 * rounds }, timed)) / 1e6;
}

const options = readArguments(USAGE);
const builds = [];
for (const relaxed of [true, false]) {
  const k = await compile(relaxed);
  if (k) builds.push([relaxed ? 'relaxed' : 'baseline', k]);
}
const where = machine(null);
const lists = builds.map(([, k]) => blocks(k));
const rows = [];
lists[0].forEach(([name], i) => {
  if (i > 0 && !options.wanted(name)) return;
  const row = { case: name };
  builds.forEach(([build], j) => {
    row[build] = rate(lists[j][i], options);
  });
  rows.push(row);
});
if (options.json) console.log(JSON.stringify({ machine: where, rows }, null, 1));
else {
  console.log(describe(where).split('\n').slice(0, 2).join('\n'));
  const cells = (row) =>
    builds.flatMap(([b]) => [digits(row[b]), `${((100 * row[b]) / rows[0][b]).toFixed(0)}%`]);
  const head = builds.flatMap(([build]) => [`${build} GFLOP/s>`, 'of peak>']);
  console.log(
    table(
      ['block', ...head],
      rows.map((row) => [row.case, ...cells(row)]),
    ),
  );
}
