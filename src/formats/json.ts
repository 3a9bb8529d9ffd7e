// JSON as model files use it: objects whose keys name tensors, so that a key given twice is an error and not a choice.
import { FormatError } from './errors.js';

export type Json = Record<string, unknown>;

/** Brackets and commas, of which a tensor has about eight: a million tensors, some 500 MB once parsed. */
const MAX_PARTS = 8_000_000;

/** The text as a JSON object. */
export function parseObject(file: string, what: string, text: string): Json {
  const value = parseJson(file, what, text);
  if (!isObject(value)) throw new FormatError(file, `expected a JSON object as ${what}.`);
  return value;
}

export function parseJson(file: string, what: string, text: string): unknown {
  checkSize(file, what, text);
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new FormatError(file, `${what} is not JSON (${(error as Error).message}).`, { cause: error });
  }
}

/**
 * Parsed values take far more memory than their text, so that their number is looked at first. Depth costs nothing:
 * JSON.parse keeps a stack of its own.
 */
function checkSize(file: string, what: string, text: string) {
  let parts = 0;
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (c === 0x22) i = closingQuote(text, i);
    else if (c === 0x2c || c === 0x7b || c === 0x5b) parts++;
    if (parts > MAX_PARTS) {
      throw new FormatError(file, `${what} has more than ${MAX_PARTS} values, more than any model needs.`);
    }
  }
}

/** Where the string that begins at `start` ends. */
function closingQuote(text: string, start: number): number {
  let i = start + 1;
  while (i < text.length && text.charCodeAt(i) !== 0x22) i += text.charCodeAt(i) === 0x5c ? 2 : 1;
  return i;
}

export function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * Keys that valid JSON text gives more than once in its outermost object, or `level` - 1 brackets further in;
 * JSON.parse keeps the last and is silent.
 */
export function duplicateKeys(text: string, level = 1): Set<string> {
  const seen = new Set<string>();
  const twice = new Set<string>();
  let depth = 0;
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (c === 0x7b || c === 0x5b) depth++;
    else if (c === 0x7d || c === 0x5d) depth--;
    else if (c === 0x22) {
      const start = i;
      i = closingQuote(text, i);
      if (depth !== level) continue;
      let next = i + 1;
      while (/\s/.test(text[next])) next++;
      if (text[next] !== ':') continue;
      const key = JSON.parse(text.slice(start, i + 1)) as string;
      if (seen.has(key)) twice.add(key);
      seen.add(key);
    }
  }
  return twice;
}
