// Native NumPy, one thread, as a child process that lives as long as the benchmark: the matrix is handed over once as
// a .npy file, then each measurement is one line of JSON there and one back, outside what is timed.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const WORKER = fileURLToPath(new URL('numpy-worker.py', import.meta.url));
/** The Python whose NumPy is measured. */
export const PYTHON = process.env.PYTHON ?? '/usr/bin/python3';

const ONE_THREAD = {
  OPENBLAS_NUM_THREADS: '1',
  OMP_NUM_THREADS: '1',
  MKL_NUM_THREADS: '1',
  BLIS_NUM_THREADS: '1',
};

/** A row-major matrix as the bytes of a .npy file, version 1. */
export function npy({ data, shape }) {
  const descr = data instanceof Float32Array ? '<f4' : '<f8';
  const tuple = `(${shape.join(', ')}${shape.length === 1 ? ',' : ''})`;
  const text = `{'descr': '${descr}', 'fortran_order': False, 'shape': ${tuple}, }`;
  const header = text.padEnd(64 * Math.ceil((text.length + 11) / 64) - 11);
  const start = Buffer.from(`\x93NUMPY\x01\x00\x00\x00${header}\n`, 'latin1');
  start.writeUInt16LE(header.length + 1, 8);
  return Buffer.concat([start, Buffer.from(data.buffer, data.byteOffset, data.byteLength)]);
}

class Numpy {
  #child;
  #lines;
  #folder = mkdtempSync(join(tmpdir(), 'matrix-rank-bench-'));

  constructor(python, env) {
    this.#child = spawn(python, [WORKER], {
      env: { ...process.env, ...ONE_THREAD, ...env },
      stdio: ['pipe', 'pipe', 'ignore'],
    });
    this.#child.on('error', () => {}); // no such program: the lines end, and start() returns null
    this.#child.stdin.on('error', () => {});
    this.#lines = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();
  }

  async ask(request) {
    this.#child.stdin.write(`${JSON.stringify(request)}\n`);
    const { value, done } = await this.#lines.next();
    if (done) throw new Error('NumPy is gone');
    const answer = JSON.parse(value);
    if (answer.error) throw new Error(answer.error);
    return answer;
  }

  /** The matrix of the next measurements. */
  async put(matrix) {
    const path = join(this.#folder, 'matrix.npy');
    writeFileSync(path, npy(matrix));
    await this.ask({ op: 'put', path });
    rmSync(path);
  }

  /** Samples of one call, ms each, over at least `ms` milliseconds; and what the call returned. */
  run(call, ms, batch = 1) {
    return this.ask({ op: 'run', call, ms, batch });
  }

  close() {
    this.#child.stdin.end();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

/** NumPy with its `info`, or null, after a message on stderr, where Python or NumPy is absent. */
export async function startNumpy(python = PYTHON, env = {}) {
  const numpy = new Numpy(python, env);
  try {
    numpy.info = await numpy.ask({ op: 'info' });
    return numpy;
  } catch {
    numpy.close();
    console.error(
      `NumPy skipped: ${python} has none. Debian: apt-get install python3-numpy libopenblas0-pthread; or set PYTHON.`,
    );
    return null;
  }
}

/**
 * The `python3` of the PATH where it has NumPy 2 or later, free to pick its kernels for this CPU;
 * else null, after a message.
 */
export async function startNewNumpy() {
  const numpy = await startNumpy('python3', { OPENBLAS_CORETYPE: undefined, OPENBLAS_L2_SIZE: undefined });
  if (!numpy || Number.parseInt(numpy.info.numpy, 10) >= 2) return numpy;
  numpy.close();
  console.error(`The newer NumPy skipped: python3 has ${numpy.info.numpy}, not 2 or later.`);
  return null;
}
