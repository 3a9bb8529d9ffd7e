// What the report's page is given: one entry for each row, in the order of the files.
import type { Row } from '../../files/rows.js';

export interface Layer {
  file?: string;
  name: string;
  shape: string;
  matrix: string;
  dtype: string;
  rank?: number;
  full: number;
  tolerance?: number;
  /** null: nothing limits it. */
  margin?: number | null;
  method?: string;
  metrics?: Record<string, number | null>;
  error?: string;
  /** Positions (from 1) and values of the spectrum, all of them or a sample; zeros are left out. */
  at?: number[];
  values?: number[];
  /** Exact zeros at the end of the spectrum. */
  zeros?: number;
}

export interface Report {
  title: string;
  summary: string;
  layers: Layer[];
}

const POINTS = 400;

export function toLayer(row: Row, withFile: boolean): Layer {
  const { report, matrix, full = 0 } = row;
  const finite = (x: number) => (Number.isFinite(x) ? x : null);
  return {
    ...(withFile && { file: row.file }),
    name: row.name,
    shape: row.shape?.join('×') ?? '',
    matrix: matrix?.join('×') ?? '',
    dtype: row.dtype ?? '',
    full,
    error: row.error,
    ...(report && {
      rank: report.rank,
      tolerance: report.tolerance,
      margin: finite(report.margin),
      method: report.method,
    }),
    ...(row.metrics && {
      metrics: Object.fromEntries(Object.entries(row.metrics).map(([k, v]) => [k, finite(v)])),
    }),
    ...(row.singularValues && report && spectrum(row.singularValues, report.rank)),
  };
}

/** Every value around the rank and at both ends, and evenly spread ones between. */
function spectrum(all: Float64Array, rank: number): Pick<Layer, 'at' | 'values' | 'zeros'> {
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
