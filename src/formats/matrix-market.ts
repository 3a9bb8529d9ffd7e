// Matrix Market (.mtx): one matrix as text, dense or sparse; a sparse one is filled in.
// Layout: '%%MatrixMarket matrix array|coordinate real|double|integer|complex|pattern
// general|symmetric|skew-symmetric|hermitian', comments, the size, then one element a line: by columns in an array (one
// triangle where the other follows from it), with its row and column from 1 on in a coordinate file. Source:
// math.nist.gov/MatrixMarket/formats.html.
import { admit } from './admit.js';
import { FormatError, quote } from './errors.js';
import { checkDense } from './scipy-sparse.js';
import { type ByteSource, readText } from './source/source.js';
import type { NamedTensor, ReadOptions } from './types.js';

const MAX_TEXT = 2 ** 28;

interface Header {
  dense: boolean;
  /** Numbers of an element: pattern none, complex two. */
  parts: number;
  symmetry: string;
  integer: boolean;
  rows: number;
  columns: number;
  /** Elements that are listed. */
  entries: number;
}

/** The matrix of a .mtx file, named by the file. */
export async function* readMatrixMarket(
  source: ByteSource,
  options: ReadOptions = {},
): AsyncGenerator<NamedTensor> {
  const { name: file, size } = source;
  if (size > MAX_TEXT) throw new FormatError(file, `is text of ${size} bytes, at most ${MAX_TEXT} are read.`);
  const name = file.replace(/\.\w+$/, '');
  const tokens = new Tokens(file, await readText(source));
  const header = readHeader(file, tokens);
  const { rows, columns, parts } = header;
  checkDense(file, rows, columns);
  const dtype = parts === 2 ? 'complex128' : 'float64';
  const shape = [rows, columns];
  if (!(await admit(file, options, name, { shape, dtype }))) return;
  const data = header.dense ? readArray(tokens, header) : readCoordinates(file, tokens, header);
  if (!tokens.done()) throw new FormatError(file, 'has more elements than its size line says.');
  options.onProgress?.(size, size);
  yield { name, shape, dtype, data, ...(parts === 2 && { bits: 'complex128' as const }) };
}

function readHeader(file: string, tokens: Tokens): Header {
  const banner = tokens.line();
  const words = banner.toLowerCase().trim().split(/\s+/);
  const [, object, format, field, symmetry = 'general'] = words;
  const parts: Record<string, number> = { real: 1, double: 1, integer: 1, complex: 2, pattern: 0 };
  const known =
    object === 'matrix' &&
    /^(array|coordinate)$/.test(format) &&
    Object.hasOwn(parts, field) &&
    /^(general|symmetric|skew-symmetric|hermitian)$/.test(symmetry);
  if (!known || (format === 'array' && field === 'pattern')) {
    throw new FormatError(file, `begins with ${quote(banner)}, which is no Matrix Market matrix.`);
  }
  const dense = format === 'array';
  const [rows, columns] = [tokens.whole('rows'), tokens.whole('columns')];
  if (symmetry !== 'general' && rows !== columns) {
    throw new FormatError(file, `is ${symmetry}, but ${rows} x ${columns}.`);
  }
  return {
    dense,
    parts: parts[field],
    symmetry,
    integer: field === 'integer',
    rows,
    columns,
    entries: dense ? 0 : tokens.whole('entries'),
  };
}

function readArray(tokens: Tokens, header: Header): Float64Array {
  const { rows, columns, parts, symmetry } = header;
  // Every element takes two characters at least.
  const stored =
    symmetry === 'general'
      ? rows * columns
      : (rows * (rows + 1)) / 2 - (symmetry === 'skew-symmetric' ? rows : 0);
  tokens.expect(stored * parts);
  const put = filler(header);
  for (let j = 0; j < columns; j++) {
    const first = symmetry === 'general' ? 0 : symmetry === 'skew-symmetric' ? j + 1 : j;
    for (let i = first; i < rows; i++) {
      const re = tokens.element(header);
      put.at(i, j, re, parts === 2 ? tokens.number() : 0);
    }
  }
  return put.data;
}

