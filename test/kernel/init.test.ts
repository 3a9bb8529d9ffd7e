// The embedded kernels are the compiled ones, and initKernel takes a kernel from elsewhere.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { embedded } from '../../src/kernel/embedded.js';
import { initKernel } from '../../src/kernel/init.js';
import { explain } from '../../src/kernel/load.js';

const root = new URL('../..', import.meta.url);
const read = (file: string) => readFileSync(new URL(file, root));

// dist/kernel/ has the same modules, with a section of their own at the end.
test.each(['baseline', 'relaxed'] as const)(
  'the %s kernel comes out of the string as it went in',
  (build) => {
    const bytes = Buffer.from(embedded(build));
    const file = read(`dist/kernel/${build}.wasm`);
    expect(file.subarray(0, bytes.length).equals(bytes)).toBe(true);
    expect(file.toString('latin1', bytes.length + 3)).toMatch(
      new RegExp(`^matrix-rank[0-9a-f]{16} ${build}$`),
    );
  },
);

/** Runs a module of its own, where no kernel runs yet, and returns what it prints. */
function run(code: string): string {
  const args = ['--input-type=module', '-e', code];
  return execFileSync(process.execPath, args, { cwd: root, encoding: 'utf8', stdio: 'pipe' }).trim();
}

const IMPORTS = `
  import { initKernel } from 'matrix-rank/kernel';
  import { matrixRank, simd } from 'matrix-rank';
  import { readFileSync } from 'node:fs';
  import { fileURLToPath } from 'node:url';
  const bytes = (name) => readFileSync(fileURLToPath(import.meta.resolve('matrix-rank/' + name)));
  const say = () => console.log(simd, matrixRank([1, 2, 2, 4], [2, 2]));`;

test.each([
  ['bytes', "bytes('kernel/baseline.wasm')"],
  ['a module', "new WebAssembly.Module(bytes('kernel.wasm'))"],
  ['a promise', "Promise.resolve(bytes('kernel.wasm'))"],
  ['a response', "new Response(bytes('kernel.wasm'), { headers: { 'content-type': 'application/wasm' } })"],
  ['a response without a type', "new Response(bytes('kernel.wasm'))"],
])('initKernel takes %s, and simd tells which build it is', (_, source) => {
  expect(run(`${IMPORTS} await initKernel(${source}); say();`)).toBe('baseline 1');
});

test('initKernel without an argument starts the embedded kernel, and again does nothing', () => {
  const code = `${IMPORTS} await initKernel(); await initKernel(bytes('kernel.wasm')); say();`;
  expect(run(code)).toMatch(/^(baseline|relaxed) 1$/);
});

test('initKernel refuses what is no kernel of this version', async () => {
  const empty = Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0);
  await expect(initKernel(empty)).rejects.toThrow(/^initKernel: this module is no kernel of matrix-rank/);
  const name = Buffer.from('\x0bmatrix-rank0123456789abcdef baseline');
  const foreign = Buffer.concat([empty, Buffer.of(0, name.length), name]);
  await expect(initKernel(foreign)).rejects.toThrow(
    /^initKernel: this module is the kernel of another version/,
  );
  await expect(initKernel(Uint8Array.of(1, 2))).rejects.toThrow(Error);
  await expect(initKernel(new Response('', { status: 404 }))).rejects.toThrow(/^initKernel: .* status 404/);
});

test('why a kernel does not start is said in words', () => {
  const chromium = new WebAssembly.CompileError(
    "WebAssembly.Module(): Refused to compile or instantiate WebAssembly module because 'unsafe-eval' is not an " +
      'allowed source',
  );
  const firefox = new WebAssembly.CompileError('call to WebAssembly.Module() blocked by CSP');
  const safari = new EvalError("Refused to create a WebAssembly object because 'unsafe-eval' is not allowed");
  for (const error of [chromium, firefox, safari]) {
    const told = explain(error) as Error;
    expect(told.message).toBe(
      "matrix-rank: this page's Content-Security-Policy forbids WebAssembly; allow 'wasm-unsafe-eval' in script-src.",
    );
    expect(told.cause).toBe(error);
  }
  const old = new WebAssembly.CompileError('invalid value type 0x7b');
  expect((explain(old) as Error).message).toMatch(/^matrix-rank: this engine has no WebAssembly SIMD/);
  const none = explain(
    new RangeError('WebAssembly.Memory(): could not allocate memory; out of memory'),
  ) as Error;
  expect(none.message).toMatch(/^matrix-rank: the system has no memory for the kernel/);
  const other = new RangeError('another thing');
  expect(explain(other)).toBe(other);
});
