// Compiles assembly/ twice (baseline simd128 and relaxed SIMD). Both modules go into src/kernel/generated/kernel.ts as
// one string (scripts/embed.mjs), so that the package has nothing to fetch and bundlers nothing to configure, and into
// dist/kernel/ as they are, for those who would rather fetch them (src/kernel/init.ts).
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { encode, makePatch } from './embed.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const asc = createRequire(import.meta.url).resolve('assemblyscript/bin/asc.js');

mkdirSync(`${root}/build`, { recursive: true });
mkdirSync(`${root}/src/kernel/generated`, { recursive: true });
mkdirSync(`${root}/dist/kernel`, { recursive: true });

function compile(target) {
  execFileSync(process.execPath, [asc, '--config', 'asconfig.json', '--target', target], {
    cwd: root,
    stdio: 'inherit',
  });
  return readFileSync(`${root}/build/${target}.wasm`);
}

/** scripts/unpack.as, which makes kernels of the text. */
function compileUnpack() {
  copyFileSync(`${root}/scripts/unpack.as`, `${root}/build/unpack.ts`);
  const options = ['-O3', '--runtime', 'stub', '--noAssert', '--outFile', 'unpack.wasm'];
  // In a folder where no asconfig.json is.
  execFileSync(process.execPath, [asc, 'unpack.ts', ...options], { cwd: `${root}/build`, stdio: 'inherit' });
  return readFileSync(`${root}/build/unpack.wasm`);
}

/** The module with a custom section that tells which build of which sources it is. */
function marked(wasm, mark) {
  const text = Buffer.from(mark);
  const name = Buffer.from('matrix-rank');
  return Buffer.concat([wasm, Buffer.of(0, 1 + name.length + text.length, name.length), name, text]);
}

const baseline = compile('baseline');
const relaxed = compile('relaxed');
for (const [name, wasm] of Object.entries({ baseline, relaxed }))
  console.log(`kernel: ${name} ${wasm.length} bytes`);
const all = Buffer.concat([baseline, makePatch(baseline, relaxed)]);
const { text, meaning } = encode(all);
const id = createHash('sha256').update(baseline).update(relaxed).digest('hex').slice(0, 16);

writeFileSync(
  `${root}/src/kernel/generated/kernel.ts`,
  `// Made by scripts/kernel.mjs from assembly/.
export const id: string = '${id}';
export const baselineSize: number = ${baseline.length};
export const relaxedSize: number = ${relaxed.length};
export const size: number = ${all.length};
export const meaning: string = '${Buffer.from(meaning).toString('base64')}';
export const unpack: string = '${compileUnpack().toString('base64')}';
export const text: string = '${text}';
`,
);
writeFileSync(`${root}/dist/kernel/baseline.wasm`, marked(baseline, `${id} baseline`));
writeFileSync(`${root}/dist/kernel/relaxed.wasm`, marked(relaxed, `${id} relaxed`));
