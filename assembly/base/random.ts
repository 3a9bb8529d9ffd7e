// Random numbers, seeded: the same input always takes the same path. No answer rests on them.

/** 2^64 over the golden ratio: bits without a pattern. */
export const SEED: u64 = 0x9e3779b97f4a7c15;

/** xorshift64* (Vigna 2016): the state after this one; scrambled() makes a number of it. */
// @ts-ignore: decorator
@inline
export function next(state: u64): u64 {
  state ^= state >> 12;
  state ^= state << 25;
  state ^= state >> 27;
  return state;
}

// @ts-ignore: decorator
@inline
export function scrambled(state: u64): u64 {
  return state * 0x2545f4914f6cdd1d;
}

/**
 * For each of `count` rows two of s places, s > 1, and a sign for each: byte offsets of what is 2^shift long, the
 * lowest bit the sign (Cohen 2016, two nonzeros a column). Returns the state after them.
 */
// @ts-ignore: decorator
@inline
export function twoPlaces(places: usize, count: i32, s: u64, shift: u32, state: u64): u64 {
  for (const end = places + (<usize>count << 3); places < end; places += 8) {
    state = next(state);
    const x = scrambled(state);
    const a = <u32>((x >> 33) % s);
    let b = <u32>((x & 0x7fffffff) % (s - 1));
    if (b >= a) b++;
    store<u32>(places, (a << shift) | <u32>(x >> 32 & 1));
    store<u32>(places, (b << shift) | <u32>(x >> 31 & 1), 4);
  }
  return state;
}

/** The next number of Knuth's congruential generator (MMIX); its high bits are the random ones. */
// @ts-ignore: decorator
@inline
export function congruential(seed: u64): u64 {
  return seed * 6364136223846793005 + 1442695040888963407;
}
