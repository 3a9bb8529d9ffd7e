// All work happens here, so that the page answers at once: reading files, ranks, spectra, pasted text.
import {
  type ProductReport,
  productReport,
  type RankReport,
  rankReport,
  singularValues,
  spectralMetrics,
} from 'matrix-rank';
import {
  type NamedMatrix,
  type NamedTensor,
  parseMatrix,
  type ReadOptions,
  readTensors,
  toMatrices,
} from 'matrix-rank/formats';
import { type Answer, type Energy, type Entry, type Model, nameOf, type Request } from './messages.js';

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
        scope.postMessage(rankOf(request.matrix));
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

/** Up to this order the energy is known before anyone asks: it takes a few times as long as the rank. */
const ORDER = 512;

/** The report of a matrix, or of a product that is not formed. */
function rankOf(matrix: NamedMatrix): { report: RankReport; energy?: Energy } {
  const product = productOf(matrix);
  if (product) return { report: product, energy: product };
  return { report: rankReport(matrix), energy: energyOf(matrix) };
}

function productOf({ shape: [m, n], factors }: NamedMatrix): ProductReport | undefined {
  if (factors === undefined) return undefined;
  const { left, right, rank } = factors;
  return productReport({ data: left, shape: [m, rank] }, { data: right, shape: [rank, n] });
}

function energyOf(matrix: NamedMatrix): Energy | undefined {
  if (Math.min(...matrix.shape) > ORDER) return undefined;
  const { energyRank90, energyRank95, energyRank99 } = spectralMetrics(matrix);
  return { energyRank90, energyRank95, energyRank99 };
}

function reply(answer: Answer & { values: Float64Array }) {
  scope.postMessage(answer, [answer.values.buffer]);
}

/** Every matrix of the models, in order, to the page, which hands them on. */
async function read(models: Model[]): Promise<void> {
  // an address tells its size as it is read
  const sizes = models.map((model) => ('file' in model ? model.file.size : 0));
  const sum = (list: number[]) => list.reduce((a, b) => a + b, 0);
  const done = models.map(() => 0);
  for (const [at, model] of models.entries()) {
    const name = nameOf(model);
    const lose = (tensor: string, why: string) =>
      scope.postMessage({
        lost: { model: at, tensor, name: tensor, shape: [], matrix: [0, 0], dtype: '' },
        why,
      });
    let found = 0; // or known to be missing
    const options: ReadOptions = {
      ...beside(model),
      onProgress(bytes, total) {
        sizes[at] = Math.max(sizes[at], total);
        done[at] = Math.min(bytes, sizes[at]);
        scope.postMessage({ progress: [sum(done), sum(sizes)] });
      },
      onError(tensor, error) {
        found++;
        lose(tensor, message(error, name));
      },
    };
    try {
      for await (const tensor of readTensors(sourceOf(model), options)) {
        if (tensor.packed) {
          found++;
          lose(tensor.name, tensor.packed);
        }
        for (const matrix of toMatrices(tensor)) {
          found++;
          await send(matrix, entryOf(at, tensor, matrix));
        }
      }
      if (found === 0) lose(name, 'holds no tensor of two or more dimensions');
    } catch (error) {
      lose(name, message(error, name));
    }
    done[at] = sizes[at];
  }
  scope.postMessage({ progress: [sum(sizes), sum(sizes)] });
  scope.postMessage({ read: 'all' });
}

const sourceOf = (model: Model) => ('url' in model ? model.url : model.file);

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
  return {
    model,
    tensor,
    name: matrix.name,
    shape,
    matrix: matrix.shape,
    dtype,
    factors: matrix.factors?.rank,
  };
}

/** The singular values of one matrix, which is read again. */
async function spectrum(model: Model, entry: Entry): Promise<Float64Array> {
  const options: ReadOptions = {
    ...beside(model),
    filter: (name) => name === entry.tensor,
    onError: () => {},
  };
  for await (const tensor of readTensors(sourceOf(model), options)) {
    for (const matrix of toMatrices(tensor)) {
      const same = matrix.name === entry.name && matrix.shape.join() === entry.matrix.join();
      if (same) return productOf(matrix)?.singularValues ?? singularValues(matrix);
    }
  }
  throw new Error(`${entry.name} is not in ${nameOf(model)} any more.`);
}

/** Opens what lies beside a dropped file. */
function beside(model: Model): Pick<ReadOptions, 'open'> {
  if ('url' in model) return {};
  return {
    open(name) {
      const file = model.beside.find((f) => f.name === name.slice(name.lastIndexOf('/') + 1));
      if (!file) throw new Error(`${name} belongs to this model; drop it together with the model file`);
      return file;
    },
  };
}

/** What went wrong, without the names of the function and the file. */
function message(error: unknown, name?: string): string {
  const text = error instanceof Error ? error.message : String(error);
  const bare = text.replace(/^(rankReport|singularValues|spectralMetrics): /, '');
  return name && bare.startsWith(`${name}: `) ? bare.slice(name.length + 2) : bare;
}
