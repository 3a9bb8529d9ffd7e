// Races: random matrices of sizes around all thresholds on 1 to 8 threads, each answer compared with that of one
// thread. The kernel is a copy whose threads wait for a random while after turns that they claim. Not part of the
// tests: node scripts/stress.mjs [calls]
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { independentColumns, matrixRank, rankReport, singularValues } from '../dist/index.js';
import { exchange, imports } from '../dist/kernel/load.js';
import { sharedMemory } from '../dist/kernel/shared.js';

const root = fileURLToPath(new URL('..', import.meta.url));
const calls = Number(process.argv[2] ?? 10_000);

/** The kernel of shared memory with a delay at each claim. */
function compile() {
  rmSync(`${root}/build/stress`, { recursive: true, force: true });
  mkdirSync(`${root}/build/stress`, { recursive: true });
  cpSync(`${root}/assembly`, `${root}/build/stress/assembly`, { recursive: true });
  const file = `${root}/build/stress/assembly/base/parallel.ts`;
  const text = readFileSync(file, 'utf8');
  const quiet = 'function claimed(): void {}';
  if (!text.includes(quiet)) throw new Error(`${file} has no ${quiet}`);
  const delayed =
    "function claimed(): void { delay(); }\n// @ts-ignore\n@external('host', 'delay')\ndeclare function delay(): void;";
  writeFileSync(file, text.replace(quiet, delayed));
  const asc = createRequire(import.meta.url).resolve('assemblyscript/bin/asc.js');
  const { options, targets } = JSON.parse(readFileSync(`${root}/asconfig.json`, 'utf8'));
  const config = {
    entries: ['assembly/index.ts'],
    options: { ...options, optimizeLevel: 2, converge: false },
    targets,
  };
  writeFileSync(`${root}/build/stress/asconfig.json`, JSON.stringify(config));
  const out = `${root}/build/stress/stress.wasm`;
  const flags = ['--target', 'baseline', '--outFile', out, '--sharedMemory'];
  execFileSync(process.execPath, [asc, '--config', 'asconfig.json', ...flags], {
    cwd: `${root}/build/stress`,
  });
  return new WebAssembly.Module(readFileSync(out));
}

// Most claims are not delayed; some for microseconds, few for so long that others sleep.
const DELAY = `
let seed = SEED;
function delay() {
  seed = (Math.imul(seed, 1664525) + 1013904223) | 0;
  const kind = (seed >>> 8) & 255;
  if (kind > 20) return;
  const end = performance.now() + (kind ? (seed >>> 16) / 1e6 : 0.5);
  while (performance.now() < end) {}
}`;

const HELPER = `
const { parentPort } = require('node:worker_threads');
${DELAY}
const host = { pull() {}, gather() {}, outOfMemory() {}, delay };
parentPort.on('message', ({ module, memory, thread }) => {
  const { help } = new WebAssembly.Instance(module, { env: { memory }, host }).exports;
  while (!help(thread)) {}
  parentPort.postMessage('done');
});`;

const module = compile();
const delay = new Function(`${DELAY.replace('SEED', '1')}; return delay;`)();
const helpers = Array.from(
  { length: 7 },
  (_, i) => new Worker(HELPER.replace('SEED', i + 2), { eval: true }),
);

function start(memory) {
  const { host } = imports(memory);
  return new WebAssembly.Instance(module, { env: { memory }, host: { ...host, delay } }).exports;
}

async function on(threads, work) {
  const memory = sharedMemory();
  const kernel = start(memory);
  const before = exchange(kernel);
  kernel.fork(threads);
  const gone = helpers.slice(0, threads - 1).map((helper, i) => {
    helper.postMessage({ module, memory, thread: i + 1 });
    return once(helper, 'message');
  });
  try {
    return work();
  } finally {
    kernel.join();
    exchange(before);
    await Promise.all(gone);
  }
}

let seed = 22;
const random = () => {
  seed = (Math.imul(seed, 1664525) + 1013904223) | 0;
  return (seed >>> 0) / 2 ** 32;
};
const pick = (list) => list[Math.floor(random() * list.length)];

const EDGES = [5, 12, 36, 47, 64, 95, 97, 127, 129, 144, 191, 193, 255, 257, 288];
const FUNCTIONS = Object.entries({ matrixRank, rankReport, singularValues, independentColumns });

function matrix(m, n) {
  const a = Float64Array.from({ length: m * n }, () => random() - random());
  const rank = pick([n, n, Math.ceil(n / 3), Math.max(1, n - 3)]);
  for (let j = rank; j < n; j++) for (let i = 0; i < m; i++) a[i * n + j] = a[i * n + (j % rank)] - a[i * n];
  return random() < 0.4 ? Float32Array.from(a) : a;
}

for (let done = 1; done <= calls; done++) {
  const n = pick(EDGES) + pick([0, 1, 2]);
  const shape = [n + pick([0, 3, n]), n];
  const data = matrix(...shape);
  const [name, call] = pick(FUNCTIONS);
  const threads = 2 + Math.floor(random() * 7);
  const alone = JSON.stringify(await on(1, () => call(data, shape)));
  const together = JSON.stringify(await on(threads, () => call(data, shape)));
  if (alone !== together) {
    console.error(`${name} of ${shape} on ${threads} threads, call ${done}: ${together} instead of ${alone}`);
    process.exitCode = 1;
  }
  if (done % 500 === 0) console.log(`${done} calls`);
}
console.log(process.exitCode ? 'failed' : `${calls} calls, all the same.`);
await Promise.all(helpers.map((helper) => helper.terminate()));
