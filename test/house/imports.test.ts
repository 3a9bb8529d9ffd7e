// Imports go down only and never in a circle, in the kernel and in the library.
import { expect, test } from 'vitest';
import { imports } from './tree.js';

/** Folders, the lowest level first; a file imports from its own level and from those below. '' are the entry points. */
const LEVELS = {
  assembly: [['base'], ['matrix'], ['blas'], ['factor'], ['spectrum'], ['certificate'], ['driver'], ['']],
  src: [
    ['types.ts', 'vendor', 'shared'],
    ['kernel'],
    ['input'],
    ['matrix'],
    ['layers', 'accumulator', 'formats'],
    ['pool'],
    ['files'],
    ['jobs'],
    ['bullmq'],
    ['cli'],
    [''],
  ],
};

test.each(['assembly', 'src'] as const)('%s: imports go down only', (folder) => {
  const levels = LEVELS[folder] as string[][];
  const level = (file: string) => {
    const own = levels.findIndex((names) => names.includes(file));
    return own >= 0
      ? own
      : levels.findIndex((names) => names.includes(file.includes('/') ? file.split('/')[0] : ''));
  };
  const graph = imports(folder);
  expect(graph.size).toBeGreaterThan(30);
  for (const [file, others] of graph) {
    expect(level(file), `${file} is in a folder that has no level yet`).toBeGreaterThanOrEqual(0);
    const upwards = others.filter((path) => level(path) > level(file));
    expect(upwards, `${file} imports from above`).toEqual([]);
  }
});

test.each(['assembly', 'src'] as const)('%s: no circle of imports, lazy ones included', (folder) => {
  const graph = imports(folder, true);
  const done = new Set<string>();
  const visit = (file: string, path: readonly string[]): void => {
    if (path.includes(file)) expect.fail([...path.slice(path.indexOf(file)), file].join(' -> '));
    if (done.has(file)) return;
    for (const next of graph.get(file) ?? []) visit(next, [...path, file]);
    done.add(file);
  };
  for (const file of graph.keys()) visit(file, []);
});
