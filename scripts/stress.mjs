// Races: random matrices of sizes around all thresholds on 2 to 8 threads, each answer compared with that of one
// thread. With --delays the kernel is a copy whose threads wait for a random while after turns that they claim. With
// --cold each process makes four calls, on large matrices, every other one with code of V8's baseline compiler alone.
// Not part of the tests.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { independentColumns, matrixRank, rankReport, singularValues } from '../dist/index.js';
import { exchange, imports } from '../dist/kernel/load.js';
import { compileShared, sharedMemory } from '../dist/kernel/shared.js';
import { compileChanged, createTeam } from './team.mjs';

const USAGE = 'node scripts/stress.mjs [--calls 10000] [--seed 22] [--delays | --cold] [--large]';
const { values } = parseArgs({
  options: {
    calls: { type: 'string', default: '10000' },
    seed: { type: 'string', default: '22' },
    delays: { type: 'boolean', default: false },
    cold: { type: 'boolean', default: false },
    large: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});
const { delays, large } = values;
const calls = Number(values.calls);
if (values.help) {
  console.log(USAGE);
  process.exit();
}

/** Processes of four calls each. */
function runCold() {
  const FEW = 4;
  let failed = 0;
  for (let i = 0; i * FEW < calls; i++) {
    const flags = i % 2 ? ['--liftoff-only'] : [];
    const own = ['--large', '--calls', String(FEW), '--seed', String(Number(values.seed) + i)];
    const { status } = spawnSync(process.execPath, [...flags, fileURLToPath(import.meta.url), ...own], {
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    if (status !== 0) failed++;
    if ((i + 1) % 50 === 0) console.log(`${(i + 1) * FEW} calls`);
  }
  console.log(failed ? `${failed} processes failed` : `${calls} calls, all the same.`);
  process.exit(failed ? 1 : 0);
}
if (values.cold) runCold();

const DELAYED = `function claimed(): void { delay(); }
// @ts-ignore
@external('host', 'delay')
declare function delay(): void;`;

/** Most claims are not delayed; some for microseconds, few for so long that others sleep. */
const delayed = (thread) => {
  let seed = thread + 1;
  return {
    delay() {
      seed = (Math.imul(seed, 1664525) + 1013904223) | 0;
      const kind = (seed >>> 8) & 255;
      if (kind > 20) return;
      const end = performance.now() + (kind ? (seed >>> 16) / 1e6 : 0.5);
      while (performance.now() < end) {}
    },
  };
};

const module = delays
  ? compileChanged('stress', [['function claimed(): void {}', DELAYED]], ['--optimizeLevel', '2'])
  : await compileShared();
const library = { exchange, imports, sharedMemory };
const team = await createTeam(library, module, 8, delays ? delayed : undefined);

let seed = Number(values.seed);
const random = () => {
  seed = (Math.imul(seed, 1664525) + 1013904223) | 0;
  return (seed >>> 0) / 2 ** 32;
};
const short = (text) => text.slice(0, 100);
const pick = (list) => list[Math.floor(random() * list.length)];

const EDGES = [5, 12, 36, 47, 64, 95, 97, 127, 129, 144, 191, 193, 255, 257, 288];
/** Of two stages from 512 (baseline) or 576 columns on. */
const LARGE = [509, 511, 513, 575, 577, 600];
const FEW_LARGE = 0.01;
const FUNCTIONS = Object.entries({ matrixRank, rankReport, singularValues, independentColumns });

function matrix(m, n) {
  const a = Float64Array.from({ length: m * n }, () => random() - random());
  const rank = pick([n, n, Math.ceil(n / 3), Math.max(1, n - 3)]);
  for (let j = rank; j < n; j++) for (let i = 0; i < m; i++) a[i * n + j] = a[i * n + (j % rank)] - a[i * n];
  return random() < 0.4 ? Float32Array.from(a) : a;
}

for (let done = 1; done <= calls; done++) {
  const n = pick(large || random() < FEW_LARGE ? LARGE : EDGES) + pick([0, 1, 2]);
  const shape = [n + pick([0, 3, n]), n];
  const data = matrix(...shape);
  const [name, call] = pick(FUNCTIONS);
  const threads = 2 + Math.floor(random() * 7);
  const together = JSON.stringify(await team.run(() => call(data, shape), threads));
  const alone = JSON.stringify(await team.run(() => call(data, shape), 1));
  if (alone !== together) {
    console.error(
      `${name} of ${shape} on ${threads} threads, call ${done}: ${short(together)} instead of ${short(alone)}`,
    );
    process.exitCode = 1;
  }
  if (done % 500 === 0) console.log(`${done} calls`);
}
console.log(process.exitCode ? 'failed' : `${calls} calls, all the same.`);
await team.close();
