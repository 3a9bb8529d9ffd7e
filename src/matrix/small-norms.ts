// Norms of small matrices in JavaScript: starting the kernel would take longer.
// The spectral norm by one-sided Jacobi (Hestenes 1958): rotations make the shorter lines orthogonal,
// the longest is sigma_1.
// Cost: about 6 sweeps of 6 m n^2 multiplications for n lines of m.
import { isComplex } from '../input/elements.js';
import { element, type Stack } from '../input/stack.js';
import { checkFinite } from './call.js';

const MOST = 256;

/** Whether the kernel is not worth its start. */
export function isSmall(stack: Stack): boolean {
  return stack.rows * stack.cols <= MOST && !isComplex(stack);
}

/** The min(m, n) shorter way round: lines of length max(m, n), one after the other. */
export function rowsOf(fn: string, stack: Stack): Float64Array {
  const { rows, cols, colMajor } = stack;
  checkFinite(fn, stack, 0, rows * cols);
  const wide = cols >= rows;
  const out = new Float64Array(rows * cols);
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < cols; j++) {
      out[wide ? i * cols + j : j * rows + i] = element(stack, colMajor ? j * rows + i : i * cols + j);
    }
  }
  return out;
}

/** sigma_1 of `count` lines. */
export function spectralNormSmall(lines: Float64Array, count: number): number {
  const length = lines.length / count;
  let largest = 0;
  for (const v of lines) largest = Math.max(largest, Math.abs(v));
  if (largest === 0) return 0;
  const a = lines.map((v) => v / largest);
  const dot = (p: number, q: number) => {
    let s = 0;
    for (let i = 0; i < length; i++) s += a[p * length + i] * a[q * length + i];
    return s;
  };
  for (let sweep = 0, turned = true; turned && sweep < 40; sweep++) {
    turned = false;
    for (let p = 0; p < count - 1; p++) for (let q = p + 1; q < count; q++) turned = turn(p, q) || turned;
  }
  let most = 0;
  for (let p = 0; p < count; p++) most = Math.max(most, dot(p, p));
  return largest * Math.sqrt(most);

  function turn(p: number, q: number): boolean {
    const [x, y, g] = [dot(p, p), dot(q, q), dot(p, q)];
    if (!(Math.abs(g) > 1e-12 * Math.sqrt(x) * Math.sqrt(y))) return false;
    const zeta = (y - x) / (2 * g);
    const t = (zeta < 0 ? -1 : 1) / (Math.abs(zeta) + Math.hypot(1, zeta));
    const c = 1 / Math.sqrt(1 + t * t);
    for (let i = 0; i < length; i++) {
      const u = a[p * length + i];
      const v = a[q * length + i];
      a[p * length + i] = c * (u - t * v);
      a[q * length + i] = c * (t * u + v);
    }
    return true;
  }
}
