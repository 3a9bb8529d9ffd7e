// The command line, read and checked before anything is opened.
import { type ParseArgsConfig, parseArgs } from 'node:util';
import { closest, distance } from 'fastest-levenshtein';
import type { Limit } from '../files/resize.js';
import type { TensorLayout } from '../formats/types.js';
import type { RankOptions } from '../types.js';
import type { Only, Order } from './arrange.js';
import { isMetric, isTail } from './fields.js';
import {
  type FailIf,
  readBytes,
  readEnergy,
  readFailIf,
  readLayout,
  readOnly,
  readOrder,
  readPattern,
  readShard,
  readThreads,
  readTolerance,
  readTop,
} from './option-values.js';
import type { Energy } from './shrink.js';
import { UsageError } from './usage-error.js';

export interface Arguments {
  files: string[];
  output: 'table' | 'json' | 'csv';
  html?: string;
  filter?: RegExp;
  /** How tensors of three dimensions and more are meant. */
  layout?: TensorLayout;
  /** Low-rank adapters are cut and written to `to`. */
  resize?: { limit: Limit; to: string; json: boolean };
  /** 'cheap': only where they cost no more than the rank. */
  metrics: boolean | 'cheap';
  /** Also those of the spectrum's tail. */
  heavyTail: boolean;
  /** Rows that are written, their order, and how many of them. */
  only?: Only;
  sort?: Order;
  top?: number;
  /** A large model is not folded into its blocks. */
  flat: boolean;
  /** The share of the energy that recommendations and --ranks keep. */
  energy: Energy;
  /** Where the rank that each layer needs is written. */
  ranks?: string;
  failIf?: FailIf;
  tolerance: RankOptions;
  threads?: number;
  /** Bytes; undefined: a quarter of the machine's. */
  memory?: number;
  /** The share of the tensors that this run takes, of `count`; `index` counts from 1. */
  shard?: { index: number; count: number };
  /** The URL of the queue whose workers do the work. */
  queue?: string;
  compare?: string;
  diff: boolean;
  help: boolean;
  version: boolean;
}

const OPTIONS = {
  json: { type: 'boolean' },
  csv: { type: 'boolean' },
  html: { type: 'string' },
  filter: { type: 'string' },
  layout: { type: 'string' },
  resize: { type: 'string' },
  output: { type: 'string', short: 'o' },
  metrics: { type: 'boolean' },
  'heavy-tail': { type: 'boolean' }, // --metrics heavy-tail
  'no-metrics': { type: 'boolean' },
  only: { type: 'string' },
  sort: { type: 'string' },
  top: { type: 'string' },
  flat: { type: 'boolean' },
  energy: { type: 'string' },
  ranks: { type: 'string' },
  'fail-if': { type: 'string' },
  tol: { type: 'string' },
  rtol: { type: 'string' },
  atol: { type: 'string' },
  threads: { type: 'string' },
  memory: { type: 'string' },
  shard: { type: 'string' },
  queue: { type: 'string' },
  compare: { type: 'string' },
  diff: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
  version: { type: 'boolean', short: 'v' },
} as const;

/** What --compare does not do. */
const OF_ONE_FILE = ['metrics', 'only', 'sort', 'top', 'flat', 'energy', 'ranks', 'fail-if'] as const;

type Values = ReturnType<typeof parse<typeof OPTIONS>>['values'];

export function readArguments(argv: readonly string[]): Arguments {
  const { values, positionals: files } = parse(withHeavyTail(argv), OPTIONS);
  const { json, csv, html, compare, diff = false } = values;
  const failIf = values['fail-if'] === undefined ? undefined : readFailIf(values['fail-if']);
  const energy = values.energy === undefined ? 0.99 : readEnergy(values.energy);
  const read: Arguments = {
    files,
    output: json ? 'json' : csv ? 'csv' : 'table',
    html,
    filter: values.filter === undefined ? undefined : readPattern(values.filter),
    layout: values.layout === undefined ? undefined : readLayout(values.layout),
    resize: readResize(values, files.length),
    metrics: readMetrics(values, energy, failIf?.columns),
    heavyTail: readHeavyTail(values['heavy-tail'], values.sort, failIf?.columns),
    only: values.only === undefined ? undefined : readOnly(values.only),
    sort: values.sort === undefined ? undefined : readOrder(values.sort),
    top: values.top === undefined ? undefined : readTop(values.top),
    flat: values.flat ?? false,
    energy,
    ranks: values.ranks,
    failIf,
    tolerance: readTolerance(values),
    threads: values.threads === undefined ? undefined : readThreads(values.threads),
    memory: values.memory === undefined ? undefined : readBytes(values.memory),
    shard: values.shard === undefined ? undefined : readShard(values.shard),
    queue: values.queue,
    compare,
    diff,
    help: values.help ?? false,
    version: values.version ?? false,
  };
  if (read.help || read.version) return read;
  checkTogether(read, values);
  return read;
}

