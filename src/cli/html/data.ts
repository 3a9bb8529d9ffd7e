// What the report's page is given: one entry for each row, in the order of the files.
import type { Row } from '../../files/types.js';
import { printable } from '../../formats/errors.js';
import type { RankReport } from '../../types.js';
import type { Pair } from '../compare-rows.js';
import { numbers, saves as savesOf, type Total, totals, type Weight } from '../shrink.js';
import { METHOD_WORDS } from '../text.js';
import { places } from './kinds.js';

/** Positions (from 1) and values of a spectrum, all of them or a sample; zeros are left out. */
export interface Spectrum {
  at: number[];
  values: number[];
  /** Exact zeros at its end. */
  zeros: number;
}

export interface Layer extends Partial<Spectrum> {
  file?: string;
  name: string;
  /** Where the model has blocks: which one, and what the weight is in it. */
  block?: string;
  kind?: string;
  shape: string;
  matrix: string;
  dtype: string;
  rank?: number;
  full: number;
  /** Whether the rank is proven. */
  proven?: boolean;
  tolerance?: number;
  /** Whose it is: float32, storage, ... */
  toleranceOf?: string;
  /** What rounding to the stored type may add to a singular value. */
  noise?: number;
  /** null: nothing limits it. */
  margin?: number | null;
  method?: string;
  /** The fewest singular values that hold 50, 90, 95, 99 % of the energy. */
  energy?: [number, number, number, number];
  metrics?: Record<string, number | null>;
  error?: string;
  /** The layer that it was, with --compare. */
  before?: Spectrum & { rank: number; tolerance: number };
}

/** A line of what to shrink. */
export interface Shrink {
  layer: number;
  rank: number;
  saves: number;
  share: number;
}

export interface Report {
  title: string;
  summary: string;
  layers: Layer[];
  totals: Total[];
  shrink: Shrink[];
}

const POINTS = 400;
const finite = (x: number) => (Number.isFinite(x) ? x : null);

export function toLayer(row: Row, withFile: boolean): Layer {
  const { report, matrix, full = 0, singularValues } = row;
  return {
    ...(withFile && { file: printable(row.file) }),
    name: printable(row.name),
    shape: row.shape?.join('×') ?? '',
    matrix: matrix?.join('×') ?? '',
    dtype: row.dtype ?? '',
    full,
    error: row.error ?? (report ? undefined : row.note),
    ...(report && ranked(report)),
    ...(row.toleranceOf && { toleranceOf: row.toleranceOf }),
    ...(row.metrics && {
      metrics: Object.fromEntries(Object.entries(row.metrics).map(([k, v]) => [k, finite(v)])),
    }),
    ...(singularValues &&
      report && { ...spectrum(singularValues, report.rank), energy: energies(singularValues) }),
  };
}

/** A layer of two files: what it is, and behind it what it was. */
export function pairLayer({ spectra = {}, before, after, ...pair }: Pair): Layer {
  const [now, values] = after ? [after, spectra.after] : [before, spectra.before];
  return {
    ...toLayer({ file: '', ...pair, report: now, singularValues: values }, false),
    ...(before &&
      after &&
      spectra.before && {
        before: { ...spectrum(spectra.before, before.rank), rank: before.rank, tolerance: before.tolerance },
      }),
  };
}

function ranked({ rank, tolerance, margin, method, noise, proven }: RankReport): Partial<Layer> {
  return {
    rank,
    tolerance,
    margin: finite(margin),
    method: METHOD_WORDS[method] ?? method,
    ...(noise !== undefined && noise > 0 && { noise }),
    ...(proven === false && { proven }),
  };
}

/** The layers with their blocks, and what there is to save. */
export function toReport(title: string, summary: string, layers: Layer[]): Report {
  for (const [i, place] of places(layers.map(({ name }) => name)).entries()) Object.assign(layers[i], place);
  const weights = layers.map(toWeight);
  const shrink = weights
    .flatMap((weight, layer) => {
      if (!weight?.energyRank99) return [];
      const saves = savesOf(weight.matrix, weight.energyRank99, weight.full);
      return saves > 0
        ? [{ layer, rank: weight.energyRank99, saves, share: saves / numbers(weight.matrix, weight.full) }]
        : [];
    })
    .sort((a, b) => b.saves - a.saves);
  return { title, summary, layers, totals: totals(weights.filter((w) => w !== undefined)), shrink };
}

function toWeight({ name, matrix, full, rank, energy }: Layer): Weight | undefined {
  if (rank === undefined || !energy) return undefined;
  const [m, n] = matrix.split('×').map(Number);
  return {
    name,
    matrix: [m, n],
    full,
    rank,
    energyRank90: energy[1],
    energyRank95: energy[2],
    energyRank99: energy[3],
  };
}

function energies(values: Float64Array): [number, number, number, number] {
  const unit = values[0] || 1;
  const total = values.reduce((sum, s) => sum + (s / unit) ** 2, 0);
  return [0.5, 0.9, 0.95, 0.99].map((share) => {
    let k = 0;
    for (let held = 0; k < values.length && held < share * total * (1 - 1e-12); k++)
      held += (values[k] / unit) ** 2;
    return k;
  }) as [number, number, number, number];
}

/** Every value around the rank and at both ends, and evenly spread ones between. */
export function spectrum(all: Float64Array, rank: number): Spectrum {
  let positive = all.length;
  while (positive > 0 && all[positive - 1] === 0) positive--;
  const step = Math.max(1, positive / POINTS);
  const at: number[] = [];
  for (let i = 0, next = 0; i < positive; i++) {
    const near = Math.abs(i - rank) < 40 || i < 20 || i >= positive - 20;
    if (i >= next || near) at.push(i + 1);
    if (i >= next) next += step;
  }
  return { at, values: at.map((i) => Number(all[i - 1].toPrecision(5))), zeros: all.length - positive };
}
