// The kernel: where state may stand, and where numbers that were chosen.
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { METHODS } from '../../src/matrix/rank.js';
import { codeOf, root, sources } from './tree.js';

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
  const found = sources('assembly').filter(({ text }) => text.some((line) => /^(export )?let /.test(line)));
  expect(found.map(({ file }) => file).filter((file) => !stateful.includes(file))).toEqual([]);
});

test('assembly: no constant of a module was chosen', () => {
  // Derived from others, or the layout of a record: beside their formula.
  const derived: Record<string, string> = {
    'certificate/small-pair.ts': 'sizes of its tables, for matrices of SMALL_ROWS x SMALL_COLUMNS',
    'base/random.ts': 'SEED: 2^64 over the golden ratio',
    'blas/compensated.ts': "SPLIT: Dekker's 2^27 + 1",
    'factor/cholesky16.ts': 'ONE: what 16 bits hold',
    'spectrum/bulge.ts': 'a line of the cache, and the room of a reflector, by the width',
    'spectrum/bisection.ts': 'offsets in an interval',
    'spectrum/sturm.ts': 'offsets in six points',
    'base/parallel.ts': 'offsets in what threads share, and how long they wait for each other',
  };
  const numbers = sources('assembly').flatMap(({ file, text }) =>
    text.filter((line) => /^(export )?const \w+(: \w+)? = .*(?<![\w.])\d/.test(line)).map(() => file),
  );
  expect(numbers.filter((file) => file !== 'base/params.ts' && !(file in derived))).toEqual([]);
});

// Tiles and unrolled loops count in bytes, panels in powers of two; a half, a quarter and the layout of float64 are
// nobody's choice.
const STRUCTURE = new Set([
  ...Array.from({ length: 17 }, (_, i) => i),
  ...Array.from({ length: 48 }, (_, i) => 8 * (i + 1)),
  ...[31, 63, 512, 0.5, 0.25, 1.5],
  ...[52, 1022, 1023, 2047, 2048],
]);

test('assembly: no function has a number that was chosen', () => {
  const derived: Record<string, string[]> = {
    'base/arena.ts': ['0xffff', '0xffff0000'], // pages
    'base/random.ts': [
      '25',
      '27',
      '33',
      '0x7fffffff',
      '0x2545f4914f6cdd1d',
      '6364136223846793005',
      '1442695040888963407',
    ],
    'certificate/elimination.ts': ['0.99'],
    'certificate/inertia.ts': ['0.999'],
    'certificate/row-sample.ts': ['1.23'],
    'driver/subspace.ts': ['1.05'],
    'factor/cholesky16.ts': ['0.51'],
    'factor/grading.ts': ['2049'], // exponents of float64, and one more
    'matrix/rows.ts': ['33', '0x2545f4914f6cdd1d'], // bits of a random number, a seed
    'spectrum/bidiagonal.ts': ['1000'], // powers that are normal
    'spectrum/lanczos.ts': ['39'], // bits of a random number
    'spectrum/power.ts': ['3.5'], // a start vector
    'spectrum/sturm.ts': ['0x7ff0000000000000', '0x7fe0000000000000'], // exponents of float64
  };
  const found = sources('assembly').flatMap(({ file, text }) =>
    codeOf(text).flatMap((line, i) =>
      [...line.matchAll(/(?<![\w.])(?:0x[\da-f]+|\d+(?:\.\d+)?(?:e[-+]?\d+)?)(?![\w.])/gi)]
        .filter(() => !/^(export )?const /.test(line))
        .map(([number]) => ({ file, number, where: `${file}:${i + 1}: ${number}` })),
    ),
  );
  const odd = found.filter(({ number }) => !STRUCTURE.has(Number(number)));
  const chosen = odd.filter(({ file, number }) => !derived[file]?.includes(number));
  expect(chosen.filter(({ file }) => file !== 'base/params.ts').map(({ where }) => where)).toEqual([]);
  // The list has nothing that is gone.
  const listed = Object.entries(derived).flatMap(([file, numbers]) => numbers.map((n) => `${file} ${n}`));
  const there = new Set(odd.map(({ file, number }) => `${file} ${number}`));
  expect(listed.filter((name) => !there.has(name))).toEqual([]);
});

test("METHODS are the kernel's, in its order", () => {
  const claim = readFileSync(new URL('assembly/certificate/claim.ts', root), 'utf8');
  const names = /enum Method \{([^}]*)\}/
    .exec(claim)![1]
    .split(',')
    .map((name) => name.trim().toLowerCase());
  // A user reads 'inertia' for that of a trailing matrix, or of equilibrated lines.
  const read = (name: string) => (['trailing', 'equilibrated'].includes(name) ? 'inertia' : name);
  expect(METHODS).toEqual(names.map(read));
});

test('what scripts/mutants.mjs drops stands in the kernel, once', async () => {
  const list: string = '../../scripts/mutations.mjs'; // JavaScript
  const { MUTANTS }: { MUTANTS: { file: string; name: string; from: string }[] } = await import(list);
  const text = new Map(sources('assembly').map(({ file, text }) => [file, text.join('\n')]));
  const astray = MUTANTS.filter(({ file, from }) => text.get(file)?.split(from).length !== 2);
  expect(astray.map(({ file, name }) => `${file}: ${name}`)).toEqual([]);
});

test.for(['baseline', 'relaxed'])('%s kernel: what waits is a function that does nothing else', (build) => {
  const wasm = readFileSync(new URL(`build/${build}.wasm`, root));
  const wait = Buffer.from('fe010200', 'hex'); // memory.atomic.wait32, its alignment and offset
  const found: string[] = [];
  for (let at = wasm.indexOf(wait); at >= 0; at = wasm.indexOf(wait, at + 1)) {
    found.push(wasm.subarray(at - 7, at + 5).toString('hex'));
  }
  // No local variables, the three parameters, the wait, the end of the function.
  expect(found).toEqual(['00200020012002fe0102000b']);
});
