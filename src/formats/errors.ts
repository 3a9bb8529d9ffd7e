// The one error of the readers, and the way every other error becomes one.
import type { ReadOptions } from './types.js';

/** A file that cannot be read: one line with the file's name, what was expected, what came, and where. */
export class FormatError extends Error {
  override name = 'FormatError';
  constructor(
    /** The file's name. */
    readonly file: string,
    detail: string,
    options?: ErrorOptions,
  ) {
    super(`${oneLine(file)}: ${oneLine(detail)}`, options);
  }
}

/**
 * C0 and C1 controls, line separators, and what turns the direction of writing:
 * a terminal obeys them, or a reader is misled.
 */
// biome-ignore lint/suspicious/noControlCharactersInRegex: names in a file may hold them
const CONTROLS = /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]+/g;

/** Text from a file or a command line without a character that does anything. */
export function printable(text: string): string {
  return text.replace(CONTROLS, ' ');
}

/** Text from a file, made fit for one line of a terminal. */
export function oneLine(text: string): string {
  const clean = printable(text);
  return clean.length > 500 ? `${clean.slice(0, 497)}...` : clean;
}

/** A name from a file, quoted and cut to a length that a message can carry; anything else by its kind. */
export function quote(name: unknown): string {
  const text = typeof name === 'string' ? oneLine(name.slice(0, 500)) : kindOf(name);
  return `'${text.length > 120 ? `${text.slice(0, 117)}...` : text}'`;
}

/** A value out of a file. Never its own toString(): that may be missing, or repeat a nested value without end. */
function kindOf(value: unknown): string {
  if (Array.isArray(value)) {
    const flat = value.length <= 16 && value.every((v) => typeof v === 'number');
    return flat ? `[${value.join(', ')}]` : `an array of ${value.length}`;
  }
  return typeof value === 'object' && value !== null ? 'an object' : String(value);
}

/** Lets a FormatError and an abort through; wraps what decoders, JSON, typed arrays and the disk throw. */
export function toFormatError(error: unknown, file: string, where = ''): unknown {
  if (error instanceof FormatError || !(error instanceof Error) || error.name === 'AbortError') return error;
  const what = `${where}${where && ' '}cannot be read (${reason(error)}).`;
  return new FormatError(file, what, { cause: error });
}

/** Why, in words that a user can act on: what an engine says of its own stacks and arrays helps nobody. */
function reason(error: Error): string {
  if (
    /allocation failed|out of memory|invalid (typed )?array (buffer )?length|invalid string length/i.test(
      error.message,
    )
  ) {
    return 'there is not enough memory';
  }
  if (/call stack|too much recursion/i.test(error.message)) return 'it is nested too deeply';
  const code = (error as NodeJS.ErrnoException).code;
  const engine = ['TypeError', 'RangeError', 'ReferenceError', 'SyntaxError'].includes(error.name);
  return engine && code === undefined ? 'it is damaged' : error.message;
}

/**
 * Runs the reading of one tensor. Its failure goes to `onError` when there is one, and the caller goes on with the
 * next tensor; otherwise it is thrown.
 */
export async function attempt<T>(
  name: string,
  file: string,
  options: ReadOptions,
  read: () => Promise<T> | T,
): Promise<T | undefined> {
  options.signal?.throwIfAborted();
  try {
    return await read();
  } catch (thrown) {
    const error = toFormatError(thrown, file, `tensor ${quote(name)}`);
    if (!(error instanceof FormatError) || options.onError === undefined) throw error;
    options.onError(name, error);
    return undefined;
  }
}
