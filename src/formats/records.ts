// Tables in JSON that are no bare rows: records [{ "x": 1, "y": 2 }, ...], as pandas' to_json(orient='records') writes
// them, a row each and its keys the columns; and matrices by name, { "w": [[1, 2], [3, 4]], ... }.
import { admit } from './admit.js';
import { attempt, FormatError, quote } from './errors.js';
import { isObject } from './json.js';
import type { ByteSource } from './source/source.js';
import type { NamedTensor, ReadOptions } from './types.js';

/** Whether an array is of such records, by its first. */
export function isRecords(json: readonly unknown[]): boolean {
  const first = json[0];
  return (
    isObject(first) &&
    Object.keys(first).length > 0 &&
    Object.values(first).every((v) => typeof v === 'number')
  );
}

export async function* readRecords(
  source: ByteSource,
  options: ReadOptions,
  json: readonly unknown[],
): AsyncGenerator<NamedTensor> {
  const file = source.name;
  const name = file.replace(/\.json$/i, '');
  const columns = Object.keys(json[0] as object);
  const shape = [json.length, columns.length];
  if (!(await admit(file, options, name, { shape, dtype: 'float64' }))) return;
  const data = new Float64Array(json.length * columns.length);
  json.forEach((record, i) => {
    columns.forEach((column, j) => {
      const value = isObject(record) && Object.hasOwn(record, column) ? record[column] : undefined;
      if (typeof value !== 'number')
        throw new FormatError(file, `record ${i} has no number as ${quote(column)}.`);
      data[i * columns.length + j] = value;
    });
    if (Object.keys(record as object).length !== columns.length)
      throw new FormatError(file, `record ${i} has more values than the first.`);
  });
  options.onProgress?.(source.size, source.size);
  yield { name, shape, dtype: 'float64', data };
}

/** Rows of numbers, by the first of them. */
const isRows = (value: unknown): value is unknown[] =>
  Array.isArray(value) && Array.isArray(value[0]) && value[0].every((v) => typeof v === 'number');

export const areMatrices = (json: Record<string, unknown>) => Object.values(json).some(isRows);

/** The matrices among the values of an object. */
export async function* readMatrices(
  source: ByteSource,
  options: ReadOptions,
  json: Record<string, unknown>,
): AsyncGenerator<NamedTensor> {
  const file = source.name;
  for (const [name, rows] of Object.entries(json)) {
    if (!isRows(rows)) continue;
    const columns = (rows[0] as unknown[]).length;
    const shape = [rows.length, columns];
    const tensor = await attempt(name, file, options, async () => {
      if (!(await admit(file, options, name, { shape, dtype: 'float64' }))) return undefined;
      const data = new Float64Array(rows.length * columns);
      rows.forEach((row, i) => {
        const whole = Array.isArray(row) && row.length === columns && row.every((v) => typeof v === 'number');
        if (!whole) throw new FormatError(file, `row ${i} of ${quote(name)} is not ${columns} numbers.`);
        data.set(row, i * columns);
      });
      return { name, shape, dtype: 'float64', data };
    });
    if (tensor !== undefined) yield tensor;
  }
  options.onProgress?.(source.size, source.size);
}
