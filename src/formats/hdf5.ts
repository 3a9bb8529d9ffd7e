// HDF5 files: the weights of Keras (.h5, and model.weights.h5 in a .keras archive), MATLAB 7.3,
// and any other with datasets of numbers.
// A dataset is named by its path. MATLAB's are stored with their dimensions reversed. Optimizer states are left out.
import { product } from '../shared/shape.js';
import { admit } from './admit.js';
import { decode } from './decode.js';
import { isComplex } from './dtypes.js';
import { attempt, FormatError, quote } from './errors.js';
import { type Dataset, datasetOf, readBytes, readSpace, readType } from './hdf5-data.js';
import { type Bytes, Hdf5File, MESSAGE, type Message } from './hdf5-file.js';
import type { ByteSource } from './source.js';
import { columnMajorStrides, gather, gatherPairs } from './strided.js';
import type { NamedTensor, ReadOptions, TensorLayout } from './types.js';

const MAX_DEPTH = 32;
const OPTIMIZER = /(^|\/)(optimizer_weights|optimizer|_optimizer)(\/|$)/;

/** The numeric datasets of an HDF5 file. */
export async function* readHdf5(source: ByteSource, options: ReadOptions = {}): AsyncGenerator<NamedTensor> {
  const hdf = await Hdf5File.open(source);
  const matlab = hdf.base > 0;
  const seen = new Set<number>();
  yield* visit(hdf.root, '', 0);
  options.onProgress?.(source.size, source.size);

  async function* visit(address: number, path: string, depth: number): AsyncGenerator<NamedTensor> {
    if (seen.has(address) || depth > MAX_DEPTH || OPTIMIZER.test(path) || path === '#refs#') return;
    seen.add(address);
    options.signal?.throwIfAborted();
    const inside = await attempt(path, source.name, options, async () => {
      const messages = await hdf.messages(address);
      return { messages, links: await hdf.links(messages) };
    });
    if (inside === undefined) return;
    for (const [name, object] of inside.links ?? [])
      yield* visit(object, path === '' ? name : `${path}/${name}`, depth + 1);
    if (inside.links !== undefined) return;
    const tensor = await attempt(path, source.name, options, () =>
      readDataset(hdf, path, inside.messages, matlab, options),
    );
    options.onProgress?.(Math.min(source.size, address), source.size);
    if (tensor !== undefined) yield tensor;
  }
}

/** Classes of MATLAB that are numbers. */
const NUMERIC = /^(double|single|logical|u?int(8|16|32|64))$/;

async function readDataset(
  hdf: Hdf5File,
  name: string,
  messages: readonly Message[],
  matlab: boolean,
  options: ReadOptions,
): Promise<NamedTensor | undefined> {
  const dataset = datasetOf(messages);
  if (dataset?.dtype === undefined) return undefined; // a named type, text, references
  const kind = matlab ? textAttribute(messages, 'MATLAB_class') : undefined;
  if (kind !== undefined && !NUMERIC.test(kind)) return undefined;
  const { dtype, little } = dataset as Dataset & { dtype: string };
  const shape = matlab ? squeezed([...dataset.shape].reverse()) : dataset.shape;
  const file = hdf.source.name;
  if (!(await admit(file, options, name, { shape, dtype }))) return undefined;
  const bytes = await readBytes(hdf, name, dataset);
  const { data, bits } = decode(bytes, dtype, { file, name, dims: shape.length }, little);
  const parts = isComplex(dtype) ? 2 : 1;
  if (data.length !== parts * product(shape))
    throw new FormatError(file, `dataset ${quote(name)} is cut short.`);
  const moved = isComplex(dtype) ? gatherPairs : gather;
  const rows = matlab && shape.length > 1 ? moved(data, shape, columnMajorStrides(shape)) : data;
  const layout = matlab ? undefined : layoutOf(name, shape);
  return { name, shape, dtype, data: rows, ...(bits && { bits }), ...(layout && { layout }) };
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