function readCoordinates(file: string, tokens: Tokens, header: Header): Float64Array {
  const { rows, columns, parts, entries } = header;
  tokens.expect(entries * (2 + parts));
  const put = filler(header);
  for (let k = 0; k < entries; k++) {
    const i = tokens.whole('row') - 1;
    const j = tokens.whole('column') - 1;
    if (!(i >= 0 && i < rows && j >= 0 && j < columns)) {
      throw new FormatError(file, `has an element at row ${i + 1}, column ${j + 1} of ${rows} x ${columns}.`);
    }
    const re = parts === 0 ? 1 : tokens.element(header);
    put.at(i, j, re, parts === 2 ? tokens.number() : 0);
  }
  return put.data;
}

/** Elements to their places, and to those that follow by symmetry. Duplicates add up. */
function filler({ rows, columns, parts, symmetry }: Header) {
  const width = parts === 2 ? 2 : 1;
  const data = new Float64Array(rows * columns * width);
  const put = (i: number, j: number, re: number, im: number) => {
    const at = (i * columns + j) * width;
    data[at] += re;
    if (width === 2) data[at + 1] += im;
  };
  return {
    data,
    at(i: number, j: number, re: number, im: number) {
      put(i, j, re, im);
      if (symmetry === 'general' || i === j) return;
      if (symmetry === 'skew-symmetric') put(j, i, -re, -im);
      else put(j, i, re, symmetry === 'hermitian' ? -im : im);
    },
  };
}

/** The numbers of a text, one after the other; lines that begin with % are passed over. */
class Tokens {
  private at = 0;
  private readonly token = /[^\s]+/y;
  constructor(
    private readonly file: string,
    private readonly text: string,
  ) {}

  line(): string {
    const end = this.text.indexOf('\n');
    this.at = end < 0 ? this.text.length : end;
    return this.text.slice(0, this.at);
  }

  private skip() {
    const { text } = this;
    for (;;) {
      while (this.at < text.length && text.charCodeAt(this.at) <= 32) this.at++;
      if (text[this.at] !== '%') return;
      const end = text.indexOf('\n', this.at);
      this.at = end < 0 ? text.length : end;
    }
  }

  done(): boolean {
    this.skip();
    return this.at >= this.text.length;
  }

  /** Throws unless so many numbers can follow. */
  expect(count: number) {
    if (2 * count - 1 > this.text.length - this.at) {
      throw new FormatError(
        this.file,
        `needs ${count} numbers; ${this.text.length - this.at} characters follow.`,
      );
    }
  }

  number(): number {
    this.skip();
    this.token.lastIndex = this.at;
    const found = this.token.exec(this.text)?.[0];
    if (found === undefined) throw new FormatError(this.file, 'ends before its last element.');
    this.at += found.length;
    const value = /^[+-]?0[xob]/i.test(found) ? Number.NaN : Number(found.replace(/d/i, 'e'));
    if (Number.isNaN(value) && !/^[+-]?nan$/i.test(found)) {
      const infinite = /^([+-]?)inf(inity)?$/i.exec(found);
      if (infinite === null) throw new FormatError(this.file, `has ${quote(found)} where a number belongs.`);
      return infinite[1] === '-' ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
    }
    return value;
  }

  /** A real part; integers past 2^53 would be others. */
  element({ integer }: Header): number {
    const value = this.number();
    if (integer && !Number.isSafeInteger(value))
      throw new FormatError(this.file, `holds the integer ${value}, past 2^53 - 1 or no integer.`);
    return value;
  }

  whole(what: string): number {
    const value = this.number();
    if (!Number.isSafeInteger(value) || value < 0)
      throw new FormatError(this.file, `has ${value} as its ${what}.`);
    return value;
  }
}
