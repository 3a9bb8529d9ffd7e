// Rows for programs: one JSON object a line, or comma-separated values (RFC 4180, but with \n). Keys and their order
// are part of the public interface.
import { toRecord as flatten } from '../files/record.js';
import type { Row } from '../files/rows.js';
import { FIELDS, SAVES } from './fields.js';
import type { Screen, Writer } from './writer.js';

export type Record_ = Record<string, unknown>;

/** A row as an object: null where there is no value, Infinity as the string that Number() and float() read back. */
export function toRecord(row: Row, withFile: boolean): Record_ {
  const { file, singularValues, ...record } = flatten(row);
  const saved = row.metrics && SAVES.map((key) => [key, FIELDS[key](row) ?? null]);
  const { error, ...rest } = record;
  const all = Object.entries({
    ...(withFile && { file }),
    ...rest,
    ...(saved && Object.fromEntries(saved)),
    ...(error !== undefined && { error }),
  });
  return Object.fromEntries(all.map(([k, v]) => [k, typeof v === 'number' ? number(v) : v]));
}

export function number(value: number | undefined): number | string | null {
  if (value === undefined) return null;
  return Number.isFinite(value) ? value : String(value);
}

export function jsonWriter(screen: Screen, withFile: boolean): Writer {
  return {
    file() {},
    row: (row) => screen.out(`${JSON.stringify(toRecord(row, withFile))}\n`),
    end() {},
    text: (text) => screen.err(`${text}\n`),
  };
}

/** `metrics`: the names of their columns. Shapes are written 64x3x3, an error stands in the last column. */
export function csvWriter(screen: Screen, withFile: boolean, metrics: readonly string[]): Writer {
  const columns = [
    ...(withFile ? ['file'] : []),
    ...'name shape matrix dtype rank full tolerance margin method'.split(' '),
    ...metrics,
    'error',
  ];
  screen.out(`${columns.join(',')}\n`);
  return {
    file() {},
    row(row) {
      const record = toRecord(row, withFile);
      screen.out(`${columns.map((c) => field(record[c])).join(',')}\n`);
    },
    end() {},
    text: (text) => screen.err(`${text}\n`),
  };
}

export function field(value: unknown): string {
  const text = Array.isArray(value) ? value.join('x') : String(value ?? '');
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
