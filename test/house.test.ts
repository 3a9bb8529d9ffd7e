// The house: imports go down only and never in a circle, in the kernel and in the library.
import { readdirSync, readFileSync } from 'node:fs';
import { posix } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

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

function read(folder: keyof typeof LEVELS): Map<string, string[]> {
  const root = fileURLToPath(new URL(`../${folder}/`, import.meta.url));
  const graph = new Map<string, string[]>();
  for (const name of readdirSync(root, { recursive: true, encoding: 'utf8' })) {
    const file = name.replaceAll('\\', '/');
    if (!file.endsWith('.ts') || file.includes('generated/')) continue;
    const imports = readFileSync(root + file, 'utf8').matchAll(
      /^(?:import|export)(?! type)[^;]*? from '(\.[^']*)'/gm,
    );
    const paths = [...imports].map((m) => posix.join(posix.dirname(file), m[1]).replace(/(\.js)?$/, '.ts'));
    graph.set(file, paths);
  }
  return graph;
}

test.each(['assembly', 'src'] as const)('%s: imports go down only', (folder) => {
  const levels = LEVELS[folder] as string[][];
  const level = (file: string) => {
    const own = levels.findIndex((names) => names.includes(file));
    return own >= 0
      ? own
      : levels.findIndex((names) => names.includes(file.includes('/') ? file.split('/')[0] : ''));
  };
  const graph = read(folder);
  expect(graph.size).toBeGreaterThan(30);
  for (const [file, imports] of graph) {
    expect(level(file), `${file} is in a folder that has no level yet`).toBeGreaterThanOrEqual(0);
    const upwards = imports.filter((path) => level(path) > level(file));
    expect(upwards, `${file} imports from above`).toEqual([]);
  }
});

test.each(['assembly', 'src'] as const)('%s: no circle of imports', (folder) => {
  const graph = read(folder);
  const done = new Set<string>();
  const visit = (file: string, path: readonly string[]): void => {
    if (path.includes(file)) expect.fail([...path.slice(path.indexOf(file)), file].join(' -> '));
    if (done.has(file)) return;
    for (const next of graph.get(file) ?? []) visit(next, [...path, file]);
    done.add(file);
  };
  for (const file of graph.keys()) visit(file, []);
});
