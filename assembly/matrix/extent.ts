// The rows of a column that matter: what stands before and behind them is set to zero, and its squares sum up to so
// little that the column changes by less than rounding does. Columns that fall off, as those of a graded triangle do,
// are then short for whatever is done to them. Cost: one pass over what is set to zero.
import { NEGLIGIBLE } from '../base/params';

/** What a column of that squared length may lose at either end, as a squared length. */
export function negligible(square: f64): f64 {
  return square * NEGLIGIBLE * NEGLIGIBLE;
}

/**
 * Of `count` elements, `step` bytes apart from a on, the first become zero: how many are left. Where squares underflow
 * only zeros go.
 */
function clearFirst(a: usize, count: i32, limit: f64, step: usize): i32 {
  let sum: f64 = 0;
  for (; count; count--, a += step) {
    const x = load<f64>(a);
    sum += x * x;
    if (limit > 0 ? sum > limit : x != 0) break;
    store<f64>(a, 0);
  }
  return count;
}

/** The first of rows first .. end of column a that matters, or end. Those before become zero. */
export function firstRow(a: usize, first: i32, end: i32, limit: f64): i32 {
  return end - clearFirst(a + (<usize>first << 3), end - first, limit, 8);
}

/** The row behind the last of rows first .. end of column a that matters, or first. Those behind become zero. */
export function endRow(a: usize, first: i32, end: i32, limit: f64): i32 {
  return first + clearFirst(a + (<usize>end << 3) - 8, end - first, limit, -8);
}
