// rankFile: the rows of the command, for a program: one for each matrix of a file, decided on all cores, in the order
// of the file. Tensors are read one at a time, as far as the memory budget lets them.

import type { Readable, ReadOptions } from '../formats/types.js';
import { describe } from '../input/options.js';
import type { AbortSignalLike, RankOptions } from '../types.js';
import { type FileRow, toRecord } from './record.js';
import { produceFile } from './rows.js';
import { run } from './run.js';
import type { Row } from './types.js';

/** How far a run of rankFile is. */
export interface FileProgress {
  /** Bytes read so far, of `bytesTotal`. */
  bytesRead: number;
  bytesTotal: number;
  /** Rows yielded so far. */
  rows: number;
  /** The oldest tensor that is being worked on; '' when there is none. */
  current: string;
}

/** What rankFile may be told: the tolerance as in `matrixRank`, what to read, what to compute, and on what. */
export interface RankFileOptions extends Omit<RankOptions, 'hermitian'> {
  /** Only tensors whose name matches (or of which the function says so). */
  filter?: RegExp | ReadOptions['filter'];
  /** Also the spectral metrics. Default false. */
  metrics?: boolean;
  /** Also the singular values of each matrix. Default false. */
  singularValues?: boolean;
  /** Default: one for each core. Small files are decided without any. */
  threads?: number;
  /**
   * Bytes to stay below; a tensor that needs more is a row with an error. Default: about a quarter of the machine's.
   */
  memory?: number;
  /** Ends it at once: the generator throws the signal's reason. */
  signal?: AbortSignalLike;
  onProgress?(progress: FileProgress): void;
  /** The file's name, where bytes or a Blob have none. */
  name?: string;
  /** Opens a file that lies beside bytes or a Blob: shards, external data. */
  open?: ReadOptions['open'];
}

/**
 * The rank of every matrix of a model file, as the command reports it: an async generator of one row a matrix, in the
 * order of the file. A tensor that cannot be read or decided is a row with `error`, and the others follow; a file that
 * cannot be read at all throws after the rows that it gave. Leaving the loop ends the threads.
 *
 * ```js
 * import { rankFile } from 'matrix-rank/files';
 * for await (const { name, rank, full, margin } of rankFile('model.safetensors')) {
 *   console.log(`${name}: ${rank} of ${full}, sure by a factor of ${margin}`);
 * }
 * ```
 *
 * @param source what `readTensors` takes: a path, an address (https://, hf://), bytes, a Blob
 * @throws FormatError for a file that cannot be read; the signal's reason; TypeError and RangeError for wrong options
 */
export async function* rankFile(
  source: Readable,
  options: RankFileOptions = {},
): AsyncGenerator<FileRow, void, undefined> {
  const { filter, onProgress, metrics = false, singularValues = false, name, open } = check(options);
  const file = typeof source === 'string' ? source : (name ?? 'bytes');
  const progress: FileProgress = { bytesRead: 0, bytesTotal: 0, rows: 0, current: '' };
  const tell = (change: Partial<FileProgress>) =>
    onProgress?.(Object.assign(progress, change) && { ...progress });
  const settings = {
    threads: options.threads,
    memory: options.memory,
    tolerance: tolerance(options),
    metrics,
    spectra: singularValues,
    filter: filter instanceof RegExp ? (tensor: string) => tensor.search(filter) >= 0 : filter,
    signal: options.signal,
    watch: onProgress && {
      bytes: (bytesRead: number, _: number, bytesTotal: number) => tell({ bytesRead, bytesTotal }),
      current: (current: string) => tell({ current }),
    },
  };
  const rows = run<Row>(settings, (job, out) =>
    produceFile(file, async () => ({ from: source, options: { name, open } }), job, out),
  );
  for await (const event of rows) {
    if (!('row' in event)) continue;
    tell({ rows: progress.rows + 1 });
    yield toRecord(event.row);
  }
}

const TOLERANCES = ['tol', 'rtol', 'atol'] as const;
const KNOWN: readonly string[] = [
  ...TOLERANCES,
  ...['filter', 'metrics', 'singularValues', 'threads', 'memory', 'signal', 'onProgress', 'name', 'open'],
];

function check(options: unknown): RankFileOptions {
  const fn = 'rankFile';
  if (typeof options !== 'object' || options === null) {
    throw new TypeError(
      `${fn}: options must be an object, such as { metrics: true }; got ${describe(options)}.`,
    );
  }
  for (const name of Object.keys(options)) {
    if (!KNOWN.includes(name)) {
      throw new TypeError(
        `${fn}: there is no option ${JSON.stringify(name)}; there are ${KNOWN.join(', ')}.`,
      );
    }
  }
  const { filter, memory, threads } = options as RankFileOptions;
  if (threads !== undefined && !(Number.isInteger(threads) && threads >= 1)) {
    throw new RangeError(`${fn}: threads must be a whole number from 1 on; got ${describe(threads)}.`);
  }
  if (filter !== undefined && typeof filter !== 'function' && !(filter instanceof RegExp)) {
    throw new TypeError(`${fn}: filter must be a RegExp or a function; got ${describe(filter)}.`);
  }
  if (memory !== undefined && !(memory > 0)) {
    throw new RangeError(`${fn}: memory must be a number of bytes above 0; got ${describe(memory)}.`);
  }
  return options as RankFileOptions;
}

function tolerance(options: RankFileOptions): RankOptions {
  return Object.fromEntries(TOLERANCES.filter((k) => options[k] !== undefined).map((k) => [k, options[k]]));
}
