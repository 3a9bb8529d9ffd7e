// The house: imports go down only and never in a circle, in the kernel and in the library; where state and chosen
// numbers may stand; how long files and functions are. What is longer stands in a list, with its reason.
import { readdirSync, readFileSync } from 'node:fs';
import { posix } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { METHODS } from '../src/matrix/rank.js';

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

/** Every line of a folder, with its file and number. */
function lines(folder: keyof typeof LEVELS): { file: string; text: string[] }[] {
  return [...read(folder).keys()].map((file) => ({
    file,
    text: readFileSync(new URL(`../${folder}/${file}`, import.meta.url), 'utf8').split('\n'),
  }));
}

test('assembly: the state of the kernel is one open matrix, one claim, one arena', () => {
  // parallel.ts knows how many threads there are; index.ts keeps what one call of the ABI leaves for the next.
  const stateful = [
    'base/arena.ts',
    'base/parallel.ts',
    'matrix/source.ts',
    'matrix/scan.ts',
    'certificate/claim.ts',
    'index.ts',
  ];
  const found = lines('assembly').filter(({ text }) => text.some((line) => /^(export )?let /.test(line)));
  expect(found.map(({ file }) => file).filter((file) => !stateful.includes(file))).toEqual([]);
});

test('assembly: every number that was chosen stands in base/params.ts', () => {
  // Derived from others, or the layout of a record: beside their formula.
  const derived: Record<string, string> = {
    'certificate/small-pair.ts': 'sizes of its tables, for matrices of SMALL_ROWS x SMALL_COLUMNS',
    'blas/compensated.ts': "SPLIT: Dekker's 2^27 + 1",
    'factor/cholesky16.ts': 'ONE: what 16 bits hold',
    'spectrum/sturm.ts': 'offsets in an interval',
    'base/parallel.ts': 'offsets in what threads share, and how long they wait for each other',
  };
  const numbers = lines('assembly').flatMap(({ file, text }) =>
    text.filter((line) => /^(export )?const \w+(: \w+)? = .*(?<![\w.])\d/.test(line)).map(() => file),
  );
  expect(numbers.filter((file) => file !== 'base/params.ts' && !(file in derived))).toEqual([]);
});

