// What README.md and docs/ show is what comes out: every `$ npx matrix-rank` with its output,
// every JavaScript line with its value.
import { execFile } from 'node:child_process';
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { folder, main, models, root } from './cli/command.js';

const files = folder();
afterAll(() => files.remove());

/** Fenced blocks of a language. */
function blocks(file: string, language: string): string[] {
  const text = readFileSync(join(root, file), 'utf8');
  return [...text.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\``, 'gms'))].map(([, block]) => block);
}

/** The samples of the page, the second with its last values of v collapsed to rank 20. */
async function writeSamples(): Promise<void> {
  const outfile = join(files.path, 'samples.mjs');
  await build({
    entryPoints: [join(root, 'demo/samples.ts')],
    bundle: true,
    format: 'esm',
    outfile,
    logLevel: 'error',
  });
  const { SAMPLES } = (await import(outfile)) as typeof import('../demo/samples.js');
  const base = Buffer.from(await (await SAMPLES.model()).arrayBuffer());
  const tuned = Buffer.from(base);
  const start = 8 + Number(base.readBigUInt64LE(0));
  const header = JSON.parse(base.toString('utf8', 8, start)) as Record<
    string,
    { shape: number[]; data_offsets: number[] }
  >;
  for (const [name, { shape, data_offsets }] of Object.entries(header)) {
    if (!/layers\.[6-9].*v_proj/.test(name)) continue;
    const row = 4 * shape[1];
    const at = start + data_offsets[0];
    for (let i = 20; i < shape[0]; i++)
      base.copy(tuned, at + i * row, at + (i % 20) * row, at + ((i % 20) + 1) * row);
  }
  writeFileSync(join(files.path, 'base.safetensors'), base);
  writeFileSync(join(files.path, 'tuned.safetensors'), tuned);
}

beforeAll(async () => {
  copyFileSync(join(models, 'ch_PP-OCRv4_rec_infer.onnx'), join(files.path, 'model.onnx'));
  await writeSamples();
}, 120_000);

/** Times, and how near a proof came, are the machine's and the kernel's. */
const steady = (text: string) =>
  text
    .replace(/[\d.]+ s, [\d.]+ tensors\/s/, 'T')
    .replace(
      / +(! \d\.\d\d|>1000|∞|\d+(\.\d)?) +(at sight|Cholesky|QR twice|QR|a sample|counting|SVD)/g,
      ' M',
    )
    .trimEnd();

const pages = ['README.md', 'docs/quick-start.md', 'docs/reading.md'];

describe.each(pages)('%s', (page) => {
  it('shows what the command prints', async () => {
    const shell = promisify(execFile);
    for (const block of blocks(page, 'console')) {
      for (const part of block.split(/^\$ /m).slice(1)) {
        const [command, ...shown] = part.split('\n');
        const run = command.replace('npx matrix-rank', `"${process.execPath}" "${main}"`);
        const { stdout } = await shell('sh', ['-c', run], { cwd: files.path, encoding: 'utf8' });
        expect(steady(stdout), command).toBe(steady(shown.join('\n')));
      }
    }
  }, 120_000);

  it('shows what the functions return', async () => {
    const library = (await import(join(root, 'dist/index.js'))) as Record<string, unknown>;
    const scope = { ...library, weights: lowRank(512, 4608, 40) };
    const lines = blocks(page, 'js').flatMap((block) => block.split('\n'));
    let checked = 0;
    for (const line of lines) {
      const [, call, shown] = /^(\w+\(.*\)); \/\/ (.*)$/.exec(line) ?? [];
      if (call === undefined) continue;
      const value: unknown = new Function(...Object.keys(scope), `return ${call}`)(...Object.values(scope));
      if (!shown.startsWith('{')) expect(String(value), line).toBe(shown);
      else {
        const fields = JSON.parse(shown.replace(', ...', '').replace(/(\w+):/g, '"$1":')) as Record<
          string,
          unknown
        >;
        const rounded = (x: unknown) => (typeof x === 'number' ? Number(x.toPrecision(3)) : x);
        for (const [key, expected] of Object.entries(fields))
          expect(rounded((value as Record<string, unknown>)[key]), `${line}: ${key}`).toBe(expected);
      }
      checked++;
    }
    if (lines.length > 0) expect(checked).toBeGreaterThan(2);
  });
});

/** rows x columns, float32, a product of seeded factors. */
function lowRank(rows: number, columns: number, rank: number): Float32Array {
  let state = 1;
  const next = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32 - 0.5;
  };
  const left = Float64Array.from({ length: rows * rank }, next);
  const right = Float64Array.from({ length: rank * columns }, next);
  const out = new Float32Array(rows * columns);
  for (let i = 0; i < rows; i++) {
    for (let k = 0; k < rank; k++) {
      for (let j = 0; j < columns; j++) out[i * columns + j] += left[i * rank + k] * right[k * columns + j];
    }
  }
  return out;
}
