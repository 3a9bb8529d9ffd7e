// A sketch of A: its rows, with random signs, summed into a few. Which columns depend on others shows in it, and about
// how long each combination of columns is, wherever in A the rows are that tell.
//
// Each row goes to two places (Clarkson & Woodruff 2013; Cohen 2016). Layout: column panels [n/4][s][4], as they are
// packed. Cost: one pass over A, 2 m n additions.
import { alloc, mark, release } from '../base/arena';
import { CHAIN, U } from '../base/params';
import { SEED, twoPlaces } from '../base/random';
import { packedBytes, packPanel } from './pack';
import * as scan from './scan';
import * as source from './source';
import { panels } from './triangle';

// @ts-ignore: decorator
@inline
function add(S: usize, place: u32, x: v128, y: v128): void {
  const to = S + <usize>(place & ~1);
  const sign = i64x2.splat(<i64>place << 63);
  v128.store(to, f64x2.add(v128.load(to), v128.xor(x, sign)));
  v128.store(to, f64x2.add(v128.load(to, 16), v128.xor(y, sign)), 16);
}

/** Whether packed elements are integers, in the caller's units. */
function areIntegers(P: usize, bytes: usize): bool {
  const units = f64x2.splat(1 / source.scale);
  for (const end = P + bytes; P < end; P += 16) {
    const x = f64x2.mul(v128.load(P), units);
    if (v128.any_true(f64x2.ne(f64x2.nearest(x), x))) return false;
  }
  return true;
}

/**
 * s rows, 1 < s: the square of their norm is about twice that of A. S has room for packedBytes(s, n). Returns whether
 * A^T A will be exact: integers, below 2^53 by Cauchy and Schwarz.
 */
export function sketch(S: usize, s: i32): bool {
  const n = source.n;
  memory.fill(S, 0, <usize>packedBytes(s, n));
  const start = mark();
  const places = alloc(CHAIN << 3);
  const P = alloc(packedBytes(CHAIN, n));
  let state = SEED;
  let exact = U * scan.total <= source.scale * source.scale;
  for (let first = 0; first < source.m; first += source.panelRows) {
    const rows = min(source.panelRows, source.m - first);
    source.panel(first, rows);
    for (let used = 0; used < rows; used += CHAIN) {
      const count = min(CHAIN, rows - used);
      packPanel(P, CHAIN, used, count, source.columns, n);
      state = twoPlaces(places, count, <u64>s, 5, state);
      for (let q = 0; q < panels(n); q++) {
        const to = S + (<usize>q * <usize>s << 5);
        let from = P + (<usize>q * CHAIN << 5);
        exact = exact && areIntegers(from, <usize>count << 5);
        for (let p = places; p < places + (<usize>count << 3); p += 8, from += 32) {
          const x = v128.load(from);
          const y = v128.load(from, 16);
          add(to, load<u32>(p), x, y);
          add(to, load<u32>(p, 4), x, y);
        }
      }
    }
  }
  release(start);
  return exact;
}
