// Mutations of small files of every format: whatever the bytes are, a reader yields tensors or throws FormatError, soon
// and within memory that the file's size bounds. Seeded: a failure names the mutation, and runs again by itself with
// FUZZ=<file>:<number>.

import { readFileSync } from 'node:fs';
import { deflateSync } from 'fflate';
import { describe, expect, test } from 'vitest';
import {
  FormatError,
  type ReadOptions,
  readTensors,
  type TensorInfo,
  toMatrices,
} from '../../src/formats/index.js';
import { PACKED } from './packed-files.js';
import * as write from './write.js';

const { bytesOf, concat, utf8, pickle } = write;
const f32 = bytesOf(Float32Array.from({ length: 24 }, (_, i) => i - 12));
const i64 = bytesOf(BigInt64Array.of(1n, -2n, 3n, 4n));
const npyFile = write.npy('<f4', [4, 6], f32);
const fortran = write.npy('>f4', [2, 3, 4], f32, true, 2);
const deflated = deflateSync(npyFile);
const storage = { kind: 'FloatStorage', key: '0', elements: 24 };
const json = (value: unknown) => utf8(JSON.stringify(value));

const onnxWeight = (name: string, dims = [4, 6]) => write.onnxTensor({ name, dims, type: 1, raw: f32 });
const inner = write.onnxGraph(
  [
    write.onnxNode({ op: 'LSTM', inputs: ['x', 'own', 'outer'] }),
    write.onnxNode({
      op: 'Constant',
      outputs: ['c'],
      attributes: [write.tensorAttribute('value', onnxWeight(''))],
    }),
  ],
  [onnxWeight('own', [1, 4, 6])],
);
const onnxFile = write.onnxModel(
  write.onnxGraph(
    [
      write.onnxNode({ op: 'Conv', name: 'conv', inputs: ['x', 'a'], outputs: ['y'] }),
      write.onnxNode({ op: 'Cast', inputs: ['b'], outputs: ['z'] }),
      write.onnxNode({
        op: 'If',
        name: 'if',
        inputs: ['z'],
        attributes: [write.graphAttribute('then_branch', inner)],
      }),
    ],
    [
      onnxWeight('a', [2, 3, 2, 2]),
      write.onnxTensor({ name: 'b', dims: [2, 3], type: 1, data: write.bytesField(4, f32.slice(0, 24)) }),
      write.onnxTensor({
        name: 'c',
        dims: [2, 2],
        type: 7,
        data: write.bytesField(7, Uint8Array.of(1, 2, 3, 4)),
      }),
      write.onnxTensor({
        name: 'd',
        dims: [2, 2],
        type: 10,
        data: write.bytesField(5, Uint8Array.of(1, 2, 3, 4)),
      }),
      write.onnxTensor({
        name: 'e',
        dims: [2, 2],
        type: 1,
        data: concat(
          write.onnxEntry('location', 'w.bin'),
          write.onnxEntry('offset', '8'),
          write.intField(14, 1),
        ),
      }),
    ],
  ),
);
const weight = (name: string, dtype: string, shape: number[], quantization?: object) => ({
  name,
  dtype,
  shape,
  quantization,
});
const tfjsFile = json({
  modelTopology: { node: [{ name: 'n', op: 'Conv2D', input: ['x', 'a'] }] },
  weightsManifest: [
    {
      paths: ['w.bin', 'v.bin'],
      weights: [
        weight('a', 'float32', [2, 1, 2, 3]),
        weight('s', 'string', [2]),
        weight('q', 'float32', [2, 4], { dtype: 'uint8', scale: 0.5, min: -1 }),
        weight('h', 'float32', [2, 2], { dtype: 'float16' }),
        weight('i', 'int32', [1, 2]),
      ],
    },
  ],
});
const shard = concat(f32.slice(0, 48), [1, 0, 0, 0, 65, 0, 0, 0, 0], f32.slice(0, 24), new Uint8Array(64));
const safetensorsFile = write.safetensors(
  {
    a: { dtype: 'F32', shape: [4, 6], data: f32 },
    b: { dtype: 'BF16', shape: [4, 4], data: f32.slice(0, 32) },
    c: { dtype: 'I64', shape: [2, 2], data: i64 },
    d: { dtype: 'F8_E4M3', shape: [3, 4], data: f32.slice(0, 12) },
  },
  { format: 'pt' },
);
const indexFile = json({
  metadata: { total_size: 9 },
  weight_map: { a: 's.safetensors', b: 's.safetensors', x: 't.safetensors' },
});
const torchFile = write.torchFile(
  pickle.pickled(
    pickle.dict({
      a: write.torchTensor(storage, 0, [4, 6], [6, 1]),
      b: write.torchTensor(storage, 2, [6, 3], [1, 6]),
      c: pickle.dict({ d: write.torchTensor(storage, 1, [2, 2], [0, 1]), e: pickle.int(7) }),
    }),
  ),
  { 0: f32 },
);
const ggufFile = write.gguf(
  [
    { name: 'a', dims: [6, 4], type: 0, data: f32 },
    { name: 'b', dims: [4, 4], type: 30, data: f32.slice(0, 32) },
    { name: 'q', dims: [32], type: 12, data: f32.slice(0, 18) },
    { name: 'n.weight', dims: [64, 1], type: 40, data: f32.slice(0, 36) },
    { name: 'n.scale', dims: [1], type: 0, data: f32.slice(0, 4) },
  ],
  [
    write.ggufText('general.name', 'x'),
    write.ggufTexts('tokens', ['a', 'b']),
    write.ggufNumber('general.alignment', 32),
  ],
);

