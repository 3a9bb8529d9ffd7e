// The memory budget of a run: who waits, who is refused, what a tensor is said to take.
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { Budget, createBudget, tensorBytes } from '../../src/files/budget.js';
import { Channel } from '../../src/files/channel.js';
import { produce } from '../../src/files/rows.js';
import type { Event, Row } from '../../src/files/types.js';
import { models } from '../cli/command.js';

const MIB = 2 ** 20;

test('takes wait for what is in use, in their order, and giving back twice gives once', async () => {
  const budget = new Budget(10);
  const order: string[] = [];
  const first = await budget.take(6, 'f', 'first');
  const take = async (bytes: number, name: string) => {
    const give = await budget.take(bytes, 'f', name);
    order.push(name);
    return give;
  };
  const second = take(6, 'second');
  const third = take(1, 'third');
  await new Promise((resolve) => setTimeout(resolve, 5));
  expect(order).toEqual([]); // the third would fit, but comes after the second
  first();
  first();
  await Promise.all([second, third]);
  expect(order).toEqual(['second', 'third']);
  let late = false;
  const fourth = budget.take(4, 'f', 'fourth').then(() => {
    late = true;
  });
  await new Promise((resolve) => setTimeout(resolve, 5));
  expect(late).toBe(false); // 6 + 1 + 4 > 10
  (await second)();
  await fourth;
});

test('what is larger than all of it runs alone, or is refused where the bound is strict', async () => {
  const give = await new Budget(10).take(11, 'f', 'large');
  expect(give).toBeTypeOf('function');
  await expect(new Budget(10 * MIB, true).take(11 * MIB, 'model.npz', 'large')).rejects.toThrow(
    "model.npz: tensor 'large' needs about 11 MiB; the memory limit leaves 10 MiB for it.",
  );
});

test('the limit must leave room for a tensor', async () => {
  await expect(createBudget(100 * MIB, 1)).rejects.toThrow(
    'one thread needs 104 MiB before any tensor; got 100 MiB.',
  );
  expect((await createBudget(105 * MIB, 1)).budget.most).toBe(MIB);
  expect((await createBudget(64 * MIB, undefined)).threads).toBe(0); // what little there is goes to the tensors
  expect((await createBudget(150 * MIB, undefined)).threads).toBe(1);
  await expect(createBudget(40 * MIB, undefined)).rejects.toThrow('a run needs 56 MiB');
  expect((await createBudget(undefined, 1024)).budget).toBeInstanceOf(Budget); // a share of the machine is no promise
});

test('a file that breaks off gives back what it held', async () => {
  const file = join(models, 'ch_ppocr_mobile_v2.0_cls_infer.onnx');
  const out = new Channel<Event<Row>>();
  let calls = 0;
  await produce(
    [file, file],
    async (from) => ({ from, options: {} }),
    {
      run: async () => [{ rank: 1 }],
      budget: new Budget(1), // every tensor waits until nothing else is held
      tolerance: {},
      metrics: false,
      spectra: false,
      read: {},
      onProgress() {
        if (++calls === 1) throw new Error('the disk is gone');
      },
      begin: () => () => {},
    },
    out,
  );
  out.end();
  const events: Event<Row>[] = [];
  for await (const event of out) events.push(event);
  expect(events.filter((e) => 'broken' in e)).toEqual([
    { broken: 'ch_ppocr_mobile_v2.0_cls_infer.onnx: cannot be read (the disk is gone).' },
  ]);
  expect(events.filter((e) => 'row' in e)).toHaveLength(54);
});

describe('tensorBytes', () => {
  const bytes = (dtype: string, ...shape: number[]) => tensorBytes({ dtype, shape });

  test('elements, their copy where they are not float32 or float64, the kernel', () => {
    const kernel = 8 * (1.2 * 100 * 50 + 50 * 50);
    expect(bytes('float64', 100, 50)).toBe(8 * 5000 + kernel);
    expect(bytes('float32', 100, 50)).toBe(4 * 5000 + kernel);
    expect(bytes('bfloat16', 100, 50)).toBe((2 + 4) * 5000 + kernel);
    expect(bytes('int8', 100, 50)).toBe((1 + 8) * 5000 + kernel);
    expect(bytes('uint16', 100, 50)).toBe((2 + 8) * 5000 + kernel);
    expect(bytes('int64', 100, 50)).toBe((8 + 8) * 5000 + kernel);
    expect(bytes('q4_k', 100, 50)).toBe((1 + 4) * 5000 + kernel);
    expect(tensorBytes({ dtype: 'float64', shape: [100, 50] }, 50)).toBe(8 * 5000 + kernel + 3 * 8 * 2500);
  });

  test('vectors, scalars and empty tensors are only read', () => {
    expect(bytes('float32', 7)).toBe(28);
    expect(bytes('float32')).toBe(4);
    expect(bytes('float32', 0, 5)).toBe(0);
  });

  test('rows may be the first dimension, the last, or the last two', () => {
    const elements = 3 * 3 * 8 * 32;
    expect(bytes('float32', 3, 3, 8, 32)).toBe(4 * elements + 8 * (1.2 * elements + 32 ** 2));
    expect(bytes('float32', 32, 8, 3, 3)).toBe(4 * elements + 8 * (1.2 * elements + 32 ** 2));
  });
});
