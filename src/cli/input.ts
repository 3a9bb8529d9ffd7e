// What FILE stands for: a path, or '-' for the standard input, of which no more is held than --memory leaves.
import { resolve } from 'node:path';
import { FormatError } from '../formats/errors.js';
import type { Readable, ReadOptions } from '../formats/types.js';

const PART = 1 << 24;
const STANDARD_INPUT = 'standard input';

/** `most`: bytes of the standard input that may be held. */
export async function openInput(
  file: string,
  most = Number.POSITIVE_INFINITY,
): Promise<{ from: Readable; options: ReadOptions }> {
  if (file !== '-') return { from: file, options: {} };
  // Shards and external data lie where the command runs.
  const options = { name: STANDARD_INPUT, open: (name: string) => resolve(name) };
  return { from: await readStandardInput(most), options };
}

/** A Blob of Blobs: its parts are never copied into one. */
async function readStandardInput(most: number): Promise<Blob> {
  const parts: Blob[] = [];
  let chunks: Uint8Array<ArrayBuffer>[] = [];
  let held = 0;
  let size = 0;
  const flush = () => {
    parts.push(new Blob(chunks));
    chunks = [];
    held = 0;
  };
  for await (const chunk of process.stdin as AsyncIterable<Uint8Array<ArrayBuffer>>) {
    size += chunk.length;
    if (size > most) {
      const mib = Math.floor(most / 2 ** 20);
      throw new FormatError(
        STANDARD_INPUT,
        `is more than the ${mib} MiB that --memory leaves for it; save it to a file first.`,
      );
    }
    chunks.push(chunk);
    held += chunk.length;
    if (held >= PART) flush();
  }
  flush();
  return new Blob(parts);
}
