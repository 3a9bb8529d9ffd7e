// The page of the benchmark: each library on each case in a worker of its own,
// with a time limit, and bars of the times.
import { simd } from 'matrix-rank';
import { CASES, PEER_NAMES, type Question, type Result } from './bench-cases.js';
import { short } from './format.js';
import './style.css';
import './bench.css';

const OURS = 'matrix-rank';
const LIMIT = 15_000; // ms until a call counts as hanging: some of these libraries loop for ever on some matrices
const QUICK = new URLSearchParams(location.search).has('quick');

const element = <T extends HTMLElement>(id: string) => document.getElementById(id) as T;
const host = element('cases');
const start = element<HTMLButtonElement>('start');
const progress = element<HTMLProgressElement>('progress');
const status = element('status');
const cases = QUICK ? CASES.slice(0, 2) : CASES;

function measure(peer: Question[0], index: number): Promise<Result> {
  const worker = new Worker(new URL('./bench-worker.ts', import.meta.url), { type: 'module' });
  return new Promise<Result>((resolve) => {
    const limit = setTimeout(() => resolve({ error: `no answer in ${LIMIT / 1000} s` }), LIMIT);
    worker.onmessage = ({ data }: MessageEvent<Result>) => {
      clearTimeout(limit);
      resolve(data);
    };
    worker.onerror = (event) => resolve({ error: event.message || 'the worker failed' });
    worker.postMessage([peer, index, QUICK ? 30 : 300] satisfies Question);
  }).finally(() => worker.terminate());
}

/** 0.0123 ms as "12.3 µs". */
const time = (ms: number) =>
  ms < 1 ? `${short(Number((ms * 1000).toPrecision(3)))} µs` : `${short(Number(ms.toPrecision(3)))} ms`;

function card(name: string): (results: Map<string, Result>) => void {
  const section = document.createElement('section');
  const title = document.createElement('h2');
  title.textContent = name;
  const table = document.createElement('table');
  table.className = 'bars';
  section.append(title, table);
  host.append(section);
  return (results) => {
    const slowest = Math.max(...[...results.values()].map((r) => r.time ?? 0));
    const ours = results.get(OURS)?.time;
    table.replaceChildren(
      ...[...results].map(([peer, { time: ms, wrong, error }]) => {
        const row = document.createElement('tr');
        const head = document.createElement('th');
        head.scope = 'row';
        head.textContent = peer;
        const bar = row.insertCell();
        bar.className = 'track';
        const value = row.insertCell();
        row.prepend(head);
        row.classList.toggle('ours', peer === OURS);
        if (ms === undefined) {
          value.textContent = error ?? '';
          return row;
        }
        const part = document.createElement('i');
        part.style.width = `${Math.max(0.4, (100 * ms) / slowest)}%`;
        bar.append(part);
        const ratio =
          ours !== undefined && peer !== OURS ? `, ${short(Number((ms / ours).toPrecision(2)))}×` : '';
        value.textContent = `${time(ms)}${ratio}${wrong ? ', wrong rank' : ''}`;
        return row;
      }),
    );
  };
}

/** The last result here, shown at once when the page is opened again. */
const STORED = 'matrix-rank bench';
type Stored = { date: string; status: string; cases: [name: string, results: [string, Result][]][] };

function showLast(): void {
  try {
    const last = JSON.parse(localStorage.getItem(STORED) ?? 'null') as Stored | null;
    if (!last) return;
    for (const [name, results] of last.cases) card(name)(new Map(results));
    status.textContent = `${last.status} Measured on ${last.date}.`;
    start.textContent = 'Run it again';
  } catch {
    host.replaceChildren(); // another version's, or no storage: as if there were none
  }
}
showLast();

start.addEventListener('click', async () => {
  start.disabled = true;
  progress.hidden = false;
  progress.value = 0;
  host.replaceChildren();
  const ratios = new Map<string, number[]>();
  const stored: Stored['cases'] = [];
  for (const [index, { name }] of cases.entries()) {
    const draw = card(name);
    const results = new Map<string, Result>();
    for (const peer of PEER_NAMES) {
      status.textContent = `${name}: ${peer}…`;
      results.set(peer, await measure(peer, index));
      draw(results);
      progress.value = (index * PEER_NAMES.length + results.size) / (cases.length * PEER_NAMES.length);
    }
    stored.push([name, [...results]]);
    const ours = results.get(OURS)?.time;
    for (const [peer, { time }] of results) {
      if (ours && time && peer !== OURS) ratios.set(peer, [...(ratios.get(peer) ?? []), time / ours]);
    }
  }
  const mean = (list: number[]) => Math.exp(list.reduce((sum, x) => sum + Math.log(x), 0) / list.length);
  const text = [...ratios].map(([peer, list]) => `${short(Number(mean(list).toPrecision(2)))}× ${peer}`);
  status.textContent = `Geometric mean of the times, ${OURS} = 1: ${text.join(', ')}.`;
  try {
    const date = new Date().toISOString().slice(0, 10);
    localStorage.setItem(
      STORED,
      JSON.stringify({ date, status: status.textContent!, cases: stored } satisfies Stored),
    );
  } catch {} // no storage: the result stands on the page all the same
  progress.hidden = true;
  start.disabled = false;
  start.textContent = 'Run it again';
});

element('kernel').textContent = `Kernel: ${simd} SIMD. Times are of this machine, now.`;
