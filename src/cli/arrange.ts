// Which rows are shown, and in which order: --only, --sort, --top.

import type { Row } from '../files/types.js';
import { FIELDS, missing, proven } from './fields.js';

export interface Order {
  field: string;
  descending: boolean;
}

export const ONLY = {
  deficient: (r: Row) => (missing(r) ?? 0) > 0,
  full: (r: Row) => missing(r) === 0,
  unproven: (r: Row) => proven(r) === false,
  failed: (r: Row) => r.error !== undefined,
};
export type Only = keyof typeof ONLY;

/** Those without a value of the field come last, in the order of the file. */
export function sortRows(rows: readonly Row[], { field, descending }: Order): Row[] {
  const value = FIELDS[field];
  const keyed = rows.map((row) => ({ row, key: value(row) }));
  keyed.sort((a, b) => {
    const [x, y] = [a.key, b.key];
    if (x === undefined || y === undefined) return Number(x === undefined) - Number(y === undefined);
    const order =
      typeof x === 'string' || typeof y === 'string'
        ? String(x).localeCompare(String(y), undefined, { numeric: true })
        : Number(x) - Number(y) || 0;
    return descending ? -order : order;
  });
  return keyed.map(({ row }) => row);
}
