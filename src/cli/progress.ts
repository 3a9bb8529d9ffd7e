// How far a run is. progress-bar.ts shows it on a terminal.

export interface Progress {
  /** Bytes read of all files, those of them whose tensors wait or are worked on, and the size of the files. */
  bytes(read: number, waiting: number, total: number): void;
  current(name: string): void;
  done(tensors: number): void;
  /** Takes the bar away while `write` writes to the same terminal. */
  around(write: () => void): void;
  stop(): void;
}

export const noProgress: Progress = {
  bytes() {},
  current() {},
  done() {},
  around: (write) => write(),
  stop() {},
};
