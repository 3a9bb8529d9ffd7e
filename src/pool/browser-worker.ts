// The Web Worker: one task in, one reply out.
import { run } from './run.js';
import type { Task } from './task.js';

export type Reply = { results: unknown[] } | { error: unknown };

const scope = globalThis as unknown as {
  onmessage: ((event: MessageEvent<Task>) => void) | null;
  postMessage(reply: Reply): void;
};

scope.onmessage = ({ data }) => {
  try {
    scope.postMessage({ results: run(data) });
  } catch (error) {
    scope.postMessage({ error });
  }
};
