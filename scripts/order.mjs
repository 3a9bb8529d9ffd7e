// The order of the kernel's functions, which is free: where like stands beside like, gzip finds it sooner and its codes fit
// better. Sorted by their share of SIMD instructions (1.1 % smaller than as compiled), then one function after another is put
// beside one that it has much in common with, each move kept that deflate likes (2.8 %). Seeded: the same sources give the same kernel.
import { deflateRawSync } from 'node:zlib';
import binaryen from 'binaryen';
import { code, readNumber } from './embed.mjs';

const MOVES = 6000;
const CANDIDATES = 10; // functions that one may be put beside
const LENGTH = 6; // bytes of a sequence that two have in common
const SIMD = 0xfd;

/** The bodies of a module's functions. */
function bodies(wasm) {
  const from = { at: code(wasm) };
  return Array.from({ length: readNumber(wasm, from) }, () => {
    const start = from.at;
    const size = readNumber(wasm, from);
    from.at += size;
    return wasm.subarray(start, from.at);
  });
}

/** For each function those that share the most sequences with it, rare ones counting more. */
function alike(parts) {
  const sequences = parts.map(
    (body) =>
      new Set(
        Array.from({ length: body.length - LENGTH + 1 }, (_, i) => body.toString('latin1', i, i + LENGTH)),
      ),
  );
  const count = new Map();
  for (const set of sequences) for (const key of set) count.set(key, (count.get(key) ?? 0) + 1);
  return sequences.map((own, i) => {
    const common = sequences.map((other) => {
      let sum = 0;
      for (const key of own) if (other.has(key)) sum += 1 / count.get(key);
      return sum;
    });
    common[i] = -1;
    return [...parts.keys()].sort((a, b) => common[b] - common[a]).slice(0, CANDIDATES);
  });
}

/** A permutation of the functions of `wasm`. */
export function findOrder(wasm) {
  const parts = bodies(wasm);
  const neighbours = alike(parts);
  const share = parts.map((body) => body.filter((byte) => byte === SIMD).length / body.length);
  const size = (order) => deflateRawSync(Buffer.concat(order.map((i) => parts[i])), { level: 9 }).length;
  let seed = 1;
  const random = (below) => {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
    return Math.floor((seed / 2 ** 32) * below);
  };
  let order = [...parts.keys()].sort((a, b) => share[b] - share[a]);
  let best = size(order);
  for (let i = 0; i < MOVES; i++) {
    const one = random(parts.length);
    const moved = order.filter((k) => k !== one);
    moved.splice(moved.indexOf(neighbours[one][random(CANDIDATES)]) + random(2), 0, one);
    const now = size(moved);
    if (now > best) continue;
    best = now;
    order = moved;
  }
  return order;
}

/** The module of a text with its functions in another order. */
export function reorder(wat, order) {
  const end = wat.lastIndexOf(')');
  const [head, ...functions] = wat.slice(0, end).split(/\n(?= \(func )/);
  const module = binaryen.parseText([head, ...order.map((i) => functions[i]), ')'].join('\n'));
  // As the compiler has left it: nothing is optimised again, but for the stack form that such a module is written in.
  binaryen.setOptimizeLevel(3);
  binaryen.setShrinkLevel(1);
  binaryen.setGenerateStackIR(true);
  binaryen.setOptimizeStackIR(true);
  const wasm = Buffer.from(module.emitBinary());
  module.dispose();
  return wasm;
}
