// What the functions of this folder hand to each other: rows, what makes them, and the files that they come from.
import type { Readable, ReadOptions } from '../formats/types.js';
import type { HeavyTail } from '../matrix/heavy-tail.js';
import type { Task } from '../pool/task.js';
import type { RankOptions, RankReport, SpectralMetrics } from '../types.js';
import type { Budget } from './budget.js';
import type { Tall } from './tall.js';
import type { ToleranceOf } from './tolerance-of.js';

export interface Row {
  file: string;
  name: string;
  /** As stored; absent when the tensor could not be read. */
  shape?: number[];
  matrix?: [number, number];
  dtype?: string;
  /** How the weight is stored: its type, or the packing that was undone. */
  storage?: string;
  /** The storage tolerance; absent where the type has none of its own. */
  noise?: number;
  /** What else there is to know; without a report: why the tensor is not analysed. */
  note?: string;
  full?: number;
  /** Whose tolerance the report's is. */
  toleranceOf?: ToleranceOf;
  /** Absent when `error` says why. */
  report?: RankReport;
  metrics?: SpectralMetrics;
  singularValues?: Float64Array;
  heavyTail?: HeavyTail;
  error?: string;
}

/** What comes out, in the order of the files. */
export type Event<R> = { file: string } | { broken: string } | { row: R };

export interface Job {
  run(task: Task): Promise<unknown[]>;
  budget: Budget;
  tolerance: RankOptions;
  metrics: boolean | 'cheap';
  /** Also the singular values, for the report. */
  spectra: boolean;
  read: Pick<ReadOptions, 'filter' | 'signal' | 'before' | 'layout'>;
  /** Whether a tensor that cannot be read is to be told of by this run; undefined: all are. */
  mine?(name: string): boolean;
  onProgress(file: string, bytesRead: number, bytesTotal: number): void;
  /** A matrix of so many bytes is to be decided; the answer is called when it has been. */
  begin(name: string, bytes: number): () => void;
}

/** What a file's name stands for. */
export type Open = (file: string, job: Job) => Promise<Input>;

/** A source for the readers, or a matrix that is too large to be held and is taken row by row. */
export type Input = Opened | { tall: Tall };

export interface Opened {
  from: Readable;
  options: ReadOptions;
  tall?: undefined;
}
