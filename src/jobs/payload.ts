// What travels in a queue: plain JSON with a version, the kernel that made it, and references to bytes, never the
// bytes. A job's key is a hash of everything that its result depends on, so that a job done twice has one result.
import { id } from '../kernel/generated/kernel.js';
import { builtin } from '../shared/builtin.js';
import type { RankOptions } from '../types.js';

/** The version of the payloads. */
export const VERSION = 1;
/** The build of the kernel: two builds may differ in the last bits of a bound. */
export const KERNEL = id;

/** Bytes that lie somewhere. */
export interface Reference {
  /** A path, or an http(s):// or hf:// URL. */
  url: string;
  /** What the server's ETag, or the file's size and time, was when the job was made; '' where nobody knows. */
  version: string;
}

interface Common {
  v: number;
  kernel: string;
  /** The place of the result among those of its siblings. */
  index: number;
}

/** What a rank is computed with. */
export interface JobOptions {
  tolerance?: RankOptions;
  metrics?: boolean | 'cheap';
  /** Also the singular values. */
  spectra?: boolean;
}

/** The rank of a tensor, or of small ones that follow each other in the file. */
export interface TensorPayload extends Common {
  job: 'rankTensor';
  source: Reference;
  names: string[];
  options: JobOptions;
}

/** Rows first .. first + count of a tall matrix, as an accumulator. */
export interface RowsPayload extends Common {
  job: 'accumulateRows';
  source: Reference;
  first: number;
  count: number;
}

/** A saved accumulator: base64, or where it lies. */
export type State = { inline: string } | { url: string };

/** Several accumulators as one, or the report of all their rows. */
export interface MergePayload extends Common {
  job: 'mergeAccumulators';
  /** In this order. */
  states: State[];
  /** The report is wanted, with this tolerance. */
  report?: { tolerance?: RankOptions };
}

export type Payload = TensorPayload | RowsPayload | MergePayload;

/** A payload that this version must not work on: trying again does not help. */
export class JobRefusedError extends Error {
  override name = 'JobRefusedError';
}

/** Throws unless the payload is one of this version, for this job. */
export function checkPayload<P extends Payload>(job: P['job'], payload: P): void {
  const refuse = (why: string): never => {
    throw new JobRefusedError(`${job}: ${why}.`);
  };
  if (typeof payload !== 'object' || payload === null) refuse('the payload is no object');
  const { v, kernel } = payload;
  if (v !== VERSION) refuse(`the payload has version ${v}; this worker reads version ${VERSION}`);
  if (kernel !== KERNEL) refuse(`the job was made for kernel ${kernel}; this worker has kernel ${KERNEL}`);
  if (payload.job !== job) refuse(`the payload is for ${payload.job}`);
}

/** 64 hexadecimal digits that say what a job computes. */
export async function keyOf({ index: _, ...payload }: Payload): Promise<string> {
  const { createHash } = (await builtin('node:crypto')) as typeof import('node:crypto');
  return createHash('sha256').update(canonical(payload)).digest('hex');
}

/** JSON whose keys are in order. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_, v) =>
    typeof v === 'object' && v !== null && !Array.isArray(v)
      ? Object.fromEntries(Object.entries(v).sort(([a], [b]) => (a < b ? -1 : 1)))
      : v,
  );
}

/** JSON has no Infinity, and lists of doubles are long in it. */
export function encode(value: unknown): unknown {
  if (typeof value === 'number' && !Number.isFinite(value)) return { $number: String(value) };
  if (value instanceof Float64Array) {
    const { buffer, byteOffset, byteLength } = value;
    return { $doubles: toBase64(new Uint8Array(buffer, byteOffset, byteLength)) };
  }
  if (Array.isArray(value)) return value.map(encode);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, encode(v)]));
}

/** What encode() was given. */
export function decode(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(decode);
  if (typeof value !== 'object' || value === null) return value;
  const { $number, $doubles } = value as { $number?: string; $doubles?: string };
  if ($number !== undefined) return Number($number);
  if ($doubles !== undefined) return new Float64Array(fromBase64($doubles).buffer as ArrayBuffer);
  return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, decode(v)]));
}

export function toBase64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64');
}

export function fromBase64(text: string): Uint8Array {
  return Uint8Array.from(Buffer.from(text, 'base64'));
}
