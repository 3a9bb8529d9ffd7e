// What FILE stands for: a path, or '-' for the standard input, of which no more is held than --memory leaves.
import { resolve } from 'node:path';
import { openPipe, Pipe } from '../files/tall.js';
import { mustStream } from '../files/tall-row.js';
import type { Input, Job, Opened } from '../files/types.js';
import { FormatError } from '../formats/errors.js';
import { addressOf } from '../formats/source/open.js';

const PART = 1 << 24;
const STANDARD_INPUT = 'standard input';

/** `most`: bytes of the standard input that may be held. */
export async function openInput(file: string, most = Number.POSITIVE_INFINITY): Promise<Opened> {
  if (file === '-') return hold(process.stdin, most);
  return { from: file, options: addressOf(file) === undefined ? {} : { maxBytes: most } }; // a server without ranges
}

/** The same; but a matrix on the standard input that the run's memory cannot hold is taken row by row. */
export async function openStreaming(file: string, job: Job): Promise<Input> {
  if (file !== '-') return openInput(file, job.budget.most);
  const pipe = new Pipe(STANDARD_INPUT, process.stdin);
  const tall = await openPipe(pipe);
  return tall !== undefined && mustStream(tall, job) ? { tall } : hold(pipe.rest(), job.budget.most);
}

async function hold(input: AsyncIterable<Uint8Array>, most: number): Promise<Opened> {
  // Shards and external data lie where the command runs.
  const options = { name: STANDARD_INPUT, open: (name: string) => resolve(name) };
  return { from: await toBlob(input, most), options };
}

/** A Blob of Blobs: its parts are never copied into one. */
async function toBlob(input: AsyncIterable<Uint8Array>, most: number): Promise<Blob> {
  const parts: Blob[] = [];
  let chunks: Uint8Array<ArrayBuffer>[] = [];
  let held = 0;
  let size = 0;
  const flush = () => {
    parts.push(new Blob(chunks));
    chunks = [];
    held = 0;
  };
  for await (const chunk of input as AsyncIterable<Uint8Array<ArrayBuffer>>) {
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
