#!/usr/bin/env node
// The command. Reads the arguments, runs, and turns what happened into an exit status:
// 0 fine, 1 some tensor or file failed, 2 bad usage, 130 interrupted.
import { readFileSync } from 'node:fs';
import { printable } from '../formats/errors.js';
import { readArguments } from './args.js';
import { HELP, SHORT_HELP } from './help.js';
import { UsageError } from './usage-error.js';

/** Words that stand where FILE would; ./fold is a file. */
const COMMANDS: Record<string, (argv: readonly string[]) => Promise<number>> = {
  fold: async (argv) => (await import('./fold.js')).runFold(argv),
  worker: async (argv) => (await import('./queue.js')).runWorker(argv),
  merge: async (argv) => (await import('./fold.js')).runMerge(argv),
};

async function main(argv: readonly string[]): Promise<number> {
  if (argv.length === 0) {
    process.stderr.write(SHORT_HELP);
    return 2;
  }
  const command = Object.hasOwn(COMMANDS, argv[0]) ? COMMANDS[argv[0]] : undefined;
  if (command !== undefined && !argv.some((a) => a === '--help' || a === '-h')) return command(argv.slice(1));
  const args = readArguments(argv);
  if (args.help) {
    process.stdout.write(HELP);
    return 0;
  }
  if (args.version) {
    const about = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
    process.stdout.write(`${about.version}\n`);
    return 0;
  }
  if (args.resize) return (await import('./resize.js')).runResize(args.files[0], args.resize);
  return args.compare === undefined
    ? (await import('./report.js')).runReport(args)
    : (await import('./compare.js')).runCompare(args);
}

function tell(error: unknown): void {
  const usage = error instanceof UsageError;
  const text = error instanceof Error ? error.message : String(error);
  process.stderr.write(`matrix-rank: ${printable(text)}${usage ? " 'matrix-rank --help' explains." : ''}\n`);
  process.exitCode = usage ? 2 : 1;
}

// `| head` closes the pipe: nobody reads on, so there is nothing left to do.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') process.stderr.write(`matrix-rank: standard output: ${error.message}\n`);
  process.exit(error.code === 'EPIPE' ? 0 : 1);
});
process.stderr.on('error', () => {}); // nobody hears of errors; the rows go on

// No await at the top: a promise that never settles would end in status 13, without a word.
let ended = false;
process.on('beforeExit', () => {
  if (!ended) tell(new Error('stopped before the end; please report how this came about.'));
});
main(process.argv.slice(2))
  .then((status) => {
    process.exitCode = status;
  }, tell)
  .finally(() => {
    ended = true;
  });
