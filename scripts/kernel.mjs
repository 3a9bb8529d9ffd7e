// Compiles assembly/ twice (baseline simd128 and relaxed SIMD). Both modules go into src/generated/kernel.ts as one
// string (scripts/embed.mjs), so that the package has nothing to fetch and bundlers nothing to configure, and into
// dist/kernel/ as they are, for those who would rather fetch them (src/init.ts).
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { encode, makeFusions, makePatch } from './embed.mjs';
import { findOrder, reorder } from './order.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const asc = createRequire(import.meta.url).resolve('assemblyscript/bin/asc.js');

mkdirSync(`${root}/build`, { recursive: true });
mkdirSync(`${root}/src/generated`, { recursive: true });
mkdirSync(`${root}/dist/kernel`, { recursive: true });

function compile(target) {
  execFileSync(process.execPath, [asc, '--config', 'asconfig.json', '--target', target], {
    cwd: root,
    stdio: 'inherit',
  });
  return readFileSync(`${root}/build/${target}.wasm`);
}

/** The module with a custom section that tells which build of which sources it is. */
function marked(wasm, mark) {
  const text = Buffer.from(mark);
  const name = Buffer.from('matrix-rank');
  return Buffer.concat([wasm, Buffer.of(0, 1 + name.length + text.length, name.length), name, text]);
}

function arrange(target, order) {
  const wasm = reorder(readFileSync(`${root}/build/${target}.wat`, 'utf8'), order);
  console.log(`kernel: ${target} ${wasm.length} bytes`);
  return wasm;
}

const order = findOrder(compile('baseline'));
compile('relaxed'); // the same functions, in the same order
const baseline = arrange('baseline', order);
const relaxed = arrange('relaxed', order);
const { places, count, fused } = makeFusions(baseline, relaxed);
const patch = makePatch(fused, relaxed);
const all = Buffer.concat([baseline, places, patch]);
const { text, frequent } = encode(all);
const id = createHash('sha256').update(baseline).update(relaxed).digest('hex').slice(0, 16);

writeFileSync(
  `${root}/src/generated/kernel.ts`,
  `// Made by scripts/kernel.mjs from assembly/.
export const id: string = '${id}';
export const baselineSize: number = ${baseline.length};
export const relaxedSize: number = ${relaxed.length};
export const size: number = ${all.length};
export const fusions: number = ${count};
export const frequent: string = '${Buffer.from(frequent).toString('base64')}';
export const text: string = '${text}';
`,
);
writeFileSync(`${root}/dist/kernel/baseline.wasm`, marked(baseline, `${id} baseline`));
writeFileSync(`${root}/dist/kernel/relaxed.wasm`, marked(relaxed, `${id} relaxed`));
for (const old of ['baseline', 'relaxed']) rmSync(`${root}/src/generated/${old}.ts`, { force: true });
