// --compare: two files layer by layer. --diff: also the rank of after - before.
//
// Stored weights are rounded, and the difference of two rounded matrices has full rank in its last digits. Rounding to
// a type of spacing eps adds to W a matrix of independent errors up to eps |w| / 2 (rms eps |w| / sqrt(12)), of
// spectral norm about their rms times sqrt(m) + sqrt(n) (Davidson & Szarek 2001). The rank of a difference counts what
// stands above eps rms(W) (sqrt(m) + sqrt(n)), 3.5 times as much, unless a tolerance is given.
import { byteLength, tensorBytes } from '../files/budget.js';
import type { Channel } from '../files/channel.js';
import { fileMessage, inFile, message } from '../files/messages.js';
import { Lost, tensorsOf, toTask } from '../files/rows.js';
import type { Event, Job } from '../files/types.js';
import { printable } from '../formats/errors.js';
import { type NamedMatrix, toMatrices } from '../formats/matrices.js';
import type { NamedTensor } from '../formats/types.js';
import { floats } from '../input/floats.js';
import { readInput } from '../input/stack.js';
import type { TaskName } from '../pool/task.js';
import type { RankOptions, RankReport } from '../types.js';
import type { Arguments } from './args.js';
import { type Pair, type PairWriter, pairSummary, pairWriter } from './compare-rows.js';
import { type Layer, pairLayer, toReport } from './html/data.js';
import { openInput } from './input.js';
import { isReport, OutputFile } from './output-file.js';
import { Partner } from './partner.js';
import { openScreen, run } from './run.js';

/** Runs the comparison and returns the exit status. */
export async function runCompare(args: Arguments): Promise<number> {
  const screen = openScreen();
  const writer: PairWriter = pairWriter(args.output, screen, args.diff);
  const pairs: Pair[] = [];
  const layers: Layer[] = [];
  const { html, files, compare } = args;
  const page =
    html === undefined ? undefined : new OutputFile('--html', html, [...files, compare!], isReport);
  return run<Pair>(args, screen, {
    produce: (job, out) => produce(args.files[0], args.compare!, args.diff, job, out),
    row(pair) {
      if (page) layers.push(pairLayer(pair));
      const { spectra, ...rest } = pair; // the page has a sample of them
      pairs.push(rest);
      writer.pair(rest);
      return pair.error === undefined;
    },
    flush: () => writer.end(),
    async finish(status) {
      const text = pairSummary(pairs, args.diff);
      writer.summary(text);
      if (page !== undefined) {
        const { toHtml } = await import('./report-html.js');
        page.write(toHtml(toReport(`${printable(files[0])} → ${printable(compare!)}`, text, layers)));
      }
      return status;
    },
  });
}

async function produce(
  before: string,
  after: string,
  diff: boolean,
  job: Job,
  out: Channel<Event<Pair>>,
): Promise<void> {
  let at = after;
  const lost = new Lost();
  const failed = (name: string, error: unknown) => {
    lost.add(message(error));
    out.push(Promise.resolve({ row: { name, error: message(error) } }));
  };
  try {
    const partner = await Partner.open(
      after,
      {
        ...job.read,
        onError: failed,
        onProgress: (read, total) => job.onProgress(`${after} (after)`, read, total),
      },
      job.budget.most,
    );
    at = before;
    for await (const tensor of tensorsOf(before, await openInput(before, job.budget.most), job, failed)) {
      if (tensor.shape.length < 2) continue;
      at = after;
      const other = await partner.take(tensor.name);
      at = before;
      await submit(tensor, other, diff, job, out);
    }
    at = after;
    for await (const tensor of partner.rest()) await submit(undefined, tensor, diff, job, out);
  } catch (error) {
    if (job.read.signal?.aborted) return;
    lost.first(fileMessage(at, error));
  }
  lost.tell(out);
}

async function submit(
  before: NamedTensor | undefined,
  after: NamedTensor | undefined,
  diff: boolean,
  job: Job,
  out: Channel<Event<Pair>>,
): Promise<void> {
  const [a, b] = [before ? toMatrices(before) : [], after ? toMatrices(after) : []];
  const { shape } = (before ?? after)!;
  if (before && after && (before.packed === undefined) !== (after.packed === undefined)) {
    const [when, why] = before.packed === undefined ? ['after', after.packed] : ['before', before.packed];
    out.push(Promise.resolve({ row: { name: before.name, shape, error: `${when}: ${why}` } }));
    return;
  }
  const [when, why] = before === undefined ? ['only after', after?.packed] : ['before', before.packed];
  if (why !== undefined) {
    const note = before && after ? `in both: ${why}` : `${after ? when : 'only before'}: ${why}`;
    out.push(Promise.resolve({ row: { name: (before ?? after)!.name, shape, note } }));
    return;
  }
  for (let i = 0; i < Math.max(a.length, b.length); i++) {
    const { name } = (a[i] ?? b[i])!;
    const types = [before?.dtype, after?.dtype].filter((t, k, all) => t !== undefined && t !== all[k - 1]);
    const cost = [a[i], b[i]].reduce((sum, m, k) => {
      const dtype = [before, after][k]?.dtype ?? '';
      return sum + (m ? tensorBytes({ shape: m.shape, dtype }) * (diff ? 2 : 1) : 0);
    }, 0);
    let release: () => void;
    try {
      release = await job.budget.take(cost, '', name);
    } catch (error) {
      out.push(Promise.resolve({ row: { name, shape, error: inFile(error) } }));
      continue;
    }
    const end = job.begin(name, byteLength(a[i]) + byteLength(b[i]));
    const pair = decide(a[i], b[i], types.join(' → '), diff, job).finally(() => {
      release();
      end();
    });
    out.push(pair.then((pair) => ({ row: { ...pair, shape } })));
  }
}

