// Patterns of module names: PEFT's rule by this language's own regular expressions, and hostile ones, which must end.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { ModulePatterns } from '../../src/formats/weights/module-patterns.js';
import { all } from './helpers.js';
import { bytesOf, safetensors } from './write.js';

const first = (keys: readonly string[], name: string) =>
  new ModulePatterns(keys.map((key) => [key, key] as const)).first(name);

const NAMES = [
  'model.layers.0.self_attn.q_proj',
  'model.layers.12.self_attn.k_proj',
  'model.layers.12.mlp.experts.3.down_proj',
  'layers.2.q_proj',
  'q_proj',
  'xq_proj',
  'a*b',
  '',
];

describe('patterns that are read', () => {
  test.each([
    'q_proj',
    'self_attn.q_proj',
    'selfXattn.q_proj',
    '^model.layers.0.self_attn.q_proj',
    '^q_proj',
    'model.layers.0.self_attn.q_proj$',
    '.*attn.*',
    '.*\\.q_proj',
    'layers\\.(0|1|2)\\..*_proj',
    'layers\\.(?:\\d|1[0-9])\\.self_attn\\.[qk]_proj',
    'layers.\\d+.self_attn.(q|k|v)_proj',
    'layers\\.[^.]+\\.mlp\\.experts\\.[0-9]*\\.down_proj',
    'x?q_proj',
    '(self_attn.)?q_proj',
    '(a|b(c|)){0}|k_proj',
    'k_proj|q_proj',
    'a\\*b',
    '.+?_proj',
    '.*',
    '',
  ])('%s', (key) => {
    const rule = new RegExp(`^(.*\\.)?(${key})$`);
    for (const name of NAMES) {
      const { value, unread } = first([key], name);
      if (key.includes('{')) expect([value, unread]).toEqual([undefined, key]);
      else expect([value, unread], name).toEqual([rule.test(name) ? key : undefined, undefined]);
    }
  });

  test('the first that matches', () => {
    expect(first(['k_proj', '.*q_proj', 'q_proj'], 'a.q_proj')).toEqual({ value: '.*q_proj' });
  });

  test('what is not read is told unless another comes before', () => {
    expect(first(['(q_)+proj', 'q_proj'], 'a.q_proj')).toEqual({ value: 'q_proj', unread: '(q_)+proj' });
    expect(first(['q_proj', '(q_)+proj'], 'a.q_proj')).toEqual({ value: 'q_proj', unread: undefined });
  });

  test.each([
    '(',
    ')',
    'a)|(b',
    '[',
    'a**',
    '*',
    '(?=a)',
    '(?<!a)b',
    '(a)\\1',
    '(?P<n>a)',
    'a{2}',
    '(a)+',
    '\\b',
  ])('%s is not read', (key) => {
    expect(first([key], 'a.a')).toEqual({ value: undefined, unread: key });
  });
});

describe('hostile patterns end at once', () => {
  test.each([
    ['a repeated group', '(a+)+'],
    ['a repeated choice', '(a|a)*'],
    ['a repeated class in a group', '([a-z]+)*'],
    ['repetitions in a row', 'a*'.repeat(30)],
    ['three repetitions', '.*.*.*x'],
    ['optional characters', 'a?'.repeat(40)],
    ['choices', '(a|a)'.repeat(40)],
    ['choices in choices', '((a|a)|(a|a))'.repeat(20)],
    ['empty choices', '(a|)'.repeat(50)],
    ['deep groups', '('.repeat(499) + ')'.repeat(499)],
    ['a long one', 'a'.repeat(100_000)],
  ])('%s', (_, key) => {
    for (const name of [`${'a'.repeat(2000)}!`, `${'a'.repeat(40)}!`, `${'a.'.repeat(1000)}!`]) {
      expect(first([key], name).value).toBeUndefined();
    }
  });

  test('many of them, each short enough by itself', () => {
    const keys = Array.from({ length: 20 }, (_, i) => `${'(a|a)'.repeat(15)}${i}`);
    const patterns = new ModulePatterns(keys.map((key) => [key, 1] as const));
    const told = Array.from({ length: 100 }, () => patterns.first(`${'a'.repeat(18)}!`));
    expect(told.every(({ value }) => value === undefined)).toBe(true);
    expect(told[99].unread).toMatch(/^\(a\|a\)/);
  });

  test('an adapter with one is read, and says so', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'patterns-'));
    const ones = (...shape: number[]) => ({
      dtype: 'F32',
      shape,
      data: bytesOf(new Float32Array(6).fill(1)),
    });
    const [base, file] = ['a'.repeat(60), join(folder, 'adapter_model.safetensors')];
    writeFileSync(
      file,
      safetensors({
        [`${base}.k.lora_A.weight`]: ones(2, 3),
        [`${base}.k.lora_B.weight`]: ones(3, 2),
        [`${base}.q.lora_A.weight`]: ones(2, 3),
        [`${base}.q.lora_B.weight`]: ones(3, 2),
      }),
    );
    const config = { lora_alpha: 4, alpha_pattern: { k: 6, '(.*a+)+$': 8 } };
    writeFileSync(join(folder, 'adapter_config.json'), JSON.stringify(config));
    const [k, q] = await all(file);
    rmSync(folder, { recursive: true });
    expect([k.factors!.left[0], k.note]).toEqual([6 / 2, undefined]);
    expect(q.factors!.left[0]).toBe(4 / 2);
    expect(q.note).toBe("alpha_pattern '(.*a+)+$' is not read, lora_alpha may be another");
  });
});
