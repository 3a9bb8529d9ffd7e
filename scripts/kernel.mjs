// Compiles assembly/ twice (baseline simd128 and relaxed SIMD) and embeds both modules as base64
// strings in src/generated/, so that the package has nothing to fetch and bundlers nothing to configure.
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const asc = createRequire(import.meta.url).resolve('assemblyscript/bin/asc.js');

mkdirSync(`${root}/build`, { recursive: true });
mkdirSync(`${root}/src/generated`, { recursive: true });
for (const target of ['baseline', 'relaxed']) {
  execFileSync(process.execPath, [asc, '--config', 'asconfig.json', '--target', target], {
    cwd: root,
    stdio: 'inherit',
  });
  const wasm = readFileSync(`${root}/build/${target}.wasm`);
  const file = `${root}/src/generated/${target}.ts`;
  const text = `// Made by scripts/kernel.mjs from assembly/ (${target} build).\nexport default '${wasm.toString('base64')}';\n`;
  writeFileSync(file, text);
  console.log(`kernel: ${target} ${wasm.length} bytes`);
}
