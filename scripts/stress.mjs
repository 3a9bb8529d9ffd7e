// Races: random matrices of sizes around all thresholds on 2 to 8 threads, each answer compared with that of one
// thread. With --delays the kernel is a copy whose threads wait for a random while after turns that they claim. Not
// part of the tests: node scripts/stress.mjs [calls] [--delays]
import { independentColumns, matrixRank, rankReport, singularValues } from '../dist/index.js';
import { exchange, imports } from '../dist/kernel/load.js';
import { compileShared, sharedMemory } from '../dist/kernel/shared.js';
import { compileChanged, createTeam } from './team.mjs';

const calls = Number(process.argv[2] ?? 10_000);
const delays = process.argv.includes('--delays');

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
  const alone = JSON.stringify(await team.run(() => call(data, shape), 1));
  const together = JSON.stringify(await team.run(() => call(data, shape), threads));
  if (alone !== together) {
    console.error(`${name} of ${shape} on ${threads} threads, call ${done}: ${together} instead of ${alone}`);
    process.exitCode = 1;
  }
  if (done % 500 === 0) console.log(`${done} calls`);
}
console.log(process.exitCode ? 'failed' : `${calls} calls, all the same.`);
await team.close();
