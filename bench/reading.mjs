// Reading weights of one stored type from a file in the page cache: decoding and the storage tolerance, in MB of the
// file a second, the best of the rounds. Beside it what the system alone takes to hand out the memory of the result.
// --long: float8 of 1.5e8 elements.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readTensors } from '../dist/formats/index.js';
import { describe, machine, progress, readArguments } from './lib/run.mjs';
import { digits, table, time } from './lib/table.mjs';

const USAGE = 'node bench/reading.mjs [--case REGEX] [--rounds N] [--long] [--json]';
const BYTES = { F8_E4M3: 1, BF16: 2, F16: 2, F32: 4 };

const CASES = [
  { name: 'float8', type: 'F8_E4M3' },
  { name: 'float8, a scale for the tensor', type: 'F8_E4M3', scales: () => [1] },
  { name: 'float8, a scale for each row', type: 'F8_E4M3', scales: (n) => [n, 1] },
  { name: 'float8, a scale for 128 x 128', type: 'F8_E4M3', scales: (n) => [n / 128, n / 128] },
  { name: 'bfloat16', type: 'BF16' },
  { name: 'float16', type: 'F16' },
  { name: 'float32', type: 'F32' },
];

/** An n x n weight of random bits that stand for numbers, and its scales. */
function write(path, n, { type, scales }) {
  const size = BYTES[type];
  const data = Buffer.alloc(n * n * size);
  let state = 1;
  for (let i = 0; i < data.length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    // The exponents' highest bits differ, so that no element is NaN.
    data[i] = i % size === size - 1 ? (state >>> 24) & 0xbb : state >>> 24;
  }
  const header = { w: { dtype: type, shape: [n, n], data_offsets: [0, data.length] } };
  const parts = [data];
  if (scales !== undefined) {
    const shape = scales(n);
    const values = new Float32Array(shape.reduce((a, b) => a * b)).fill(0.01);
    header.w_scale = {
      dtype: 'F32',
      shape,
      data_offsets: [data.length, data.length + values.byteLength],
    };
    parts.push(Buffer.from(values.buffer));
  }
  const head = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(head.length));
  writeFileSync(path, Buffer.concat([length, head, ...parts]));
}

async function read(path) {
  const start = performance.now();
  for await (const tensor of readTensors(path)) if (tensor.data.length === 0) throw new Error('nothing read');
  return performance.now() - start;
}

/** Fresh memory of so many bytes, a page at a time. */
function touch(bytes) {
  const start = performance.now();
  const memory = new Uint8Array(bytes);
  for (let at = 0; at < bytes; at += 4096) memory[at] = 1;
  return performance.now() - start;
}

const options = readArguments(USAGE, { long: { type: 'boolean', default: false } });
const where = machine();
const folder = mkdtempSync(join(tmpdir(), 'matrix-rank-'));
const rows = [];
try {
  for (const entry of CASES.filter(({ name }) => options.wanted(name))) {
    progress(entry.name);
    const n = options.long && entry.type === 'F8_E4M3' ? 12288 : 4096;
    const path = join(folder, 'model.safetensors');
    write(path, n, entry);
    const [times, touches] = [[], []];
    for (let i = 0; i < options.rounds; i++) {
      times.push(await read(path));
      touches.push(touch(n * n * Math.max(2, BYTES[entry.type] === 1 ? 4 : BYTES[entry.type])));
    }
    const ms = Math.min(...times);
    rows.push({
      case: `${entry.name}, ${n} x ${n}`,
      ms,
      memory: Math.min(...touches),
      rate: (n * n * BYTES[entry.type]) / ms / 1000,
    });
  }
} finally {
  rmSync(folder, { recursive: true });
}
progress('');
if (options.json) console.log(JSON.stringify({ machine: where, rows }, null, 1));
else {
  const shown = rows.map((r) => [r.case, time(r.ms), time(r.memory), digits(r.rate)]);
  console.log(`${describe(where)}\n`);
  console.log(table(['case', 'best', 'memory alone', 'MB/s'], shown));
}
