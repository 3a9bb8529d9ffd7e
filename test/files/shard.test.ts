// Shares of the work: each tensor once, none much larger than the others.
import { describe, expect, it } from 'vitest';
import { cost, divide, type Listed } from '../../src/files/shard.js';
import { random } from '../cli/command.js';

const tensor = (name: string, ...shape: number[]): Listed => ({
  file: 'f',
  name,
  shape,
  dtype: 'float32',
  index: 0,
});
const many = Array.from({ length: 300 }, (_, i) => {
  const size = Math.ceil(2000 * (random() + 0.5) ** 4) + 1;
  return tensor(`t${i}`, size, Math.ceil(size / 2));
});

const loads = (tensors: Listed[], count: number) => {
  const shares = divide(tensors, count);
  const loads = new Array<number>(count).fill(0);
  for (const t of tensors) loads[shares.get(`f\0${t.name}`)! - 1] += cost(t);
  return loads;
};

describe('divide', () => {
  it.each([1, 2, 7, 64])('%d shares: none takes more than 4/3 of the best time', (count) => {
    const costs = many.map(cost);
    const best = Math.max(Math.max(...costs), costs.reduce((a, b) => a + b) / count);
    expect(Math.max(...loads(many, count))).toBeLessThanOrEqual((4 / 3) * best);
  });

  it('is the same wherever it is computed, and whatever the order of equal ones', () => {
    expect([...divide(many, 5)]).toEqual([...divide(structuredClone(many), 5)]);
  });

  it('more shares than tensors: some have nothing', () => {
    const shares = divide([tensor('a', 5, 5), tensor('b', 4, 4)], 100);
    expect([...shares.values()].sort()).toEqual([1, 2]);
  });

  it('tensors of one name stay together', () => {
    const twice = [tensor('a', 50, 50), tensor('a', 40, 40), tensor('b', 60, 60)];
    expect(divide(twice, 3).size).toBe(2);
  });

  it('of no tensors there are no shares', () => {
    expect(divide([], 3).size).toBe(0);
  });
});
