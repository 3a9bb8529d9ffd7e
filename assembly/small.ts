// Rank of a small matrix in one go: no arena, no tables, no scratch but a fixed few KiB.
//
// Classical pivoted Householder QR in columns of up to 64 rows, until what remains is at rounding level; then the same two
// bounds as elsewhere: ||R22||_F from above, 1 / ||R11^-1||_F from below. sigma_1 is bounded from below by two
// products with R. What they leave open, or what needs scaling, is left to the general driver. "Pivoted QR".
// Cost: about 4/3 n^3 flops (m = n), a quarter of a microsecond for 8 x 8.
import { reflect } from './columns';
import { GUARD, SAFE_MAX, SAFE_MIN, SMALL_COLUMNS, SMALL_ROWS, U } from './params';
import { hsum, load1, load2, madd, nmadd } from './simd';

const area = memory.data(64 * 16 * 8, 16); // the matrix, by columns
const squares = memory.data(16 * 8, 16); // ||column||^2 of what remains
const pointers = memory.data(16 * 4, 16); // columns in pivot order
const reflector = memory.data(64 * 8, 16);
const vector = memory.data(16 * 8, 16);
const inverse = memory.data(16 * 16 * 8, 16); // R11^-1, row by row

/** The proof of the last call that returned a rank. */
export let lower: f64 = 0;
export let upper: f64 = 0;

export function fits(m: i32, n: i32): bool {
  return n <= SMALL_COLUMNS && m <= SMALL_ROWS;
}

/** Reads the matrix into `area`, columns `ld` bytes apart. Returns ||A||_F^2. */
function read<T>(base: usize, m: i32, n: i32, byRow: bool, ld: usize): f64 {
  const down: usize = byRow ? <usize>n * sizeof<T>() : sizeof<T>();
  const right: usize = byRow ? sizeof<T>() : <usize>m * sizeof<T>();
  let total: f64 = 0;
  for (let j = 0; j < n; j++) {
    let p = base + <usize>j * right;
    const c = area + <usize>j * ld;
    let s = f64x2.splat(0);
    let i = 0;
    let o: usize = 0;
    if (byRow) {
      for (; i + 2 <= m; i += 2) {
        const x = f64x2.replace_lane(f64x2.splat(load1<T>(p)), 1, load1<T>(p + down));
        v128.store(c + o, x);
        s = madd(x, x, s);
        p += 2 * down;
        o += 16;
      }
    } else {
      for (; i + 2 <= m; i += 2) {
        const x = load2<T>(p);
        v128.store(c + o, x);
        s = madd(x, x, s);
        p += 2 * sizeof<T>();
        o += 16;
      }
    }
    let sum = hsum(s);
    if (i < m) {
      const x = load1<T>(p);
      store<f64>(c + o, x);
      store<f64>(c + o, 0, 8);
      sum += x * x;
    }
    store<f64>(squares + (<usize>j << 3), sum);
    store<u32>(pointers + (<usize>j << 2), <u32>c);
    total += sum;
  }
  return total;
}

// @ts-ignore: decorator
@inline
function columnAt(j: i32): usize {
  return <usize>load<u32>(pointers + (<usize>j << 2));
}

/** ||R11^-1||_F^2 of the leading k x k triangle. */
function inverseSquare(k: i32): f64 {
  let sum = f64x2.splat(0);
  const width = <usize>((k + 1) & ~1) << 3;
  for (let i = k - 1; i >= 0; i--) {
    const row = inverse + (<usize>i << 7);
    const d = 1 / load<f64>(columnAt(i) + (<usize>i << 3));
    const from = <usize>(i & ~1) << 3;
    for (let o = from; o < width; o += 16) {
      let x = f64x2.splat(0);
      for (let p = i + 1; p < k; p++) {
        // Row p of the inverse starts at column p; what lies left of it in memory is not zero.
        if (<usize>((p & ~1) << 3) > o) break;
        x = nmadd(v128.load64_splat(columnAt(p) + (<usize>i << 3)), v128.load(inverse + (<usize>p << 7) + o), x);
      }
      x = f64x2.mul(x, f64x2.splat(d));
      if (o == from) {
        if (i & 1) x = f64x2.replace_lane(f64x2.replace_lane(x, 0, 0), 1, d);
        else x = f64x2.replace_lane(x, 0, d);
      }
      v128.store(row + o, x);
      sum = madd(x, x, sum);
    }
  }
  return hsum(sum);
}

