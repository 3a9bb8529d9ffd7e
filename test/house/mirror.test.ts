// Tests mirror the code: test/FOLDER/FILE.test.ts is about FILE of that folder, FILE.TOPIC.test.ts about one side of
// it, FOLDER.TOPIC.test.ts about all of the folder.
import { existsSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { files, root, sources } from './tree.js';

/** Folders of test/, and where what they test is. */
const FOLDERS: [tests: string, code: string][] = [
  ...[
    'accumulator',
    'bullmq',
    'cli',
    'files',
    'formats',
    'formats/numpy',
    'formats/onnx',
    'formats/pytorch',
    'formats/safetensors',
    'formats/source',
    'input',
    'jobs',
    'kernel',
    'layers',
    'matrix',
    'pool',
  ].map((name): [string, string] => [name, `src/${name}`]),
  ...['base', 'matrix', 'blas', 'factor', 'spectrum'].map((name): [string, string] => [
    `kernel/${name}`,
    `assembly/${name}`,
  ]),
];

describe('tests have the names of what they test', () => {
  test.each(FOLDERS)('test/%s', (tests, code) => {
    const folder = tests.split('/').at(-1)!;
    const names = files(`test/${tests}`, /\.test\.ts$/).filter((name) => !name.includes('/'));
    expect(names.length).toBeGreaterThan(0);
    const astray = names.filter((name) => {
      const [subject, topic] = name.replace(/\.test\.ts$/, '').split('.');
      const whole = subject === folder && topic !== 'test' && topic !== undefined;
      return (
        !whole &&
        !existsSync(new URL(`${code}/${subject}.ts`, root)) &&
        !existsSync(new URL(`${code}/${subject}`, root))
      );
    });
    expect(astray).toEqual([]);
  });
});

test('every test file asserts something', () => {
  const silent = sources('test', /\.test\.ts$/).filter(
    ({ text }) => !text.some((line) => /\bexpect[.(]/.test(line)),
  );
  expect(silent.map(({ file }) => file)).toEqual([]);
});
