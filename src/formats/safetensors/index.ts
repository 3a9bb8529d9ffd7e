// .safetensors: the weights of a file, in the order of their bytes; where one has parts (scales), the parts with it.
import { readListing } from '../shards.js';
import type { ByteSource } from '../source/source.js';
import type { NamedTensor, ReadOptions } from '../types.js';
import { openSafetensors } from './listing.js';

/** The weights of a .safetensors file, in the order of their bytes. */
export async function* readSafetensors(
  source: ByteSource,
  options: ReadOptions = {},
): AsyncGenerator<NamedTensor> {
  yield* readListing(source, { entries: (await openSafetensors(source)).stored }, options);
}
