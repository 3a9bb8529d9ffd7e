// Rows for programs: one JSON object a line, or comma-separated values (RFC 4180, but with \n). Keys and their order
// are part of the public interface.
import { toRecord as flatten } from '../files/record.js';
import type { Row } from '../files/types.js';
import { printable } from '../formats/errors.js';
import { FIELDS, SAVES } from './fields.js';
import type { Screen, Writer } from './writer.js';

/** A row as an object: null where there is no value, Infinity as the string that Number() and float() read back. */
export function toRecord(row: Row, withFile: boolean): Record<string, unknown> {
  const { file, singularValues, ...record } = flatten(row);
  const saved = row.metrics && SAVES.map((key) => [key, FIELDS[key](row) ?? null]);
  const { note, error, ...rest } = record;
  const all = Object.entries({
    ...(withFile && { file }),
    ...rest,
    ...(saved && Object.fromEntries(saved)),
    ...row.heavyTail,
    ...(note !== undefined && { note }),
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
    row: (row) => screen.out(`${json(toRecord(row, withFile))}\n`),
    end() {},
    text: (text) => screen.err(`${text}\n`),
  };
}

/** `metrics`: the names of their columns. Shapes are written 64x3x3, an error stands in the last column. */
export function csvWriter(screen: Screen, withFile: boolean, metrics: readonly string[]): Writer {
  const columns = [
    ...(withFile ? ['file'] : []),
    ...'name shape matrix dtype rank full tolerance margin method storage noise proven toleranceOf'.split(
      ' ',
    ),
    ...metrics,
    'note',
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

/**
 * One line of JSON. Characters that a terminal or a reader would obey are escaped: JSON.stringify leaves most of them.
 */
export function json(record: unknown): string {
  const escaped = (c: string) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`;
  return JSON.stringify(record).replace(
    /[\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g,
    escaped,
  );
}

/** A cell. Text that a spreadsheet would take for a formula gets an apostrophe before it. */
export function field(value: unknown): string {
  let text = Array.isArray(value) ? value.join('x') : String(value ?? '');
  if (typeof value === 'string') text = printable(/^[=+\-@\t\r]/.test(text) ? `'${text}` : text);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
