// A file whose last tensor is its largest, as the command runs it: all threads are sent to it. It runs from dist.
import { syncBuiltinESMExports } from 'node:module';
import workerThreads from 'node:worker_threads';
import { afterEach, expect, it } from 'vitest';
import { matrixRank } from '../../src/index.js';
import { matrix, safetensorsFile } from '../cli/command.js';

const { rankFile }: typeof import('../../src/files/index.js') = await import(
  '../../dist/files/index.js' as string
);

const { Worker } = workerThreads;
function replaceWorker(by: typeof Worker) {
  Object.assign(workerThreads, { Worker: by });
  syncBuiltinESMExports();
}
afterEach(() => replaceWorker(Worker));

const THREADS = 3;
const LARGE = 560;

interface Message {
  tensor?: { shape: number[] };
  team?: { threads: number };
  envelope?: object;
}

it('the last tensor, the largest, is worked on by all threads', async () => {
  const teams: (number | undefined)[] = [];
  const helpers = new Set<object>();
  const called = () => helpers.size === THREADS - 1;
  replaceWorker(
    class extends Worker {
      private drives = false;

      override postMessage(message: Message, transfer?: readonly workerThreads.Transferable[]) {
        if (message.tensor?.shape[0] === LARGE) {
          this.drives = true;
          teams.push(message.team?.threads);
        }
        if (message.envelope) helpers.add(this);
        super.postMessage(message, transfer);
      }

      // Its answer is held back until the others have been asked to help: threads start slowly on a busy machine.
      override on(event: string, listener: (...args: never[]) => void): this {
        const held = (reply: { results?: unknown }) => {
          if (this.drives && reply.results && !called()) setTimeout(held, 1, reply);
          else (listener as (reply: object) => void)(reply);
        };
        return super.on(event, (event === 'message' ? held : listener) as () => void);
      }
    },
  );
  const last = matrix(LARGE, LARGE);
  const file = safetensorsFile({
    a: [[40, 30], matrix(40, 30)],
    b: [[40, 30], matrix(40, 30)],
    last: [[LARGE, LARGE], last],
  });
  const rows: [string, number | null][] = [];
  for await (const { name, rank } of rankFile(file, { name: 'model.safetensors', threads: THREADS }))
    rows.push([name, rank]);
  expect(rows).toEqual([
    ['a', 30],
    ['b', 30],
    ['last', matrixRank(last, [LARGE, LARGE])],
  ]);
  expect(teams).toEqual([THREADS]);
  expect(helpers.size).toBe(THREADS - 1);
});
