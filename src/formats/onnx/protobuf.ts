// Protocol buffers, field by field over a ByteSource: a window of 64 KiB slides over the file, and a field that nobody
// asks for is stepped over unread. Every length is checked against the end of the message that holds it.
// pbf decodes what lies in the window.
// Source: protobuf.dev/programming-guides/encoding.
import { textDecoder } from '../../shared/text.js';
import { PbfReader } from '../../vendor/pbf.js';
import { FormatError } from '../errors.js';
import type { ByteSource } from '../source/source.js';

const WINDOW = 1 << 16;
const FIELD_HEAD = 20; // a tag and a length or a value, ten bytes each at most

/** The field that a ProtoWalker stands on. */
export interface ProtoField {
  /** The field's number, and its wire type: 0 varint, 1 and 5 fixed, 2 length-delimited. */
  number: number;
  type: number;
  /** A varint's value, signed. */
  value: number;
  /** Where the field's content begins and ends, in the file. */
  start: number;
  end: number;
}

export class ProtoWalker {
  private base = 0;
  private pbf: PbfReader;

  constructor(private readonly source: ByteSource) {
    this.pbf = new PbfReader(source.bytes ?? new Uint8Array(0));
  }

  private has(offset: number, length: number): boolean {
    return offset >= this.base && offset + length <= this.base + this.pbf.length;
  }

  private async fill(offset: number): Promise<void> {
    const length = Math.min(WINDOW, this.source.size - offset);
    this.pbf = new PbfReader(await this.source.read(offset, length));
    this.base = offset;
  }

  /**
   * Calls `visit` for each field of the message in [start, end), in order. A length-delimited field of up to 64 KiB is
   * in the window by then, so that text() can read it.
   */
  async fields(
    what: string,
    start: number,
    end: number,
    visit: (field: ProtoField) => Promise<void> | void,
  ): Promise<void> {
    for (let at = start; at < end; ) {
      if (!this.has(at, Math.min(FIELD_HEAD, end - at))) await this.fill(at);
      const field = this.head(what, at, end);
      if (field.type === 2) {
        const length = field.end - field.start;
        if (length <= WINDOW && !this.has(field.start, length)) await this.fill(field.start);
      }
      at = field.end;
      const pending = visit(field);
      if (pending !== undefined) await pending;
    }
  }

  private head(what: string, at: number, end: number): ProtoField {
    const { pbf, source, base } = this;
    const field = { number: 0, type: 0, value: 0, start: 0, end: 0 };
    const fail = (detail: string) =>
      new FormatError(source.name, `field ${field.number} of ${what} at offset ${at} ${detail}.`);
    const varint = (signed = false) => {
      try {
        return pbf.readVarint(signed);
      } catch {
        throw fail('holds an integer of more than ten bytes');
      }
    };
    pbf.pos = at - base;
    const tag = varint();
    field.number = Math.floor(tag / 8);
    field.type = tag % 8;
    if (field.number < 1 || field.number >= 1 << 29) throw fail('has a number that no field has');
    field.start = pbf.pos + base;
    if (field.type === 0) {
      field.value = varint(true);
      field.end = pbf.pos + base;
    } else if (field.type === 1 || field.type === 5) {
      field.end = field.start + (field.type === 1 ? 8 : 4);
    } else if (field.type === 2) {
      const length = varint();
      field.start = pbf.pos + base;
      field.end = field.start + length;
      if (field.end > end)
        throw fail(`claims ${length} bytes, its message has ${Math.max(0, end - field.start)} left`);
    } else {
      throw fail(`has wire type ${field.type}`);
    }
    if (field.end > end) throw fail('runs past the end of its message');
    return field;
  }

  /** The text of a length-delimited field just visited. */
  text(field: ProtoField): string {
    const length = field.end - field.start;
    if (field.type !== 2) throw new FormatError(this.source.name, `expected text at offset ${field.start}.`);
    if (!this.has(field.start, length)) {
      throw new FormatError(
        this.source.name,
        `the text at offset ${field.start} claims ${length} bytes, at most ${WINDOW} are read.`,
      );
    }
    const from = field.start - this.base;
    return textDecoder().decode(this.pbf.buf.subarray(from, from + length));
  }

  /** The integers of a repeated field just visited, packed or one at a time; no more than `most`. */
  integers(field: ProtoField, into: number[], most: number): void {
    if (field.type === 0) {
      into.push(field.value);
    } else if (field.type === 2 && this.has(field.start, field.end - field.start)) {
      this.pbf.pos = field.start - this.base;
      while (this.pbf.pos + this.base < field.end && into.length <= most)
        into.push(this.pbf.readVarint(true));
      if (this.pbf.pos + this.base > field.end) {
        throw new FormatError(this.source.name, `an integer runs past its field at offset ${field.start}.`);
      }
    } else {
      throw new FormatError(this.source.name, `expected integers at offset ${field.start}.`);
    }
    if (into.length > most) {
      throw new FormatError(this.source.name, `more than ${most} integers at offset ${field.start}.`);
    }
  }
}
