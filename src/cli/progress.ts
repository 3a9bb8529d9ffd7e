// The bar on stderr: bytes read, tensors done, the one being worked on, time left. Only on a terminal.
import { Presets, SingleBar } from 'cli-progress';
import { oneLine } from '../formats/errors.js';
import { shorten } from './table.js';

export interface Progress {
  /** Of all files together. */
  bytes(read: number, total: number): void;
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

const MIB = 2 ** 20;

export function createProgress(stream: NodeJS.WriteStream): Progress {
  const room = (stream.columns ?? 80) - 60;
  const bar = new SingleBar(
    {
      format: '{bar} {percentage}% of {size} | {tensors} done | ETA {eta_formatted} | {name}',
      barsize: 16,
      stream,
      clearOnComplete: true,
      hideCursor: true,
      etaBuffer: 50,
      fps: 10,
    },
    Presets.shades_classic,
  );
  const payload = { size: '', tensors: 0, name: '' };
  bar.start(1, 0, payload);
  return {
    bytes(read, total) {
      payload.size = `${(total / MIB).toFixed(total < 10 * MIB ? 1 : 0)} MiB`;
      bar.setTotal(Math.max(1, total));
      bar.update(read, payload);
    },
    current(name) {
      payload.name = room > 8 ? shorten(oneLine(name), room) : '';
      bar.update(payload);
    },
    done(tensors) {
      payload.tensors = tensors;
      bar.update(payload);
    },
    around(write) {
      stream.write('\r\x1b[2K');
      write();
      bar.render();
    },
    stop: () => bar.stop(),
  };
}
