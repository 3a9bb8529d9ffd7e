// What every benchmark shares: its options, the machine it ran on, and how ranks are judged.
import { cpus, loadavg } from 'node:os';
import { parseArgs } from 'node:util';
import { simd } from '../../dist/index.js';

/** --case REGEX, --rounds N, --ms N, --quick, --json, and what the benchmark adds. */
export function readArguments(usage, more = {}) {
  const options = {
    case: { type: 'string' },
    rounds: { type: 'string' },
    ms: { type: 'string' },
    quick: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
    ...more,
  };
  let values;
  try {
    values = parseArgs({ options }).values;
  } catch (error) {
    console.error(`${error.message}\n${usage}`);
    process.exit(2);
  }
  if (values.help) {
    console.log(usage);
    process.exit(0);
  }
  const pattern = values.case && new RegExp(values.case, 'i');
  return {
    ...values,
    rounds: Number(values.rounds ?? (values.quick ? 3 : 7)),
    ms: Number(values.ms ?? (values.quick ? 60 : 250)),
    wanted: (name) => !pattern || pattern.test(name),
  };
}

/** The machine and the programs, for the head of a table. */
export function machine(numpy) {
  return {
    date: new Date().toISOString().slice(0, 10),
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: cpus().length,
    load: Number(loadavg()[0].toFixed(2)),
    node: process.version,
    v8: process.versions.v8,
    platform: `${process.platform} ${process.arch}`,
    simd,
    ...(numpy?.info ?? { numpy: null }),
  };
}

export function describe(m) {
  const numpy = m.numpy ? `NumPy ${m.numpy} (Python ${m.python}), ${m.blas}` : 'no NumPy';
  return [
    `${m.date}, ${m.cpu}, ${m.cores} cores, load ${m.load}, ${m.platform}`,
    `Node ${m.node} (V8 ${m.v8}), kernel: ${m.simd} SIMD, one thread`,
    numpy,
  ].join('\n');
}

/** How many of `got` differ from `want`; numbers or arrays of equal length. */
export function differing(got, want) {
  const [a, b] = [got, want].map((x) => (typeof x === 'number' ? [x] : Array.from(x)));
  return a.length === b.length ? a.filter((x, i) => x !== b[i]).length : Math.max(a.length, b.length);
}

/** A line on stderr while a long run goes on, only for a person. */
export function progress(text) {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${text}`);
}
