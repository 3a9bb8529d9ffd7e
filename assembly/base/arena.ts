// Scratch memory: one bump arena above the static data, grown by whole pages, 64-byte aligned.
// Nothing is freed singly: callers take a mark and release back to it. Sizes are u64, so that a request
// past 4 GiB is refused by name instead of wrapping round.

// @ts-ignore: decorator
@external('host', 'outOfMemory')
declare function outOfMemory(bytes: f64): void; // throws: the call ends here

let top: usize = (__heap_base + 63) & ~63;
const floor: usize = top;
let peak: usize = 0;

export function alloc(bytes: u64): usize {
  const start = top;
  const end = (<u64>start + bytes + 63) & ~63;
  const have = <u64>memory.size() << 16;
  if (end > have) {
    const pages = (end - have + 0xffff) >> 16;
    if (end > 0xffff0000 || memory.grow(<i32>pages) < 0) outOfMemory(<f64>end);
  }
  top = <usize>end;
  peak = max(peak, top);
  return start;
}

/** Where the arena ended at most, so far. */
export function peakBytes(): f64 {
  return <f64>peak;
}

/** Zeroed memory. */
export function calloc(bytes: u64): usize {
  const p = alloc(bytes);
  memory.fill(p, 0, <usize>bytes);
  return p;
}

// @ts-ignore: decorator
@inline
export function mark(): usize {
  return top;
}

// @ts-ignore: decorator
@inline
export function release(to: usize): void {
  top = to;
}

export function reset(): void {
  top = floor;
}
