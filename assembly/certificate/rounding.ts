// What rounding can do to a Gram matrix and its factor, as a perturbation of the matrix: docs/certificates.md, "Full rank from a sample".
import { CHAIN, U } from '../base/params';

/** What rounding can do to G = P^T P and its factor, as a perturbation of G: "Full rank from a sample". */
export function rounding(rows: i32, n: i32, square: f64, growth: f64): f64 {
  const longest = min(rows + n, CHAIN + (rows + n) / CHAIN + 2);
  return <f64>(longest + 16) * (square + growth) * U;
}