const ofMatlab4 = (name: string, type: number, sizes: [number, number, complex: number], data: Uint8Array) =>
  concat(bytesOf(Int32Array.of(type, ...sizes, name.length + 1)), utf8(`${name}\0`), data);
const matlab4 = concat(
  ofMatlab4('full', 10, [4, 6, 0], f32),
  ofMatlab4('pairs', 0, [1, 2, 1], bytesOf(Float64Array.of(1, 2, 3, 4))),
  ofMatlab4('sparse', 2, [3, 3, 0], bytesOf(Float64Array.of(2, 1, 2, 1, 3, 3, 7, 5, 0))),
);

const files: Record<string, Uint8Array> = {
  'a.npy': npyFile,
  'f.npy': fortran,
  'a.npz': write.zip([
    { name: 'a.npy', data: npyFile },
    { name: 'b.npy', data: npyFile, deflated },
  ]),
  'z.npz': write.zip([{ name: 'a.npy', data: npyFile, deflated }], true),
  'a.safetensors': safetensorsFile,
  'index.json': indexFile,
  'a.onnx': onnxFile,
  'model.json': tfjsFile,
  'a.pt': torchFile,
  'a.gguf': ggufFile,
  ...PACKED,
  'real.onnx': readFileSync('node_modules/openwakeword-js/models/hello_deepa.onnx'),
  'growing.h5': readFileSync('test/formats/files/growing.h5'),
  'level4.mat': matlab4,
  'legacy-0.pt': readFileSync('test/formats/files/legacy-0.pt'),
  'sparse73.mat': readFileSync('test/formats/files/sparse73.mat'),
  // Files of known truth, which cases.test.ts reads whole.
  ...Object.fromEntries(
    [
      'files/keras.h5',
      'wide/files/matlab73.mat',
      'wide/files/model.keras',
      'wide/files/matlab5.mat',
      'wide/files/matlab5-int.mat',
      'wide/files/model.tflite',
      'wide/files/legacy.pth',
      'files/p0.pt',
      'wide/files/script.pt',
      'wide/files/sparse.mtx',
      'wide/files/symmetric.mtx',
      'wide/files/sparse-csr.npz',
      'wide/files/complex-c16.npy',
      'wide/files/header.csv',
      'wide/files/rows.json',
    ].map((path) => [path, readFileSync(`test/cases/${path}`)]),
  ),
};
// Less than a minute in all. FUZZ_TIMES=7 runs what is promised of a release: 1500 x 7 mutations of each file.
const TIMES = Number(process.env.FUZZ_TIMES ?? 1);
const COUNTS: Record<string, number> = {
  'real.onnx': 300 * TIMES,
  ...{ 'growing.h5': 600 * TIMES, 'sparse73.mat': 600 * TIMES, 'legacy-0.pt': 600 * TIMES },
};
const COUNT = 1500 * TIMES;
const beside: Record<string, Uint8Array> = {
  'w.bin': shard,
  'v.bin': shard,
  's.safetensors': safetensorsFile,
};

