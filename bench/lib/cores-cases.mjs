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

const random = randoms();
const gaussian = (Type, m, n) => Type.from({ length: m * n }, random);

function ofRank(m, n, r) {
  const left = gaussian(Float32Array, m, r);
  const right = gaussian(Float32Array, r, n);
  const a = new Float64Array(m * n);
  for (let i = 0; i < m; i++) {
    for (let k = 0; k < r; k++) {
      const x = left[i * r + k];
      for (let j = 0; j < n; j++) a[i * n + j] += x * right[k * n + j];
    }
  }
  return a;
}

/** [function, what, elements, shape] */
export const CORES_CASES = [
  ['matrixRank', '2048, float32', gaussian(Float32Array, 2048, 2048), [2048, 2048]],
  ['matrixRank', '1536', gaussian(Float64Array, 1536, 1536), [1536, 1536]],
  ['rankReport', '1536', gaussian(Float64Array, 1536, 1536), [1536, 1536]],
  ['matrixRank', 'rank 700 of 1400', ofRank(1400, 1400, 700), [1400, 1400]],
  ['matrixRank', '1024x8192, float32', gaussian(Float32Array, 1024, 8192), [1024, 8192]],
  ['singularValues', '1024', gaussian(Float64Array, 1024, 1024), [1024, 1024]],
];
