// The bar on stderr: bytes read, tensors done, the one being worked on, time left. Only on a terminal.
import { Presets, SingleBar } from 'cli-progress';
import { oneLine } from '../formats/errors.js';
import type { Progress } from './progress.js';
import { shorten } from './text.js';

const mib = (bytes: number) => (bytes / 2 ** 20).toFixed(bytes < 1e8 ? 1 : 0);

export function createProgress(stream: NodeJS.WriteStream): Progress {
  const room = (stream.columns ?? 80) - 72;
  const bar = new SingleBar(
    {
      format: '{bar} {percentage}% | {size} read | {tensors} done | ETA {eta_formatted} | {name}',
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
    bytes(read, waiting, total) {
      payload.size = `${mib(read)} of ${mib(total)} MiB`;
      bar.setTotal(Math.max(1, total));
      bar.update(Math.max(0, read - waiting), payload);
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