/** mulberry32 */
function random(seed: number) {
  let a = seed >>> 0;
  return () => {
    a = (a + 0x6d2b79f5) >>> 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

const LIES = [
  0n,
  1n,
  127n,
  128n,
  255n,
  65535n,
  2n ** 31n - 1n,
  2n ** 31n,
  2n ** 32n - 1n,
  2n ** 53n,
  2n ** 63n,
  2n ** 64n - 1n,
];

const TEXT = /\.(mtx|json|csv)$/;
const TOKENS = ['0', '1', '-1', '2.5', '7', '1e400', '-1e-400', 'NaN', '4294967296', '99999999999999999999'];
const WORDS = [
  ...TOKENS,
  '',
  '""',
  '"a"',
  'null',
  '[]',
  '{}',
  '[[1]]',
  'real',
  'general',
  'symmetric',
  '1,5',
  '%',
  '#',
];

/** Lines and tokens instead of bytes: what a wrong byte in a text does is an error, and the same one, mostly. */
function mutateText(original: Uint8Array, seed: number): Uint8Array {
  const next = random(seed);
  const below = (n: number) => Math.floor(next() * n);
  let text = new TextDecoder().decode(original);
  for (let rounds = 1 + below(2); rounds > 0; rounds--) {
    const separator = next() < 0.5 ? '\n' : /(?<=[,;\s:[\]{}])|(?=[,;\s:[\]{}])/;
    const parts = text.split(separator);
    const at = below(parts.length);
    const other = parts[below(parts.length)];
    const numeric = /^[-+.\deE]+$/.test(parts[at]);
    const edits = [
      () => parts.splice(at, 1),
      () => parts.splice(at, 0, other),
      () => parts.splice(at, 1, other),
      () => parts.splice(at, 0, [' ', '\t', '\n', '\n\n', '\r', ',', '\ufeff', '\u2212'][below(8)]),
      () => parts.splice(at, 1, WORDS[below(WORDS.length)]),
      () => numeric && parts.splice(at, 1, TOKENS[below(TOKENS.length)]),
      () => numeric && parts.splice(at, 1, String(below(10))),
    ];
    edits[below(edits.length)]();
    text = parts.join(typeof separator === 'string' ? separator : '');
  }
  return utf8(text);
}

function mutate(name: string, original: Uint8Array, seed: number): Uint8Array {
  if (TEXT.test(name) && seed % 4 !== 0) return mutateText(original, seed);
  const next = random(seed);
  const below = (n: number) => Math.floor(next() * n);
  // Most of a file is data; half of the mutations go for the first and last 512 bytes.
  const place = (length: number) =>
    next() < 0.5
      ? below(length)
      : next() < 0.7
        ? below(Math.min(512, length))
        : Math.max(0, length - 1 - below(512));
  let bytes: Uint8Array = new Uint8Array(original); // a copy; a Buffer's slice would not be one
  for (let rounds = 1 + below(3); rounds > 0 && bytes.length > 0; rounds--) {
    const at = place(bytes.length);
    switch (below(8)) {
      case 0:
        bytes[at] ^= 1 << below(8);
        break;
      case 1:
        bytes[at] = [0, 1, 0x7f, 0x80, 0xff, 0x2d, 0x39, below(256)][below(8)];
        break;
      case 2:
        bytes = bytes.slice(0, at);
        break;
      case 3:
      case 4: {
        const lie =
          next() < 0.7 ? LIES[below(LIES.length)] : BigInt(Math.max(0, bytes.length + below(65) - 32));
        bytes.set(write.uint(lie, [1, 2, 4, 8][below(4)]).subarray(0, bytes.length - at), at);
        break;
      }
      case 5: {
        const from = place(bytes.length);
        const piece = bytes.slice(from, from + 1 + below(64));
        bytes = concat(bytes.subarray(0, at), piece, bytes.subarray(at));
        break;
      }
      case 6:
        bytes = concat(bytes.subarray(0, at), bytes.subarray(at + 1 + below(32)));
        break;
      default: {
        const names = Object.keys(files);
        const other = files[names[below(names.length - 1)]];
        const from = place(other.length);
        bytes.set(
          other
            .subarray(from, from + 1 + below(Math.min(64, bytes.length - at)))
            .subarray(0, bytes.length - at),
          at,
        );
      }
    }
  }
  return bytes;
}

/** What --memory does: a sparse matrix may claim 2^27 elements, and be right. */
function small(name: string, { shape }: TensorInfo) {
  if (shape.reduce((a, b) => a * b, 1) > 1e6) throw new FormatError(name, 'is larger than a test may read.');
}

/** Reads a mutated file; returns the bytes of elements that came out. */
async function consume(bytes: Uint8Array, options: ReadOptions): Promise<number> {
  let size = 0;
  try {
    for await (const tensor of readTensors(bytes, options)) {
      size += (tensor.data as Float32Array).byteLength;
      const absent = tensor.packed !== undefined || tensor.factors !== undefined;
      const count = absent ? 0 : tensor.shape.reduce((a, b) => a * b, 1);
      const parts = tensor.bits?.startsWith('complex') ? 2 : 1;
      if (tensor.data.length !== parts * count)
        throw new Error(`shape [${tensor.shape}] with ${tensor.data.length} elements`);
      for (const { data, shape, factors } of toMatrices(tensor)) {
        const length = factors ? 0 : parts * shape[0] * shape[1];
        if (data.length !== length) throw new Error(`matrix [${shape}] with ${data.length} elements`);
      }
    }
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
    if (error.message.includes('\n') || !error.message.includes(': '))
      throw new Error(`message: ${error.message}`);
  }
  return size;
}

const [onlyFile, onlySeed] = (process.env.FUZZ ?? '').split(':');

/** Mutations that were read. */
let ran = 0;

describe('mutated files', () => {
  for (const [index, [name, original]] of Object.entries(files).entries()) {
    test.skipIf(onlyFile && onlyFile !== name)(
      name,
      async () => {
        const outcome = { run: 0, read: 0, slowest: 0 };
        const before = process.memoryUsage().rss;
        const [first, last] = onlySeed
          ? [Number(onlySeed), Number(onlySeed) + 1]
          : [0, COUNTS[name] ?? COUNT];
        for (let seed = first; seed < last; seed++) {
          const bytes = mutate(name, original, seed * 16 + index);
          const open = (wanted: string) => {
            const file = beside[wanted];
            if (file === undefined) throw new Error(`no file ${wanted}`);
            return seed % 3 === 0 ? mutate(wanted, file, seed) : file;
          };
          const options: ReadOptions = { name: name.slice(name.lastIndexOf('/') + 1), open, before: small };
          if (seed % 2 === 0) options.onError = () => {};
          const start = process.cpuUsage();
          const size = await consume(bytes, options).catch((error) => {
            throw new Error(`FUZZ=${name}:${seed} threw ${error}`, { cause: error });
          });
          const { user, system } = process.cpuUsage(start);
          const time = (user + system) / 1000; // of this process: the machine may be busy with others
          outcome.run++;
          ran++;
          if (size > 0) outcome.read++;
          outcome.slowest = Math.max(outcome.slowest, time);
          // A file may say at most: inflate me 1032 times over, repeat these elements a million times, per tensor.
          if (size > 2e7) throw new Error(`FUZZ=${name}:${seed} gave ${size} bytes from ${bytes.length}`);
          if (time > 5000) throw new Error(`FUZZ=${name}:${seed} took ${time} ms`);
        }
        if (process.env.FUZZ_TIMES) console.log(name, outcome);
        expect(process.memoryUsage().rss - before).toBeLessThan(5e8);
        const least = outcome.run / 50;
        if (!onlySeed) expect(outcome.read).toBeGreaterThan(least);
      },
      600_000,
    );
  }

  test.skipIf(onlyFile)('as many as promised', () => {
    const promised = Object.keys(files).reduce((sum, name) => sum + (COUNTS[name] ?? COUNT), 0);
    expect(ran).toBe(promised);
    expect(ran).toBeGreaterThan(40_000 * TIMES);
  });
});