/** Throws for options that exclude or need each other. */
function checkTogether(read: Arguments, values: Values): void {
  const { files, compare, diff, shard, queue, layout } = read;
  if (files.length === 0) throw new UsageError('no FILE given.');
  if (values.json && values.csv) throw new UsageError('--json and --csv exclude each other.');
  if (diff && compare === undefined) throw new UsageError('--diff needs --compare FILE.');
  if (compare !== undefined && files.length > 1)
    throw new UsageError('--compare takes one FILE to compare with.');
  const alone =
    compare === undefined ? undefined : OF_ONE_FILE.find((option) => values[option] !== undefined);
  if (alone !== undefined) throw new UsageError(`--compare and --${alone} exclude each other.`);
  if (shard !== undefined && compare !== undefined)
    throw new UsageError('--shard and --compare exclude each other.');
  if (queue !== undefined && (compare !== undefined || shard !== undefined))
    throw new UsageError('--queue goes neither with --compare nor with --shard.');
  if (queue !== undefined && layout !== undefined)
    throw new UsageError('--queue and --layout exclude each other.');
  if (queue !== undefined && files.includes('-'))
    throw new UsageError("--queue needs files that the workers can read; '-' is the standard input.");
  if (shard !== undefined && files.includes('-'))
    throw new UsageError("--shard reads its files twice, which '-', the standard input, cannot be.");
  if ([...files, compare].filter((f) => f === '-').length > 1) {
    throw new UsageError("'-', the standard input, can be read once only.");
  }
}

/** '--metrics heavy-tail' as an option of its own: the parser knows no values that may be left out. */
function withHeavyTail(argv: readonly string[]): string[] {
  const text = argv.join('\0').replace(/(^|\0)--metrics[\0=]heavy-tail(?=\0|$)/, '$1--metrics\0--heavy-tail');
  return text === '' ? [] : text.split('\0');
}

/** All of them when they are asked for, by name or by what needs them; the cheap ones in a table; else none. */
function readMetrics(values: Values, energy: Energy, conditions: readonly string[] = []): boolean | 'cheap' {
  const { metrics = false, 'no-metrics': none = false, sort = '', ranks } = values;
  if (metrics && none) throw new UsageError('--metrics and --no-metrics exclude each other.');
  const needed =
    (isMetric(sort.replace(/:.*$/, '')) && `--sort ${sort}`) ||
    (conditions.some(isMetric) && `--fail-if '${values['fail-if']}'`) ||
    (ranks !== undefined && energy < 1 && `--ranks at ${100 * energy} % of the energy`);
  if (none && needed) throw new UsageError(`${needed} needs the metrics that --no-metrics leaves out.`);
  if (metrics || needed) return true;
  return none || values.json || values.csv ? false : 'cheap';
}

function readHeavyTail(asked = false, sort = '', conditions: readonly string[] = []): boolean {
  return asked || isTail(sort.replace(/:.*$/, '')) || conditions.some(isTail);
}

function readResize(values: Values, files: number): Arguments['resize'] {
  const { resize: text, output: to, json = false, help, version, ...rest } = values;
  if (help || version) return undefined;
  if (text === undefined) {
    if (to !== undefined)
      throw new UsageError('-o OUT is where --resize writes; the other options name their own.');
    return undefined;
  }
  const value = text.trim() === '' ? Number.NaN : Number(text);
  if (!(value > 0 && (value < 1 || Number.isSafeInteger(value)))) {
    throw new UsageError(
      '--resize takes a share of the energy above 0 and below 1, such as 0.99, or a rank, ' +
        `a whole number from 1 on; got '${text}'.`,
    );
  }
  if (to === undefined) throw new UsageError('--resize needs -o OUT, where the smaller adapter is written.');
  const [other] = Object.keys(rest);
  if (other !== undefined) throw new UsageError(`--resize goes with -o and --json alone; got --${other}.`);
  if (files > 1) throw new UsageError('--resize takes one FILE.');
  return { limit: value < 1 ? { energy: value } : { rank: value }, to, json };
}

/** parseArgs, with its complaints as UsageErrors. */
export function parse<O extends NonNullable<ParseArgsConfig['options']>>(
  argv: readonly string[],
  options: O,
): ReturnType<typeof parseArgs<{ args: string[]; options: O; allowPositionals: true }>> {
  try {
    return parseArgs({ args: [...argv], options, allowPositionals: true });
  } catch (error) {
    // "Unknown option '--x'. To specify a positional argument ...": the first sentence says it.
    const text = (error as Error).message.replace(/\n/g, ' ').split(/\. (?=To |Did )/)[0];
    const unknown = /^Unknown option '--?([^']+)'/.exec(text)?.[1];
    const hint = unknown === undefined ? '' : suggestion(unknown, Object.keys(options));
    throw new UsageError(`${text.charAt(0).toLowerCase()}${text.slice(1).replace(/\.?$/, '.')}${hint}`);
  }
}

/** " Did you mean --metrics?", where some option is spelt almost so. */
function suggestion(unknown: string, known: readonly string[]): string {
  const name = closest(unknown.toLowerCase(), known);
  const near = distance(unknown.toLowerCase(), name) <= (unknown.length > 3 ? 2 : 1);
  return near || (unknown.length > 1 && name.startsWith(unknown)) ? ` Did you mean --${name}?` : '';
}
