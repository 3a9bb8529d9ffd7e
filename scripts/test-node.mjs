// The oracle's ranks by the built package, on whichever Node runs this: npx -y node@24 scripts/test-node.mjs
// Plain JavaScript and no test runner, so that any version of Node will do. Ends with "N passed, N failed".
import { readFileSync } from 'node:fs';
import { matrixRank, matrixRanks, rankReport, simd } from '../dist/index.js';

const folder = new URL('../test/oracle/', import.meta.url);
const { cases } = JSON.parse(readFileSync(new URL('cases.json', folder), 'utf8'));
const TYPES = { '<f8': Float64Array, '<f4': Float32Array, '<i4': Int32Array };

function readNpy(file) {
  const bytes = readFileSync(new URL(file, folder));
  const end = 10 + bytes.readUInt16LE(8);
  const header = bytes.toString('latin1', 10, end);
  const Type = TYPES[/'descr': '(.*?)'/.exec(header)[1]];
  const shape = /\((.*?)\)/
    .exec(header)[1]
    .split(',')
    .filter((x) => x.trim())
    .map(Number);
  return { data: new Type(new Uint8Array(bytes.subarray(end)).buffer), shape };
}

let passed = 0;
let failed = 0;

function check(name, right) {
  if (right) passed++;
  else {
    failed++;
    console.log(`FAILED ${name}`);
  }
}

for (const c of cases) {
  const { data, shape } = readNpy(c.file);
  if (c.kind === 'stack') {
    const ranks = matrixRanks(data, shape, c.options);
    const [lo, hi, expected] = [c.lo, c.hi, c.expected].map((list) => [list].flat(9));
    const strict = [c.strictEach ?? c.strict].flat(9);
    const right = (k, r) => ((strict[k] ?? c.strict) ? r === expected[k] : r >= lo[k] && r <= hi[k]);
    check(c.name, ranks.length === expected.length && ranks.every((r, k) => right(k, r)));
    continue;
  }
  const flat = c.kind === 'conv' ? [shape[0], data.length / shape[0]] : shape;
  const rank = matrixRank(data, flat, c.options);
  const right = c.strict ? rank === c.expected : rank >= c.lo && rank <= c.hi;
  check(`${c.name}: rank ${rank}, expected ${c.expected}`, right);
  check(`${c.name}: report`, rankReport(data, flat, c.options).rank === rank);
}

console.log(`Node ${process.version}, ${simd} kernel: ${passed} passed, ${failed} failed`);
process.exitCode = failed ? 1 : 0;
