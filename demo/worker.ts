// All work happens here, so that the page answers at once: reading files, ranks, spectra, pasted text.
import { rankReport, singularValues } from 'matrix-rank';
import {
  type NamedMatrix,
  type NamedTensor,
  parseMatrix,
  type ReadOptions,
  readTensors,
  toMatrices,
} from 'matrix-rank/formats';
import type { Answer, Entry, Model, Request } from './messages.js';

const scope = self as unknown as {
  addEventListener(type: 'message', listener: (event: MessageEvent<Request>) => void): void;
  postMessage(answer: Answer, transfer?: Transferable[]): void;
};

/** Matrices that may be on their way to other workers while the next is read. */
const AHEAD = 6;
let credit = AHEAD;
let wake: (() => void) | undefined;

scope.addEventListener('message', async ({ data: request }) => {
  try {
    switch (request.do) {
      case 'read':
        await read(request.models);
        break;
      case 'go on':
        credit++;
        wake?.();
        break;
      case 'rank':
        scope.postMessage({ report: rankReport(request.matrix) });
        break;
      case 'spectrum':
        reply({ values: await spectrum(request.model, request.entry) });
        break;
      case 'text': {
        const { data, shape, format } = parseMatrix(request.text);
        const dtype = data instanceof Float32Array ? 'float32' : 'float64';
        const report = rankReport(data, shape);
        reply({ report, values: singularValues(data, shape), format, dtype });
      }
    }
  } catch (error) {
    scope.postMessage({ error: message(error) });
  }
});

function reply(answer: Answer & { values: Float64Array }) {
  scope.postMessage(answer, [answer.values.buffer]);
}

/** Every matrix of the files, in order, to the page, which hands them on. */
async function read(models: Model[]): Promise<void> {
  const total = models.reduce((sum, { file }) => sum + file.size, 0);
  let before = 0;
  for (const [model, { file, beside }] of models.entries()) {
    const lose = (name: string, why: string) =>
      scope.postMessage({ lost: { model, tensor: name, name, shape: [], matrix: [0, 0], dtype: '' }, why });
    const options: ReadOptions = {
      ...open(beside),
      onProgress: (bytes) => scope.postMessage({ progress: [before + Math.min(bytes, file.size), total] }),
      onError(name, error) {
        found++;
        lose(name, message(error, file));
      },
    };
    let found = 0; // or known to be missing
    try {
      for await (const tensor of readTensors(file, options)) {
        for (const matrix of toMatrices(tensor)) {
          found++;
          await send(matrix, entryOf(model, tensor, matrix));
        }
      }
      if (found === 0) lose(file.name, 'holds no tensor of two or more dimensions');
    } catch (error) {
      lose(file.name, message(error, file));
    }
    before += file.size;
  }
  scope.postMessage({ progress: [total, total] });
  scope.postMessage({ read: 'all' });
}

async function send(matrix: NamedMatrix, entry: Entry): Promise<void> {
  while (credit === 0)
    await new Promise<void>((resolve) => {
      wake = resolve;
    });
  credit--;
  const { buffer, byteLength } = matrix.data as Float32Array<ArrayBuffer>;
  const whole = byteLength === buffer.byteLength; // else another matrix shares the buffer
  const data = whole ? matrix.data : (matrix.data as Float32Array).slice();
  scope.postMessage({ matrix: { ...matrix, data }, entry }, [(data as Float32Array<ArrayBuffer>).buffer]);
}

function entryOf(model: number, { name: tensor, shape, dtype }: NamedTensor, matrix: NamedMatrix): Entry {
  return { model, tensor, name: matrix.name, shape, matrix: matrix.shape, dtype };
}

/** The singular values of one matrix, which is read again. */
async function spectrum({ file, beside }: Model, entry: Entry): Promise<Float64Array> {
  const options: ReadOptions = {
    ...open(beside),
    filter: (name) => name === entry.tensor,
    onError: () => {},
  };
  for await (const tensor of readTensors(file, options)) {
    for (const matrix of toMatrices(tensor)) {
      const same = matrix.name === entry.name && matrix.shape.join() === entry.matrix.join();
      if (same) return singularValues(matrix);
    }
  }
  throw new Error(`${entry.name} is not in ${file.name} any more.`);
}

function open(beside: readonly File[]): Pick<ReadOptions, 'open'> {
  return {
    open(name) {
      const file = beside.find((f) => f.name === name.slice(name.lastIndexOf('/') + 1));
      if (!file) throw new Error(`${name} belongs to this model; drop it together with the model file`);
      return file;
    },
  };
}

/** What went wrong, without the names of the function and the file. */
function message(error: unknown, file?: File): string {
  const text = error instanceof Error ? error.message : String(error);
  const bare = text.replace(/^(rankReport|singularValues): /, '');
  return file && bare.startsWith(`${file.name}: `) ? bare.slice(file.name.length + 2) : bare;
}
