// A cursor over a piece of an HDF5 file that was read.
import { textDecoder, untilZero } from '../../shared/text.js';
import { FormatError } from '../errors.js';
import type { ByteSource } from '../source/source.js';

/** The file (file.ts), as its heaps and trees read it. */
export interface Hdf5Bytes {
  readonly source: ByteSource;
  /** `what` is read, for messages. */
  read(address: number, length: number, what: string): Promise<Cursor>;
}

/** Little-endian numbers and text, front to back; running off the end is an error. */
export class Cursor {
  at = 0;
  private readonly view: DataView;
  constructor(
    private readonly file: string,
    readonly data: Uint8Array,
    /** Where it is in the file, for messages. */
    readonly where: number,
  ) {
    this.view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  }

  get left(): number {
    return this.data.length - this.at;
  }

  /** An unsigned integer of 1 to 8 bytes. All ones of eight, an address that is undefined, is -1. */
  uint(size: number): number {
    this.need(size);
    const { view, at } = this;
    this.at += size;
    if (size === 1) return view.getUint8(at);
    if (size === 2) return view.getUint16(at, true);
    if (size === 4) return view.getUint32(at, true);
    if (size === 8) {
      const value = view.getBigUint64(at, true);
      return value === 0xffffffffffffffffn ? -1 : Number(value);
    }
    let value = 0;
    for (let k = Math.min(size, 8) - 1; k >= 0; k--) value = value * 256 + view.getUint8(at + k);
    return value;
  }

  /** Text up to its first zero. */
  text(length: number): string {
    this.need(length);
    const text = textDecoder().decode(this.data.subarray(this.at, this.at + length));
    this.at += length;
    return untilZero(text);
  }

  skip(length: number): void {
    this.need(length);
    this.at += length;
  }

  part(length: number): Cursor {
    this.need(length);
    const part = new Cursor(this.file, this.data.subarray(this.at, this.at + length), this.where + this.at);
    this.at += length;
    return part;
  }

  /** Steps over a block's signature and version, which must be these. */
  expect(signature: string, version = 0): void {
    if (this.text(signature.length) !== signature || this.uint(1) !== version) {
      throw new FormatError(this.file, `expected ${signature}, version ${version}, at offset ${this.where}.`);
    }
  }

  private need(length: number) {
    if (!(length >= 0 && length <= this.left)) {
      throw new FormatError(
        this.file,
        `the HDF5 structure at offset ${this.where} ends before its ${length} bytes.`,
      );
    }
  }
}
