// What a stored code stands for: the value, and half the distance to its neighbours.
// float8: Micikevicius et al. 2022, "FP8 formats for deep learning",
// the *fnuz variants as ONNX defines them. e2m1 and e8m0:
// OCP Microscaling Formats 1.0. nf4: Dettmers et al. 2023, "QLoRA"; fp4: bitsandbytes' own table.

/** The values of all codes, and their half-steps. */
export interface CodeTable {
  values: Float32Array;
  steps: Float32Array;
}

/** A float of `digits` stored digits and the given bias. */
function minifloat(bits: number, digits: number, bias: number): CodeTable {
  const size = 1 << bits;
  const values = new Float32Array(size);
  const steps = new Float32Array(size);
  for (let code = 0; code < size; code++) {
    const e = (code & (size / 2 - 1)) >> digits;
    const m = (code & ((1 << digits) - 1)) / (1 << digits);
    const sign = code & (size / 2) ? -1 : 1;
    values[code] = sign * (e === 0 ? m * 2 ** (1 - bias) : (1 + m) * 2 ** (e - bias));
    steps[code] = 2 ** (Math.max(e, 1) - bias - digits - 1);
  }
  return { values, steps };
}

function float8(dtype: string): CodeTable {
  const fnuz = dtype.endsWith('fnuz');
  const e5 = dtype.startsWith('float8_e5m2');
  const table = minifloat(8, e5 ? 2 : 3, (e5 ? 15 : 7) + (fnuz ? 1 : 0));
  const { values } = table;
  if (fnuz) values[0x80] = Number.NaN;
  for (const sign of fnuz ? [] : [0, 0x80]) {
    if (!e5) values[sign | 0x7f] = Number.NaN;
    else {
      values[sign | 0x7c] = sign ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
      for (let code = 0x7d; code < 0x80; code++) values[sign | code] = Number.NaN;
    }
  }
  return table;
}

/** Powers of two; 255 is NaN. */
function exponents(): CodeTable {
  const values = Float32Array.from({ length: 256 }, (_, code) =>
    code === 255 ? Number.NaN : 2 ** (code - 127),
  );
  return { values, steps: values.map((v) => v / 2) };
}

/** Whole numbers; `signed` codes are two's complement. */
function integers(bits: number, signed: boolean): CodeTable {
  const size = 1 << bits;
  const values = Float32Array.from({ length: size }, (_, code) =>
    signed && code >= size / 2 ? code - size : code,
  );
  return { values, steps: new Float32Array(size).fill(0.5) };
}

/** A table of values in any order: a code stands for all reals nearer to it than to any other. */
export function codebook(values: ArrayLike<number>): CodeTable {
  const sorted = [...new Set(Array.from(values, (v) => v + 0))].sort((a, b) => a - b);
  const last = sorted.length - 1;
  const steps = Float32Array.from(values, (value) => {
    if (last < 1) return 0;
    const k = sorted.indexOf(value + 0);
    const below = k > 0 ? sorted[k] - sorted[k - 1] : sorted[1] - sorted[0];
    const above = k < last ? sorted[k + 1] - sorted[k] : below;
    return (below + above) / 4;
  });
  return { values: Float32Array.from(values), steps };
}

const NF4 = [
  -1, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453, -0.28444138169288635,
  -0.18477343022823334, -0.09105003625154495, 0, 0.07958029955625534, 0.16093020141124725,
  0.24611230194568634, 0.33791524171829224, 0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1,
];
const FP4 = [0, 0.0625, 8, 12, 4, 6, 2, 3, 0, -0.0625, -8, -12, -4, -6, -2, -3].map((v) => v / 12);
const IQ4_NL = [-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113];

const MAKERS: Readonly<Record<string, () => CodeTable>> = {
  float8_e4m3: () => float8('float8_e4m3'),
  float8_e5m2: () => float8('float8_e5m2'),
  float8_e4m3fnuz: () => float8('float8_e4m3fnuz'),
  float8_e5m2fnuz: () => float8('float8_e5m2fnuz'),
  float8_e8m0: exponents,
  float4_e2m1: () => minifloat(4, 1, 1),
  int8: () => integers(8, true),
  uint8: () => integers(8, false),
  int4: () => integers(4, true),
  uint4: () => integers(4, false),
  nf4: () => codebook(NF4),
  fp4: () => codebook(FP4),
  iq4_nl: () => codebook(IQ4_NL),
};
const tables = new Map<string, CodeTable>();

/** The table of a type of at most 8 bits; undefined for any other. */
export function codeTable(type: string): CodeTable | undefined {
  let table = tables.get(type);
  if (table === undefined && Object.hasOwn(MAKERS, type)) {
    table = MAKERS[type]();
    tables.set(type, table);
  }
  return table;
}
