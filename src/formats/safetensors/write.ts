// Writes .safetensors: the header's length (8 bytes, little-endian), the header in JSON, padded with spaces so that the
// data begins at a multiple of 8, and the tensors without a gap between them. The widest types come first, by name
// among themselves, so that every element lies at a multiple of its size. Source:
// the format section of huggingface/safetensors' README, and its Rust writer for the order.
import { product } from '../../shared/shape.js';

/** A tensor to be written. */
export interface SafetensorsTensor {
  name: string;
  /** As the header names types: 'F32', 'BF16', 'I64', 'BOOL', ... */
  type: string;
  shape: readonly number[];
  /** Row-major, little-endian. */
  data: Uint8Array;
}

/**
 * The bytes of a file, in pieces. RangeError where a tensor's bytes are not those of its shape, or two have one name.
 */
export function* writeSafetensors(
  tensors: readonly SafetensorsTensor[],
  metadata?: Readonly<Record<string, unknown>>,
): Generator<Uint8Array> {
  const sorted = [...tensors].sort((a, b) => bitsOf(b) - bitsOf(a) || (a.name < b.name ? -1 : 1));
  // No prototype: a tensor may be called '__proto__'.
  const header: Record<string, unknown> = Object.create(null);
  if (metadata !== undefined) header.__metadata__ = metadata;
  let end = 0;
  for (const tensor of sorted) {
    const { name, type, shape, data } = tensor;
    const bytes = Math.ceil((product(shape) * bitsOf(tensor)) / 8);
    if (data.length !== bytes) {
      throw new RangeError(
        `writeSafetensors: '${name}', ${type} [${shape.join(', ')}], must have ${bytes} bytes; got ${data.length}.`,
      );
    }
    if (name === '__metadata__' || name in header) {
      throw new RangeError(`writeSafetensors: names must be of one tensor each; got '${name}' again.`);
    }
    header[name] = { dtype: type, shape, data_offsets: [end, end + bytes] };
    end += bytes;
  }
  const text = new TextEncoder().encode(JSON.stringify(header));
  const head = new Uint8Array(8 + Math.ceil(text.length / 8) * 8).fill(0x20);
  new DataView(head.buffer).setBigUint64(0, BigInt(head.length - 8), true);
  head.set(text, 8);
  yield head;
  for (const { data } of sorted) yield data;
}

/** The width of an element: the first number in the type's name, and BOOL is a byte. */
const bitsOf = ({ type }: SafetensorsTensor) => Number(/\d+/.exec(type)?.[0] ?? 8);
