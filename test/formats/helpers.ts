// What the format tests share: everything a reader yields, and the error that it ends with.
import { execFileSync } from 'node:child_process';
import { expect } from 'vitest';
import {
  FormatError,
  type NamedTensor,
  type Readable,
  type ReadOptions,
  readTensors,
} from '../../src/formats/index.js';

export async function all(from: Readable, options?: ReadOptions): Promise<NamedTensor[]> {
  const tensors: NamedTensor[] = [];
  for await (const tensor of readTensors(from, options)) tensors.push(tensor);
  return tensors;
}

export async function one(from: Readable, options?: ReadOptions): Promise<NamedTensor> {
  const tensors = await all(from, options);
  if (tensors.length !== 1) throw new Error(`${tensors.length} tensors`);
  return tensors[0];
}

/** The message of the FormatError that reading ends with; checks that it is one line which names the file. */
export async function failure(from: Readable, options: ReadOptions = {}): Promise<string> {
  try {
    await all(from, options);
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
    if (!/^[^\n]+: [^\n]+\.$/.test(error.message)) throw new Error(`not one sentence: ${error.message}`);
    return error.message;
  }
  throw new Error('it was read without an error');
}

/** What can be read when `onError` collects the rest. */
export async function salvage(from: Readable, options: ReadOptions = {}) {
  const errors: Record<string, string> = {};
  const tensors = await all(from, {
    ...options,
    onError: (name, error) => {
      errors[name] = error.message;
    },
  });
  return { names: tensors.map((t) => t.name), tensors, errors };
}

/** NumPy's Python, where this machine has one. */
export const python = ['/usr/bin/python3', 'python3'].find((path) => {
  try {
    execFileSync(path, ['-c', 'import numpy'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
});

export function runPython(script: string, ...args: string[]): string {
  return execFileSync(python as string, ['-c', script, ...args], { encoding: 'utf8' });
}

/** What an element stands for: its value, and half of what separates it from its neighbours. */
export type Element = (i: number, j: number) => [value: number, h: number];

/** Compares a file's one tensor with its elements, its noise with the definition; returns how it is stored. */
export async function check(
  file: Uint8Array | string,
  name: string | undefined,
  [rows, cols]: [number, number],
  element: Element,
) {
  const { data, shape, noise, storage } = await one(file, name === undefined ? {} : { name });
  expect(shape).toEqual([rows, cols]);
  const [down, across] = [new Array(rows).fill(0), new Array(cols).fill(0)];
  let [most, worst] = [0, 0];
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < cols; j++) {
      const [value, h] = element(i, j);
      most = Math.max(most, Math.abs(value));
      worst = Math.max(worst, Math.abs((data as Float32Array)[i * cols + j] - value));
      down[i] += h ** 2 / 3;
      across[j] += h ** 2 / 3;
    }
  }
  expect(most).toBeGreaterThan(0);
  expect(worst / most).toBeLessThan(2e-7);
  const tau = Math.sqrt(Math.max(...down)) + Math.sqrt(Math.max(...across));
  expect((noise as number) / tau).toBeCloseTo(1, 6);
  return storage;
}
