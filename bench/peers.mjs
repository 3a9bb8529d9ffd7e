// What would another library have answered, and how long would it have taken? Every JavaScript library with a rank or
// an SVD, and native NumPy, on the same matrices in the same run, each in a process of its own with a time limit,
// because some of them never return. Ratios are times of ours: "12x" took twelve times as long.
import { fork } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { startNumpy } from './lib/numpy.mjs';
import { PEER_CASES } from './lib/peer-cases.mjs';
import { PEERS } from './lib/peers.mjs';
import { describe, differing, machine, progress, readArguments } from './lib/run.mjs';
import { median } from './lib/stats.mjs';
import { ratio, table, time, verdict } from './lib/table.mjs';

const USAGE = `node bench/peers.mjs [--case REGEX] [--peer REGEX] [--rounds N] [--ms N] [--limit S] [--quick] [--json]
  --limit  seconds after which a call counts as hanging (20; 5 with --quick)`;

const CHILD = fileURLToPath(new URL('lib/peer-child.mjs', import.meta.url));
const OURS = 'matrix-rank';
const SLOW_TO_LOAD = 'emlapack'; // seven seconds: its process serves all cases

/** A child that measures one library, a fresh one for each case. */
class Peer {
  #child;
  #limit;

  constructor(name) {
    this.name = name;
  }

  /** One call, which has to return within `limit` seconds: { took, rank }, { error } or { hangs }. */
  async first(entry, limit) {
    if (!this.#child) {
      this.#child = fork(CHILD, [this.name], { stdio: ['ignore', 'ignore', 'ignore', 'ipc'] });
      const ready = await this.#next(60);
      if (ready !== 'ready') return ready;
    }
    this.#child.send({ name: entry.name });
    const answer = await this.#next(limit);
    this.#limit = limit + (20 * (answer.took ?? 0)) / 1000;
    return answer;
  }

  /** Many calls: { time } or { error }. */
  time(ms) {
    this.#child.send({ ms });
    return this.#next(this.#limit);
  }

  #next(limit) {
    const child = this.#child;
    return new Promise((resolve) => {
      const settle = (answer, lost) => {
        clearTimeout(timer);
        child.removeAllListeners();
        if (lost) this.close();
        resolve(answer);
      };
      const timer = setTimeout(() => settle({ hangs: true }, true), 1000 * limit);
      child.once('message', (answer) => settle(answer, false));
      child.once('exit', () => settle({ error: 'crashed' }, true));
      child.once('error', (error) => settle({ error: error.message }, true));
    });
  }

  close() {
    this.#child?.kill('SIGKILL');
    this.#child = undefined;
  }
}

/** NumPy behind the same two methods. */
class NumpyPeer {
  name = 'NumPy';
  #batch = 1;

  constructor(numpy) {
    this.numpy = numpy;
  }

  async first(entry) {
    await this.numpy.put(entry.make());
    const { samples, value } = await this.numpy.run('rank', 50);
    this.#batch = Math.max(1, Math.ceil(0.5 / median(samples)));
    return { took: samples[0], rank: value };
  }

  async time(ms) {
    return { time: median((await this.numpy.run('rank', ms, this.#batch)).samples) };
  }

  close() {}
}

function version(name) {
  if (name === OURS || name === 'NumPy') return '';
  const file = new URL(`../node_modules/${name}/package.json`, import.meta.url);
  try {
    return ` ${JSON.parse(readFileSync(file, 'utf8')).version}`;
  } catch {
    return ' (not installed)';
  }
}

async function run(entry, peers, { rounds, ms, limit }) {
  const truth = entry.make().rank;
  const results = new Map();
  for (const peer of peers) {
    progress(`${entry.name}: ${peer.name}`);
    results.set(peer.name, { times: [], ...(await peer.first(entry, limit)) });
  }
  for (let i = 0; i < rounds; i++) {
    for (const peer of peers) {
      const result = results.get(peer.name);
      if (result.error || result.hangs) continue;
      progress(`${entry.name}: ${peer.name}, round ${i + 1}`);
      const answer = await peer.time(ms);
      if (answer.time === undefined) Object.assign(result, answer);
      else result.times.push(answer.time);
    }
  }
  for (const peer of peers) if (peer.name !== SLOW_TO_LOAD) peer.close();
  for (const result of results.values()) {
    result.time = result.times.length ? median(result.times) : Number.NaN;
    result.wrong = result.rank === undefined ? null : differing(result.rank, truth);
  }
  return results;
}

/** "12x", "12x WRONG: 1", "hangs", or the error. */
function cell(result, ours, limit) {
  if (result.hangs) return verdict(`hangs (${limit} s)`, false);
  if (result.error) return verdict(result.error.slice(0, 18), false);
  const speed = result === ours ? time(result.time) : ratio(result.time / ours.time);
  if (result.wrong === 0) return speed;
  const what = typeof result.rank === 'number' ? result.rank : `${result.wrong} of them`;
  return `${speed} ${verdict(`WRONG: ${what}`, false)}`;
}

const options = readArguments(USAGE, { peer: { type: 'string' }, limit: { type: 'string' } });
const limit = Number(options.limit ?? (options.quick ? 5 : 20));
const ms = Math.min(options.ms, 100);
const rounds = Math.min(options.rounds, 3);
const cases = PEER_CASES.filter((entry) => options.wanted(entry.name));
if (cases.length === 0) {
  console.error(`no case matches --case ${options.case}`);
  process.exit(2);
}
const asked = new RegExp(options.peer ?? '', 'i');
const numpy = await startNumpy();
const peers = Object.keys(PEERS)
  .filter((name) => name === OURS || asked.test(name))
  .map((name) => new Peer(name));
if (numpy && asked.test('NumPy')) peers.splice(1, 0, new NumpyPeer(numpy));
const where = machine(numpy);
const rows = [];
for (const entry of cases) rows.push([entry.name, await run(entry, peers, { rounds, ms, limit })]);
progress('');
for (const peer of peers) peer.close();
numpy?.close();

if (options.json) {
  const plain = rows.map(([name, results]) => ({ case: name, results: Object.fromEntries(results) }));
  console.log(JSON.stringify({ machine: where, rows: plain }, null, 1));
} else {
  console.log(describe(where));
  const head = ['case', ...peers.map((peer) => `${peer.name}${version(peer.name)}>`)];
  const lines = rows.map(([name, results]) => {
    const ours = results.get(OURS);
    return [name, ...peers.map((peer) => cell(results.get(peer.name), ours, limit))];
  });
  console.log(table(head, lines));
}
if (rows.some(([, results]) => results.get(OURS).wrong !== 0)) process.exitCode = 1;
