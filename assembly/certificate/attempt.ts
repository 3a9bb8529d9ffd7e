// What came of an attempt to prove full rank: where it fails, the next method begins with what it has learnt.
import { alloc } from '../base/arena';

/** It lives above its maker's mark. */
@unmanaged
export class Attempt {
  /** The claim is made. */
  decided: bool;
  /** Columns found independent, at the least as far as one can see. */
  independent: i32;
  /** So many singular values are proved to be above the tolerance. */
  proved: i32;
  /** So many leading columns have as many of those: a dependent one may follow. */
  ordered: i32;
  /** Pivots fell to the size of the shift without a gap. */
  gapless: bool;
  /** More columns depend on others than may be set aside, and most of them, in the rows looked at. */
  low: bool;
  /** sigma_n is expected to be about so large: Infinity where nothing is expected. */
  least: f64;
}

export function createAttempt(): Attempt {
  const a = changetype<Attempt>(alloc(offsetof<Attempt>()));
  a.decided = a.gapless = a.low = false;
  a.independent = a.proved = a.ordered = 0;
  a.least = Infinity;
  return a;
}
