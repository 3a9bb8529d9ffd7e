// What the values of single options mean, each from its text; a wrong one is a UsageError that says what it takes.
import { closest } from 'fastest-levenshtein';
import type { Row } from '../files/types.js';
import type { TensorLayout } from '../formats/types.js';
import type { RankOptions } from '../types.js';
import { ONLY, type Only, type Order } from './arrange.js';
import { type Condition, readCondition } from './expression.js';
import { FIELDS, fieldNames, OPERANDS } from './fields.js';
import { ENERGIES, type Energy } from './shrink.js';
import { UsageError } from './usage-error.js';

export function readEnergy(text: string): Energy {
  const value = Number(text.replace(/\s*%$/, '')) / (text.endsWith('%') ? 100 : 1);
  const energy = ENERGIES.find((e) => e === value);
  if (energy === undefined) throw new UsageError(`--energy takes ${ENERGIES.join(', ')}; got '${text}'.`);
  return energy;
}

/** A row for which it holds ends the run with status 1. */
export type FailIf = Condition<Row> & { text: string };

export function readFailIf(text: string): FailIf {
  try {
    return { ...readCondition(text, OPERANDS), text };
  } catch (error) {
    const shown = text.length > 80 ? `${text.slice(0, 80)}…` : text;
    throw new UsageError(`--fail-if: in '${shown}', ${(error as Error).message}`);
  }
}

const LAYOUTS: readonly TensorLayout[] = ['OIHW', 'HWIO', 'HWCM', 'dense', 'rnn', 'experts'];

export function readLayout(text: string): TensorLayout {
  const layout = LAYOUTS.find((name) => name.toLowerCase() === text.toLowerCase());
  if (layout === undefined) throw new UsageError(`--layout takes ${LAYOUTS.join(', ')}; got '${text}'.`);
  return layout;
}

export function readOnly(text: string): Only {
  if (Object.hasOwn(ONLY, text)) return text as Only;
  throw new UsageError(`--only takes ${Object.keys(ONLY).join(', ')}; got '${text}'.`);
}

export function readOrder(text: string): Order {
  const [, field, way] = /^([^:]*)(?::(.*))?$/.exec(text)!;
  if (!Object.hasOwn(FIELDS, field))
    throw new UsageError(
      `--sort: there is no column '${field}'; did you mean '${closest(field, Object.keys(FIELDS))}'? ` +
        `They are ${fieldNames()}.`,
    );
  if (way !== undefined && way !== 'asc' && way !== 'desc') {
    throw new UsageError(`--sort ${field}: 'asc' or 'desc' may follow the colon; got '${way}'.`);
  }
  return { field, descending: way === 'desc' };
}

export function readTop(text: string): number {
  const top = /^\d+$/.test(text) ? Number(text) : 0;
  if (top < 1) throw new UsageError(`--top takes a whole number from 1 on; got '${text}'.`);
  return top;
}

export function readPattern(text: string): RegExp {
  try {
    return new RegExp(text);
  } catch (error) {
    throw new UsageError(`--filter takes a regular expression; ${(error as Error).message}.`);
  }
}

export function readTolerance({
  tol,
  rtol,
  atol,
}: {
  tol?: string;
  rtol?: string;
  atol?: string;
}): RankOptions {
  const given = Object.entries({ tol, rtol, atol }).filter((e): e is [string, string] => e[1] !== undefined);
  if (tol !== undefined && given.length > 1) {
    throw new UsageError(
      `--tol and --${given[1][0]} exclude each other; give --tol alone, or --rtol and --atol.`,
    );
  }
  return Object.fromEntries(
    given.map(([name, text]) => {
      if (name === 'tol' && text === 'storage') return [name, text];
      const value = text.trim() === '' ? Number.NaN : Number(text);
      if (!(value >= 0)) throw new UsageError(`--${name} takes a number, 0 or more; got '${text}'.`);
      return [name, value];
    }),
  );
}

export function readThreads(text: string): number {
  const threads = /^\d+$/.test(text) ? Number(text) : 0;
  if (threads < 1 || threads > 1024) {
    throw new UsageError(`--threads takes a whole number from 1 to 1024; got '${text}'.`);
  }
  return threads;
}

export function readShard(text: string): { index: number; count: number } {
  const [, index, count] = (/^(\d{1,9})\/(\d{1,9})$/.exec(text) ?? []).map(Number);
  if (!(index >= 1 && index <= count)) {
    throw new UsageError(`--shard takes I/N, I from 1 to N, such as 2/16; got '${text}'.`);
  }
  return { index, count };
}

const UNITS: Record<string, number> = { '': 1, K: 2 ** 10, M: 2 ** 20, G: 2 ** 30, T: 2 ** 40 };

export function readBytes(text: string): number {
  const match = /^(\d+(?:\.\d+)?)\s*([KMGT]?)(?:i?B)?$/i.exec(text);
  const bytes = match ? Math.floor(Number(match[1]) * UNITS[match[2].toUpperCase()]) : 0;
  if (!(bytes > 0))
    throw new UsageError(`--memory takes bytes, such as 500000000, 512M or 2G; got '${text}'.`);
  return bytes;
}
