// HDF5 files: the weights of Keras (.h5, and model.weights.h5 in a .keras archive), MATLAB 7.3,
// and any other with datasets of numbers.
// A dataset is named by its path. MATLAB's are stored with their dimensions reversed. Optimizer states are left out.
import { product } from '../shared/shape.js';
import { columnMajorStrides, gather, gatherPairs } from '../shared/strided.js';
import { decode, ELEMENT_SIZE } from './decode.js';
import { isComplex } from './dtypes.js';
import { attempt, FormatError, quote } from './errors.js';
import { type Dataset, datasetOf, readBytes, readSpace, readType } from './hdf5-data.js';
import { type Bytes, Hdf5File, MESSAGE, type Message } from './hdf5-file.js';
import { readEntries } from './shards.js';
import type { ByteSource } from './source.js';
import type { Entry, Listing } from './stored.js';
import type { NamedTensor, ReadOptions, TensorLayout } from './types.js';

const MAX_DEPTH = 32;
const OPTIMIZER = /(^|\/)(optimizer_weights|optimizer|_optimizer)(\/|$)/;

/** The numeric datasets of an HDF5 file. */
export async function* readHdf5(source: ByteSource, options: ReadOptions = {}): AsyncGenerator<NamedTensor> {
  const hdf = await Hdf5File.open(source);
  const listing = await listHdf5(hdf, options);
  yield* readEntries({ source, entries: listing.entries }, options, source.size);
  if (listing.broken !== undefined) throw listing.broken;
  options.onProgress?.(source.size, source.size);
}

async function listHdf5(hdf: Hdf5File, options: ReadOptions): Promise<Listing> {
  const file = hdf.source.name;
  const seen = new Set<number>();
  const listing: Listing = { entries: [] };
  try {
    await visit(hdf.root, '', 0);
  } catch (error) {
    if (options.signal?.aborted) throw error;
    listing.broken = error;
  }
  return listing;

  async function visit(address: number, path: string, depth: number): Promise<void> {
    if (seen.has(address) || depth > MAX_DEPTH || OPTIMIZER.test(path) || path === '#refs#') return;
    seen.add(address);
    options.signal?.throwIfAborted();
    const inside = await attempt(path, file, options, async () => {
      const messages = await hdf.messages(address);
      const links = await hdf.links(messages);
      return links === undefined ? { entry: toEntry(hdf, address, path, messages) } : { links };
    });
    if (inside?.entry !== undefined) listing.entries.push(inside.entry);
    for (const [name, object] of inside?.links ?? [])
      await visit(object, path === '' ? name : `${path}/${name}`, depth + 1);
  }
}

/** Classes of MATLAB that are numbers. */
const NUMERIC = /^(double|single|logical|u?int(8|16|32|64))$/;

/** A dataset of numbers; its messages are read again with its elements, and not kept. */
function toEntry(
  hdf: Hdf5File,
  address: number,
  name: string,
  messages: readonly Message[],
): Entry | undefined {
  const matlab = hdf.base > 0;
  const dataset = datasetOf(messages);
  if (dataset?.dtype === undefined) return undefined; // a named type, text, references
  const kind = matlab ? textAttribute(messages, 'MATLAB_class') : undefined;
  if (kind !== undefined && !NUMERIC.test(kind)) return undefined;
  const { dtype } = dataset as Dataset & { dtype: string };
  const shape = matlab ? squeezed([...dataset.shape].reverse()) : dataset.shape;
  const layout = matlab ? undefined : layoutOf(name, shape);
  const read = () => readElements(hdf, address, name, shape);
  return {
    ...{ file: hdf.source.name, name, dtype, shape },
    byteLength: product(shape) * (ELEMENT_SIZE[dtype] ?? 1),
    async words(from = 0, count = product(shape)) {
      return (await read()).data.slice(from, from + count);
    },
    plain: () => ({
      ...{ name, dtype, shape },
      ...(isKerasCodes(name, dtype, shape) && {
        packed: `packed (${dtype} of Keras, its scale in a variable beside)`,
      }),
      read: async () => ({ ...(await read()), ...(layout && { layout }) }),
    }),
  };
}

/** Keras' quantised layers: variables have numbers for names, the codes come first. */
const isKerasCodes = (name: string, dtype: string, shape: readonly number[]) =>
  shape.length > 1 && /^u?int8$/.test(dtype) && /(^|\/)vars\/\d+$/.test(name);

async function readElements(hdf: Hdf5File, address: number, name: string, shape: readonly number[]) {
  const file = hdf.source.name;
  const dataset = datasetOf(await hdf.messages(address)) as Dataset & { dtype: string };
  const { dtype, little } = dataset;
  const bytes = await readBytes(hdf, name, dataset);
  const { data, bits } = decode(bytes, dtype, { file, name, dims: shape.length }, little);
  const parts = isComplex(dtype) ? 2 : 1;
  if (data.length !== parts * product(shape))
    throw new FormatError(file, `dataset ${quote(name)} is cut short.`);
  const moved = isComplex(dtype) ? gatherPairs : gather;
  const rows = hdf.base > 0 && shape.length > 1 ? moved(data, shape, columnMajorStrides(shape)) : data;
  return { data: rows, ...(bits && { bits }) };
}

/** MATLAB has no vectors and no numbers, only matrices of one row or element: they are what NumPy calls them. */
export function squeezed(shape: number[]): number[] {
  const long = shape.filter((n) => n !== 1);
  return long.length < 2 ? long : shape;
}

/** Keras' kernels by their names, and those that have none ('layers/conv2d/vars/0') by their layer's. */
function layoutOf(name: string, shape: readonly number[]): TensorLayout | undefined {
  const parts = name.split('/');
  const last = parts[parts.length - 1].replace(/(_\d+)?(:\d+)?$/, '');
  if (last === 'depthwise_kernel') return shape.length === 4 || shape.length === 3 ? 'HWCM' : undefined;
  const unnamed = parts[parts.length - 2] === 'vars';
  if (last !== 'kernel' && last !== 'pointwise_kernel' && !unnamed) return undefined;
  const layer = unnamed ? (parts[parts.length - 3] ?? '') : '';
  const depthwise = /depthwise|separable/.test(layer) && parts[parts.length - 1] === '0';
  if (depthwise && (shape.length === 4 || shape.length === 3)) return 'HWCM';
  if (shape.length === 2) return 'dense';
  if (shape.length === 3) return /conv/i.test(name) ? 'HWIO' : undefined;
  return shape.length === 4 || shape.length === 5 ? 'HWIO' : undefined;
}

/** The text of an attribute; undefined where there is none. */
function textAttribute(messages: readonly Message[], wanted: string): string | undefined {
  for (const { type, bytes } of messages) {
    if (type !== MESSAGE.attribute) continue;
    bytes.at = 0;
    const text = attributeText(bytes, wanted);
    if (text !== undefined) return text;
  }
  return undefined;
}

function attributeText(bytes: Bytes, wanted: string): string | undefined {
  const version = bytes.uint(1);
  bytes.skip(1);
  const sizes = [bytes.uint(2), bytes.uint(2), bytes.uint(2)];
  if (version === 3) bytes.skip(1);
  const padded = (n: number) => (version === 1 ? Math.ceil(n / 8) * 8 : n);
  const name = bytes.part(padded(sizes[0])).text(sizes[0]);
  if (name !== wanted) return undefined;
  const { size } = readType(bytes.part(padded(sizes[1])));
  readSpace(bytes.part(padded(sizes[2])));
  return bytes.text(Math.min(size, bytes.left));
}
