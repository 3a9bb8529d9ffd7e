// The filters: `fold` makes a saved accumulator of rows, `merge` one of several, or its report. They are what a queue,
// a cluster or a shell needs to have the rank of a matrix that lies in many places.
import { readFileSync } from 'node:fs';
import { buffer } from 'node:stream/consumers';
import { RankAccumulator } from '../accumulator/accumulator.js';
import { accumulate, merge, plan } from '../files/accumulate.js';
import { createBudget } from '../files/budget.js';
import { fileMessage } from '../files/messages.js';
import { openPipe, openTall, Pipe, type RawRows, type Tall } from '../files/tall.js';
import { Team } from '../files/team.js';
import { FormatError } from '../formats/errors.js';
import { openSource } from '../formats/source/open.js';
import type { RankOptions, RankReport } from '../types.js';
import { parse } from './args.js';
import { readBytes, readThreads, readTolerance } from './option-values.js';
import { OutputFile } from './output-file.js';
import { number } from './records.js';
import { short } from './text.js';
import { UsageError } from './usage-error.js';

/** What chunks and states take together, where --memory does not say. */
const USUAL = 2 ** 28;

const isState = (head: string) => head.startsWith('mrankacc');

/** `matrix-rank fold [FILE.npy...] [--columns K] [--dtype T] [-o STATE]`. Returns the exit status. */
export async function runFold(argv: readonly string[]): Promise<number> {
  const { values, positionals } = parse(argv, {
    columns: { type: 'string' },
    dtype: { type: 'string' },
    output: { type: 'string', short: 'o' },
    threads: { type: 'string' },
    memory: { type: 'string' },
  });
  const files = positionals.length > 0 ? positionals : ['-'];
  if (files.filter((f) => f === '-').length > 1) throw new UsageError("fold: '-' can be read once only.");
  const columns = readColumns(values.columns);
  const dtype = readDtype(values.dtype);
  const output = openOutput('fold', values.output, files);
  const memory = values.memory === undefined ? undefined : readBytes(values.memory);
  const wanted = values.threads === undefined ? undefined : readThreads(values.threads);
  const { budget, threads } = await createBudget(memory, wanted);
  const team = new Team(threads);
  const run = (task: Parameters<Team['run']>[0]) => team.run(task);
  const raw: RawRows | undefined = columns === undefined ? undefined : { columns, dtype: dtype ?? 'float64' };
  try {
    let all: Uint8Array | undefined;
    for (const file of files) {
      const tall = await openRows(file, raw);
      if (columns !== undefined && tall.columns !== columns) {
        throw new FormatError(tall.file, `has rows of ${tall.columns}; --columns says ${columns}.`);
      }
      const cut = plan(tall, Math.min(budget.most, memory === undefined ? USUAL : Infinity));
      if (cut === undefined)
        throw new FormatError(tall.file, `rows of ${tall.columns} need more than --memory leaves.`);
      const states = await accumulate(tall, run, cut);
      if (all !== undefined) states.unshift(all);
      if (states.length > 0) all = await merge(states, run);
      await tall.close();
    }
    if (all === undefined && columns === undefined)
      throw new UsageError('fold: no rows came, and no --columns.');
    output(all ?? new RankAccumulator(columns!, dtype && { dtype }).toBytes());
    return 0;
  } finally {
    await team.close();
  }
}

function readColumns(text: string | undefined): number | undefined {
  const columns = text === undefined ? undefined : /^\d+$/.test(text) ? Number(text) : 0;
  if (columns !== undefined && !(columns >= 1 && columns <= 0x7fffffff)) {
    throw new UsageError(`fold: --columns takes a whole number from 1 on; got '${text}'.`);
  }
  return columns;
}

function readDtype(text: string | undefined): RawRows['dtype'] | undefined {
  if (text === undefined || text === 'float32' || text === 'float64') return text;
  throw new UsageError(`fold: --dtype takes float32 or float64; got '${text}'.`);
}

async function openRows(file: string, raw: RawRows | undefined): Promise<Tall> {
  if (file === '-') {
    const tall = await openPipe(new Pipe('standard input', process.stdin), raw, true);
    if (tall) return tall;
    throw new FormatError('standard input', 'is no .npy with rows of numbers; raw numbers need --columns.');
  }
  const source = await openSource(file);
  const tall = await openTall(source, true);
  if (tall) return tall;
  await source.close();
  throw new FormatError(file, 'is no .npy with rows of float32, float64 or whole numbers.');
}

/** What writes the state: to a file, whole or not at all, or to the standard output. */
function openOutput(
  command: string,
  path: string | undefined,
  inputs: readonly string[],
): (state: Uint8Array) => void {
  if (path !== undefined) {
    const file = new OutputFile(
      `${command} -o`,
      path,
      inputs.filter((f) => f !== '-'),
      isState,
    );
    return (state) => file.write([state]);
  }
  if (process.stdout.isTTY)
    throw new UsageError(`${command}: the state is no text; give -o STATE, or a pipe.`);
  return (state) => void process.stdout.write(state);
}

/** `matrix-rank merge STATE... [-o STATE] [--json]`. Returns the exit status. */
export async function runMerge(argv: readonly string[]): Promise<number> {
  const { values, positionals: files } = parse(argv, {
    output: { type: 'string', short: 'o' },
    json: { type: 'boolean' },
    tol: { type: 'string' },
    rtol: { type: 'string' },
    atol: { type: 'string' },
  });
  if (files.length === 0) throw new UsageError('merge: no STATE given.');
  const tolerance = readTolerance(values);
  const output = values.output === undefined ? undefined : openOutput('merge', values.output, files);
  let all: RankAccumulator | undefined;
  for (const file of files) {
    const name = file === '-' ? 'standard input' : file;
    try {
      const bytes = new Uint8Array(file === '-' ? await buffer(process.stdin) : readFileSync(file));
      const one = RankAccumulator.fromBytes(bytes);
      all = all === undefined ? one : all.merge(one);
    } catch (error) {
      const text = (error as Error).message.replace(/^RankAccumulator\.\w+: /, '');
      throw new Error(fileMessage(name, new Error(text)), { cause: error });
    }
  }
  output?.(all!.toBytes());
  if (values.json) process.stdout.write(`${JSON.stringify(toRecord(all!, tolerance))}\n`);
  else if (output === undefined) process.stdout.write(`${toText(all!.report(tolerance), all!.dtype)}\n`);
  return 0;
}

function toRecord(all: RankAccumulator, tolerance: RankOptions) {
  const { rank, shape, tolerance: tol, margin, method, lower, upper, sigmaMax } = all.report(tolerance);
  return {
    matrix: shape,
    dtype: all.dtype,
    rank,
    full: Math.min(...shape),
    tolerance: number(tol),
    margin: number(margin),
    method,
    lower: number(lower),
    upper: number(upper),
    sigmaMax: number(sigmaMax),
    singularValues: [...all.singularValues()],
  };
}

function toText({ rank, shape, tolerance, margin }: RankReport, dtype: string): string {
  const [rows, columns] = shape;
  const bounds = `tolerance ${short(tolerance)}, margin ${short(margin)}`;
  return `rank ${rank} of ${Math.min(rows, columns)}: ${rows} rows of ${columns}, ${dtype}; ${bounds}`;
}
