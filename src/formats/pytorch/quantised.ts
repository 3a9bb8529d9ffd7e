// Tensors that PyTorch itself quantised: integers q for (q - zero point) * scale, one of each for all or for each index
// of an axis; and subclasses that keep their elements in other tensors (torchao), which are named.
// Layout: torch._utils._rebuild_qtensor(storage, offset, size, stride, (scheme, scale, zero point) or (scheme, scales,
// zero points, axis), ...). Source: torch/_utils.py, torch/_tensor.py.
import { codeTable } from '../decode/codes.js';
import type { Decoded } from '../decode/grid.js';
import { dequantise } from '../decode/onnx-codes.js';
import type { TensorData } from '../decode.js';
import { PickleCall, PickleGlobal } from '../pickle/values.js';

/** A tensor that says itself that it is packed. */
export interface Packed {
  packed: string;
  shape: number[];
}

export const isQuantised = (callee: string) => callee.endsWith('._rebuild_qtensor');

const SCHEME = /(^|\.)per_(tensor|channel)_(affine|symmetric|affine_float_qparams)$/;

/** (scheme, scale, zero point[, axis]); or what the tensor is packed as. */
export function quantizerOf(given: unknown, kind: string, dtype: string): readonly unknown[] | string {
  const scheme = Array.isArray(given) && given[0] instanceof PickleGlobal ? given[0].name : 'no scheme';
  // Of 32 bits there are only biases; 4 and 2 bits are several codes a byte.
  const known = SCHEME.test(scheme) && codeTable(dtype) !== undefined;
  return known ? (given as unknown[]) : `packed as ${kind} (${scheme})`;
}

export const storageOf = (dtype: string, [, , , axis]: readonly unknown[]) =>
  `${dtype} x ${axis === undefined ? 'tensor scale' : 'channel scales'}`;

/** The matrix [shape[0], the rest]; undefined where the scales do not fit. `numbers` reads a tensor of them. */
export async function decodeQuantised(
  [, scale, zero, axis]: readonly unknown[],
  codes: TensorData,
  dtype: string,
  shape: readonly number[],
  numbers: (call: PickleCall) => Promise<ArrayLike<number>>,
): Promise<Decoded | undefined> {
  const list = async (given: unknown) => {
    const values = given instanceof PickleCall ? await numbers(given) : given;
    return typeof values === 'number'
      ? [values]
      : Array.isArray(values)
        ? values
        : Array.from(values as never);
  };
  const [scales, zeros] = [await list(scale), await list(zero)];
  const numeric = [...scales, ...zeros].every((v) => typeof v === 'number' && Number.isFinite(v));
  if (!numeric || shape.length === 0) return undefined;
  const given = { scales, zeros, shape: [scales.length], axis: Number(axis ?? 0), block: 0 };
  const bytes = new Uint8Array(codes.buffer as ArrayBuffer, codes.byteOffset, codes.byteLength);
  return dequantise(bytes, codeTable(dtype)!, shape, given);
}

/** What a subclass makes of other tensors: its class and, where told, its sizes; undefined for anything else. */
export function subclassOf({ callee, args }: PickleCall): Packed | undefined {
  if (!callee.endsWith('._rebuild_wrapper_subclass') && !callee.startsWith('torchao.')) return undefined;
  const whole = (v: unknown): v is number => typeof v === 'number' && Number.isSafeInteger(v) && v >= 0;
  const sizes = args.find((a): a is number[] => Array.isArray(a) && a.length > 0 && a.every(whole));
  const [kind] = args;
  const name = kind instanceof PickleGlobal ? kind.name : callee;
  return { packed: `packed as ${name}`, shape: sizes ?? [] };
}
