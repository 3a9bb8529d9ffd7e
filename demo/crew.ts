// The workers of the page: one that reads, and others that compute. Matrices pass through without a
// copy. cancel() ends them whatever they are doing.
import type { Answer, Model, Request } from './messages.js';

type One = Exclude<Request, { do: 'read' } | { do: 'go on' }>;
type Of<K extends string> = Extract<Answer, Record<K, unknown>>;

export interface Events {
  found(entry: Of<'matrix'>['entry']): number;
  ranked(row: number, answer: Of<'report'> | Of<'error'>): void;
  lost(answer: Of<'lost'>): void;
  progress(read: number, total: number): void;
}

function startWorker(): Worker {
  return new Worker(new URL('./worker.ts', import.meta.url), { type: 'module' });
}

export class Crew {
  /** One core is left to the page. */
  private readonly size = Math.max(1, Math.min((navigator.hardwareConcurrency || 2) - 1, 16));
  private readonly idle: Worker[] = [];
  private readonly busy = new Map<Worker, (error: Error) => void>();
  private readonly queue: {
    request: One;
    transfer: Transferable[];
    resolve(a: Answer): void;
    reject(e: Error): void;
  }[] = [];
  private reader: { worker: Worker; stop(): void } | undefined;

  /** Asks any worker that is free; `first` goes before what waits. */
  ask(request: One, transfer: Transferable[] = [], first = false): Promise<Answer> {
    return new Promise((resolve, reject) => {
      this.queue[first ? 'unshift' : 'push']({ request, transfer, resolve, reject });
      this.fill();
    });
  }

  /** Reads the models and ranks their matrices; returns when all are done, false when it was cancelled. */
  read(models: Model[], events: Events): Promise<boolean> {
    const worker = startWorker();
    const ranks: Promise<void>[] = [];
    return new Promise<boolean>((resolve, reject) => {
      const end = (whole: boolean) => {
        worker.terminate();
        this.reader = undefined;
        resolve(whole);
      };
      this.reader = { worker, stop: () => end(false) };
      worker.onerror = (event) =>
        reject(new Error(event.message || 'The worker that reads could not be started.'));
      worker.onmessage = ({ data: answer }: MessageEvent<Answer>) => {
        if ('matrix' in answer) {
          const row = events.found(answer.entry);
          const { buffer } = answer.matrix.data as Float32Array<ArrayBuffer>;
          const ranked = this.ask({ do: 'rank', matrix: answer.matrix }, [buffer]).then(
            (result) => {
              events.ranked(row, result as Of<'report'> | Of<'error'>);
              worker.postMessage({ do: 'go on' } satisfies Request);
            },
            () => {}, // cancelled
          );
          ranks.push(ranked);
        } else if ('lost' in answer) events.lost(answer);
        else if ('progress' in answer) events.progress(...answer.progress);
        else if ('read' in answer) Promise.all(ranks).then(() => this.reader && end(true));
        else if ('error' in answer) reject(new Error(answer.error));
      };
      worker.postMessage({ do: 'read', models } satisfies Request);
    });
  }

  /** Ends all work at once. */
  cancel(): void {
    this.reader?.stop();
    for (const entry of this.queue.splice(0)) entry.reject(new Error('cancelled'));
    for (const [worker, reject] of this.busy) {
      worker.terminate();
      reject(new Error('cancelled'));
    }
    this.busy.clear();
  }

  private fill(): void {
    while (this.queue.length > 0 && (this.idle.length > 0 || this.busy.size < this.size)) {
      const { request, transfer, resolve, reject } = this.queue.shift()!;
      const worker = this.idle.pop() ?? startWorker();
      this.busy.set(worker, reject);
      worker.onmessage = ({ data }: MessageEvent<Answer>) => {
        this.busy.delete(worker);
        this.idle.push(worker);
        resolve(data);
        this.fill();
      };
      worker.onerror = (event) => {
        this.busy.delete(worker);
        worker.terminate();
        reject(new Error(event.message || 'A worker could not be started.'));
        this.fill();
      };
      worker.postMessage(request, transfer);
    }
  }
}
