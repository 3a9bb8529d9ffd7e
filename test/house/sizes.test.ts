// Functions of at most 60 lines and 7 parameters, files of some 300 lines. What is larger stands here, with its reason.
import { expect, test } from 'vitest';
import { functions, sources } from './tree.js';

const CODE = ['assembly', 'src', 'demo', 'scripts', 'bench', 'examples'].flatMap((folder) =>
  sources(folder, /\.(ts|mjs|as)$/).map(({ file, text }) => ({ file: `${folder}/${file}`, text })),
);

/** Functions of more than 60 lines or 7 parameters, and why. */
const LARGE: Record<string, string> = {
  'assembly/index.ts ranks': 'an export of the kernel takes numbers only',
  'assembly/certificate/small-pair.ts smallRanks':
    'the same numbers: in a record they cost 8 % of a 3 x 3 matrix',
  'assembly/blas/syrk.ts addProducts':
    'called for every row of tiles from tasks, which must not allocate a record',
  'assembly/blas/residual.ts residualSquare': 'two operands with a step each: one number more than seven',
};

test('functions have at most 60 lines and 7 parameters', () => {
  const large = CODE.flatMap(({ file, text }) =>
    functions(text)
      .filter((f) => f.lines > 60 || f.parameters > 7)
      .map(({ name }) => `${file} ${name}`),
  );
  expect(large.filter((name) => !(name in LARGE))).toEqual([]);
  expect(Object.keys(LARGE).filter((name) => !large.includes(name))).toEqual([]);
});

test('files have one idea, and some 300 lines at most', () => {
  const long: Record<string, string> = {
    'assembly/base/params.ts': 'every number that was chosen, with its reason',
    'assembly/factor/cholesky.ts': 'the factorisation, alone and on many threads',
    'assembly/factor/compact-wy.ts': 'blocks of reflectors, alone and on many threads',
    'assembly/factor/qrcp.ts': 'pivots from norms and from a sketch, one record',
    'assembly/factor/strong-rrqr.ts': 'exchanges, and the updates that they need',
    'assembly/certificate/small-pair.ts':
      'two small matrices in two lanes, tables that all of its steps share',
    'scripts/mutations.mjs': 'a list',
    'src/types.ts': 'docstrings: the options and results of the root entry',
    'src/formats/source/remote.ts': 'ranges over HTTP and their errors',
  };
  const tall = CODE.filter(({ text }) => text.length > 301).map(({ file }) => file);
  expect(tall.filter((file) => !(file in long))).toEqual([]);
  expect(Object.keys(long).filter((file) => !tall.includes(file))).toEqual([]);
});
