// What errors are called in a row, and in the line of a file.
import { FormatError, oneLine } from '../formats/errors.js';

/** An error for a row, without the name of the function that threw it. */
export function message(error: unknown): string {
  return oneLine(error instanceof Error ? error.message : String(error)).replace(
    /^(rankReport|[a-z]+[A-Z]\w*): /,
    '',
  );
}

/** The reader's error for a row: the file is known there. */
export function inFile(error: unknown): string {
  const text = message(error);
  return error instanceof FormatError && text.startsWith(`${error.file}: `)
    ? text.slice(error.file.length + 2)
    : text;
}

/** An error of a whole file. */
export function fileMessage(file: string, error: unknown): string {
  if (error instanceof FormatError) return error.message;
  return oneLine(`${file}: ${error instanceof Error ? error.message : error}`);
}
