// One library on one case: what its user would call, warmed up, the median of as many calls as the time allows.
import { CASES, type Matrix, type Question, type Result } from './bench-cases.js';

type Call = () => number | number[];
/** Loads a library; returns what brings a matrix into its form, not timed, and gives the call that is. */
type Peer = () => Promise<(matrix: Matrix) => Call>;

const PEERS: Record<Question[0], Peer> = {
  async 'matrix-rank'() {
    const { matrixRank, matrixRanks } = await import('matrix-rank');
    return ({ data, shape }) =>
      shape.length === 2 ? () => matrixRank(data, shape) : () => Array.from(matrixRanks(data, shape));
  },
  async 'ml-matrix'() {
    const { Matrix, SVD } = await import('ml-matrix');
    const options = {
      computeLeftSingularVectors: false,
      computeRightSingularVectors: false,
      autoTranspose: true,
    };
    return each((rows) => {
      const a = new Matrix(rows);
      return () => new SVD(a, options).rank;
    });
  },
  async 'numpy-ts'() {
    const np = await import('numpy-ts');
    return each((rows, single) => {
      const a = np.array(rows, single ? 'float32' : 'float64');
      return () => Number(np.linalg.matrix_rank(a));
    });
  },
  async 'svd-js'() {
    const { SVD } = await import('svd-js');
    return each((rows, single) => {
      const tall = rows.length >= rows[0].length;
      const a = tall ? rows : rows[0].map((_, j) => rows.map((row) => row[j]));
      return () => {
        const sigma: number[] = SVD(a, false, false).q;
        const tolerance = Math.max(...sigma) * a.length * (single ? 2 ** -23 : 2 ** -52);
        return sigma.filter((s) => s > tolerance).length;
      };
    });
  },
};

/** A stack is a loop over its matrices: these libraries take none. */
function each(prepare: (rows: number[][], single: boolean) => () => number): (matrix: Matrix) => Call {
  return ({ data, shape }) => {
    const [m, n] = shape.slice(-2);
    const calls = Array.from({ length: data.length / (m * n) }, (_, k) => {
      const row = (i: number) => Array.from(data.subarray((k * m + i) * n, (k * m + i + 1) * n));
      return prepare(
        Array.from({ length: m }, (_, i) => row(i)),
        data instanceof Float32Array,
      );
    });
    return shape.length === 2 ? calls[0] : () => calls.map((call) => call());
  };
}

async function measure(peer: Question[0], index: number, ms: number): Promise<Result> {
  const matrix = CASES[index].make();
  const call = (await PEERS[peer]())(matrix);
  const rank = call();
  const wrong = matrix.rank !== null && String(rank) !== String(matrix.rank);
  const clock = (times: number) => {
    const start = performance.now();
    for (let i = 0; i < times; i++) call();
    return (performance.now() - start) / times;
  };
  // Warm: the engine compiles what runs often. Then, as a browser's clock is coarse,
  // a sample is as many calls as take 5 ms.
  for (const end = performance.now() + ms / 3; performance.now() < end; ) call();
  let batch = 1;
  while (clock(batch) * batch < 5) batch *= 2;
  const samples: number[] = [];
  for (const end = performance.now() + ms; performance.now() < end || samples.length < 3; )
    samples.push(clock(batch));
  samples.sort((a, b) => a - b);
  return { time: samples[samples.length >> 1], calls: samples.length * batch, wrong };
}

addEventListener('message', async ({ data: [peer, index, ms] }: MessageEvent<Question>) => {
  try {
    postMessage(await measure(peer, index, ms));
  } catch (error) {
    postMessage({ error: String(error) } satisfies Result);
  }
});
