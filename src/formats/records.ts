// A table as JSON records: [{ "x": 1, "y": 2 }, ...], what pandas' to_json(orient='records') writes: a row each, its keys the columns.
import { admit } from './admit.js';
import { FormatError, quote } from './errors.js';
import { isObject } from './json.js';
import type { ByteSource } from './source.js';
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
  });
  options.onProgress?.(source.size, source.size);
  yield { name, shape, dtype: 'float64', data };
}
