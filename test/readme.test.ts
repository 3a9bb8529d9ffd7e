// What README.md and docs/ show is what comes out: every `$ npx matrix-rank` with its output,
// every JavaScript line with its value.
import { execFile } from 'node:child_process';
import { copyFileSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readArguments } from '../src/cli/args.js';
import { folder, main, models, root } from './cli/command.js';

const files = folder();
afterAll(() => files.remove());

/** Fenced blocks of a language. */
function blocks(file: string, language: string): string[] {
  const text = readFileSync(join(root, file), 'utf8');
  return [...text.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\``, 'gms'))].map(([, block]) => block);
}

/** The samples of the page: an adapter, a model, and that with its last values of v collapsed to rank 20. */
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
  mkdirSync(join(files.path, 'adapter'));
  mkdirSync(join(files.path, 'smaller'));
  const adapter = Buffer.from(await (await SAMPLES.adapter()).arrayBuffer());
  writeFileSync(join(files.path, 'adapter/adapter_model.safetensors'), adapter);
  writeFileSync(
    join(files.path, 'adapter/adapter_config.json'),
    '{ "peft_type": "LORA", "r": 16, "lora_alpha": 16 }',
  );
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

const JS = /^(\w+\(.*); +\/\/ (.*)$/;
/** Calls with their values: `call(...); // value`. */
const calls = (page: string) =>
  blocks(page, 'js')
    .flatMap((block) => block.split('\n'))
    .flatMap((line) => [JS.exec(line)].filter((found) => found !== null));

// test/platforms/ runs the blocks of platforms.md.
const pages = ['README.md', ...readdirSync(join(root, 'docs')).map((name) => `docs/${name}`)].filter(
  (page) => page.endsWith('.md') && !page.endsWith('platforms.md'),
);
const shown = pages.filter((page) => blocks(page, 'console').length > 0 || calls(page).length > 0);

it('checks what these pages show', () => {
  expect(shown).toEqual(
    expect.arrayContaining(['README.md', 'docs/quick-start.md', 'docs/linear-algebra.md']),
  );
});

describe.each(shown)('%s', (page) => {
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
    // an intercept, and one-hot columns that add up to it
    const design = [0, 1, 2, 0].map((k) => [1, ...[0, 1, 2].map((j) => Number(j === k))]);
    const scope = { ...library, design, weights: lowRank(512, 4608, 40) };
    for (const [line, call, value] of calls(page)) {
      const got: unknown = new Function(...Object.keys(scope), `return ${call}`)(...Object.values(scope));
      const rounded = (x: unknown) => (typeof x === 'number' ? Number(x.toPrecision(3)) : x);
      if (!value.startsWith('{'))
        expect([String(got), JSON.stringify(got), `'${got}'`], line).toContain(value.replaceAll(', ', ','));
      else {
        const fields = JSON.parse(value.replace(', ...', '').replace(/(\w+):/g, '"$1":')) as Record<
          string,
          unknown
        >;
        for (const [key, expected] of Object.entries(fields))
          expect(rounded((got as Record<string, unknown>)[key]), `${line}: ${key}`).toEqual(expected);
      }
    }
  });
});

/** The arguments of each `matrix-rank ...` in a block of shell, as far as they can be told without a shell. */
function commands(page: string): string[][] {
  const lines = ['sh', 'console', '']
    .flatMap((language) => blocks(page, language))
    .join('')
    .replaceAll('\\\n', ' ');
  return [...lines.matchAll(/^(?:\$ )?(?:npx )?matrix-rank +([^|>#\n]+)/gm)].map(([, rest]) =>
    [...rest.matchAll(/'([^']*)'|"([^"]*)"|([^\s'"]+)/g)].map(
      ([, single, double, bare]) => single ?? double ?? bare,
    ),
  );
}

it("README's table has every function and every entry", async () => {
  const library = Object.keys((await import(join(root, 'dist/index.js'))) as object);
  const { exports } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { exports: object };
  const entries = Object.keys(exports).filter(
    (entry) => /^\.\/[a-z-]+$/.test(entry) && entry !== './browser-worker',
  );
  const text = readFileSync(join(root, 'README.md'), 'utf8').split('## The API')[1].split('\n## ')[0];
  const table = [...text.matchAll(/^\|.*\|$/gm)].join('\n');
  const named = [...table.matchAll(/`([\w/-]+)`/g)].map(([, name]) => name);
  for (const name of [...library, ...entries.map((entry) => entry.replace('.', 'matrix-rank'))])
    expect(named, name).toContain(name.replace(/Async$/, ''));
  const others = ['signal', 'readTensors', 'rankFile'];
  expect(named.filter((name) => !name.includes('/') && ![...library, ...others].includes(name))).toEqual([]);
});

it('every option that is written down exists, and may stand where it stands', () => {
  const all = pages.flatMap(commands).filter(([first]) => !['fold', 'merge', 'worker'].includes(first));
  expect(all.length).toBeGreaterThan(10);
  for (const argv of all)
    expect(() => readArguments(argv.map((a) => (/\$/.test(a) ? '1/2' : a))), argv.join(' ')).not.toThrow();
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
