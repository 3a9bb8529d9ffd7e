// One large matrix on two threads of a pool against one, and against NumPy (singular values, as its matrix_rank takes
// them) with two threads, in turns in one run; the quickest round of each counts.
// At real-time priority (chrt -f) no other NumPy may run beside it: OpenBLAS spins without yielding, and two never end.
// A whole model of 1.6 GB on one thread and on two: bench/command.mjs --case threads --long
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { createRankPool } from '../dist/index.js';
import { CORES_CASES } from './lib/cores-cases.mjs';
import { readArguments } from './lib/run.mjs';

const USAGE = 'node bench/cores.mjs [--case REGEX] [--rounds N] [--quick] [--threads 2]';
const options = readArguments(USAGE, { threads: { type: 'string', default: '2' } });
const { rounds } = options;
const threads = Number(options.threads);

const PEER = `
import sys, time, numpy as np
for line in sys.stdin:
    m, n, single = map(int, line.split())
    a = np.random.default_rng(1).standard_normal((m, n))
    if single: a = a.astype(np.float32)
    t = time.perf_counter(); np.linalg.svd(a.astype(np.float64), compute_uv=False)
    print(1e3 * (time.perf_counter() - t), flush=True)
`;

/** NumPy with as many threads, if it is there. */
function startPeer() {
  const env = { ...process.env, OPENBLAS_NUM_THREADS: String(threads), OMP_NUM_THREADS: String(threads) };
  const child = spawn('python3', ['-c', PEER], { env, stdio: ['pipe', 'pipe', 'ignore'] });
  const lines = createInterface({ input: child.stdout });
  let gone = false;
  child.on('exit', () => {
    gone = true;
    lines.emit('line', 'NaN');
  });
  child.stdin.on('error', () => {});
  return {
    async time([rows, columns], single) {
      if (gone) return Number.NaN;
      child.stdin.write(`${rows} ${columns} ${Number(single)}\n`);
      const [line] = await once(lines, 'line');
      return Number(line);
    },
    end: () => child.stdin.end(),
  };
}

const peer = startPeer();
const one = createRankPool({ threads: 1 });
const all = createRankPool({ threads });

async function timed(pool, name, data, shape) {
  const start = performance.now();
  const result = await pool[name](data, shape);
  return [performance.now() - start, result];
}

console.log(`| | 1 thread | ${threads} threads | gain | NumPy, ${threads} threads | NumPy / ours |`);
console.log('|---|---|---|---|---|---|');
for (const [name, what, shape, make] of CORES_CASES) {
  if (!options.wanted(`${name} ${what}`)) continue;
  const data = make(shape);
  const best = [Infinity, Infinity, Infinity];
  for (let round = 0; round < rounds; round++) {
    const [alone, expected] = await timed(one, name, data, shape);
    const [together, result] = await timed(all, name, data, shape);
    if (JSON.stringify(expected) !== JSON.stringify(result))
      throw new Error(`${name} ${what}: not the same result.`);
    best[0] = Math.min(best[0], alone);
    best[1] = Math.min(best[1], together);
    if (round < 2) best[2] = Math.min(best[2], await peer.time(shape, data instanceof Float32Array));
  }
  const [a, b, numpy] = best;
  const ms = (t) => (Number.isFinite(t) ? `${t.toFixed(0)} ms` : '-');
  const ratio = (t) => (Number.isFinite(t) ? `${t.toFixed(2)}x` : '-');
  console.log(
    `| ${name} ${what} | ${ms(a)} | ${ms(b)} | ${ratio(a / b)} | ${ms(numpy)} | ${ratio(numpy / b)} |`,
  );
}
peer.end();
await one.close();
await all.close();
