// Where --html and --ranks write. Nothing but what they wrote earlier is ever overwritten,
// and that stays until the new file is whole:
// it goes to a temporary name beside it, made before the work begins, and is renamed at the end.
import {
  closeSync,
  lstatSync,
  openSync,
  readFileSync,
  readSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { UsageError } from './usage-error.js';

/** In the head of every report. */
export const GENERATOR = '<meta name="generator" content="matrix-rank">';
const HEAD = 4096;

export const isReport = (head: string) => head.includes(GENERATOR);
/** { layer: rank }, or { file: { layer: rank } }, and nothing else in it. */
export function isRankList(_: string, file: string): boolean {
  try {
    const ranks = (value: unknown, depth: number): boolean =>
      typeof value === 'object' && value !== null
        ? depth < 2 && Object.values(value).every((inner) => ranks(inner, depth + 1))
        : Number.isInteger(value);
    return ranks(JSON.parse(readFileSync(file, 'utf8')), 0);
  } catch {
    return false;
  }
}

export class OutputFile {
  private readonly target: string;
  private readonly temporary: string;
  private descriptor: number | undefined;

  /**
   * `inputs`: files that are read; `ours`: whether an existing file, of which it is given the beginning, may go.
   * UsageError where nothing can or must be written.
   */
  constructor(
    private readonly option: string,
    private readonly file: string,
    inputs: readonly string[],
    ours: (head: string, file: string) => boolean,
  ) {
    if (file === '') throw new UsageError(`${option} takes the name of a file; got ''.`);
    this.target = realpath(file) ?? file; // through a link: the link stays
    if (exists(file)) this.check(file, inputs, ours);
    this.temporary = `${this.target}.${process.pid}.tmp`;
    try {
      this.descriptor = openSync(this.temporary, 'wx');
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code;
      throw new UsageError(
        `${option}: the folder of '${file}' does not exist or cannot be written to (${code}).`,
      );
    }
    process.once('exit', () => this.discard());
  }

  private check(
    file: string,
    inputs: readonly string[],
    ours: (head: string, file: string) => boolean,
  ): void {
    const { target, option } = this;
    const why = (reason: string) => new UsageError(`${option}: '${file}' ${reason}; it is not overwritten.`);
    const stat = statSync(target, { throwIfNoEntry: false });
    if (stat === undefined) throw why('is a link to nothing');
    if (!stat.isFile()) throw why('is no file');
    for (const input of inputs) {
      const other = statSync(input, { throwIfNoEntry: false });
      if (other?.ino === stat.ino && other.dev === stat.dev) throw why('is one of the files to be read');
    }
    const head = headOf(target);
    if (head === undefined) throw why('exists and cannot be read');
    if (head !== '' && !ours(head, target)) throw why('exists and was not written by this option');
  }

  /** All of it, in pieces. */
  write(pieces: Iterable<string | Uint8Array>): void {
    try {
      for (const piece of pieces) {
        const bytes = typeof piece === 'string' ? Buffer.from(piece) : piece;
        for (let at = 0; at < bytes.length; ) at += writeSync(this.descriptor!, bytes, at);
      }
      closeSync(this.descriptor!);
      this.descriptor = undefined;
      renameSync(this.temporary, this.target);
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      if (code === undefined) throw error;
      const why = code === 'ENOSPC' ? 'there is no space left' : message;
      throw new Error(`${this.option}: '${this.file}' cannot be written: ${why}.`, { cause: error });
    }
  }

  /** Nothing comes of it: an interrupted run, a full disk. */
  discard(): void {
    if (this.descriptor === undefined) return;
    closeSync(this.descriptor);
    this.descriptor = undefined;
    rmSync(this.temporary, { force: true });
  }
}

/** The first bytes of a file; undefined where it cannot be read. */
function headOf(file: string): string | undefined {
  try {
    const head = Buffer.alloc(HEAD);
    const descriptor = openSync(file, 'r');
    try {
      return head.toString('latin1', 0, readSync(descriptor, head, 0, HEAD, 0));
    } finally {
      closeSync(descriptor);
    }
  } catch {
    return undefined;
  }
}

function realpath(file: string): string | undefined {
  try {
    return realpathSync(file);
  } catch {
    return undefined;
  }
}

function exists(file: string): boolean {
  try {
    lstatSync(file);
    return true;
  } catch {
    return false;
  }
}
