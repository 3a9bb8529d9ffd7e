// A row as a flat object: what rankFile yields and what --json prints.
import type { SpectralMetrics } from '../types.js';
import type { Row } from './types.js';

/** One matrix of a file. null: there is no such value, as where `error` says why. */
export interface FileRow extends Partial<Omit<SpectralMetrics, 'rank'>> {
  /** The source as it was given. */
  file: string;
  /** The tensor's name, as stored; the direction is added for recurrent weights. */
  name: string;
  /** As stored. */
  shape: number[] | null;
  /** [rows, columns] of the matrix that was decided. */
  matrix: [number, number] | null;
  /** As stored, in lower case. */
  dtype: string | null;
  rank: number | null;
  /** min(rows, columns) */
  full: number | null;
  tolerance: number | null;
  /** min(lower / tolerance, tolerance / upper), of the proven bounds; Infinity where nothing limits it. */
  margin: number | null;
  /** The step that decided. */
  method: string | null;
  /** How the weight is stored: its type, or the packing that was undone. */
  storage: string | null;
  /** The storage tolerance; null where the type has none of its own. */
  noise: number | null;
  /** Whether both bounds clear the tolerance; otherwise the rank is that of a matrix within rounding of this one. */
  proven: boolean | null;
  /** Whose tolerance it is: that of `float32` or `float64`, of rounding to the stored type (`storage`), or `given`. */
  toleranceOf: string | null;
  /** Descending; where they were asked for. */
  singularValues?: Float64Array;
  /** What else there is to know; without a rank: why the tensor is not analysed. */
  note?: string;
  /** Why there is no rank. */
  error?: string;
}

export function toRecord(row: Row): FileRow {
  const {
    file,
    name,
    shape,
    matrix,
    dtype,
    report,
    full,
    metrics,
    singularValues,
    error,
    storage,
    noise,
    toleranceOf,
    note,
  } = row;
  const { rank: _, ...others } = metrics ?? {};
  return {
    file,
    name,
    shape: shape ?? null,
    matrix: matrix ?? null,
    dtype: dtype ?? null,
    rank: report?.rank ?? null,
    full: full ?? null,
    tolerance: report?.tolerance ?? null,
    margin: report?.margin ?? null,
    method: report?.method ?? null,
    storage: storage ?? null,
    noise: report?.noise ?? noise ?? null,
    proven: report?.proven ?? null,
    toleranceOf: toleranceOf ?? null,
    ...others,
    ...(singularValues && { singularValues }),
    ...(note !== undefined && { note }),
    ...(error !== undefined && { error }),
  };
}