/** A lower bound of sigma_1: ||R^T z|| / ||z||, z = R R^T e_1, R the k x n trapezoid. */
function sigmaFromBelow(k: i32, n: i32): f64 {
  const end = <usize>((k + 1) & ~1) << 3;
  for (let o: usize = 0; o < end; o += 16) v128.store(vector + o, f64x2.splat(0));
  for (let j = 0; j < n; j++) {
    const c = columnAt(j);
    const y = v128.load64_splat(c);
    for (let o: usize = 0; o < end; o += 16) v128.store(vector + o, madd(y, v128.load(c + o), v128.load(vector + o)));
  }
  if (k & 1) store<f64>(vector + (<usize>k << 3), 0);
  let z = f64x2.splat(0);
  for (let o: usize = 0; o < end; o += 16) {
    const x = v128.load(vector + o);
    z = madd(x, x, z);
  }
  let sum: f64 = 0;
  for (let j = 0; j < n; j++) {
    const c = columnAt(j);
    let s = f64x2.splat(0);
    for (let o: usize = 0; o < end; o += 16) s = madd(v128.load(vector + o), v128.load(c + o), s);
    const y = hsum(s);
    sum += y * y;
  }
  return Math.sqrt(sum / hsum(z));
}

/** Rank of the m x n matrix at `base` (m >= n, fits()), or -1 where this code cannot tell. */
export function smallRank(
  base: usize, m: i32, n: i32, single: bool, byRow: bool, absolute: f64, relative: f64,
): i32 {
  const end = <usize>((m + 1) & ~1) << 3;
  if (m == n) byRow = false; // the transpose has the same rank, and its columns are contiguous
  const total = single ? read<f32>(base, m, n, byRow, end) : read<f64>(base, m, n, byRow, end);
  if (!(total >= SAFE_MIN && total <= SAFE_MAX)) {
    if (total != 0) return -1;
    for (let p = area; p < area + <usize>n * end; p += 8) if (load<f64>(p) != 0) return -1;
    lower = Infinity;
    upper = 0;
    return 0;
  }
  const size = Math.sqrt(total);
  // Rounding level, or a quarter of the least the tolerance can be.
  const least = max<f64>(absolute, relative * size / Math.sqrt(<f64>n));
  const stop = max<f64>(4 * U * size, least / GUARD);
  const limit = stop * stop;
  let k = 0;
  let rest: f64 = 0;
  for (; k < n; k++) {
    let best = k;
    let most: f64 = -1;
    rest = 0;
    for (let j = k; j < n; j++) {
      const s = load<f64>(squares + (<usize>j << 3));
      rest += s;
      if (s > most) {
        most = s;
        best = j;
      }
    }
    if (rest <= limit) break;
    const c = columnAt(best);
    store<u32>(pointers + (<usize>best << 2), <u32>columnAt(k));
    store<u32>(pointers + (<usize>k << 2), <u32>c);
    store<f64>(squares + (<usize>best << 3), load<f64>(squares + (<usize>k << 3)));
    const at = <usize>k << 3;
    const from = at & ~15;
    const length = Math.sqrt(most);
    const alpha = load<f64>(c + at);
    const beta = alpha > 0 ? -length : length;
    for (let o = from; o < end; o += 16) {
      v128.store(reflector + o, v128.load(c + o));
      if (o > from) v128.store(c + o, f64x2.splat(0));
    }
    if (k & 1) store<f64>(reflector + from, 0);
    store<f64>(reflector + at, alpha - beta);
    store<f64>(c + at, beta);
    if (!(k & 1)) store<f64>(c + at, 0, 8);
    const h = 1 / (beta * (beta - alpha));
    for (let j = k + 1; j < n; j++) {
      reflect(columnAt(j), reflector, from, end, h, bool(k & 1), squares + (<usize>j << 3));
    }
  }
  if (k == n) rest = 0;
  const slack = Math.sqrt(<f64>max(k, 1)) * U * size;
  const up = Math.sqrt(rest) + slack;
  if (k < n && up > max<f64>(absolute, relative * (k ? sigmaFromBelow(k, n) : size / Math.sqrt(<f64>n)))) return -1;
  if (k == 0) {
    lower = Infinity;
  } else {
    lower = 1 / Math.sqrt(inverseSquare(k)) - slack;
    if (!(lower >= GUARD * max<f64>(absolute, relative * size))) return -1;
  }
  upper = k < n ? up : 0;
  return k;
}
