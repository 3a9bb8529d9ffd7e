// The oracle in a page or a worker: runOracle(library, folder) -> { passed, failures, simd }.
// Plain JavaScript, served as it is.

const TYPES = { '<f8': Float64Array, '<f4': Float32Array, '<i4': Int32Array };

/** A little-endian, C-ordered .npy of version 1. */
function readNpy(buffer) {
  const length = new DataView(buffer).getUint16(8, true);
  const header = new TextDecoder('latin1').decode(new Uint8Array(buffer, 10, length));
  const shape = /\((.*?)\)/
    .exec(header)[1]
    .split(',')
    .filter((x) => x.trim());
  const Type = TYPES[/'descr': '(.*?)'/.exec(header)[1]];
  return { data: new Type(buffer.slice(10 + length)), shape: shape.map(Number) };
}

/** Whether a rank is one that the case permits. */
function permitted(rank, expected, lo, hi, strict) {
  return strict ? rank === expected : rank >= lo && rank <= hi;
}

export async function runOracle({ matrixRank, matrixRanks, rankReport, simd }, folder) {
  const { cases } = await (await fetch(new URL('cases.json', folder))).json();
  const failures = [];
  let passed = 0;
  const check = (name, right) => {
    if (right) passed++;
    else failures.push(name);
  };
  for (const c of cases) {
    const { data, shape } = readNpy(await (await fetch(new URL(c.file, folder))).arrayBuffer());
    if (c.kind === 'stack') {
      const [lo, hi, expected] = [c.lo, c.hi, c.expected].map((list) => [list].flat(9));
      const strict = c.strictEach ? [c.strictEach].flat(9) : expected.map(() => c.strict);
      const ranks = matrixRanks(data, shape, c.options);
      const right = (r, k) => permitted(r, expected[k], lo[k], hi[k], strict[k]);
      check(c.name, ranks.length === expected.length && Array.from(ranks).every(right));
      continue;
    }
    const flat = c.kind === 'conv' ? [shape[0], data.length / shape[0]] : shape;
    const rank = matrixRank(data, flat, c.options);
    check(`${c.name}: rank ${rank}`, permitted(rank, c.expected, c.lo, c.hi, c.strict));
    check(`${c.name}: report`, rankReport(data, flat, c.options).rank === rank);
  }
  return { passed, failures, simd };
}
