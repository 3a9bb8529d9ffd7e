// The largest resident size of the command on one file of each format, against the formula of docs/files.md: the engine
// and one thread, 30 x the header, and the tensor with its copies (files/budget.ts). Above 1 the formula is wrong.
// HDF5 and Keras are written by h5py where python3 has it.
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { deflateRawSync, deflateSync } from 'node:zlib';
import { tensorBytes } from '../dist/files/budget.js';
import { crc32 } from '../dist/shared/crc32.js';
import { describe, machine, progress, readArguments } from './lib/run.mjs';
import { table } from './lib/table.mjs';

const USAGE = 'node bench/memory.mjs [--case REGEX] [--quick] [--json]';
const MIB = 2 ** 20;
const [ENGINE, THREAD] = [64 * MIB, 40 * MIB];
/** Copies of a text that are held beside its numbers. */
const TEXT = 1;
const here = (path) => fileURLToPath(new URL(path, import.meta.url));

const bytesOf = (array) => Buffer.from(array.buffer, array.byteOffset, array.byteLength);
const uint = (value, size) => {
  const out = Buffer.alloc(size);
  if (size === 8) out.writeBigUInt64LE(BigInt(value));
  else out.writeUIntLE(value, 0, size);
  return out;
};

/** Numbers of few digits, which deflate to a third and print short. */
function numbers(count) {
  const out = new Float32Array(count);
  let state = 1;
  for (let i = 0; i < count; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    out[i] = ((state >>> 20) - 2048) / 64;
  }
  return out;
}

function npy(values, shape, descr = '<f4') {
  const text = `{'descr': '${descr}', 'fortran_order': False, 'shape': (${shape.join(', ')}), }`;
  const head = `${text.padEnd(117)}\n`;
  return Buffer.concat([
    Buffer.from('\x93NUMPY\x01\0', 'latin1'),
    uint(head.length, 2),
    Buffer.from(head),
    bytesOf(values),
  ]);
}

function zip(name, data, deflated) {
  const stored = deflated ? deflateRawSync(data, { level: 1 }) : data;
  const method = uint(deflated ? 8 : 0, 2);
  const sizes = [uint(crc32(data), 4), uint(stored.length, 4), uint(data.length, 4)];
  const common = [uint(20, 2), uint(0, 2), method, uint(0, 4), ...sizes, uint(name.length, 2), uint(0, 2)];
  const local = Buffer.concat([Buffer.from('PK\x03\x04'), ...common, Buffer.from(name), stored]);
  const central = Buffer.concat([
    Buffer.from('PK\x01\x02'),
    uint(20, 2),
    ...common,
    Buffer.alloc(14),
    Buffer.from(name),
  ]);
  const end = [
    uint(0, 4),
    uint(1, 2),
    uint(1, 2),
    uint(central.length, 4),
    uint(local.length, 4),
    uint(0, 2),
  ];
  return Buffer.concat([local, central, Buffer.from('PK\x05\x06'), ...end]);
}

function safetensors(type, shape, data, more = {}) {
  const text = JSON.stringify({ w: { dtype: type, shape, data_offsets: [0, data.length] }, ...more });
  const head = Buffer.from(text.padEnd(Math.ceil(text.length / 8) * 8));
  return Buffer.concat([uint(head.length, 8), head, data]);
}

/** MATLAB 5: one matrix, deflated. */
function matlab(values, [rows, columns]) {
  const element = (type, data) =>
    Buffer.concat([uint(type, 4), uint(data.length, 4), data, Buffer.alloc(-data.length & 7)]);
  const parts = [
    [6, bytesOf(Uint32Array.of(7, 0))],
    [5, bytesOf(Int32Array.of(rows, columns))],
    [1, Buffer.from('w')],
  ];
  const matrix = element(14, Buffer.concat([...parts, [7, bytesOf(values)]].map((part) => element(...part))));
  const deflated = deflateSync(matrix, { level: 1 });
  const head = Buffer.concat([
    Buffer.from('MATLAB 5.0 MAT-file'.padEnd(124)),
    uint(0x0100, 2),
    Buffer.from('IM'),
  ]);
  return Buffer.concat([head, uint(15, 4), uint(deflated.length, 4), deflated]);
}

const rowsOf = (values, [, columns], separator) => {
  const lines = [];
  for (let i = 0; i < values.length; i += columns)
    lines.push(values.subarray(i, i + columns).join(separator));
  return `${lines.join('\n')}\n`;
};

const PYTHON = `
import sys, h5py, numpy as np
kind, path, rows, columns = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
with h5py.File(path, 'w') as f:
    f.create_dataset('w', data=np.random.default_rng(0).integers(-99, 99, (rows, columns)).astype('f4'), compression=1)
`;
const h5 = (path, [rows, columns]) =>
  execFileSync('python3', ['-c', PYTHON, 'h5', path, rows, columns], { stdio: 'ignore' });

