// A file of text as one matrix, by text.ts.
// Memory: the text, and its numbers in float64.
import { admit } from './admit.js';
import { FormatError } from './errors.js';
import { type ByteSource, readText } from './source/source.js';
import { parseMatrix } from './text.js';
import type { NamedTensor, ReadOptions } from './types.js';

/** Text of a file that one string holds, with room for its numbers. */
const MAX_TEXT = 2 ** 28;

/** The matrix of a text file, named by the file. */
export async function* readTable(source: ByteSource, options: ReadOptions = {}): AsyncGenerator<NamedTensor> {
  const { name: file, size } = source;
  if (size > MAX_TEXT)
    throw new FormatError(file, `is text of ${size} bytes, at most ${MAX_TEXT} are read; save it as .npy.`);
  const name = file.replace(/\.\w+$/, '');
  const text = await readText(source);
  // Before the numbers are there: a number takes two characters at least, and eight bytes.
  if (!(await admit(file, options, name, { shape: [Math.ceil(size / 2)], dtype: 'float64' }))) return;
  const { data, shape } = inFile(file, () => parseMatrix(text));
  options.onProgress?.(size, size);
  const dtype = data instanceof Float32Array ? 'float32' : 'float64';
  yield { name, shape, dtype, data, ...(isCount(text, shape[1]) && { note: COUNTED }) };
}

const COUNTED = 'the first line, 0, 1, 2, ..., is taken for numbers, not for names of columns';

/** Whether a first line is what pandas writes over columns without names. */
function isCount(text: string, columns: number): boolean {
  const line = /^[\d,;\t ]+(?=\r?\n)/.exec(text)?.[0].trim();
  const cells = line?.split(/[,;\s]+/) ?? [];
  return columns > 1 && cells.length === columns && cells.every((cell, k) => cell === String(k));
}

/** Runs a parser; its error becomes the file's. */
function inFile<T>(file: string, parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    const text = (error as Error).message;
    throw new FormatError(file, text.charAt(0).toLowerCase() + text.slice(1));
  }
}
