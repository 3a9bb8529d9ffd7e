// The large matrices of cores.mjs and cores-model.mjs.

/** xorshift, near enough to Gaussian. */
function randoms() {
  let x = 123456789;
  const bits = () => {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    return x / 2 ** 31;
  };
  return () => bits() + bits() + bits();
}

const gaussian = (Type, m, n, random = randoms()) => Type.from({ length: m * n }, random);

function ofRank(m, n, r) {
  const random = randoms();
  const left = gaussian(Float32Array, m, r, random);
  const right = gaussian(Float32Array, r, n, random);
  const a = new Float64Array(m * n);
  for (let i = 0; i < m; i++) {
    for (let k = 0; k < r; k++) {
      const x = left[i * r + k];
      for (let j = 0; j < n; j++) a[i * n + j] += x * right[k * n + j];
    }
  }
  return a;
}

/** [function, what, shape, the elements' maker] */
export const CORES_CASES = [
  ['matrixRank', '2048, float32', [2048, 2048], (shape) => gaussian(Float32Array, ...shape)],
  ['matrixRank', '1536', [1536, 1536], (shape) => gaussian(Float64Array, ...shape)],
  ['rankReport', '1536', [1536, 1536], (shape) => gaussian(Float64Array, ...shape)],
  ['matrixRank', 'rank 700 of 1400', [1400, 1400], (shape) => ofRank(...shape, 700)],
  ['matrixRank', '1024x8192, float32', [1024, 8192], (shape) => gaussian(Float32Array, ...shape)],
  ['singularValues', '1024', [1024, 1024], (shape) => gaussian(Float64Array, ...shape)],
];
