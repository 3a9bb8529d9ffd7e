// Seeded test matrices: the same numbers on every machine, so that a ratio of today can be compared with one of
// last year. Row-major typed arrays. A family takes its sizes and returns { data, shape, rank }; rank is what the
// construction gives, or null where only a computation can tell. Cost: products are plain triple loops.

/** Uniform on [0, 1): mulberry32. */
export function uniform(seed) {
  let s = seed >>> 0;
  return () => {
    s = (s + 0x6d2b79f5) | 0;
    let t = Math.imul(s ^ (s >>> 15), 1 | s);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/** n standard normals, by the polar method of Marsaglia. */
export function normals(n, seed) {
  const next = uniform(seed);
  const out = new Float64Array(n);
  for (let i = 0; i < n; ) {
    const x = 2 * next() - 1;
    const y = 2 * next() - 1;
    const s = x * x + y * y;
    if (s >= 1 || s === 0) continue;
    const f = Math.sqrt((-2 * Math.log(s)) / s);
    out[i++] = x * f;
    if (i < n) out[i++] = y * f;
  }
  return out;
}

function multiply(a, b, m, k, n) {
  const out = new Float64Array(m * n);
  for (let i = 0; i < m; i++) {
    const row = out.subarray(i * n, i * n + n);
    for (let p = 0; p < k; p++) {
      const s = a[i * k + p];
      const from = b.subarray(p * n, p * n + n);
      for (let j = 0; j < n; j++) row[j] += s * from[j];
    }
  }
  return out;
}

const stored = (data, dtype) => (dtype === 'float32' ? Float32Array.from(data) : data);

/** Independent normals: full rank with probability one. */
export function gaussian(m, n, { dtype, seed = 1 } = {}) {
  return { data: stored(normals(m * n, seed), dtype), shape: [m, n], rank: Math.min(m, n) };
}

/** A product of two Gaussian factors, rank k. */
export function product(m, n, k, { dtype, seed = 1 } = {}) {
  const data = multiply(normals(m * k, seed), normals(k * n, seed + 1000), m, k, n);
  return { data: stored(data, dtype), shape: [m, n], rank: k };
}

/** The matrix times a number. */
export function scaled(matrix, factor) {
  return { ...matrix, data: matrix.data.map((x) => x * factor) };
}

/** exp(-((x_i - x_j) / width)^2) on n points of [-1, 1]: its singular values fall through the tolerance smoothly. */
export function smoothKernel(n, width) {
  const data = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < n; j++) data[i * n + j] = Math.exp(-((((2 * (i - j)) / (n - 1)) * (1 / width)) ** 2));
  }
  return { data, shape: [n, n], rank: null };
}

/** Gaussian columns of length ratio^j: singular values all the way down, with no gap anywhere. */
export function graded(n, ratio, { seed = 1 } = {}) {
  const data = normals(n * n, seed).map((x, at) => x * ratio ** (at % n));
  return { data, shape: [n, n], rank: null };
}

/** exp(-|p - q|^2) for n random points of the unit cube. */
export function radialBasis(n, { seed = 1 } = {}) {
  const next = uniform(seed);
  const points = Array.from({ length: n }, () => [next(), next(), next()]);
  const data = new Float64Array(n * n);
  points.forEach((p, i) => {
    points.forEach((q, j) => {
      data[i * n + j] = Math.exp(-((p[0] - q[0]) ** 2 + (p[1] - q[1]) ** 2 + (p[2] - q[2]) ** 2));
    });
  });
  return { data, shape: [n, n], rank: null };
}

/** Softmax of random scores over the positions up to each one, of heads of 64: lower triangular. */
export function causalAttention(n, { seed = 1 } = {}) {
  const scores = multiply(normals(n * 64, seed), normals(64 * n, seed + 1000), n, 64, n);
  for (let i = 0; i < n; i++) {
    const row = scores.subarray(i * n, i * n + n);
    let sum = 0;
    for (let j = 0; j < n; j++) {
      row[j] = j <= i ? Math.exp(row[j] / 8) : 0;
      sum += row[j];
    }
    for (let j = 0; j < n; j++) row[j] /= sum;
  }
  return { data: scores, shape: [n, n], rank: null };
}

/** All ones: rank 1, and a trap for iterations that divide by a vanishing gap. */
export function ones(m, n) {
  return { data: new Float64Array(m * n).fill(1), shape: [m, n], rank: 1 };
}

/** Kahan's matrix (1966): every diagonal entry of its R is far above the tolerance, one singular value is not. */
export function kahan(n, theta, rank) {
  const [s, c] = [Math.sin(theta), Math.cos(theta)];
  const data = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    for (let j = i; j < n; j++) data[i * n + j] = s ** i * (j === i ? 1 : -c);
  }
  return { data, shape: [n, n], rank };
}

/** `count` matrices one after the other, matrix i made by make(i); rank is then an array. */
export function stack(count, make) {
  const parts = Array.from({ length: count }, (_, i) => make(i));
  const size = parts[0].data.length;
  const data = new Float64Array(count * size);
  parts.forEach((part, i) => {
    data.set(part.data, i * size);
  });
  return { data, shape: [count, ...parts[0].shape], rank: parts.map((p) => p.rank) };
}
