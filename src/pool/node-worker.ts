// The worker thread that piscina starts. V8 collects arrays late, as it does not see how scarce memory is: after large
// matrices the worker asks for it.
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { run } from './run.js';
import type { Task } from './task.js';

const LARGE = 1 << 24; // bytes left behind that are worth the milliseconds of a collection

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;
let left = 0;

export default function work(task: Task): unknown[] {
  left += (task.tensor.data as Float32Array).byteLength;
  try {
    return run(task);
  } finally {
    task.tensor.data = [];
    if (left >= LARGE) {
      left = 0;
      collect();
    }
  }
}
