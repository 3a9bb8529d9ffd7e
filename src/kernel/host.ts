// What the kernel asks of its host: the rows of the open matrix, as far as it is not in the kernel's memory already.
// The caller's array is only ever read.

export type Floats = Float64Array | Float32Array;

/** The matrix that the kernel sees as long x short, row after row or column after column from `start` on. */
export interface Open {
  data: Floats;
  start: number;
  long: number;
  short: number;
  byRow: boolean;
}

const nothing: Open = { data: new Float64Array(0), start: 0, long: 0, short: 0, byRow: true };
let open = nothing;

/** Rows come from this matrix from now on. */
export function serve(matrix: Open): void {
  open = matrix;
}

/** Lets go of the caller's array. */
export function close(): void {
  open = nothing;
}

const none = { doubles: new Float64Array(0), singles: new Float32Array(0), ints: new Int32Array(0) };
let memory: { readonly buffer: ArrayBuffer } = { buffer: new ArrayBuffer(0) };
let shared = false;
let held = none;

/** Views are of this kernel's memory from now on. */
export function attach(of: { readonly buffer: ArrayBuffer }): void {
  memory = of;
  shared = Object.prototype.toString.call(of.buffer) === '[object SharedArrayBuffer]';
  held = none;
}

/** Whether other threads work in the kernel's memory, too. */
export function isShared(): boolean {
  return shared;
}

/** Views of all kernel memory, made anew after it grew: those of unshared memory are empty then. */
export function views() {
  if (held.doubles.length > 0 && !shared) return held; // to ask for `buffer` costs as much as the rank of a 2x2
  const { buffer } = memory;
  if (held.doubles.buffer !== buffer) {
    held = {
      doubles: new Float64Array(buffer),
      singles: new Float32Array(buffer),
      ints: new Int32Array(buffer),
    };
  }
  return held;
}

/** The view for arrays like `like`. */
export function view(like: Floats): Floats {
  return like instanceof Float32Array ? views().singles : views().doubles;
}

/** Kernel import: rows first .. first + count of the open matrix, to `to`, lines `ld` elements apart. */
export function pull(first: number, count: number, ld: number, to: number): void {
  const { data, start, long, short, byRow } = open;
  const out = view(data);
  let p = (to >>> 0) / data.BYTES_PER_ELEMENT;
  if (byRow) {
    out.set(data.subarray(start + first * short, start + (first + count) * short), p);
    return;
  }
  for (let j = 0, from = start + first; j < short; j++, from += long, p += ld) {
    out.set(data.subarray(from, from + count), p);
  }
}

/** Kernel import: the listed rows, packed one after the other as pull() would. */
export function gather(list: number, count: number, ld: number, to: number): void {
  const { data, start, long, short, byRow } = open;
  const out = view(data);
  const rows = views().ints.subarray(list >>> 2, (list >>> 2) + count);
  let p = (to >>> 0) / data.BYTES_PER_ELEMENT;
  if (byRow) {
    for (let i = 0; i < count; i++, p += ld) {
      const from = start + rows[i] * short;
      out.set(data.subarray(from, from + short), p);
    }
    return;
  }
  for (let j = 0, from = start; j < short; j++, from += long, p += ld) {
    for (let i = 0; i < count; i++) out[p + i] = data[from + rows[i]];
  }
}
