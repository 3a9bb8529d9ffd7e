// What FILE stands for: a path, or '-' for the standard input.
import { resolve } from 'node:path';
import { buffer } from 'node:stream/consumers';
import type { Readable, ReadOptions } from '../formats/types.js';

export async function openInput(file: string): Promise<{ from: Readable; options: ReadOptions }> {
  if (file !== '-') return { from: file, options: {} };
  const bytes = new Uint8Array(await buffer(process.stdin));
  // Shards and external data lie where the command runs.
  return { from: bytes, options: { name: 'standard input', open: (name) => resolve(name) } };
}
