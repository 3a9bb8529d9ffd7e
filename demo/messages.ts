// What the page and its workers say to each other.
import type { RankReport, SpectralMetrics } from 'matrix-rank';
import type { NamedMatrix } from 'matrix-rank/formats';

/** A model: a file, with those that may lie beside it (shards, external data), or an address, https:// or hf://. */
export type Model = { file: File; beside: File[] } | { url: string };

export const nameOf = (model: Model) => ('url' in model ? model.url : model.file.name);

/** How many singular values hold 90, 95 and 99 % of the energy. */
export type Energy = Pick<SpectralMetrics, 'energyRank90' | 'energyRank95' | 'energyRank99'>;

/** One matrix of a model, as the table shows it. */
export interface Entry {
  /** Index into the models. */
  model: number;
  /** The tensor it was made of. */
  tensor: string;
  name: string;
  shape: number[];
  matrix: [number, number];
  dtype: string;
  /** The rank of its two factors, where it is the product of an adapter. */
  factors?: number;
}

/** The most that a matrix's rank can be. */
export const fullRank = ({ matrix, factors = Number.POSITIVE_INFINITY }: Entry) =>
  Math.min(...matrix, factors);

/** What a worker is asked. */
export type Request =
  | { do: 'read'; models: Model[] }
  | { do: 'go on' } // one more matrix may be sent
  | { do: 'rank'; matrix: NamedMatrix }
  | { do: 'spectrum'; model: Model; entry: Entry }
  | { do: 'text'; text: string };

/** What it answers: 'read' with many, every other request with one. */
export type Answer =
  | { matrix: NamedMatrix; entry: Entry }
  | { lost: Entry; why: string }
  | { progress: [read: number, total: number] }
  | { read: 'all' }
  | { report: RankReport; energy?: Energy }
  | { values: Float64Array }
  | { report: RankReport; energy?: undefined; values: Float64Array; format: string; dtype: string }
  | { error: string };
