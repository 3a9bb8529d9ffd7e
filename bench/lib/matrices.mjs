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
export function causalAttention(n, { dtype, seed = 1 } = {}) {
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
  return { data: stored(scores, dtype), shape: [n, n], rank: null };
}

/**
 * n orthonormal columns of length n, one a row of the result: Gaussian ones, made orthogonal twice (Gram & Schmidt).
 */
function orthonormal(n, seed) {
  const q = normals(n * n, seed);
  for (let j = 0; j < n; j++) {
    const a = q.subarray(j * n, j * n + n);
    for (let pass = 0; pass < 2; pass++) {
      for (let i = 0; i < j; i++) {
        const b = q.subarray(i * n, i * n + n);
        let s = 0;
        for (let p = 0; p < n; p++) s += a[p] * b[p];
        for (let p = 0; p < n; p++) a[p] -= s * b[p];
      }
      const size = Math.hypot(...a);
      for (let p = 0; p < n; p++) a[p] /= size;
    }
  }
  return q;
}

const bases = new Map();

/** U diag(values) V^T with random orthogonal U and V, the same for all matrices of an order. */
export function withSpectrum(n, values, { dtype, seed = 1 } = {}) {
  const key = `${n} ${seed}`;
  if (!bases.has(key)) bases.set(key, [orthonormal(n, seed), orthonormal(n, seed + 1000)]);
  const [u, v] = bases.get(key);
  const left = new Float64Array(n * n);
  for (let i = 0; i < n; i++) for (let p = 0; p < n; p++) left[i * n + p] = u[p * n + i] * values[p];
  return { data: stored(multiply(left, v, n, n, n), dtype), shape: [n, n], rank: null };
}

/** max(0, X Y), X and Y Gaussian with k columns and rows: what a layer of a network puts out. */
export function reluFeatures(m, n, k, { dtype, seed = 1 } = {}) {
  const { data } = product(m, n, k, { seed });
  return {
    data: stored(
      data.map((x) => Math.max(x, 0)),
      dtype,
    ),
    shape: [m, n],
    rank: null,
  };
}

/** A category of each row as 0s and a 1, and a column of ones behind: one column too many, as everyone has had it. */
export function oneHot(m, categories, { seed = 1 } = {}) {
  const next = uniform(seed);
  const n = categories + 1;
  const data = new Float64Array(m * n);
  const seen = new Set();
  for (let i = 0; i < m; i++) {
    const category = Math.floor(next() * categories);
    seen.add(category);
    data[i * n + category] = 1;
    data[i * n + categories] = 1;
  }
  return { data, shape: [m, n], rank: seen.size };
}

/** 0 or 1, as likely. */
export function binary(n, { seed = 1 } = {}) {
  const next = uniform(seed);
  return {
    data: Float64Array.from({ length: n * n }, () => (next() < 0.5 ? 1 : 0)),
    shape: [n, n],
    rank: null,
  };
}

/** Normals in a share of the places, zeros elsewhere. */
export function sparse(n, share, { seed = 1 } = {}) {
  const next = uniform(seed + 1000);
  const data = normals(n * n, seed).map((x) => (next() < share ? x : 0));
  return { data, shape: [n, n], rank: null };
}

/** exp(-gamma |p - q|^2) for n random points of the unit cube of `dimensions`. */
export function rbfKernel(n, dimensions, gamma, { seed = 1 } = {}) {
  const next = uniform(seed);
  const points = Array.from({ length: n }, () => Array.from({ length: dimensions }, next));
  const square = (p, q) => p.reduce((s, x, k) => s + (x - q[k]) ** 2, 0);
  const data = Float64Array.from(points.flatMap((p) => points.map((q) => Math.exp(-gamma * square(p, q)))));
  return { data, shape: [n, n], rank: null };
}

/** Gaussian, rows and columns of lengths 1 to 10^-digits both. */
export function gradedBoth(n, digits, { seed = 1 } = {}) {
  const length = (i) => 10 ** ((-digits * i) / (n - 1));
  const data = normals(n * n, seed).map((x, at) => x * length(Math.floor(at / n)) * length(at % n));
  return { data, shape: [n, n], rank: null };
}

/** D - A of a random undirected graph whose nodes have so many neighbours in the mean. */
export function laplacian(n, neighbours, { seed = 1 } = {}) {
  const next = uniform(seed);
  const data = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    for (let j = i + 1; j < n; j++) {
      if (next() >= neighbours / n) continue;
      data[i * n + j] = data[j * n + i] = -1;
      data[i * n + i]++;
      data[j * n + j]++;
    }
  }
  return { data, shape: [n, n], rank: null };
}

/** Ones on and above the diagonal. */
export function upperOnes(n) {
  return {
    data: Float64Array.from({ length: n * n }, (_, at) => (at % n >= Math.floor(at / n) ? 1 : 0)),
    shape: [n, n],
    rank: n,
  };
}

/** sin(0.1 (i + j)): rank 2. */
export function hankel(n) {
  const data = Float64Array.from({ length: n * n }, (_, at) =>
    Math.sin(0.1 * (Math.floor(at / n) + (at % n))),
  );
  return { data, shape: [n, n], rank: null };
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
export function stack(count, make, { dtype } = {}) {
  const parts = Array.from({ length: count }, (_, i) => make(i));
  const size = parts[0].data.length;
  const data = new Float64Array(count * size);
  parts.forEach((part, i) => {
    data.set(part.data, i * size);
  });
  return { data: stored(data, dtype), shape: [count, ...parts[0].shape], rank: parts.map((p) => p.rank) };
}
