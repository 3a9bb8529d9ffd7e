// Memory: what may be held at once, and what a tensor holds from its reading until its matrices are decided.

import { FormatError, quote } from '../formats/errors.js';
import type { NamedMatrix } from '../formats/matrices.js';
import type { TensorInfo } from '../formats/types.js';
import { builtin } from '../shared/builtin.js';
import { product } from '../shared/shape.js';

const MIB = 2 ** 20;

/** What a run holds before any tensor: the engine, with and without threads, and each thread. */
const OWN = 64 * MIB;
const OWN_ALONE = 56 * MIB;
const OWN_PER_THREAD = 40 * MIB;

/** Bytes that may be in use; take() waits until they are free. */
export class Budget {
  private used = 0;
  private readonly waiting: { bytes: number; go(): void }[] = [];

  /** strict: what is larger than all of it is refused; otherwise it runs alone. */
  constructor(
    private readonly limit: number,
    private readonly strict = false,
  ) {}

  /** What is there for things that nobody can wait for, such as the standard input. */
  get most(): number {
    return this.limit;
  }

  /** Takes the bytes for a tensor of a file; resolves to what gives them back. */
  async take(bytes: number, file: string, name: string): Promise<() => void> {
    if (!(bytes < Number.POSITIVE_INFINITY)) {
      // NaN would never be free again
      throw new FormatError(file, `tensor ${quote(name)} has a shape that no memory can hold.`);
    }
    if (this.strict && bytes > this.limit) {
      const [needs, leaves] = [bytes, this.limit].map((b) => Math.ceil(b / MIB));
      throw new FormatError(
        file,
        `tensor ${quote(name)} needs about ${needs} MiB; the memory limit leaves ${leaves} MiB for it.`,
      );
    }
    if (this.waiting.length === 0 && this.fits(bytes)) this.used += bytes;
    else await new Promise<void>((go) => this.waiting.push({ bytes, go }));
    let held = true;
    return () => {
      if (held) this.give(bytes);
      held = false;
    };
  }

  private give(bytes: number): void {
    this.used -= bytes;
    while (this.waiting.length > 0 && this.fits(this.waiting[0].bytes)) {
      const { bytes: next, go } = this.waiting.shift()!;
      this.used += next;
      go();
    }
  }

  private fits(bytes: number): boolean {
    return this.used === 0 || this.used + bytes <= this.limit;
  }
}

/**
 * The budget under `memory` bytes, the run's own needs taken off,
 * and the threads that it leaves room for: 0 is this one alone.
 * By default a quarter of the machine's, not strict.
 *
 * @throws MemoryError where the run's own needs leave nothing
 */
export async function createBudget(
  memory: number | undefined,
  wanted: number | undefined,
): Promise<{ budget: Budget; threads: number }> {
  const machine = await measure();
  if (memory === undefined) {
    const threads = wanted ?? machine.cores;
    return { budget: new Budget(machine.memory / 4 - OWN - threads * OWN_PER_THREAD), threads };
  }
  // As many threads as leave half of it to the tensors.
  const room = Math.floor((memory - OWN) / (2 * OWN_PER_THREAD));
  const threads = wanted ?? Math.max(0, Math.min(machine.cores, room));
  const own = threads === 0 ? OWN_ALONE : OWN + threads * OWN_PER_THREAD;
  if (memory <= own) {
    const who =
      threads === 0 ? 'a run needs' : threads === 1 ? 'one thread needs' : `${threads} threads need`;
    throw new MemoryError(
      `memory: ${who} ${own / MIB} MiB before any tensor; got ${Math.floor(memory / MIB)} MiB.`,
    );
  }
  return { budget: new Budget(memory - own, true), threads };
}

/** A limit that no run can keep. */
export class MemoryError extends RangeError {
  override name = 'MemoryError';
}

/** Cores and bytes; browsers tell the latter in whole GiB, or not at all. */
async function measure(): Promise<{ cores: number; memory: number }> {
  if (typeof process !== 'object' || process.versions?.node === undefined) {
    const { hardwareConcurrency: cores = 2, deviceMemory = 4 } = navigator as {
      deviceMemory?: number;
    } & Navigator;
    return { cores, memory: deviceMemory * 2 ** 30 };
  }
  const os = (await builtin('node:os')) as typeof import('node:os');
  const constrained = process.constrainedMemory?.() || Number.POSITIVE_INFINITY;
  return { cores: os.availableParallelism(), memory: Math.min(os.totalmem(), constrained) };
}

export function byteLength(matrix: NamedMatrix | undefined): number {
  return (matrix?.data as Float32Array | undefined)?.byteLength ?? 0;
}

/** [bytes of an element as read, of its copy as float32 or float64 where it is neither] */
function elementBytes(dtype: string): [read: number, widened: number] {
  if (/float64/.test(dtype)) return [8, 0];
  if (/float32/.test(dtype)) return [4, 0];
  if (/float16/.test(dtype)) return [2, 4];
  if (/float8|^q\d/.test(dtype)) return [1, 4];
  return [Number(/64|32|16/.exec(dtype)?.[0] ?? 8) / 8, 8];
}

/** Of a weight that is decoded: what is stored, its codes a byte each, and float32. */
const DECODED: [read: number, widened: number] = [6, 0];

/** Two factors, their float64 copies and triangles. */
function factorBytes(shape: readonly number[], rank: number): number {
  const rows = shape[0] ?? 0;
  const columns = product(shape.slice(1));
  return 24 * rank * (rows + columns) + 64 * rank * rank;
}

/**
 * Bytes that a tensor takes: its elements, their copy, and the kernel's workspace, which is the matrix in float64 and a
 * square of its short side, three more for a spectrum, up to order `spectra`. None of the last two where it is no
 * matrix.
 */
export function tensorBytes({ shape, dtype, storage, factors }: TensorInfo, spectra = 0): number {
  if (factors !== undefined) return factorBytes(shape, factors);
  const [read, widened] = storage === undefined ? elementBytes(dtype) : DECODED;
  const elements = product(shape);
  if (shape.length < 2 || elements === 0) return elements * read;
  // Rows are the first dimension, the last, or the last two: what matrices.ts may make of it.
  const rows = [shape[0], shape.at(-1)!, shape.length > 2 ? shape.at(-1)! * shape.at(-2)! : 1];
  const order = Math.max(...rows.map((m) => Math.min(m, elements / m)));
  return elements * (read + widened) + 8 * (1.2 * elements + (order <= spectra ? 4 : 1) * order ** 2);
}
