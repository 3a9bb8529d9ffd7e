// The usual run: the rows of all files, to the writer and into the page.
import { produce } from '../files/rows.js';
import { produceShard } from '../files/shard.js';
import type { Row } from '../files/types.js';
import { oneLine, printable } from '../formats/errors.js';
import { heavyTailOf } from '../matrix/heavy-tail.js';
import type { Arguments } from './args.js';
import { ONLY, sortRows } from './arrange.js';
import { METRICS, SAVES, TAIL, toWeight } from './fields.js';
import { type Layer, toLayer, toReport } from './html/data.js';
import { openStreaming } from './input.js';
import { isRankList, isReport, OutputFile } from './output-file.js';
import { csvWriter, jsonWriter } from './records.js';
import { openScreen, run } from './run.js';
import { rankAt, type Weight } from './shrink.js';
import { shrinkText } from './shrink-text.js';
import { Summary } from './summary.js';
import { count } from './text.js';
import type { Screen, Writer } from './writer.js';

async function createWriter(args: Arguments, screen: Screen): Promise<Writer> {
  const several = args.files.length > 1;
  if (args.output === 'table') return (await import('./table.js')).tableWriter(screen, args);
  const columns = [...(args.metrics ? [...METRICS, ...SAVES] : []), ...(args.heavyTail ? TAIL : [])];
  const writer = args.output === 'json' ? jsonWriter(screen, several) : csvWriter(screen, several, columns);
  return args.sort || args.top ? arranged(writer, args) : writer;
}

/** Holds the rows back until the last one, and writes them in order. */
function arranged(writer: Writer, { sort, top }: Arguments): Writer {
  const rows: Row[] = [];
  return {
    ...writer,
    row: (row) => void rows.push(row),
    end() {
      for (const row of (sort ? sortRows(rows, sort) : rows).slice(0, top)) writer.row(row);
      writer.end();
    },
  };
}

const WHICH = {
  deficient: 'is deficient',
  full: 'has full rank',
  unproven: 'is unproven',
  failed: 'failed',
} satisfies Record<keyof typeof ONLY, string>;

/** Runs the command and returns its exit status. */
export async function runReport(args: Arguments): Promise<number> {
  const { files, html, ranks, failIf } = args;
  const page = html === undefined ? undefined : new OutputFile('--html', html, files, isReport);
  const list = ranks === undefined ? undefined : new OutputFile('--ranks', ranks, files, isRankList);
  const screen = openScreen();
  const writer = await createWriter(args, screen);
  const summary = new Summary();
  const layers: Layer[] = [];
  const weights: FileWeight[] = [];
  const gate = failIf && new Gate(failIf);
  let seen = 0;
  let shown = 0;
  return run<Row>(args, screen, {
    produce: async (job, out) =>
      args.queue
        ? (await import('./queue.js')).produceQueued(files, args.queue, job, out)
        : args.shard
          ? produceShard(files, args.shard, openStreaming, job, out)
          : produce(files, openStreaming, job, out),
    file: writer.file,
    row(row) {
      seen++;
      if (args.heavyTail && row.singularValues)
        row.heavyTail = heavyTailOf(row.singularValues, Math.max(...row.matrix!), row.dtype !== 'float64');
      summary.add(row);
      if (args.only === undefined || ONLY[args.only](row)) {
        shown++;
        writer.row(row);
      }
      if (html !== undefined) layers.push(toLayer(row, files.length > 1));
      const weight = toWeight(row);
      if (weight) weights.push({ ...weight, file: row.file });
      gate?.look(row);
      return row.error === undefined;
    },
    flush: () => writer.end(),
    async finish(status) {
      const empty = seen === 0 && args.shard === undefined; // a share may have nothing to do
      if (empty && status === 0) screen.err(`matrix-rank: ${printable(nothing(args))}\n`);
      if (args.only && seen > 0 && shown === 0)
        writer.text(`None of the ${count(seen, 'row')} ${WHICH[args.only]}.`);
      const text = summary.text();
      if (args.output === 'table')
        for (const line of shrinkText(weights, args.energy, screen)) writer.text(line);
      if (seen > 0) writer.text(text);
      const failure = gate?.failure(seen);
      if (failure !== undefined) screen.err(`matrix-rank: ${failure}\n`);
      list?.write([rankList(weights, args)]);
      if (page !== undefined) {
        const { toHtml } = await import('./report-html.js');
        page.write(toHtml(toReport(printable(files.join(', ')), text, layers)));
      }
      return empty || failure !== undefined ? 1 : status;
    },
  });
}

type FileWeight = Weight & { file: string };

/** { layer: rank }, in the order of the file; { file: { layer: rank } } of several. */
function rankList(weights: readonly FileWeight[], { files, energy }: Arguments): string {
  const list = (of: readonly FileWeight[]) => Object.fromEntries(of.map((w) => [w.name, rankAt(w, energy)]));
  const all =
    files.length === 1
      ? list(weights)
      : Object.fromEntries(files.map((file) => [file, list(weights.filter((w) => w.file === file))]));
  return `${JSON.stringify(all, null, 2)}\n`;
}

/** --fail-if: the rows for which it holds, or why that cannot be told of all. */
class Gate {
  private readonly names: string[] = [];
  private problem?: string;

  constructor(private readonly condition: NonNullable<Arguments['failIf']>) {}

  look(row: Row): void {
    if (this.problem !== undefined) return;
    try {
      if (this.condition.holds(row)) this.names.push(row.name);
    } catch (error) {
      this.problem = printable((error as Error).message);
    }
  }

  /** Why the run fails, of so many rows; undefined: it does not. */
  failure(rows: number): string | undefined {
    const { names, problem, condition } = this;
    if (problem !== undefined || names.length === 0) return problem;
    const named = names.slice(0, 5).map(oneLine).join(', ');
    const more = names.length > 5 ? ` and ${names.length - 5} more` : '';
    return `--fail-if '${condition.text}' holds for ${names.length} of ${count(rows, 'row')}: ${named}${more}.`;
  }
}

/** Why a run has no rows. */
function nothing({ filter, files }: Arguments): string {
  const where = files.length === 1 ? files[0] : `the ${files.length} files`;
  return filter
    ? `no matrix in ${where} has a name that matches ${filter}; without --filter all of them are shown.`
    : `${where}: no tensor of two or more dimensions was found.`;
}
