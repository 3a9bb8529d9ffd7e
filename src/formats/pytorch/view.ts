// A tensor of a checkpoint as the pickle says it: which call makes it, and the view of a storage that this is.
// Source: torch/_utils.py, torch/_tensor.py, torch/serialization.py.
import { fromStorage, fromTorch } from '../dtypes.js';
import { quote } from '../errors.js';
import { PickleCall, PickleGlobal, PickleReference } from '../pickle/values.js';
import { isQuantised, type Packed, quantizerOf, subclassOf } from './quantised.js';

/** Calls that hand on their first argument. */
const WRAPPERS = /\._rebuild_(parameter(_with_state)?|device_tensor_from_cpu_tensor)$|\.(Parameter|Buffer)$/;

/** Tensors that are known and not read. */
const OTHERS: readonly [callee: RegExp, problem: string][] = [
  [/\._rebuild_sparse_/, 'is a sparse tensor, not read; save its to_dense()'],
  [/\._rebuild_meta_tensor/, 'is on the meta device, where tensors have no elements'],
  [/\._rebuild_nested_tensor/, 'is a nested tensor, not read; save its parts'],
];

export const FLOAT4 = 'float4_e2m1'; // PyTorch's elements are pairs of them

/** A view of a storage: what a call that makes a tensor says. */
export interface View {
  storage: string;
  /** As told: elements, or bytes of an untyped storage. */
  elements: number;
  untyped: boolean;
  offset: number;
  strides: number[];
  shape: number[];
  /** Of what is read: the bytes of pairs of 4-bit floats. */
  dtype: string;
  pairs: boolean;
  quantizer?: readonly unknown[];
}

/** The view that a call makes, or what is wrong with it, as the end of a sentence. */
export function toView(call: PickleCall): View | Packed | string {
  const made = unwrap(call);
  if (!(made instanceof PickleCall)) return made;
  const [storage, offset, shape, strides, , , type] = made.args;
  const id = storage instanceof PickleReference ? storageId(storage.id) : undefined;
  if (!Array.isArray(id) || id[0] !== 'storage' || !(id[1] instanceof PickleGlobal)) return 'has no storage';
  const kind = id[1].name.slice(id[1].name.lastIndexOf('.') + 1);
  const [, , key, , elements, part] = id;
  if (!Array.isArray(shape) || !Array.isArray(strides) || shape.length !== strides.length) {
    return 'has sizes and strides that do not fit together';
  }
  // Nested lists may repeat each other: as a product they would be written out.
  const odd = shape.find((d) => typeof d !== 'number');
  if (odd !== undefined) return `has ${quote(odd)} as a dimension`;
  const whole = (v: unknown): v is number => typeof v === 'number' && Number.isSafeInteger(v) && v >= 0;
  if (!whole(offset) || !whole(elements) || !strides.every(whole))
    return 'has a fractional or negative stride';
  if (typeof key !== 'string') return 'has a storage without a name';
  const lazy = made.args.some((a) => a instanceof Map && (a.get('conj') === true || a.get('neg') === true));
  if (lazy) return 'is a conjugated or negated view, not read; save its resolve_conj().resolve_neg()';
  // PyTorch before 0.4: a storage that is part of another, (key, offset, size).
  const [, start, length] = Array.isArray(part) ? part : [key, 0, elements];
  if (!whole(start) || !whole(length) || start + length > elements) return 'has a damaged part of a storage';
  const named = type instanceof PickleGlobal ? fromTorch(type.name) : fromStorage(kind);
  const pairs = named === FLOAT4;
  const view = {
    ...{ storage: key, elements: start + length, untyped: kind === 'UntypedStorage' },
    ...{ offset: offset + start, strides, shape, dtype: pairs ? 'uint8' : named, pairs },
  };
  if (!isQuantised(made.callee)) return view;
  const quantizer = quantizerOf(made.args[4], kind, named);
  return typeof quantizer === 'string' ? { packed: quantizer, shape } : { ...view, quantizer };
}

/** A storage's persistent id: a tuple, or in protocol 0 the text of one. */
export function storageId(id: unknown): unknown {
  if (typeof id !== 'string') return id;
  const parts = /^\('storage', <class '([\w.]+)'>, '([^']*)', '[^']*', (\d+)(?:, None)?\)$/.exec(id);
  return parts && ['storage', new PickleGlobal(parts[1]), parts[2], 'cpu', Number(parts[3])];
}

/** From a parameter to its tensor, and from a subclass to the call that makes it; or why there is none. */
function unwrap(call: PickleCall): PickleCall | Packed | string {
  let inner = call;
  for (let depth = 0; depth < 8; depth++) {
    const { callee, args } = inner;
    if (/\._rebuild_(tensor(_v[23])?|qtensor)$/.test(callee)) return inner;
    let next: unknown;
    if (WRAPPERS.test(callee)) next = args[0];
    else if (
      callee.endsWith('._rebuild_from_type_v2') &&
      args[0] instanceof PickleGlobal &&
      Array.isArray(args[2])
    ) {
      next = new PickleCall(args[0].name, args[2]);
    }
    const subclass = subclassOf(inner);
    if (subclass !== undefined) return subclass;
    if (!(next instanceof PickleCall))
      return OTHERS.find(([name]) => name.test(callee))?.[1] ?? `is made by ${quote(callee)}, not supported`;
    inner = next;
  }
  return 'is wrapped too deeply';
}
