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

/** The next number of Knuth's congruential generator (MMIX); its high bits are the random ones. */
// @ts-ignore: decorator
@inline
export function congruential(seed: u64): u64 {
  return seed * 6364136223846793005 + 1442695040888963407;
}
