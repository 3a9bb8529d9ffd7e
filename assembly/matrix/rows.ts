// Which rows stand for all of them, where a sample is enough.
/** `count` row indices, one from each of as many equal strata of 0 .. m, seeded. */
export function stratifiedRows(list: usize, count: i32, m: i32): void {
  let seed: u64 = 0x2545f4914f6cdd1d + <u64>count;
  for (let i = 0; i < count; i++) {
    const from = <u64>i * m / count;
    const to = <u64>(i + 1) * m / count;
    seed = seed * 6364136223846793005 + 1442695040888963407;
    store<i32>(list + (<usize>i << 2), <i32>(from + (seed >> 33) % max<u64>(to - from, 1)));
  }
}
