// Vectors of JavaScript: an inner product, and the length.

/** The inner product of what begins at `from` in a and at `at` in b. */
export function dot(a: Float64Array, from: number, b: Float64Array, at: number, length: number): number {
  let sum = 0;
  for (let k = 0; k < length; k++) sum += a[from + k] * b[at + k];
  return sum;
}

/** Euclidean length, safe from the tiniest denormal to 1.8e308. */
export function norm(x: ArrayLike<number>): number {
  let most = 0;
  for (let i = 0; i < x.length; i++) most = Math.max(most, Math.abs(x[i]));
  if (most === 0) return 0;
  let sum = 0;
  for (let i = 0; i < x.length; i++) sum += (x[i] / most) ** 2;
  return most * Math.sqrt(sum);
}
