// PyTorch checkpoints of the tensors that safetensors() takes.
import { pickle, type SafetensorSpec, torchFile, torchStorage, torchTensor } from './write.js';

/**
 * Of a safetensors dtype: PyTorch's storage, or its dtype where only untyped storages have it, and the bytes of an
 * element.
 */
const TORCH: Record<string, [storage: string, dtype: string | undefined, size: number]> = {
  F32: ['FloatStorage', undefined, 4],
  BF16: ['BFloat16Storage', undefined, 2],
  F16: ['HalfStorage', undefined, 2],
  I64: ['LongStorage', undefined, 8],
  I8: ['CharStorage', undefined, 1],
  U8: ['ByteStorage', undefined, 1],
  I32: ['IntStorage', undefined, 4],
  U32: ['UntypedStorage', 'uint32', 4],
  F8_E4M3: ['UntypedStorage', 'float8_e4m3fn', 1],
  F8_E8M0: ['UntypedStorage', 'float8_e8m0fnu', 1],
};
const { int, tuple, global, call, dict, pickled } = pickle;
const count = (shape: readonly number[]) => shape.reduce((a, b) => a * b, 1);

/** One tensor over a storage; columns that lie side by side where `transposed`. */
export function tensor(key: string, { dtype, shape, data }: SafetensorSpec, transposed = false): Uint8Array {
  const [kind, type, size] = TORCH[dtype];
  const strides = shape.map((_, i) => count(shape.slice(i + 1)));
  if (transposed && shape.length >= 2) {
    strides[shape.length - 1] = shape[shape.length - 2];
    strides[shape.length - 2] = 1;
  }
  if (type === undefined) {
    return torchTensor({ kind, key, elements: data.length / size }, 0, [...shape], strides);
  }
  return call(
    global('torch._utils', '_rebuild_tensor_v3'),
    torchStorage({ kind, key, elements: data.length }),
    int(0),
    tuple(...shape.map(int)),
    tuple(...strides.map(int)),
    Uint8Array.of(0x89),
    Uint8Array.of(0x4e),
    global('torch', type),
  );
}

/** The bytes with the last two axes swapped. */
function transpose({ dtype, shape, data }: SafetensorSpec): Uint8Array {
  const size = TORCH[dtype][2];
  const [m, n] = shape.slice(-2);
  const out = new Uint8Array(data.length);
  for (let i = 0; i < data.length / size; i++) {
    const [matrix, row, col] = [Math.floor(i / (m * n)), Math.floor(i / n) % m, i % n];
    const to = matrix * m * n + col * m + row;
    out.set(data.subarray(i * size, (i + 1) * size), to * size);
  }
  return out;
}

/** A checkpoint of these tensors; as transposed views where asked for. */
export function torch(model: Record<string, SafetensorSpec>, transposed = false): Uint8Array {
  const names = Object.keys(model);
  const tensors = names.map((name, i) => tensor(String(i), model[name], transposed));
  const moves = (name: string) => transposed && model[name].shape.length >= 2;
  return torchFile(
    pickled(dict(Object.fromEntries(names.map((name, i) => [name, tensors[i]])))),
    Object.fromEntries(names.map((name, i) => [i, moves(name) ? transpose(model[name]) : model[name].data])),
  );
}
