// The oracle in a module worker, on the bundle.
import * as library from '../../dist/matrix-rank.min.js';
import { runOracle } from './oracle.js';

addEventListener('message', async ({ data: folder }) => {
  try {
    postMessage(await runOracle(library, folder));
  } catch (error) {
    postMessage({ passed: 0, failures: [String(error)], simd: library.simd });
  }
});
