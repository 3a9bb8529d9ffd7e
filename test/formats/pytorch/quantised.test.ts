// Tensors that PyTorch quantised itself, against their definition, and those that only a subclass can put together.
import { describe, expect, test } from 'vitest';
import { all, salvage } from '../helpers.js';
import { bytesOf, concat, pickle, torchFile, torchStorage, torchTensor, utf8 } from '../write.js';

const { int, tuple, global, call, dict, pickled } = pickle;
const name = 'm.pt';
const [rows, cols] = [4, 6];
const codes = Uint8Array.from({ length: rows * cols }, (_, i) => (i * 53 + 7) & 255);
const strides = (transposed: boolean) => (transposed ? [1, rows] : [cols, 1]);

/** A float, BINFLOAT. */
function float(value: number): Uint8Array {
  const bytes = new Uint8Array(9);
  bytes[0] = 0x47;
  new DataView(bytes.buffer).setFloat64(1, value);
  return bytes;
}

function quantised(kind: string, quantizer: Uint8Array, transposed = false): Uint8Array {
  return call(
    global('torch._utils', '_rebuild_qtensor'),
    torchStorage({ kind, key: '0', elements: codes.length }),
    int(0),
    tuple(int(rows), int(cols)),
    tuple(...strides(transposed).map(int)),
    quantizer,
    Uint8Array.of(0x89),
    call(global('collections', 'OrderedDict')),
  );
}
const perTensor = (scale: number, zero: number) =>
  tuple(global('torch', 'per_tensor_affine'), float(scale), int(zero));

const scales = Float64Array.of(0.5, 0.25, 2, 1);
const zeros = BigInt64Array.of(3n, -2n, 0n, 100n);
const perChannel = tuple(
  global('torch', 'per_channel_affine'),
  torchTensor({ kind: 'DoubleStorage', key: '1', elements: 4 }, 0, [4], [1]),
  torchTensor({ kind: 'LongStorage', key: '2', elements: 4 }, 0, [4], [1]),
  int(0),
);
const file = (entries: Record<string, Uint8Array>) =>
  torchFile(pickled(dict(entries)), { 0: codes, 1: bytesOf(scales), 2: bytesOf(zeros) });

const signed = (code: number) => (code > 127 ? code - 256 : code);
const each = (value: (code: number, i: number) => number, transposed = false) =>
  Float32Array.from({ length: rows * cols }, (_, p) => {
    const [i, j] = [Math.floor(p / cols), p % cols];
    return value(codes[transposed ? j * rows + i : p], i);
  });

describe('decoded', () => {
  test('one scale, signed and unsigned, a transposed view', async () => {
    const tensors = await all(
      file({
        a: quantised('QUInt8Storage', perTensor(0.125, 128)),
        b: quantised('QInt8Storage', perTensor(0.5, -3)),
        c: quantised('QInt8Storage', perTensor(0.5, -3), true),
      }),
      { name },
    );
    expect(tensors.map((t) => [t.name, t.shape, t.storage])).toEqual([
      ['a', [rows, cols], 'uint8 x tensor scale'],
      ['b', [rows, cols], 'int8 x tensor scale'],
      ['c', [rows, cols], 'int8 x tensor scale'],
    ]);
    expect(tensors[0].data).toEqual(each((code) => (code - 128) * 0.125));
    expect(tensors[1].data).toEqual(each((code) => (signed(code) + 3) * 0.5));
    expect(tensors[2].data).toEqual(each((code) => (signed(code) + 3) * 0.5, true));
    expect(tensors[0].noise).toBeCloseTo((0.125 / Math.sqrt(12)) * (Math.sqrt(rows) + Math.sqrt(cols)), 6);
  });

  test('a scale and a zero point for each row; the scale of activations beside is none', async () => {
    const tensors = await all(
      file({
        'conv.weight': quantised('QInt8Storage', perChannel),
        'conv.scale': torchTensor({ kind: 'DoubleStorage', key: '1', elements: 4 }, 0, [1], [1]),
      }),
      { name },
    );
    expect(tensors[0].data).toEqual(each((code, i) => (signed(code) - Number(zeros[i])) * scales[i]));
    const [most, sum] = [4, 0.25 + 0.0625 + 4 + 1];
    expect(tensors[0].noise).toBeCloseTo(Math.sqrt((cols * most) / 12) + Math.sqrt(sum / 12), 5);
  });
});

describe('not decoded', () => {
  test('scales that do not fit are an error of their own tensor', async () => {
    const wrong = tuple(
      global('torch', 'per_channel_affine'),
      torchTensor({ kind: 'DoubleStorage', key: '1', elements: 4 }, 0, [3], [1]),
      torchTensor({ kind: 'LongStorage', key: '2', elements: 4 }, 0, [3], [1]),
      int(0),
    );
    const { names, errors } = await salvage(
      file({ bad: quantised('QInt8Storage', wrong), good: quantised('QInt8Storage', perTensor(1, 0)) }),
      { name },
    );
    expect(names).toEqual(['good']);
    expect(errors.bad).toContain('scales and zero points that do not fit it');
  });

  test('4 bits, unknown schemes and subclasses are packed, and say as what', async () => {
    const inner = torchTensor({ kind: 'DoubleStorage', key: '1', elements: 4 }, 0, [4], [1]);
    const subclass = call(
      global('torch._tensor', '_rebuild_from_type_v2'),
      global('torch._utils', '_rebuild_wrapper_subclass'),
      global('torchao.dtypes.affine_quantized_tensor', 'AffineQuantizedTensor'),
      tuple(
        global('torchao.dtypes.affine_quantized_tensor', 'AffineQuantizedTensor'),
        global('torch', 'bfloat16'),
        tuple(int(8), int(16)),
        tuple(int(16), int(1)),
        int(0),
      ),
      dict({ tensor_impl: inner }),
    );
    const tensors = await all(
      file({
        four: quantised('QUInt4x2Storage', perTensor(1, 0)),
        other: quantised('QInt8Storage', tuple(global('torch', 'per_moon_affine'), float(1), int(0))),
        bare: quantised('QInt8Storage', concat(utf8('N'))),
        ao: subclass,
      }),
      { name },
    );
    expect(tensors.map((t) => [t.name, t.packed])).toEqual([
      ['four', 'packed as QUInt4x2Storage (torch.per_tensor_affine), not analysed'],
      ['other', 'packed as QInt8Storage (torch.per_moon_affine), not analysed'],
      ['bare', 'packed as QInt8Storage (no scheme), not analysed'],
      ['ao', 'packed as torchao.dtypes.affine_quantized_tensor.AffineQuantizedTensor, not analysed'],
    ]);
    expect(tensors[3].shape).toEqual([8, 16]);
  });
});
