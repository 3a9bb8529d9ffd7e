// Jest as it comes: CommonJS, without a configuration, in both of its environments.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type App, block, createApp } from './app.js';

let app: App;
beforeAll(() => {
  app = createApp(['jest@30', 'jest-environment-jsdom@30']);
  app.write('rank.test.js', block('rank.test.js'));
  app.write(
    'more.test.js',
    `const { matrixRank, createRankPool } = require('matrix-rank');
const { readTensors } = require('matrix-rank/formats');
const { initKernel } = require('matrix-rank/kernel');
const { writeFileSync } = require('node:fs');

const header = "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 2), }".padEnd(117) + '\\n';
const head = Buffer.from('\\x93NUMPY\\x01\\x00v\\x00' + header, 'latin1');
const npy = new Uint8Array(Buffer.concat([head, Buffer.from(Float32Array.of(1, 2, 2, 4).buffer)]));

test.each([['a path', __dirname + '/a.npy'], ['bytes', npy]])('a model from %s', async (_, from) => {
  writeFileSync(__dirname + '/a.npy', npy);
  await initKernel();
  const ranks = [];
  for await (const { data, shape } of readTensors(from)) ranks.push(matrixRank(data, shape));
  expect(ranks).toEqual([1]);
});

test('fractions and NaN reach the threads', async () => {
  const pool = createRankPool({ threads: 1 });
  expect([...(await pool.singularValues(Float64Array.of(0.5, 0, 0, 0.25), [2, 2]))]).toEqual([0.5, 0.25]);
  await expect(pool.matrixRank([NaN], [1, 1])).rejects.toThrow(RangeError);
  await pool.close();
});
`,
  );
}, 240_000);
afterAll(() => app.remove());

test.each(['node', 'jsdom'])('the environment %s', (environment) => {
  const out = app.bin('jest', [`--env=${environment}`, '--json', '--silent']);
  expect(JSON.parse(out)).toMatchObject({ success: true, numPassedTests: 4, numFailedTests: 0 });
});
