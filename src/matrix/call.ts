// What the functions of one matrix begin with: arguments and options read,
// the matrix opened in the kernel, its tolerance.
import { embedded, partOf } from '../input/complex.js';
import { isComplex } from '../input/elements.js';
import { floats } from '../input/floats.js';
import { readOptions, type Tolerance } from '../input/options.js';
import { storageNoise } from '../input/rounding.js';
import { element, position, readInput, type Stack, symmetrized } from '../input/stack.js';
import { close } from '../kernel/host.js';
import { type Kernel, kernel } from '../kernel/load.js';
import { open } from '../kernel/memory.js';

/** NumPy's: float32's for elements of that or less, else float64's. */
export const eps = (single: boolean): number => (single ? 2 ** -23 : 2 ** -52);

/**
 * Whether (data, shape, options) or (a, options) was meant: a shape is an array.
 * A number behind rows or a tensor was to be a tolerance.
 */
export function splitArguments(
  shape: unknown,
  options: unknown,
  a?: unknown,
): [shape: unknown, options: unknown] {
  if (options === undefined && typeof shape === 'number' && typeof a === 'object' && !isFlat(a))
    return [undefined, shape];
  if (options === undefined && typeof shape === 'object' && shape !== null && !Array.isArray(shape)) {
    return ArrayBuffer.isView(shape) ? [shape, undefined] : [undefined, shape];
  }
  return [shape, options];
}

const isFlat = (a: unknown) => ArrayBuffer.isView(a) || (Array.isArray(a) && typeof a[0] === 'number');

/** What tolerances() gives: max(absolute, relative * sigma_1), and the storage tolerance where it counts. */
export interface Tolerances {
  absolute: number;
  relative: number;
  noise?: number;
}

/** One matrix, as a function of one was called with it. */
export interface Call {
  stack: Stack;
  t: Tolerance;
  /** Only the lower triangle counts. */
  hermitian: boolean;
}

/** Reads (data, shape, options) or (a, options), where the options are those of the tolerance. */
export function readCall(fn: string, given: readonly unknown[], complexToo = false): Call {
  return readCallWith(fn, given, [], () => undefined, complexToo);
}

/** The same for a function that has options of its own, of these names: `read` makes of them what `own` is. */
export function readCallWith<O, T>(
  fn: string,
  [a, b, c]: readonly unknown[],
  names: readonly string[],
  read: (options: O | undefined, t: Tolerance) => T,
  complexToo = false,
): Call & { own: T } {
  const [shape, options] = splitArguments(b, c, a);
  const t = readOptions(fn, options, names); // first: a getter among them may change the elements
  const own = read(options as O | undefined, t);
  const stack = readInput(fn, [a, shape], 2, complexToo);
  return { stack, t, own, hermitian: t.hermitian && !stack.vector };
}

/** Of a vector: any element that is not zero counts. */
const EXACT: Tolerances = { absolute: 0, relative: 0 };

/**
 * max(absolute, relative * sigma_1), the form the kernel takes, for one matrix of the stack. `noise` is its storage
 * tolerance, where that counts.
 */
export function tolerances(t: Tolerance, stack: Stack, index = 0): Tolerances {
  if (stack.vector) return EXACT;
  if (!Number.isNaN(t.tol)) return { absolute: t.tol, relative: 0 };
  if (!Number.isNaN(t.rtol)) return { absolute: t.atol, relative: t.rtol };
  const relative = Math.max(stack.rows, stack.cols) * eps(stack.single && !t.storage);
  if (!t.storage && !isNarrow(stack)) return { absolute: 0, relative };
  const noise = storageNoise(stack, index, t.hermitian);
  return { absolute: noise, relative, noise };
}

/** Whether the elements were rounded to less than float32. */
const isNarrow = ({ kind, noise }: Stack) => kind === 'f16' || kind === 'bf16' || !Number.isNaN(noise);

/** Throws for the first element that is NaN or infinite. */
export function checkFinite(fn: string, stack: Stack, first: number, count: number): void {
  for (let i = first; i < first + count; i++) {
    const x = isComplex(stack) ? partOf(stack, i) : element(stack, i);
    if (!Number.isFinite(x)) {
      throw new RangeError(`${fn}: element ${position(stack, i)} is ${x}; every element must be finite.`);
    }
  }
}

/** Runs `visit` on each matrix of the stack, opened and scanned in the kernel. */
export function forEachMatrix(
  fn: string,
  stack: Stack,
  hermitian: boolean,
  visit: (k: Kernel, index: number, transposed: boolean) => void,
): void {
  const k = kernel();
  const { rows, cols } = stack;
  const size = rows * cols;
  const pairs = isComplex(stack);
  const source = hermitian || pairs ? null : floats(stack);
  try {
    for (let i = 0; i < stack.count; i++) {
      const transposed = source
        ? open(source.data, source.offset + i * size, rows, cols, stack.colMajor)
        : pairs
          ? open(embedded(fn, stack, i, hermitian), 0, 2 * rows, 2 * cols, false)
          : open(symmetrized(stack, i, fn), 0, rows, cols, false);
      if (!k.scan()) checkFinite(fn, stack, i * size, size);
      visit(k, i, transposed);
    }
  } finally {
    close();
  }
}

/**
 * The rank of the open matrix of the stack. A complex one is open as a real one of twice the size, whose singular
 * values come in pairs: a value so near the tolerance that rounding puts one of the pair
 * on either side of it is not counted.
 */
export function rankOpen(
  fn: string,
  k: Kernel,
  stack: Stack,
  { absolute, relative }: { absolute: number; relative: number },
  report = false,
): number {
  const rank = k.rank(absolute, relative, report);
  if (rank < 0) throwUndecided(fn);
  return isComplex(stack) ? rank >> 1 : rank;
}

export function throwUndecided(fn: string): never {
  throw new Error(`${fn}: the kernel has no answer for this matrix; please report it.`);
}