/** Functions and methods of a file: their lines and the number of their parameters. */
function functions(text: readonly string[]): { name: string; lines: number; parameters: number }[] {
  const head =
    /^(?<indent> {0,2})(?:export |private |async |static )*(?:function\*? )?(?<name>[\w#]+)(?:<[^(]*>)?\(/;
  return text.flatMap((line, from) => {
    const { indent, name } = head.exec(line)?.groups ?? {};
    if (name === undefined || /^ *(if|for|while|switch|catch|return)\b/.test(line)) return [];
    const open = text.findIndex((l, i) => i >= from && /[{;]$/.test(l));
    if (!text[open]?.endsWith('{')) return [];
    const to = text.findIndex((l, i) => i > open && l.startsWith(`${indent}}`));
    const signature = text.slice(from, open + 1).join(' ');
    const list = signature.slice(signature.indexOf('(') + 1, signature.lastIndexOf(')'));
    // Commas within brackets are those of types and defaults.
    let flat = list;
    for (let last = ''; last !== flat; )
      [last, flat] = [flat, flat.replace(/[([{<][^()[\]{}<>]*[)\]}>]/g, '')];
    return [{ name, lines: to - from + 1, parameters: flat.split(',').filter((part) => part.trim()).length }];
  });
}

/** Functions of more than 60 lines or 7 parameters, and why. */
const LARGE: Record<string, string> = {
  // Kernels: operands come with their leading dimensions, and loops that must not spill stand in one piece.
  'assembly/blas/residual.ts residualSquare': 'two operands and a piece of A, each with its layout',
  'assembly/blas/syrk.ts addProducts': 'two operands and a range of tiles',
  'assembly/certificate/small-pair.ts reflect': 'one column after the other, two lanes at a time',
  'assembly/certificate/small-pair.ts smallRanks':
    'the ABI of a matrix, twice; one pass, two lanes at a time',
  'assembly/factor/cholesky.ts solveTile': 'four unrolled columns',
  'assembly/factor/householder.ts reflect4': 'four columns, each with its coefficient',
  'assembly/factor/strong-rrqr.ts sortPivots': 'a factor, its order and its inverse',
  'assembly/index.ts ranks': 'the ABI of a stack of matrices',
  'assembly/matrix/pack.ts packAs': 'two tables of offsets, a piece and a layout',
  'assembly/matrix/pack.ts pack': 'the same',
  'assembly/matrix/pack.ts packHere': 'the same',
  'assembly/spectrum/band.ts keep': 'a block of reflectors and its place',
  'assembly/spectrum/band.ts transposeRows': 'a piece of a matrix and its place',
  'assembly/spectrum/golub-kahan.ts combine': 'a piece of a matrix and its place',
  'assembly/spectrum/sturm.ts evaluate': 'eight points at a time, unrolled',
  // A list that is read from above to below: of bytes, of opcodes, of what stands in a file or on a page.
  'src/cli/html/plots.ts drawBars': 'the options of one plot',
  'src/cli/html/plots.ts drawSpectrum': 'the options of one plot',
  'src/cli/report-html.ts toHtml': 'one page',
  'src/cli/report.ts runReport': 'one run of the command, step by step',
  'src/formats/matlab.ts constructor': 'the state of a reader',
  'src/formats/pickle.ts constructor': 'the opcodes',
  'src/formats/pickle.ts object': 'the opcodes',
  'src/formats/scipy-sparse.ts readMatrix': 'its formats',
  'src/formats/tfjs.ts readTfjs': 'its files',
  'src/pool/threads.ts createThreads': 'the closures of one pool',
  // A strided piece of an array has data, offset, shape and strides.
  'src/formats/decode/gguf-blocks.ts look': 'a block and its parts',
};

test.each(['assembly', 'src'] as const)('%s: functions have at most 60 lines and 7 parameters', (folder) => {
  const large = lines(folder).flatMap(({ file, text }) =>
    functions(text)
      .filter((f) => f.lines > 60 || f.parameters > 7)
      .map(({ name }) => `${folder}/${file} ${name}`),
  );
  expect(large.filter((name) => !(name in LARGE))).toEqual([]);
});

test('files have one idea, and some 300 lines at most', () => {
  const long: Record<string, string> = {
    'assembly/base/params.ts': 'every number that was chosen, with its reason',
    'assembly/factor/cholesky.ts': 'the factorisation, alone and on many threads',
    'assembly/factor/compact-wy.ts': 'blocks of reflectors, alone and on many threads',
    'assembly/factor/qrcp.ts': 'pivots from norms and from a sketch, one record',
    'assembly/factor/strong-rrqr.ts': 'exchanges, and the updates that they need',
    'assembly/spectrum/sturm.ts': 'the count and the search that it guides',
    'assembly/certificate/small-pair.ts':
      'two small matrices in two lanes, tables that all of its steps share',
    'src/types.ts': 'docstrings: the options and results of the root entry',
    'src/formats/pickle.ts': 'one machine, its opcodes',
    'src/formats/hdf5-data.ts': 'the messages of an object header',
    'src/formats/remote.ts': 'ranges over HTTP and their errors',
    'src/formats/matlab.ts': 'the elements of a file',
    'src/formats/source.ts': 'the byte sources',
    'src/cli/args.ts': 'the options of the command',
  };
  const tall = [...lines('assembly'), ...lines('src')].filter(({ text }) => text.length > 301);
  const where = (file: string) => [`assembly/${file}`, `src/${file}`];
  expect(
    tall.filter(({ file }) => !where(file).some((name) => name in long)).map(({ file }) => file),
  ).toEqual([]);
});

test("METHODS are the kernel's, in its order", () => {
  const claim = readFileSync(new URL('../assembly/certificate/claim.ts', import.meta.url), 'utf8');
  const names = /enum Method \{([^}]*)\}/
    .exec(claim)![1]
    .split(',')
    .map((name) => name.trim().toLowerCase());
  // A user reads 'inertia' for that of a trailing matrix.
  expect(METHODS).toEqual(names.map((name) => (name === 'trailing' ? 'inertia' : name)));
});

test("the kernel's tests have the names of its files", () => {
  const files = [...read('assembly').keys()];
  const folder = fileURLToPath(new URL('kernel/', import.meta.url));
  const tests = readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((name) =>
    name.replaceAll('\\', '/'),
  );
  const nested = tests
    .filter((name) => /\/.*\.test\.ts$/.test(name))
    .map((name) => name.replace('.test.ts', '.ts'));
  expect(nested.filter((name) => !files.includes(name))).toEqual([]);
});
