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
    super(`${file}: ${oneLine(detail)}`, options);
  }
}

/** Text from a file, made fit for one line of a terminal. */
export function oneLine(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: names in a file may hold them
  const clean = text.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]+/g, ' ');
  return clean.length > 500 ? `${clean.slice(0, 497)}...` : clean;
}

/** A name from a file, quoted and cut to a length that a message can carry. */
export function quote(name: unknown): string {
  const text = oneLine(String(name));
  return `'${text.length > 120 ? `${text.slice(0, 117)}...` : text}'`;
}

/** Lets a FormatError and an abort through; wraps what decoders, JSON, typed arrays and the disk throw. */
export function toFormatError(error: unknown, file: string, where = ''): unknown {
  if (error instanceof FormatError || !(error instanceof Error) || error.name === 'AbortError') return error;
  return new FormatError(file, `${where}${where && ' '}cannot be read (${error.message}).`, {
    cause: error,
  });
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
