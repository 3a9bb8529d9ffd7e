// A source as jobs: one a tensor (small neighbours share one), the dearest first, or, for one tall matrix,
// one a chunk of rows and a tree of merges over them.

import { cost, list } from '../files/shard.js';
import { openTall, type Tall } from '../files/tall.js';
import type { Opened } from '../files/types.js';
import type { ReadOptions } from '../formats/types.js';
import type { AbortSignalLike } from '../types.js';
import { type JobOptions, KERNEL, type RowsPayload, type TensorPayload, VERSION } from './payload.js';
import { openReference, refer } from './reference.js';

/** Bytes from which a tall matrix is cut, the least bytes of a piece, and the most pieces. */
const LARGE = 2 ** 26;
const PIECE = 2 ** 24;
const PIECES = 2 ** 15;
/** Multiplications, and tensors, that one job has at most, unless one tensor has more: some hundredths of a second. */
const SMALL = 1e8;
const FEW = 64;

/** A matrix in pieces. */
export interface TallPlan {
  tall: Omit<Tall, 'chunk' | 'close'>;
  pieces: RowsPayload[];
}

/** The tensors of a source; those that cannot even be listed say why. */
export interface ModelPlan {
  /** In the order of the file; `index` is the place. */
  tensors: TensorPayload[];
  /** The same, the dearest first. */
  dearest: TensorPayload[];
  failed: { index: number; name: string; error: Error }[];
}

/** The jobs of a source. */
export async function planJobs(
  url: string,
  options: JobOptions,
  filter?: ReadOptions['filter'],
  signal?: AbortSignalLike,
): Promise<TallPlan | ModelPlan> {
  const source = await refer(url);
  const common = { v: VERSION, kernel: KERNEL, source };
  if (/\.npy$/i.test(url)) {
    const bytes = await openReference(source);
    try {
      const tall = await openTall(bytes);
      const wanted = tall && filter?.(tall.name, tall) !== false;
      const { columns: n = 1, rows = 0, size = 1 } = tall ?? {};
      if (tall && wanted && rows >= 8 * n && rows * n * size >= LARGE) {
        const count = Math.max(4 * n, Math.floor(PIECE / (n * size)), Math.ceil(rows / PIECES));
        const pieces = Array.from({ length: Math.ceil(rows / count) }, (_, index): RowsPayload => {
          const first = index * count;
          return { ...common, job: 'accumulateRows', index, first, count: Math.min(count, rows - first) };
        });
        const { chunk: _, close: __, ...about } = tall;
        return { tall: about, pieces };
      }
    } finally {
      await bytes.close();
    }
  }
  const failed: ModelPlan['failed'] = [];
  const opened: Opened = { from: source.url, options: {} };
  const listed = await list(source.url, opened, { filter, signal }, (name, error, index) =>
    failed.push({ index, name, error }),
  );
  const costs = new Map<TensorPayload, number>();
  const tensors: TensorPayload[] = [];
  const seen = new Set<string>();
  for (const { name, shape, index } of listed) {
    if (seen.has(name)) continue; // the job of a name has all tensors of this name
    seen.add(name);
    const last = tensors.at(-1);
    const together = cost({ shape }) + (last === undefined ? SMALL : costs.get(last)!);
    const next = last !== undefined && index === last.index + last.names.length; // else a row that fails is between
    if (next && together < SMALL && last.names.length < FEW) {
      last.names.push(name);
      costs.set(last, together);
      continue;
    }
    const payload: TensorPayload = { ...common, job: 'rankTensor', index, names: [name], options };
    tensors.push(payload);
    costs.set(payload, cost({ shape }));
  }
  return { tensors, dearest: [...tensors].sort((a, b) => costs.get(b)! - costs.get(a)!), failed };
}
