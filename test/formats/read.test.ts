// readTensors itself: which format, from where, what stops it.
import { execFileSync } from 'node:child_process';
import { closeSync, ftruncateSync, mkdtempSync, openSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { FormatError, openSource, readTensors, type TensorInfo } from '../../src/formats/index.js';
import { all, failure, one } from './helpers.js';
import {
  bytesOf,
  concat,
  gguf,
  npy,
  onnxGraph,
  onnxModel,
  onnxTensor,
  safetensors,
  uint,
  utf8,
  zip,
} from './write.js';

const f32 = bytesOf(Float32Array.of(1, 2, 3, 4));
const files: Record<string, Uint8Array> = {
  npy: npy('<f4', [2, 2], f32),
  npz: zip([{ name: 'w.npy', data: npy('<f4', [2, 2], f32) }]),
  safetensors: safetensors({ w: { dtype: 'F32', shape: [2, 2], data: f32 } }),
  onnx: onnxModel(onnxGraph([], [onnxTensor({ name: 'w', dims: [2, 2], type: 1, raw: f32 })])),
  gguf: gguf([{ name: 'w', dims: [2, 2], type: 0, data: f32 }]),
};
let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'formats-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

describe('which format', () => {
  test.each(Object.keys(files))('%s by its bytes alone, by a wrong name, from a path', async (format) => {
    const expected = Float32Array.of(1, 2, 3, 4);
    expect((await one(files[format])).data).toEqual(expected);
    expect((await one(files[format], { name: `a.${format}` })).data).toEqual(expected);
    expect((await one(files[format], { name: 'a.bin' })).data).toEqual(expected);
    const path = join(folder, `a.${format}`);
    writeFileSync(path, files[format]);
    expect((await one(path)).data).toEqual(expected);
  });

  test('the name decides where the bytes do not', async () => {
    expect(await failure(utf8('hello, world'), { name: 'a.txt' })).toBe(
      'a.txt: row 1, column 1: “hello” is not a number.',
    );
    expect(await failure(utf8('hello, world'), { name: 'a.npy' })).toContain("expected '\\x93NUMPY'");
    expect(await failure(utf8('hello, world'), { name: 'a.gguf' })).toContain("expected 'GGUF'");
    expect(await failure(utf8('hello, world'), { name: 'a.npz' })).toContain('zip directory is missing');
    expect(await failure(utf8('hello, world'), { name: 'a.safetensors' })).toContain(
      'the header at offset 8 claims',
    );
    expect(await failure(new Uint8Array(0), { name: 'a.onnx' })).toBe('a.onnx: is empty.');
  });
});

describe('before', () => {
  test.each(Object.keys(files))(
    "%s waits for it, and an error of its own is the tensor's",
    async (format) => {
      const steps: string[] = [];
      const before = async (_: string, { shape, dtype }: TensorInfo) => {
        steps.push(`${dtype} ${shape.join('x')}`);
        await new Promise((resolve) => setTimeout(resolve, 5));
        steps.push('free');
      };
      for await (const { shape } of readTensors(files[format], { before }))
        steps.push(`read ${shape.join('x')}`);
      expect(steps).toEqual(['float32 2x2', 'free', 'read 2x2']);

      const refuse = () => {
        throw new FormatError('file', 'not this one.');
      };
      const errors: string[] = [];
      const onError = (_: string, error: Error) => errors.push(error.message);
      expect(await all(files[format], { before: refuse, onError })).toEqual([]);
      expect(errors).toEqual(['file: not this one.']);
      expect(await all(files[format], { before: refuse, filter: () => false })).toEqual([]); // nothing to wait for
    },
  );
});

describe('where from', () => {
  test('paths that are no files', async () => {
    expect(await failure(join(folder, 'absent.npy'))).toMatch(
      /absent\.npy: cannot be opened \(no such file\)\.$/,
    );
    const pipe = join(folder, 'pipe');
    try {
      execFileSync('mkfifo', [pipe]);
    } catch {
      return; // no pipes here
    }
    expect(await failure(pipe)).toMatch(/: is not a regular file\.$/);
  });

  test('a tensor past 4 GiB, in a file that is not read whole', async () => {
    const path = join(folder, 'sparse.safetensors');
    const at = 5 * 2 ** 30;
    const header = JSON.stringify({ w: { dtype: 'F32', shape: [2, 2], data_offsets: [at, at + 16] } });
    const handle = openSync(path, 'w');
    try {
      ftruncateSync(handle, 8 + header.length + at + 16);
    } catch {
      closeSync(handle);
      return; // no room for sparse files here
    }
    writeSync(handle, concat(uint(header.length, 8), utf8(header)), 0, 8 + header.length, 0);
    writeSync(handle, f32, 0, 16, 8 + header.length + at);
    closeSync(handle);
    expect((await one(path)).data).toEqual(Float32Array.of(1, 2, 3, 4));
    rmSync(path);
  });

  test.each(['path', 'blob', 'bytes'])('a source gives the bytes asked for: %s', async (kind) => {
    const bytes = Uint8Array.from({ length: 300_000 }, (_, i) => (i * 31) ^ (i >> 8));
    const path = join(folder, 'bytes.bin');
    writeFileSync(path, bytes);
    const from = { path, blob: new Blob([bytes]), bytes }[kind] as string | Blob | Uint8Array;
    const source = await openSource(from, { name: 'bytes.bin' });
    const spans = [
      [0, 10],
      [5, 10],
      [65530, 20],
      [65536, 16384],
      [1, 16385],
      [299_990, 10],
      [7, 0],
      [300_000, 0],
      [0, 300_000],
    ];
    for (const [offset, length] of spans) {
      expect(Buffer.compare(await source.read(offset, length), bytes.slice(offset, offset + length))).toBe(0);
    }
    const together = await Promise.all(spans.map(([offset, length]) => source.read(offset, length)));
    together.forEach((read, i) => {
      expect(Buffer.compare(read, bytes.slice(spans[i][0], spans[i][0] + spans[i][1]))).toBe(0);
      expect(read.byteLength).toBe(read.buffer.byteLength);
      read.fill(0); // it is ours
    });
    expect(Buffer.compare(await source.read(0, 100), bytes.slice(0, 100))).toBe(0);
    for (const [offset, length] of [
      [299_999, 2],
      [-1, 1],
      [0, -1],
      [2 ** 53, 1],
      [0, 2 ** 53],
      [0.5, 1],
      [Number.NaN, 1],
    ]) {
      await expect(source.read(offset, length)).rejects.toThrow(FormatError);
    }
    await source.close();
  });

  test('what is neither a path nor bytes nor a Blob is a TypeError', async () => {
    await expect(all(5 as unknown as string)).rejects.toThrow(TypeError);
  });
});

describe('what stops it', () => {
  const two = safetensors({
    a: { dtype: 'F32', shape: [2, 2], data: f32 },
    b: { dtype: 'F32', shape: [2, 2], data: f32 },
  });

  test('a signal, before the next tensor', async () => {
    const control = new AbortController();
    const names: string[] = [];
    const run = async () => {
      for await (const { name } of readTensors(two, { signal: control.signal })) {
        names.push(name);
        control.abort();
      }
    };
    await expect(run()).rejects.toMatchObject({ name: 'AbortError' });
    expect(names).toEqual(['a']);
    const reason = new Error('enough');
    await expect(all(two, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  });

  test('leaving the loop closes the file', async () => {
    const path = join(folder, 'two.safetensors');
    writeFileSync(path, two);
    for (let i = 0; i < 50; i++) {
      for await (const { name } of readTensors(path)) {
        expect(name).toBe('a');
        break;
      }
    }
  });

  test('the caller’s own errors come back as they are', async () => {
    const run = async () => {
      for await (const _ of readTensors(two)) throw new TypeError('mine');
    };
    await expect(run()).rejects.toThrow(new TypeError('mine'));
  });

  test('names from a file cannot break a line or a terminal', async () => {
    const file = safetensors({ 'a\n\u001b[31mb': { dtype: 'F13', shape: [2], data: f32 } }, {});
    expect(await failure(file)).toBe("bytes: tensor 'a [31mb' is of type 'f13', not supported.");
  });
});
