// Buffers of calls that are used again: only what fits, at most 64 MiB, for a second.
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { giveBack, isLent, lend } from '../../src/pool/buffers.js';

const MIB = 2 ** 20;
beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.advanceTimersByTime(1000);
  vi.useRealTimers();
});

it('a buffer that came back serves a call that needs as much, or a little less', () => {
  const buffer = lend(4 * MIB);
  expect(isLent(buffer)).toBe(true);
  expect(lend(4 * MIB)).not.toBe(buffer);
  giveBack(buffer);
  expect(lend(MIB)).not.toBe(buffer);
  expect(lend(5 * MIB)).not.toBe(buffer);
  expect(lend(3 * MIB)).toBe(buffer);
  expect(lend(3 * MIB)).not.toBe(buffer);
});

it('is kept for a second', () => {
  const buffer = lend(MIB);
  giveBack(buffer);
  vi.advanceTimersByTime(999);
  expect(lend(MIB)).toBe(buffer);
  giveBack(buffer);
  vi.advanceTimersByTime(1000);
  expect(lend(MIB)).not.toBe(buffer);
});

it('the oldest goes where all together are more than 64 MiB', () => {
  const [a, b, c] = [30, 30, 30].map((size) => lend(size * MIB));
  for (const buffer of [a, b, c]) giveBack(buffer);
  expect([lend(30 * MIB), lend(30 * MIB)]).toEqual([c, b]);
  expect(lend(30 * MIB)).not.toBe(a);
});

it('what is small, or larger than all that is kept, is new', () => {
  for (const bytes of [0, 800, MIB - 1, 65 * MIB]) {
    const buffer = lend(bytes);
    expect([buffer.byteLength, isLent(buffer)]).toEqual([bytes, false]);
  }
});
