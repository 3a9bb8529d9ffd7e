// Every suite that the kernel's arithmetic can change runs twice, on the baseline and on the relaxed build: NAME.baseline.test.ts
// and NAME.relaxed.test.ts import the same suite, in the two projects of vitest.config.ts.
import { expect, test } from 'vitest';
import { simd } from '../src/kernel/load.js';

/** The kernel in use is the one that this file is about. */
export function runsOn(build: 'baseline' | 'relaxed'): void {
  test(`the kernel in use is the ${build} build`, () => {
    expect(simd).toBe(build);
  });
}