async function decide(
  a: NamedMatrix | undefined,
  b: NamedMatrix | undefined,
  dtype: string,
  diff: boolean,
  job: Job,
): Promise<Pair> {
  const { name, shape: matrix } = (a ?? b)!;
  const pair: Pair = { name, matrix, dtype, full: Math.min(...matrix) };
  if (a && b && a.shape.join() !== b.shape.join()) {
    return { ...pair, error: `the matrix is ${a.shape.join('x')} before, ${b.shape.join('x')} after` };
  }
  const names: TaskName[] = job.spectra ? ['rankReport', 'singularValues'] : ['rankReport'];
  if (diff && a && b && (a.factors === undefined) !== (b.factors === undefined)) {
    return { ...pair, error: 'one is an adapter, the other a weight' };
  }
  const rank = async (matrix: NamedMatrix, options: RankOptions) =>
    (await job.run(toTask(matrix, names, options))) as [RankReport, Float64Array | undefined];
  // The difference is taken first: a task gives its matrix away.
  const difference = diff && a && b ? subtract(a, b, dtype, job.tolerance) : undefined;
  const [before, after, other] = await Promise.allSettled([
    a && rank(a, job.tolerance),
    b && rank(b, job.tolerance),
    difference && !a?.factors && rank(difference.matrix, difference.options),
  ]);
  if (before.status === 'rejected') return { ...pair, error: `before: ${message(before.reason)}` };
  if (after.status === 'rejected') return { ...pair, error: `after: ${message(after.reason)}` };
  let change = other as PromiseSettledResult<Awaited<ReturnType<typeof rank>> | undefined>;
  if (difference && a?.factors) {
    // What one of the two has below its tolerance is no difference.
    const atol = Math.max(before.value?.[0].tolerance ?? 0, after.value?.[0].tolerance ?? 0);
    const options = Object.keys(job.tolerance).length > 0 ? job.tolerance : { atol };
    [change] = await Promise.allSettled([rank(difference.matrix, options)]);
  }
  if (change.status === 'rejected') return { ...pair, error: `difference: ${message(change.reason)}` };
  const [[x, xs], [y, ys], [z]] = [before, after, change].map(({ value }) => value ?? []);
  return {
    ...pair,
    before: x,
    after: y,
    diff: z,
    ...(job.spectra && { spectra: { before: xs, after: ys } }),
  };
}

/** What separates neighbouring numbers around 1. Integers are exact. */
const SPACING: [type: RegExp, eps: number][] = [
  [/float8_e5m2/, 2 ** -2],
  [/float8/, 2 ** -3],
  [/bfloat16/, 2 ** -7],
  [/float16/, 2 ** -10],
  [/float32/, 2 ** -23],
  [/float64/, 2 ** -52],
];

function subtract(a: NamedMatrix, b: NamedMatrix, dtype: string, given: RankOptions) {
  if (a.factors && b.factors) return { matrix: subtractFactors(a, b), options: given };
  const [x, y] = [a, b].map(
    ({ data, shape, dtype }) => floats(readInput('difference', [{ data, shape, dtype }], 2)).data,
  );
  const double = x instanceof Float64Array || y instanceof Float64Array;
  const out = double ? new Float64Array(x.length) : new Float32Array(x.length);
  let squares = 0;
  for (let i = 0; i < out.length; i++) {
    out[i] = y[i] - x[i];
    squares += Math.max(x[i] * x[i], y[i] * y[i]);
  }
  const [m, n] = a.shape;
  const eps = SPACING.find(([type]) => type.test(dtype))?.[1] ?? 0;
  const rounding = eps * Math.sqrt(squares / Math.max(1, out.length)) * (Math.sqrt(m) + Math.sqrt(n));
  const usual = Math.max(m, n) * (double ? 2 ** -52 : 2 ** -23);
  // Of what was decoded, or stored in 16 bits, the reader knows more.
  const noise = a.noise === undefined && b.noise === undefined ? rounding : (a.noise ?? 0) + (b.noise ?? 0);
  const options = Object.keys(given).length > 0 ? given : { atol: noise || 0, rtol: usual };
  return { matrix: { name: a.name, data: out, shape: a.shape }, options };
}

/** The difference of two products is a product: [left_b, -left_a] times right_b above right_a. */
function subtractFactors(a: NamedMatrix, b: NamedMatrix): NamedMatrix {
  const [x, y] = [a.factors!, b.factors!];
  const rows = a.shape[0];
  const rank = x.rank + y.rank;
  const left = new Float64Array(rows * rank);
  for (let i = 0; i < rows; i++) {
    for (let k = 0; k < y.rank; k++) left[i * rank + k] = y.left[i * y.rank + k];
    for (let k = 0; k < x.rank; k++) left[i * rank + y.rank + k] = -x.left[i * x.rank + k];
  }
  const right = new Float64Array(y.right.length + x.right.length);
  right.set(y.right);
  right.set(x.right, y.right.length);
  return { ...b, factors: { left, right, rank } };
}
