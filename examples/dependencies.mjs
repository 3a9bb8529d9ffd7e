// Which columns of a design matrix depend on which: what a statistics program calls aliased coefficients.
//   node examples/dependencies.mjs
import { dependencies, independentColumns, matrixRank, nullSpace } from 'matrix-rank';

// One-hot coding with an intercept: the columns of each factor add up to it (the dummy variable trap).
const names = ['intercept', 'brand A', 'brand B', 'brand C', 'cold', 'hot'];
const table = ['A cold', 'B cold', 'C cold', 'A hot', 'B hot', 'C hot', 'A hot'].map((row) => {
  const [brand, water] = row.split(' ');
  return [1, +(brand === 'A'), +(brand === 'B'), +(brand === 'C'), +(water === 'cold'), +(water === 'hot')];
});
const named = (text) => text.replace(/column (\d+)/g, (_, j) => names[j]);
console.log('rank', matrixRank(table), 'of', names.length);
console.log('keep:', [...independentColumns(table)].map((j) => names[j]).join(', '));
for (const { text, residual } of dependencies(table)) console.log(named(text), `(leaves ${residual})`);
const { shape, residual } = nullSpace(table);
console.log(
  `the null space has dimension ${shape[1]}; A times its basis is at most ${residual.toExponential(1)}`,
);

// Longley's data (R's `longley`; J. W. Longley 1967): of full rank,
// famous for what it does to a regression with an intercept.
const variables = ['intercept', 'deflator', 'GNP', 'unemployed', 'armed forces', 'population', 'year'];
const longley = [
  [1, 83, 234.289, 235.6, 159, 107.608, 1947],
  [1, 88.5, 259.426, 232.5, 145.6, 108.632, 1948],
  [1, 88.2, 258.054, 368.2, 161.6, 109.773, 1949],
  [1, 89.5, 284.599, 335.1, 165, 110.929, 1950],
  [1, 96.2, 328.975, 209.9, 309.9, 112.075, 1951],
  [1, 98.1, 346.999, 193.2, 359.4, 113.27, 1952],
  [1, 99, 365.385, 187, 354.7, 115.094, 1953],
  [1, 100, 363.112, 357.8, 335, 116.219, 1954],
  [1, 101.2, 397.469, 290.4, 304.8, 117.388, 1955],
  [1, 104.6, 419.18, 282.2, 285.7, 118.734, 1956],
  [1, 108.4, 442.769, 293.6, 279.8, 120.445, 1957],
  [1, 110.8, 444.546, 468.1, 263.7, 121.95, 1958],
  [1, 112.6, 482.704, 381.3, 255.2, 123.366, 1959],
  [1, 114.2, 502.601, 393.1, 251.4, 125.368, 1960],
  [1, 115.7, 518.173, 480.6, 257.2, 127.852, 1961],
  [1, 116.9, 554.894, 400.7, 282.7, 130.081, 1962],
];
console.log('\nLongley: rank', matrixRank(longley), 'of', variables.length);
console.log('to six digits:', matrixRank(longley, { rtol: 1e-6 }));
for (const { text, residual } of dependencies(longley, { rtol: 1e-6 })) {
  console.log(
    text.replace(/column (\d+)/g, (_, j) => variables[j]),
    `(leaves ${residual.toPrecision(2)})`,
  );
}
