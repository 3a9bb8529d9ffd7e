// One adapter for each library: async load() returns (matrix) => call, where the outer function brings the matrix into
// the form the library wants, not timed, and call() is what a user would write: its rank function where it has
// one, else its singular values, counted with NumPy's tolerance. Singular vectors are turned off where they can be.
import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);

const epsilon = (data) => (data instanceof Float32Array ? 2 ** -23 : 2 ** -52);

function count(sigma, rows, cols, eps) {
  let most = 0;
  for (const s of sigma) most = Math.max(most, s);
  const tolerance = most * Math.max(rows, cols) * eps;
  let rank = 0;
  for (const s of sigma) if (s > tolerance) rank++;
  return rank;
}

/** Rows as arrays, m >= n. */
function nested(data, rows, cols) {
  return Array.from({ length: rows }, (_, i) => Array.from(data.subarray(i * cols, (i + 1) * cols)));
}

/** A stack is a loop over its matrices: none of these libraries takes one. `begin` lets go of the last matrix. */
function each(prepare, begin = () => {}) {
  return ({ data, shape }) => {
    begin();
    const [rows, cols] = shape.slice(-2);
    const size = rows * cols;
    const calls = Array.from({ length: data.length / size }, (_, i) =>
      prepare(data.subarray(i * size, (i + 1) * size), rows, cols),
    );
    if (shape.length === 2) return calls[0];
    return () => calls.map((call) => call());
  };
}

function dgesdd(lapack) {
  const run = lapack.cwrap('dgesdd_', null, Array(14).fill('number'));
  const blocks = []; // its heap has 16 MiB and does not grow
  const allocate = (bytes) => {
    const p = lapack._malloc(bytes);
    if (!p) throw new Error('out of memory');
    blocks.push(p);
    return p;
  };
  const int = (value) => {
    const p = allocate(4);
    lapack.setValue(p, value, 'i32');
    return p;
  };
  const job = lapack._malloc(1);
  lapack.setValue(job, 'N'.charCodeAt(0), 'i8');
  const prepare = (data, rows, cols) => {
    const eps = epsilon(data);
    const least = Math.min(rows, cols);
    const [m, n, one, info, length] = [int(cols), int(rows), int(1), int(0), int(-1)]; // row-major: the transpose
    const a = allocate(8 * data.length);
    const s = allocate(8 * least);
    const integers = allocate(32 * least);
    const ask = allocate(8);
    run(job, m, n, a, m, s, 0, one, 0, one, ask, length, integers, info);
    const work = allocate(8 * lapack.getValue(ask, 'double'));
    lapack.setValue(length, lapack.getValue(ask, 'double'), 'i32');
    return () => {
      lapack.HEAPF64.set(data, a / 8);
      run(job, m, n, a, m, s, 0, one, 0, one, work, length, integers, info);
      return count(lapack.HEAPF64.subarray(s / 8, s / 8 + least), rows, cols, eps);
    };
  };
  return each(prepare, () => {
    for (const p of blocks.splice(0)) lapack._free(p);
  });
}

export const PEERS = {
  async 'matrix-rank'() {
    const { matrixRank, matrixRanks } = await import('../../dist/index.js');
    return ({ data, shape }) =>
      shape.length === 2 ? () => matrixRank(data, shape) : () => Array.from(matrixRanks(data, shape));
  },
  async 'ml-matrix'() {
    const { Matrix, SVD } = await import('ml-matrix');
    const options = {
      computeLeftSingularVectors: false,
      computeRightSingularVectors: false,
      autoTranspose: true,
    };
    return each((data, rows, cols) => {
      const a = new Matrix(nested(data, rows, cols));
      return () => new SVD(a, options).rank;
    });
  },
  async 'numpy-ts'() {
    const np = await import('numpy-ts');
    return each((data, rows, cols) => {
      const a = np.array(nested(data, rows, cols), data instanceof Float32Array ? 'float32' : 'float64');
      return () => Number(np.linalg.matrix_rank(a));
    });
  },
  async eigen() {
    const { default: eigen } = await import('eigen');
    await eigen.ready;
    return each((data, rows, cols) => {
      const a = new eigen.Matrix(nested(data, rows, cols));
      return () => a.rank();
    });
  },
  async emlapack() {
    return dgesdd(require('emlapack'));
  },
  async 'svd-js'() {
    const { SVD } = await import('svd-js');
    return each((data, rows, cols) => {
      const a = nested(data, rows, cols);
      const eps = epsilon(data);
      return () => count(SVD(a, false, false).q, rows, cols, eps);
    });
  },
  async numeric() {
    const numeric = require('numeric');
    return each((data, rows, cols) => {
      const a = nested(data, rows, cols);
      const eps = epsilon(data);
      return () => count(numeric.svd(a).S, rows, cols, eps);
    });
  },
};
