// HDF5 files: the weights of Keras (.h5, and model.weights.h5 in a .keras archive), MATLAB 7.3,
// and any other with datasets of numbers.
// A dataset is named by its path. MATLAB's are stored with their dimensions reversed (matlab73.ts). Optimizer states
// are left out.
import { product } from '../../shared/shape.js';
import { columnMajorStrides, gather, gatherPairs } from '../../shared/strided.js';
import { decode, ELEMENT_SIZE } from '../decode.js';
import { isComplex } from '../dtypes.js';
import { attempt, FormatError, quote } from '../errors.js';
import type { ByteSource } from '../source/source.js';
import type { Entry, Listing } from '../stored.js';
import type { NamedTensor, ReadOptions, TensorLayout } from '../types.js';
import { readEntries } from '../weights/index.js';
import { attribute } from './attribute.js';
import { type Dataset, datasetOf, readBytes } from './dataset.js';
import { Hdf5File, type Link } from './file.js';
import * as matlab from './matlab73.js';

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
    const inside = await attempt(path, file, options, () => lookInto(hdf, address, path));
    if (inside?.entry !== undefined) listing.entries.push(inside.entry);
    for (const [name, object] of inside?.links ?? []) await visit(object, name, depth + 1);
  }
}

/** What an object is: a dataset of numbers, or others by their paths. */
async function lookInto(
  hdf: Hdf5File,
  address: number,
  path: string,
): Promise<{ entry?: Entry; links?: Link[] }> {
  const messages = await hdf.messages(address);
  const links = await hdf.links(messages);
  const dataset = links === undefined ? datasetOf(messages) : undefined;
  if (hdf.matlab) {
    if (dataset?.reference) return { links: await matlab.readCells(hdf, path, dataset) };
    const special =
      links === undefined
        ? dataset && (await matlab.emptyArray(hdf, path, dataset))
        : await matlab.sparseMatrix(hdf, path, messages, links);
    if (special !== undefined) return { entry: special };
    if (dataset !== undefined && !matlab.isNumeric(messages)) return {};
  }
  if (dataset !== undefined) {
    const entry = toEntry(hdf, address, path, dataset);
    return { entry: entry && isScaled(dataset) ? packedBy(entry) : entry };
  }
  const below = (name: string) => (path === '' ? name : `${path}/${name}`);
  return { links: links?.map(([name, object]) => [below(name), object]) };
}

/** Integers that stand for others by attributes (NetCDF's conventions): value = scale_factor code + add_offset. */
const isScaled = ({ dtype, messages }: Dataset) =>
  /^u?int/.test(dtype ?? '') &&
  ['scale_factor', 'add_offset'].some((name) => attribute(messages, name) !== undefined);

const packedBy = (entry: Entry): Entry => ({
  ...entry,
  plain: () => ({ ...entry.plain(), packed: `packed (${entry.dtype} with a scale_factor or add_offset)` }),
});

/** A dataset of numbers; its messages are read again with its elements, and not kept. */
function toEntry(
  hdf: Hdf5File,
  address: number,
  name: string,
  { dtype, shape: stored, odd }: Dataset,
): Entry | undefined {
  if (dtype === undefined && odd === undefined) return undefined; // text, references
  const reversed = hdf.matlab;
  const shape = reversed ? squeezed([...stored].reverse()) : stored;
  if (dtype === undefined) {
    const known = { name, dtype: odd!, shape, problem: `is of ${odd}, which are not read` };
    const fail = () =>
      Promise.reject(new FormatError(hdf.source.name, `dataset ${quote(name)} ${known.problem}.`));
    return {
      ...known,
      file: hdf.source.name,
      byteLength: 0,
      words: fail,
      plain: () => ({ ...known, read: fail }),
    };
  }
  const layout = reversed ? undefined : layoutOf(name, shape);
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
  const rows = hdf.matlab && shape.length > 1 ? moved(data, shape, columnMajorStrides(shape)) : data;
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
