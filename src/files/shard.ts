// --shard I/N: the I-th share of the tensors of some files,
// so that N runs that know nothing of each other do each tensor once.
// The names and shapes are read first; the dearest tensor goes to the share that has least to do so far (longest
// processing time first: no share takes more than 4/3 of the best time that any division has; Graham 1969). What cannot
// be read is told of once: a tensor that has no shape, and a file that breaks off, by the first share.

import { readTensors } from '../formats/read.js';
import { product } from '../shared/shape.js';
import type { Channel } from './channel.js';
import { produce } from './rows.js';
import type { Event, Job, Open, Opened, Row } from './types.js';

export interface Shard {
  /** From 1. */
  index: number;
  count: number;
}

export interface Listed {
  file: string;
  name: string;
  shape: readonly number[];
  dtype: string;
  /** Its place in the file. */
  index: number;
}

/** Multiplications that a tensor takes, about; reading it counts too. */
export function cost({ shape }: Pick<Listed, 'shape'>): number {
  const elements = product(shape);
  if (shape.length < 2 || elements === 0) return 1 + elements;
  return elements * Math.min(shape[0], elements / shape[0]) + 100 * elements;
}

/** The tensors of a file of which a row may come. `failed` is told of those that cannot even be listed. */
export async function list(
  file: string,
  { from, options }: Opened,
  read: Job['read'],
  failed: (name: string, error: Error, index: number) => void = () => {},
): Promise<Listed[]> {
  const found: Listed[] = [];
  let index = 0;
  const filter: Job['read']['filter'] = (name, { shape, dtype }) => {
    if (shape.length >= 2 && read.filter?.(name, { shape, dtype }) !== false) {
      found.push({ file, name, shape: [...shape], dtype, index: index++ });
    }
    return false;
  };
  const onError = (name: string, error: Error) => failed(name, error, index++);
  for await (const _ of readTensors(from, { ...options, signal: read.signal, filter, onError })) break;
  return found;
}

/** Which share has which tensor: a share's number, from 1, for each name of each file. Equal names stay together. */
export function divide(tensors: readonly Listed[], count: number): Map<string, number> {
  const costs = new Map<string, number>();
  for (const tensor of tensors) costs.set(key(tensor), (costs.get(key(tensor)) ?? 0) + cost(tensor));
  const loads = new Array<number>(Math.min(count, costs.size)).fill(0);
  const shares = new Map<string, number>();
  for (const [name, size] of [...costs].sort((a, b) => b[1] - a[1])) {
    const least = loads.indexOf(Math.min(...loads));
    loads[least] += size;
    shares.set(name, least + 1);
  }
  return shares;
}

const key = ({ file, name }: Pick<Listed, 'file' | 'name'>) => `${file}\0${name}`;

/** As produce(), of one share. */
export async function produceShard(
  files: readonly string[],
  { index, count }: Shard,
  open: Open,
  job: Job,
  out: Channel<Event<Row>>,
): Promise<void> {
  const tensors: Listed[] = [];
  const broken = new Set<string>();
  for (const file of files) {
    try {
      tensors.push(...(await list(file, (await open(file, job)) as Opened, job.read)));
    } catch {
      broken.add(file);
    }
  }
  const shares = divide(tensors, count);
  for (const file of files) {
    if (broken.has(file) && index > 1) continue;
    const of = (name: string) => shares.get(key({ file, name }));
    const filter: Job['read']['filter'] = (name, info) =>
      of(name) === index && job.read.filter?.(name, info) !== false;
    const mine = (name: string) => (of(name) ?? 1) === index;
    await produce([file], open, { ...job, mine, read: { ...job.read, filter } }, out);
    if (job.read.signal?.aborted) return;
  }
}
