// Memory that threads share, where an engine gives less than WebAssembly can address.
import { afterEach, expect, it, vi } from 'vitest';
import { sharedMemory } from '../../src/kernel/shared.js';

const GIB = 2 ** 30 / 65536; // in pages
afterEach(() => {
  vi.unstubAllGlobals();
});

/** An engine that gives so many pages; what it was asked for. */
function engine(most: number) {
  const asked: number[] = [];
  class Memory {
    constructor({ initial, maximum, shared }: WebAssembly.MemoryDescriptor) {
      expect([maximum, shared]).toEqual([initial, true]); // it never grows
      asked.push(initial);
      if (initial > most) throw new RangeError('could not allocate memory');
    }
  }
  vi.stubGlobal('WebAssembly', { ...WebAssembly, Memory });
  return asked;
}

it('has 4 GiB, or half as much until the engine gives it', () => {
  expect(engine(65536).length).toBe(0);
  expect(sharedMemory()).toBeDefined();
  const asked = engine(GIB);
  expect(sharedMemory()).toBeDefined();
  expect(asked).toEqual([65535, 32767, 16383]); // iOS: 1 GiB
});

it('is given up where less than 256 MiB is left', () => {
  const asked = engine(GIB / 8);
  expect(sharedMemory()).toBeUndefined();
  expect(asked.at(-1)).toBeGreaterThan(GIB / 8);
});
