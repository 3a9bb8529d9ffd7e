// Writes .safetensors, and reads them again: random tensors, and the rules that the Rust reader is strict about.
import { describe, expect, it } from 'vitest';
import { openSafetensors } from '../../../src/formats/safetensors/listing.js';
import { type SafetensorsTensor, writeSafetensors } from '../../../src/formats/safetensors/write.js';
import { openSource } from '../../../src/formats/source/open.js';
import { fromBfloat16, fromFloat16, toBfloat16, toFloat16 } from '../../../src/shared/half.js';
import { Random } from '../../numbers.js';
import { concat } from '../write.js';

const rng = new Random(18);
const TYPES: Record<string, number> = {
  F64: 8,
  F32: 4,
  F16: 2,
  BF16: 2,
  I64: 8,
  U16: 2,
  F8_E4M3: 1,
  U8: 1,
  BOOL: 1,
};

function randomTensor(name: string): SafetensorsTensor {
  const type = Object.keys(TYPES)[rng.below(9)];
  const shape = Array.from({ length: rng.below(4) }, () => rng.below(5));
  const length = shape.reduce((a, b) => a * b, 1) * TYPES[type];
  return { name, type, shape, data: Uint8Array.from({ length }, () => rng.below(256)) };
}

describe('writeSafetensors', () => {
  it('writes what the reader reads, aligned, without gaps, in the order of the header', async () => {
    for (let trial = 0; trial < 200; trial++) {
      const names = new Set(
        Array.from(
          { length: rng.below(8) },
          () => ['x', 'é"\n', '__proto__', `layers.${rng.below(99)}.w`][rng.below(4)],
        ),
      );
      const tensors = [...names].map(randomTensor);
      const metadata = trial % 2 ? { format: 'pt', ünï: '"' } : undefined;
      const bytes = concat(...writeSafetensors(tensors, metadata));
      const length = Number(new DataView(bytes.buffer).getBigUint64(0, true));
      expect(length % 8).toBe(0);
      const file = await openSafetensors(await openSource(bytes));
      expect(file.metadata).toEqual(metadata);
      expect(file.stored.map((s) => s.name).sort()).toEqual([...names].sort());
      let end = 8 + length;
      for (const entry of file.stored) {
        const tensor = tensors.find((t) => t.name === entry.name)!;
        expect(entry.problem).toBeUndefined();
        expect([entry.type, entry.shape]).toEqual([tensor.type, tensor.shape]);
        expect(await entry.raw()).toEqual(tensor.data);
        expect(entry.start).toBe(end);
        expect(entry.start % TYPES[tensor.type]).toBe(0);
        end = entry.end;
      }
      expect(end).toBe(bytes.length);
    }
  });

  it('refuses bytes that are not those of the shape, and names that come twice', () => {
    const tensor = { name: 'w', type: 'F32', shape: [2, 2], data: new Uint8Array(15) };
    expect(() => [...writeSafetensors([tensor])]).toThrow("'w', F32 [2, 2], must have 16 bytes; got 15.");
    const whole = { ...tensor, data: new Uint8Array(16) };
    expect(() => [...writeSafetensors([whole, whole])]).toThrow("got 'w' again");
    expect(() => [...writeSafetensors([{ ...whole, name: '__metadata__' }])]).toThrow(RangeError);
  });
});

describe('numbers of 16 bits', () => {
  it('come back as they were', () => {
    for (let bits = 0; bits < 0x10000; bits++) {
      if (!Number.isNaN(fromFloat16(bits))) expect(toFloat16(fromFloat16(bits))).toBe(bits);
      if (!Number.isNaN(fromBfloat16(bits))) expect(toBfloat16(fromBfloat16(bits))).toBe(bits);
    }
    expect(fromFloat16(toFloat16(Number.NaN))).toBeNaN();
    expect(fromBfloat16(toBfloat16(Number.NaN))).toBeNaN();
  });

  it('are the nearest, even ones at ties', () => {
    for (const [to, from, most] of [
      [toFloat16, fromFloat16, 0x7bff],
      [toBfloat16, fromBfloat16, 0x7f7f],
    ] as const) {
      for (let trial = 0; trial < 3000; trial++) {
        const low = rng.below(most);
        const [a, b] = [from(low), from(low + 1)];
        expect(to(a + (b - a) / 2)).toBe(low + (low & 1));
        expect(to(a + (b - a) * 0.49)).toBe(low);
        expect(to(-(a + (b - a) * 0.51))).toBe(0x8000 | (low + 1));
      }
    }
    expect([65519.9, 65520, -1e9].map(toFloat16)).toEqual([0x7bff, 0x7c00, 0xfc00]);
  });
});
