// A thin QR factorisation whose Q can be applied: Householder reflectors, unpivoted, A = Q R.
// Layout: A is rows x cols, row-major; reflector k stands in column k below its diagonal, its head apart. Row by row,
// so that inner loops run over neighbours. Cost: 2 rows cols^2. Source: Golub & Van Loan, 5.2.1.

export interface Reflectors {
  rows: number;
  /** Rows of R: min(rows, cols). */
  size: number;
  cols: number;
  /** size x cols, upper triangular. */
  r: Float64Array;
  vectors: Float64Array;
  /** 2 / v^T v; 0 for a reflector that does nothing. */
  factors: Float64Array;
}

/** Overwrites `a`. */
export function reflect(a: Float64Array, rows: number, cols: number): Reflectors {
  const size = Math.min(rows, cols);
  const factors = new Float64Array(size);
  const vectors = new Float64Array(rows * size);
  const sums = new Float64Array(cols);
  for (let k = 0; k < size; k++) {
    let largest = 0;
    for (let i = k; i < rows; i++) largest = Math.max(largest, Math.abs(a[i * cols + k]));
    if (largest === 0) continue;
    let square = 0;
    for (let i = k; i < rows; i++) {
      const x = a[i * cols + k] / largest;
      vectors[i * size + k] = x;
      square += x * x;
    }
    const head = vectors[k * size + k];
    const moved = head + (head < 0 ? -1 : 1) * Math.sqrt(square);
    vectors[k * size + k] = moved;
    factors[k] = 2 / (square - head * head + moved * moved);
    sums.fill(0);
    for (let i = k; i < rows; i++) {
      const v = vectors[i * size + k];
      for (let j = k; j < cols; j++) sums[j] += v * a[i * cols + j];
    }
    for (let i = k; i < rows; i++) {
      const v = factors[k] * vectors[i * size + k];
      for (let j = k; j < cols; j++) a[i * cols + j] -= v * sums[j];
    }
  }
  const r = new Float64Array(size * cols);
  for (let i = 0; i < size; i++) for (let j = i; j < cols; j++) r[i * cols + j] = a[i * cols + j];
  return { rows, size, cols, r, vectors, factors };
}

/** Q times a size x width block, rows x width. */
export function applyReflectors(
  { rows, size, vectors, factors }: Reflectors,
  block: Float64Array,
  width: number,
) {
  const out = new Float64Array(rows * width);
  out.set(block);
  const sums = new Float64Array(width);
  for (let k = size - 1; k >= 0; k--) {
    if (factors[k] === 0) continue;
    sums.fill(0);
    for (let i = k; i < rows; i++) {
      const v = vectors[i * size + k];
      for (let j = 0; j < width; j++) sums[j] += v * out[i * width + j];
    }
    for (let i = k; i < rows; i++) {
      const v = factors[k] * vectors[i * size + k];
      for (let j = 0; j < width; j++) out[i * width + j] -= v * sums[j];
    }
  }
  return out;
}
