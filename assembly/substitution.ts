// Substitution with a factor L of cholesky.ts, for single right-hand sides; vectors are padded to whole row panels. Columns set aside, whose
// diagonal is zero, take no part: their component is zero. Cost: n^2 flops a triangle, at memory speed.
import { alloc } from './arena';
import { negative, panels, rowPanel } from './cholesky';
import { dot } from './columns';
import { combine, spread4 } from './vectors';

// @ts-ignore: decorator
@inline
function divide(x: f64, d: f64): f64 {
  return d > 0 ? x / d : 0;
}

/** Whether column j was set aside. */
export function aside(L: usize, j: i32): bool {
  return load<f64>(rowPanel(L, j >> 2) + (<usize>j << 5) + (<usize>(j & 3) << 3)) == 0;
}

/** x <- L^-T x for the first `count` row panels. */
function backward(L: usize, count: i32, x: usize): void {
  for (let i = count - 1; i >= 0; i--) {
    const own = x + (<usize>i << 5);
    const tile = rowPanel(L, i) + (<usize>i << 7);
    for (let c: usize = 4; c-- > 0; ) {
      let s = load<f64>(own + (c << 3));
      for (let r = c + 1; r < 4; r++) s -= load<f64>(tile + (c << 5) + (r << 3)) * load<f64>(own + (r << 3));
      store<f64>(own + (c << 3), divide(s, load<f64>(tile + c * 40)));
    }
    spread4(x, rowPanel(L, i), own, i << 2);
  }
}

/** x <- (L S L^T)^-1 x. */
export function solve(L: usize, n: i32, x: usize): void {
  const count = panels(n);
  const sum = alloc(32);
  for (let i = 0; i < count; i++) {
    const own = x + (<usize>i << 5);
    const tile = rowPanel(L, i) + (<usize>i << 7);
    combine(sum, rowPanel(L, i), x, i << 2);
    for (let c: usize = 0; c < 4; c++) {
      let s = load<f64>(own + (c << 3)) - load<f64>(sum + (c << 3));
      for (let r: usize = 0; r < c; r++) s -= load<f64>(tile + (r << 5) + (c << 3)) * load<f64>(own + (r << 3));
      store<f64>(own + (c << 3), divide(s, load<f64>(tile + c * 40)));
    }
  }
  for (let j = 0; j < n; j++) {
    const p = x + (<usize>j << 3);
    if (negative(j)) store<f64>(p, -load<f64>(p));
  }
  backward(L, count, x);
}

/** ||L^-T E||_F^2, E being the unit vectors of the negative pivots of the last factorisation. Cost: n^2 flops for each of them. */
export function dual(L: usize, n: i32): f64 {
  const x = alloc(<u64>panels(n) << 5);
  let sum: f64 = 0;
  for (let j = 0; j < n; j++) {
    if (!negative(j)) continue;
    const count = (j >> 2) + 1;
    memory.fill(x, 0, <usize>count << 5);
    store<f64>(x + (<usize>j << 3), 1);
    backward(L, count, x);
    sum += dot(x, x, j + 1);
  }
  return sum;
}
