// Two inner products at once as if in twice the working precision: for residuals, which are nothing but what cancels.
//
// Every product and every sum is split into its rounded value and its error, the errors being summed beside (Dot2). The
// result carries u |s| + gamma_k^2 sum |x_p y_p|, gamma_k = k u / (1 - k u). Elements are scaled to about 1:
// what underflows is nothing beside u^2.
// Operands are micro-panels, [k][4]. Cost: 25 flops a product. Source: Ogita, Rump & Oishi 2005, "Accurate sum and dot
// product"; Dekker 1971 for the product (no fused multiply-add is to be relied on).

const SPLIT: f64 = 134217729; // 2^27 + 1

/** (s_0, s_1) += sum (a_p0, a_p1) b_p over p < k, every 32 bytes. */
function addDotPair(sum: usize, a: usize, b: usize, k: i32): void {
  const split = f64x2.splat(SPLIT);
  let s = v128.load(sum);
  let errors = f64x2.splat(0);
  for (const end = a + (<usize>k << 5); a < end; a += 32) {
    const x = v128.load(a);
    const y = v128.load64_splat(b);
    b += 32;
    const p = f64x2.mul(x, y);
    let t = f64x2.mul(split, x);
    const x1 = f64x2.sub(t, f64x2.sub(t, x));
    const x2 = f64x2.sub(x, x1);
    t = f64x2.mul(split, y);
    const y1 = f64x2.sub(t, f64x2.sub(t, y));
    const y2 = f64x2.sub(y, y1);
    let e = f64x2.sub(f64x2.mul(x1, y1), p);
    e = f64x2.add(e, f64x2.mul(x1, y2));
    e = f64x2.add(e, f64x2.mul(x2, y1));
    e = f64x2.add(e, f64x2.mul(x2, y2));
    const next = f64x2.add(s, p);
    const z = f64x2.sub(next, s);
    const lost = f64x2.add(f64x2.sub(s, f64x2.sub(next, z)), f64x2.sub(p, z));
    errors = f64x2.add(errors, f64x2.add(e, lost));
    s = next;
  }
  v128.store(sum, f64x2.add(s, errors));
}

/**
 * c += a b^T as madd44() does (a [k][4 rows], b [k][4 columns], c [4 columns][4 rows]), in twice the working precision.
 */
export function addTileExactly(c: usize, a: usize, b: usize, k: i32): void {
  for (let column: usize = 0; column < 4; column++) {
    addDotPair(c + (column << 5), a, b + (column << 3), k);
    addDotPair(c + (column << 5) + 16, a + 16, b + (column << 3), k);
  }
}
