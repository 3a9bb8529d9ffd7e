// What the command knows of a row, by the name that --json, --csv, --sort and --fail-if have for it.

import type { Row } from '../files/types.js';
import type { HeavyTail } from '../matrix/heavy-tail.js';
import type { SpectralMetrics } from '../types.js';
import type { Operand } from './expression.js';
import { ENERGIES, rankAt, saves, type Weight } from './shrink.js';

/** The metrics of a row, in the order of the columns of --csv. */
export const METRICS = [
  'frobeniusNorm',
  'spectralNorm',
  'nuclearNorm',
  'conditionNumber',
  'stableRank',
  'effectiveRank',
  'spectralEntropyRank',
  'participationRatio',
  'energyRank90',
  'energyRank95',
  'energyRank99',
  'intrinsicRank',
  'nuclearRank',
  'energyRankLinear',
  'normalizedEntropy',
  'renyiRank',
  'alphaReQ',
] as const satisfies (keyof SpectralMetrics)[];

/** What --metrics heavy-tail adds. */
export const TAIL = [
  'alpha',
  'xmin',
  'D',
  'alphaWeighted',
  'logAlphaNorm',
  'softRank',
  'spikes',
  'hardRank',
] as const satisfies (keyof HeavyTail)[];

type Value = number | string | boolean | undefined;

/** What a row falls short of full rank; undefined when it has no rank. */
export const missing = ({ report, full }: Row): number | undefined =>
  report === undefined || full === undefined ? undefined : full - report.rank;

/** Whether both bounds of the proof clear the tolerance. */
export const proven = ({ report }: Row): boolean | undefined => report?.proven;

export const FIELDS: Record<string, (row: Row) => Value> = {
  file: (r) => r.file,
  name: (r) => r.name,
  dtype: (r) => r.dtype,
  rows: (r) => r.matrix?.[0],
  columns: (r) => r.matrix?.[1],
  parameters: (r) => r.matrix && r.matrix[0] * r.matrix[1],
  rank: (r) => r.report?.rank,
  full: (r) => r.full,
  missing,
  share: (r) => r.report && r.full && r.report.rank / r.full,
  tolerance: (r) => r.report?.tolerance,
  margin: (r) => r.report?.margin,
  method: (r) => r.report?.method,
  proven,
  toleranceOf: (r) => r.toleranceOf,
  storage: (r) => r.storage,
  noise: (r) => r.report?.noise ?? r.noise,
  note: (r) => r.note,
  error: (r) => r.error,
  ...Object.fromEntries(METRICS.map((key) => [key, (r: Row) => r.metrics?.[key]])),
  ...Object.fromEntries(TAIL.map((key) => [key, (r: Row) => r.heavyTail?.[key]])),
};

/** Numbers that a matrix as two factors would not need, at each share of the energy. */
const saved = ENERGIES.map((energy) => {
  const value = (row: Row) => {
    const weight = toWeight(row);
    const rank = weight && rankAt(weight, energy);
    return rank === undefined ? undefined : saves(weight!.matrix, rank, weight!.full);
  };
  return [energy === 1 ? 'savesExact' : `saves${Math.round(100 * energy)}`, value] as const;
});
Object.assign(FIELDS, Object.fromEntries(saved));
/** The names of these. */
export const SAVES = saved.map(([name]) => name);

/** What a row says of what can be saved; undefined for one that failed. */
export function toWeight({ name, matrix, full, report, metrics }: Row): Weight | undefined {
  return matrix && report && { ...metrics, name, matrix, full, rank: report.rank };
}

/** Whether a field needs the singular values. */
export const isMetric = (name: string) =>
  (METRICS as readonly string[]).includes(name) || isTail(name) || /^saves\d/.test(name);
export const isTail = (name: string) => (TAIL as readonly string[]).includes(name);

const TEXTS = ['file', 'name', 'dtype', 'method', 'toleranceOf', 'storage', 'note', 'error'];

/** The fields, for conditions. */
export const OPERANDS: Record<string, Operand<Row>> = Object.fromEntries(
  Object.entries(FIELDS).map(([name, of]) => [
    name,
    { type: TEXTS.includes(name) ? 'text' : name === 'proven' ? 'truth' : 'number', of },
  ]),
);

/** The names a person may have meant, for a message. */
export const fieldNames = () => Object.keys(FIELDS).join(', ');