/** Name, the type that the formula is told, how the file is written; `text`: it is held beside its numbers. */
const CASES = [
  { name: 'w.npy', dtype: 'float32', make: (v, s) => npy(v, s) },
  { name: 'f64.npy', dtype: 'float64', make: (v, s) => npy(Float64Array.from(v), s, '<f8') },
  { name: 'stored.npz', dtype: 'float32', make: (v, s) => zip('w.npy', npy(v, s), false) },
  { name: 'deflated.npz', dtype: 'float32', make: (v, s) => zip('w.npy', npy(v, s), true) },
  { name: 'w.safetensors', dtype: 'float32', make: (v, s) => safetensors('F32', s, bytesOf(v)) },
  {
    name: 'bf16.safetensors',
    dtype: 'bfloat16',
    make: (v, s) =>
      safetensors('BF16', s, bytesOf(Uint16Array.from(new Uint32Array(v.buffer), (x) => x >>> 16))),
  },
  {
    name: 'fp8.safetensors',
    dtype: 'float8_e4m3',
    make: (v, s) => safetensors('F8_E4M3', s, bytesOf(Uint8Array.from(v, (x) => (x & 0x77) | 1))),
  },
  {
    name: 'header.safetensors',
    dtype: 'float32',
    make(v, s) {
      const empty = { dtype: 'F32', shape: [0], data_offsets: [0, 0] };
      return safetensors(
        'F32',
        s,
        bytesOf(v),
        Object.fromEntries(Array.from({ length: 50_000 }, (_, i) => [`layer.${i}.bias`, empty])),
      );
    },
  },
  { name: 'deflated.mat', dtype: 'float32', make: (v, s) => matlab(v, s) },
  { name: 'deflated.h5', dtype: 'float32', python: h5 },
  { name: 'w.csv', dtype: 'float64', text: true, make: (v, s) => rowsOf(v, s, ',') },
  {
    name: 'w.json',
    dtype: 'float64',
    text: true,
    make: (v, s) => `[[${rowsOf(v, s, ',').trim().replaceAll('\n', '],[')}]]`,
  },
  {
    name: 'w.mtx',
    dtype: 'float64',
    text: true,
    make: (v, s) => `%%MatrixMarket matrix array real general\n${s.join(' ')}\n${v.join('\n')}\n`,
  },
];

/** The largest resident size of the command on a file, in bytes. */
function peak(file) {
  const args = [
    '--import',
    here('lib/peak.mjs'),
    here('../dist/cli/main.js'),
    file,
    '--json',
    '--threads',
    '1',
  ];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'inherit', 'pipe'] });
  return new Promise((resolve, reject) => {
    let text = '';
    child.stdio[3].on('data', (data) => {
      text += data;
    });
    child.on('close', (status) =>
      status === 0 ? resolve(Number(text)) : reject(new Error(`${file}: status ${status}`)),
    );
  });
}

/** Bytes of the header of a .safetensors file, the text of a text; 0 elsewhere: a kilobyte or less. */
function headerOf({ name, text }, file) {
  if (text) return 0;
  return name === 'header.safetensors' ? file.readUInt32LE(0) : 0;
}

const options = readArguments(USAGE);
const folder = mkdtempSync(join(tmpdir(), 'matrix-rank-'));
const results = [];
try {
  for (const shape of options.quick ? [[2000, 500]] : [[8000, 1000]]) {
    const values = numbers(shape[0] * shape[1]);
    for (const one of CASES) {
      if (!options.wanted(one.name)) continue;
      progress(`${one.name} ${shape}`);
      const path = join(folder, one.name);
      let header = 0;
      try {
        if (one.python) one.python(path, shape);
        else {
          const file = Buffer.from(one.make(values, shape));
          header = headerOf(one, file);
          writeFileSync(path, file);
        }
      } catch (error) {
        if (one.python) continue; // no h5py
        throw error;
      }
      const { size } = statSync(path);
      const tensor = tensorBytes({ shape, dtype: one.dtype });
      const formula = ENGINE + THREAD + 30 * header + tensor + (one.text ? TEXT * size : 0);
      results.push({ name: one.name, shape, size, peak: await peak(path), formula });
      rmSync(path);
    }
  }
} finally {
  rmSync(folder, { recursive: true });
}
progress('');
if (options.json) console.log(JSON.stringify({ machine: machine(), results }));
else {
  console.log(describe(machine()));
  const mib = (bytes) => (bytes / MIB).toFixed(0);
  const rows = results.map((r) => [
    ...[r.name, r.shape.join(' x '), mib(r.size), mib(r.peak), mib(r.formula)],
    (r.peak / r.formula).toFixed(2),
  ]);
  console.log(table(['file', 'matrix', 'MiB>', 'peak>', 'formula>', 'peak / formula>'], rows));
}
