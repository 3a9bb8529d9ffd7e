// Memory: what may be held at once, and what a matrix holds while it is decided.
import { totalmem } from 'node:os';
import type { NamedMatrix } from '../formats/matrices.js';

const MIB = 2 ** 20;

/** Bytes that may be in use; take() waits until they are free. What is larger than all of it runs alone. */
export class Budget {
  private used = 0;
  private readonly waiting: { bytes: number; go(): void }[] = [];

  constructor(private readonly limit: number) {}

  async take(bytes: number): Promise<void> {
    if (this.waiting.length === 0 && this.fits(bytes)) this.used += bytes;
    else await new Promise<void>((go) => this.waiting.push({ bytes, go }));
  }

  give(bytes: number): void {
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

/** The budget under `memory` bytes (default: a quarter of the machine's), the threads' own needs taken off. */
export function createBudget(memory: number | undefined, threads: number): Budget {
  const constrained = process.constrainedMemory?.() || Number.POSITIVE_INFINITY;
  const all = memory ?? Math.min(totalmem(), constrained) / 4;
  return new Budget(all - 64 * MIB - threads * 40 * MIB);
}

export function byteLength(matrix: NamedMatrix | undefined): number {
  return (matrix?.data as Float32Array | undefined)?.byteLength ?? 0;
}

/**
 * The elements, their copy as float32 or float64 where they are neither, and the kernel's workspace: the matrix in float64 and a
 * square of its short side, three more for a spectrum.
 */
export function taskBytes({ data, shape: [rows, columns] }: NamedMatrix, spectrum: boolean): number {
  const elements = rows * columns;
  const size = (data as Float32Array).BYTES_PER_ELEMENT;
  const widened = size === 2 ? 4 : data instanceof Float32Array || data instanceof Float64Array ? 0 : 8;
  const square = Math.min(rows, columns) ** 2;
  return elements * (size + widened) + 8 * (1.2 * elements + (spectrum ? 4 : 1) * square);
}
