// PyTorch: the weights of a checkpoint, in the order of the saved object, named by the path of keys to them.
import { readListing } from '../shards.js';
import type { ByteSource } from '../source/source.js';
import type { ZipEntry } from '../source/zip.js';
import type { NamedTensor, ReadOptions } from '../types.js';
import { listLegacyPytorch, listPytorch } from './listing.js';

/** The weights of a checkpoint, in the order of the saved object, named by the path of keys to them. */
export async function* readPytorch(
  source: ByteSource,
  options: ReadOptions = {},
  listed?: readonly ZipEntry[],
): AsyncGenerator<NamedTensor> {
  yield* readListing(source, await listPytorch(source, options, listed), options);
}

/** The same of a file that torch.save wrote before version 1.6, or with _use_new_zipfile_serialization=False. */
export async function* readLegacyPytorch(
  source: ByteSource,
  options: ReadOptions = {},
): AsyncGenerator<NamedTensor> {
  yield* readListing(source, await listLegacyPytorch(source), options);
}
