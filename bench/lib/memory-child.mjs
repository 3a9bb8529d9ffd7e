// Peak kernel memory of one case of bench/rank.mjs: a fresh process, one call, and the size of the kernel's memory,
// which only ever grows. Prints bytes.
import { matrixRanks } from '../../dist/index.js';
import { kernel } from '../../dist/kernel/load.js';
import { MORE_CASES, RANK_CASES } from './rank-cases.mjs';

const { data, shape } = [...RANK_CASES, ...MORE_CASES].find((entry) => entry.name === process.argv[2]).make();
matrixRanks(data, shape);
console.log(kernel().memory.buffer.byteLength);
