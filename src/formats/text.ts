// A matrix out of text, pasted or in a file: CSV, TSV or columns of numbers, JSON, MATLAB, NumPy (code or printed).
// Which one it is shows in the text itself. What cannot be read is an Error that names the place.
// Memory: the text, its numbers in float64, and one row of cells.

export interface Parsed {
  data: Float64Array | Float32Array;
  shape: [number, number];
  /** How the text was understood. */
  format: 'CSV' | 'JSON' | 'MATLAB' | 'NumPy';
}

const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)([ed][+-]?\d+)?$/i;

/**
 * A matrix out of text, in whatever way it is written. Throws an Error that names the place where it cannot be read.
 */
export function parseMatrix(source: string): Parsed {
  const text = source.replace(/\r\n?/g, '\n').replaceAll('\u2212', '-').trim();
  if (text === '') throw new Error('There is no text to read a matrix from.');
  if (/^(\w+\s*=\s*)?(\w+\.)?(array|matrix|asarray)\s*\(/.test(text)) return numpyCode(text);
  if (text.startsWith('{')) return jsonObject(text);
  if (/^\[[^[\]]*\]\s*\n\s*\[/.test(text)) return nested(`[${text}]`, 'JSON'); // a row a line
  const bracket = text.indexOf('[');
  if (bracket < 0 || !/^(\w+\s*=\s*)?\[/.test(text)) return lines(text);
  const body = text.slice(bracket);
  return /^\[\s*\[/.test(body) ? nested(body) : flat(body);
}

/** [[1, 2], [3, 4]], as JSON has it, or [[1. 2.] [3. 4.]], as NumPy prints it. */
function nested(
  body: string,
  format: Parsed['format'] = /\]\s*,\s*\[|,/.test(body) ? 'JSON' : 'NumPy',
): Parsed {
  if (body.includes('...')) throw new Error(SHORTENED);
  refuseHoles(body);
  const end = closing(body);
  if (body.slice(end).replace(/[;\s]/g, '') !== '') {
    throw new Error(`There is more after the last bracket: ${quote(body.slice(end).trim())}.`);
  }
  const inner = body.slice(1, end - 1);
  if (/\[\s*\[/.test(inner)) throw new Error('This has more than two dimensions; a matrix has two.');
  return matrix(brackets(inner), format);
}

/** The rows within [ ], one after the other; nothing but separators may stand between them. */
function* brackets(inner: string): Generator<string[]> {
  let at = 0;
  const between = (end: number) => {
    const rest = inner.slice(at, end).replace(/[\s,]/g, '');
    if (rest !== '') throw new Error(`Between the rows stands ${quote(rest)}.`);
  };
  for (;;) {
    const open = inner.indexOf('[', at);
    const close = inner.indexOf(']', open);
    if (open < 0 || close < 0) break;
    between(open);
    yield cells(inner.slice(open, close + 1));
    at = close + 1;
  }
  between(inner.length);
}

function refuseHoles(body: string): void {
  if (/[,[]\s*,/.test(body)) throw new Error('Between two commas there is no number.');
}

const SHORTENED =
  "Numbers are left out ('...'): in NumPy, np.set_printoptions(threshold=np.inf) prints all of them.";

/** [1 2; 3 4] of MATLAB, or one row in brackets. */
function flat(body: string): Parsed {
  const end = closing(body);
  const after = body.slice(end).replace(/[;'\s]/g, '');
  if (after !== '') throw new Error(`There is more after the last bracket: ${quote(after)}.`);
  const inner = body.slice(1, end - 1);
  refuseHoles(body);
  if (/\.\.\.\s*(,|\s\S)/.test(inner) && !/\.\.\.[^\S\n]*\n/.test(inner)) throw new Error(SHORTENED);
  const rows = inner
    .replace(/\.\.\.[^\n]*\n/g, ' ') // MATLAB's continued lines
    .replace(/%[^\n]*/g, '')
    .split(/[;\n]/)
    .map((row) => row.split(/[\s,]+/).filter((cell) => cell !== ''))
    .filter((row) => row.length > 0);
  const json = rows.length === 1 && inner.includes(',');
  return matrix(rows, json ? 'JSON' : 'MATLAB');
}

/** array([[1., 2.], [3., 4.]], dtype=float32) */
function numpyCode(text: string): Parsed {
  const open = text.indexOf('[');
  if (open < 0) throw new Error('array( ... ) holds no [ ... ].');
  const end = open + closing(text.slice(open));
  const body = text.slice(open, end);
  if (body.includes('...')) throw new Error(SHORTENED);
  const parsed = /^\[\s*\[/.test(body) ? nested(body, 'NumPy') : matrix([cells(body)], 'NumPy');
  const single = /dtype\s*=\s*['"]?(\w+\.)?(float32|float16|bfloat16)/.test(text.slice(end));
  return single ? { ...parsed, data: Float32Array.from(parsed.data) } : parsed;
}

const cells = (row: string) =>
  row
    .slice(1, -1)
    .split(/[\s,]+/)
    .filter((cell) => cell !== '');

/** { "data": [...], "shape": [m, n] } */
function jsonObject(text: string): Parsed {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw new Error(`This is no JSON: ${(error as Error).message}.`);
  }
  const { data, shape, dims = shape } = json as { data?: unknown; shape?: unknown; dims?: unknown };
  const numbers = Array.isArray(data) ? data.flat(Number.POSITIVE_INFINITY) : [];
  const size = Array.isArray(dims) ? dims.map(Number) : [];
  if (numbers.length === 0 || size.length !== 2) {
    throw new Error('A JSON object needs "data", a list of numbers, and "shape", [rows, columns].');
  }
  if (size[0] * size[1] !== numbers.length) {
    throw new Error(
      `data has ${numbers.length} numbers, shape [${size.join(', ')}] needs ${size[0] * size[1]}.`,
    );
  }
  const rows = Array.from({ length: size[0] }, (_, i) =>
    numbers.slice(i * size[1], (i + 1) * size[1]).map(String),
  );
  return matrix(rows, 'JSON');
}

/**
 * Lines of numbers; a first line of names is left out, as are lines that begin with # or %. Where that line has no name
 * for the first column (pandas, R), it holds the rows' names and is left out.
 */
function lines(text: string): Parsed {
  const sample = text.slice(0, 1 << 20).replace(/^[^\S\n]*[#%].*$/gm, '');
  const separator = [/\t/, /;/, /,/].find((s) => s.test(sample)) ?? /\s+/;
  const commas = hasDecimalCommas(sample, separator);
  const split = (line: string) => {
    const parts = (line.includes('"') ? quotedCells(line, separator) : line.trim().split(separator)).map(
      (cell) => cell.trim(),
    );
    if (parts.length > 1 && parts[parts.length - 1] === '') parts.pop(); // a separator at the end
    return commas ? parts.map(withPoint) : parts;
  };
  const all = (function* () {
    let first = text.includes('\n'); // a single line is no heading
    let named: readonly string[] | undefined;
    for (const line of eachLine(text)) {
      const cells = split(line);
      const heading = first && (isCounted(cells) || cells.every(isName));
      first = false;
      if (heading) named = cells;
      const rowNames = named !== undefined && (named[0] === '' || named.length === cells.length - 1);
      yield heading ? undefined : rowNames ? cells.slice(1) : cells;
    }
  })();
  return matrix(all, 'CSV');
}

/** Part of a heading: neither a number nor one in a way that is not read, 1,234. */
const isName = (cell: string) => cell === '' || !(isNumber(cell) || /^[-+\d.,' ]+$/.test(cell));

/** What pandas writes over columns without names: nothing over those of the rows, then 0, 1, 2, ... */
const isCounted = ([first, ...rest]: readonly string[]) =>
  first === '' && rest.length > 0 && rest.every((cell, k) => cell === String(k));

/** The cells of a line; a separator within quotes is none. */
function quotedCells(line: string, separator: RegExp): string[] {
  const all = new RegExp(separator.source, 'g');
  const hidden: string[] = [];
  const plain = line.trim().replace(/"[^"]*"/g, (quoted) =>
    quoted.replace(all, (found) => {
      hidden.push(found);
      return '\0';
    }),
  );
  return plain
    .split(separator)
    .map((cell) => cell.replaceAll('\0', () => hidden.shift() ?? ''))
    .map((cell) => cell.trim().replace(/^"(.*)"$/, '$1'));
}

const SAMPLE = 1 << 16;

/**
 * Whether 1,5 is a number between semicolons or tabs. 1,234 between tabs may be thousands, so that some other number of
 * digits has to be seen.
 */
function hasDecimalCommas(text: string, separator: RegExp): boolean {
  if (!/[;\t]/.test(separator.source.replace('\\t', '\t'))) return false;
  const cells = text
    .slice(0, SAMPLE)
    .split(/[;\t\n]/)
    .map((cell) => cell.trim().replace(/^"(.*)"$/, '$1'));
  if (cells.some((cell) => cell.includes('.') && isNumber(cell))) return false;
  const decimals = cells.map((cell) => /^[+-]?\d*,(\d+)([ed][+-]?\d+)?$/i.exec(cell)?.[1].length);
  return decimals.some((digits) => digits !== undefined && (separator.source === ';' || digits !== 3));
}

/** A number with a decimal comma; a point among such may be of thousands. */
function withPoint(cell: string): string {
  if (cell.includes('.') && isNumber(cell))
    throw new Error(`${quote(cell)} has a point, and other numbers have decimal commas.`);
  return cell.replace(',', '.');
}

function* eachLine(text: string): Generator<string> {
  for (let at = 0; at < text.length; ) {
    const end = text.indexOf('\n', at);
    const line = text.slice(at, end < 0 ? text.length : end);
    at = end < 0 ? text.length : end + 1;
    if (line.trim() !== '' && !/^\s*[#%]/.test(line)) yield line;
  }
}

const isNumber = (cell: string) => NUMBER.test(cell) || /^[+-]?(nan|inf|infinity)$/i.test(cell);

function toNumber(cell: string): number {
  if (NUMBER.test(cell)) return Number(cell.replace(/d/i, 'e'));
  if (/nan$/i.test(cell)) return Number.NaN;
  return cell.startsWith('-') ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
}

/**
 * Equally long rows of numbers, or an Error that names the first that is not. undefined: a heading,
 * which counts as a row in errors.
 */
function matrix(rows: Iterable<readonly string[] | undefined>, format: Parsed['format']): Parsed {
  let data = new Float64Array(256);
  let size = 0;
  let width = -1;
  let first = 0;
  let count = 0;
  let seen = 0;
  for (const row of rows) {
    seen++;
    if (row === undefined) continue;
    if (width < 0) [width, first] = [row.length, seen];
    if (size + row.length > data.length) data = grown(data, size + row.length);
    row.forEach((cell, j) => {
      if (!isNumber(cell)) throw new Error(`Row ${seen}, column ${j + 1}: ${quote(cell)} is not a number.`);
      data[size++] = toNumber(cell);
    });
    if (row.length !== width) {
      throw new Error(
        `Row ${seen} has ${row.length} ${row.length === 1 ? 'number' : 'numbers'}, row ${first} has ${width}.`,
      );
    }
    count++;
  }
  if (size === 0) throw new Error('There are no numbers in this text.');
  return { data: data.slice(0, size), shape: [count, width], format };
}

function grown(data: Float64Array<ArrayBuffer>, least: number): Float64Array<ArrayBuffer> {
  const out = new Float64Array(Math.max(least, 2 * data.length));
  out.set(data);
  return out;
}

/** The place after the bracket that closes the first one. */
function closing(text: string): number {
  let depth = 0;
  for (let i = 0; i < text.length; i++) {
    if (text[i] === '[') depth++;
    if (text[i] === ']' && --depth === 0) return i + 1;
  }
  throw new Error('A bracket [ is never closed.');
}

function quote(text: string): string {
  const short = text.length > 24 ? `${text.slice(0, 23)}…` : text;
  return `“${short}”`;
}
