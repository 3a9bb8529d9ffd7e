// What lies in a .safetensors file: a JSON header and the tensors' bytes.
// Layout: header length (8 bytes, little-endian), the header, then the data that its offsets count from. The header
// maps names to { dtype, shape, data_offsets: [begin, end] }; '__metadata__' is no tensor.
// Source: the format section of huggingface/safetensors' README, and its Rust reader for what is refused.
import { isFloat8, readFloat8 } from '../decode/scales.js';
import { checkLength, countElements, decode, elementSize } from '../decode.js';
import { fromSafetensors } from '../dtypes.js';
import { FormatError, quote } from '../errors.js';
import { duplicateKeys, isObject, type Json, parseObject } from '../json.js';
import { layoutByName } from '../layout.js';
import { stackOf } from '../matrices.js';
import { type ByteSource, checkRange, readText } from '../source/source.js';
import type { Entry, Weight } from '../stored.js';

const MAX_HEADER = 100_000_000;

const PANEL = 1 << 20; // stays in the cache
const FAR_PANEL = 1 << 24; // a request each

const NO_SHAPE: number[] = [];

interface Place {
  name: string;
  dtype: string;
  /** As the header has it. */
  type: string;
  shape: number[];
  /** In the file. */
  start: number;
  end: number;
  /** Why it cannot be read: text, since an error for each of a million bad entries would take gigabytes. */
  problem?: string;
}

/** The tensors of a .safetensors file as they lie there, and its metadata. */
export async function openSafetensors(source: ByteSource) {
  const { places, metadata } = await readHeader(source);
  return { stored: places.map((place) => new SafetensorsEntry(source, place)), metadata };
}

/** A tensor of a file, and its place. */
export class SafetensorsEntry implements Entry {
  readonly readInto?: (from: number, into: Uint8Array) => Promise<void>;
  constructor(
    private readonly source: ByteSource,
    private readonly place: Place,
  ) {
    if (source.readInto !== undefined) this.readInto = (from, into) => this.fill(from, into);
  }
  get file() {
    return this.source.name;
  }
  get name() {
    return this.place.name;
  }
  get type() {
    return this.place.type;
  }
  get dtype() {
    return this.place.dtype;
  }
  get shape() {
    return this.place.shape;
  }
  get problem() {
    return this.place.problem;
  }
  get start() {
    return this.place.start;
  }
  get end() {
    return this.place.end;
  }
  get byteLength() {
    return this.end - this.start;
  }
  get panel() {
    return this.readInto === undefined ? FAR_PANEL : PANEL;
  }

  /** The bytes that the header gives it, whatever their type. */
  async raw(): Promise<Uint8Array> {
    return this.source.read(this.start, this.byteLength);
  }

  plain(): Weight {
    const { name, dtype, shape, problem } = this.place;
    const layout = Array.isArray(shape) ? layoutByName(name, shape) : undefined;
    const at = { file: this.file, name, dims: shape.length };
    const read = async () => ({
      ...(isFloat8(this)
        ? await readFloat8(this, stackOf(shape, layout))
        : decode(await this.bytes(), dtype, at)),
      ...(layout && { layout }),
    });
    return { name, dtype, shape, problem, read };
  }

  async words(from?: number, count?: number) {
    const { name, dtype } = this.place;
    const type = /^float[48]/.test(dtype) ? 'uint8' : dtype;
    return decode(await this.bytes(from, count), type, { file: this.file, name, dims: 0 }).data;
  }

  /** Those of `count` elements from `from` on, or of all. */
  private async bytes(from?: number, count?: number): Promise<Uint8Array> {
    const { source, start, byteLength } = this;
    const size = this.check(from, count);
    if (from === undefined || count === undefined) return source.read(start, byteLength);
    return source.read(start + from * size, count * size);
  }

  private async fill(from: number, into: Uint8Array) {
    this.check(from, into.length);
    await this.source.readInto!(this.start + from, into);
  }

  /** The size of an element, or a FormatError where the tensor or this part of it is not there. */
  private check(from = 0, count = 0): number {
    const { source, place, byteLength } = this;
    const { name, shape, start } = place;
    const pairs = place.dtype === 'float4_e2m1'; // two a byte
    const dtype = pairs ? 'uint8' : place.dtype;
    const stored = pairs ? [Math.ceil(countElements(source.name, name, shape) / 2)] : shape;
    checkLength(source.name, name, dtype, stored, byteLength, start);
    const size = elementSize(source.name, name, dtype);
    checkRange(source.name, byteLength, from * size, count * size, `tensor ${quote(name)}`);
    return size;
  }
}

async function readHeader(source: ByteSource): Promise<{ places: Place[]; metadata?: Json }> {
  const file = source.name;
  checkRange(file, source.size, 0, 8, 'the header length');
  const length = Number(new DataView((await source.read(0, 8)).buffer).getBigUint64(0, true));
  if (length > MAX_HEADER || length > source.size - 8) {
    throw new FormatError(
      file,
      `the header at offset 8 claims ${length} bytes; ${source.size - 8} are left, and ${MAX_HEADER} is the most.`,
    );
  }
  const text = await readText(source, 8, length);
  const header = parseObject(file, 'the header at offset 8', text);
  const twice = duplicateKeys(text);
  const base = 8 + length;
  const places = Object.entries(header)
    .filter(([name]) => name !== '__metadata__')
    .map(([name, value]) => {
      const entry = toEntry(source, base, name, value);
      if (twice.has(name)) entry.problem = 'is in the header twice';
      return entry;
    });
  places.sort((a, b) => a.start - b.start);
  let last: Place | undefined;
  for (const entry of places) {
    if (entry.problem !== undefined || entry.start === entry.end) continue;
    if (last !== undefined && entry.start < last.end) {
      entry.problem = `at offset ${entry.start} overlaps ${quote(last.name)}, which ends at ${last.end}`;
    } else last = entry;
  }
  const metadata = header.__metadata__;
  return { places, ...(isObject(metadata) && { metadata }) };
}

function toEntry(source: ByteSource, base: number, name: string, value: unknown): Place {
  const entry: Place = {
    name,
    dtype: '',
    type: '',
    shape: NO_SHAPE,
    start: base,
    end: base,
  };
  const fail = (problem: string) => {
    entry.problem = problem;
    return entry;
  };
  if (!isObject(value)) return fail('has no object in the header');
  const { dtype, shape, data_offsets: offsets } = value;
  if (typeof dtype !== 'string') return fail("lacks the field 'dtype'");
  entry.type = dtype;
  entry.dtype = fromSafetensors(dtype);
  if (!Array.isArray(shape)) return fail("lacks the field 'shape'");
  entry.shape = shape;
  const whole = (v: unknown): v is number => typeof v === 'number' && Number.isSafeInteger(v) && v >= 0;
  if (!Array.isArray(offsets) || offsets.length !== 2 || !offsets.every(whole) || offsets[0] > offsets[1]) {
    return fail(`has ${quote(offsets)} as data_offsets`);
  }
  entry.start = base + offsets[0];
  entry.end = base + offsets[1];
  if (entry.end > source.size) {
    return fail(
      `claims ${entry.end - entry.start} bytes at offset ${entry.start}, the file has ${source.size}`,
    );
  }
  return entry;
}
