// The page: a file or a text in, a table of ranks and a spectrum out. All computing is in workers (crew.ts, worker.ts).
import { type RankReport, simd } from 'matrix-rank';
import { hideBlocks, showBlocks } from './blocks.js';
import { Crew } from './crew.js';
import { EXAMPLES } from './examples.js';
import { bytes, plural, proof } from './format.js';
import { addRow, choose, clearRows, failRow, fillRow, type Row, rows } from './layers.js';
import { type Entry, fullRank, type Model, nameOf } from './messages.js';
import { toModels } from './models.js';
import { SAMPLES } from './samples.js';
import { hideShrink, showShrink } from './shrink.js';
import { hideSpectrum, showSpectrum } from './spectrum.js';
import './style.css';

const element = <T extends HTMLElement>(id: string) => document.getElementById(id) as T;
const text = element<HTMLTextAreaElement>('text');
const picker = element<HTMLInputElement>('file');
const progress = element<HTMLProgressElement>('progress');
const cancel = element<HTMLButtonElement>('cancel');
const status = element('status');
const alert = element('alert');

const crew = new Crew();
let run = 0; // each start gets a number: answers to an earlier one are dropped
let asked = 0; // the same for spectra

function begin(layers: boolean): number {
  crew.cancel();
  run++;
  asked++;
  clearRows(showRow);
  hideSpectrum();
  hideShrink();
  hideBlocks();
  element('picture').hidden = true;
  alert.hidden = true;
  element('results').hidden = false;
  element('layers').hidden = !layers;
  element('layers').parentElement!.classList.toggle('single', !layers);
  element('details').hidden = layers;
  element('spectrum').hidden = true;
  element('waiting').hidden = true;
  progress.hidden = false;
  progress.removeAttribute('value');
  cancel.hidden = false;
  say('Starting…', true);
  return run;
}

let complaints = 0;
/** The first thing that went wrong, and how much more did. */
function complain(message: string): void {
  if (alert.hidden) complaints = 0;
  if (complaints++ === 0) alert.textContent = message;
  else
    alert.textContent = alert.textContent!.replace(/( \(and \d+ more\))?$/, ` (and ${complaints - 1} more)`);
  alert.hidden = false;
}

let said = 0;
let latest = '';
/** The status line, at most twice a second: a screen reader reads every change. */
function say(message: string, now = false): void {
  latest = message;
  if (now) {
    clearTimeout(said);
    said = 0;
    status.textContent = message;
  } else if (said === 0) {
    said = window.setTimeout(() => {
      said = 0;
      status.textContent = latest;
    }, 500);
  }
}

function finish(message: string): void {
  say(message, true);
  progress.hidden = true;
  cancel.hidden = true;
}

// ---- a model file

let models: Model[] = [];

const openFiles = (files: readonly File[]) => openModels(toModels(files));

async function openModels(opened: Model[]): Promise<void> {
  if (opened.length === 0) return;
  models = opened;
  const mine = begin(true);
  const names = models.map(nameOf).join(', ');
  element('layers-title').textContent = names;
  const started = performance.now();
  let [done, low, failed] = [0, 0, 0];
  let [read, total] = [0, 1];
  const tell = () => {
    say(`${plural(done, 'matrix', 'matrices')} of ${names} decided; ${bytes(read)} of ${bytes(total)} read`);
    progress.value = (read / total) * (rows.length ? 0.2 + (0.8 * done) / rows.length : 1);
  };
  const end = (how: string) => {
    const seconds = ((performance.now() - started) / 1000).toFixed(1);
    const parts = [`${low} deficient`, failed ? `${failed} failed` : ''].filter(Boolean).join(', ');
    showShrink();
    requestAnimationFrame(showBlocks); // a task of its own
    finish(`${how}${plural(done, 'matrix', 'matrices')}: ${parts}; ${seconds} s.`);
  };
  stopped = () => end('Cancelled after ');
  try {
    const whole = await crew.read(models, {
      found: (entry) => {
        const i = addRow(entry);
        tell();
        return i;
      },
      ranked(i, answer) {
        if (mine !== run) return;
        done++;
        if ('error' in answer) {
          failed++;
          failRow(i, answer.error);
        } else {
          fillRow(i, answer.report, answer.energy);
          if (answer.report.rank < fullRank(rows[i].entry)) low++;
          if (element('details').hidden) choose(rows[i]);
        }
        tell();
      },
      lost({ lost, why }) {
        if (mine !== run) return;
        failed++;
        failRow(addRow(lost), why);
        complain(`${lost.name}: ${why}`);
      },
      progress(bytesRead, bytesTotal) {
        [read, total] = [bytesRead, Math.max(1, bytesTotal)];
        tell();
      },
    });
    if (whole && mine === run) end('');
  } catch (error) {
    if (mine !== run) return;
    complain((error as Error).message);
    end('Stopped after ');
  }
}

let stopped: () => void = () => {};

cancel.addEventListener('click', () => {
  crew.cancel();
  stopped();
  run++;
});

// ---- one matrix

async function compute(): Promise<void> {
  const mine = begin(false);
  stopped = () => finish('Cancelled.');
  const started = performance.now();
  try {
    say('Computing…', true);
    const answer = await crew.ask({ do: 'text', text: text.value });
    if (mine !== run) return;
    if ('error' in answer) throw new Error(answer.error);
    if (!('values' in answer && 'report' in answer)) return;
    const { report, values, format, dtype } = answer;
    const [m, n] = report.shape;
    const ms = (performance.now() - started).toFixed(0);
    finish(`Read as ${format}: ${m} × ${n}, ${dtype}. ${ms} ms.`);
    element('details').hidden = false;
    showAnswer('The answer', report);
    element('spectrum').hidden = false;
    if (!showSpectrum(values, report.tolerance, report.rank)) element('spectrum').hidden = true;
  } catch (error) {
    if (mine !== run) return;
    complain((error as Error).message);
    element('results').hidden = true;
    text.focus();
  }
}

function showAnswer(title: string, report: RankReport, full = Math.min(...report.shape)): void {
  element('details-title').textContent = title;
  const rank = document.createElement('b');
  rank.textContent = `Rank ${report.rank}`;
  rank.className = report.rank < full ? 'low' : '';
  const rest =
    report.rank < full ? ` of ${full}: deficient by ${full - report.rank}.` : ` of ${full}: full rank.`;
  element('answer').replaceChildren(rank, rest);
  element('proof').textContent = proof(report);
}

/** The details of a layer; its singular values are computed now. */
async function showRow({ entry, report, error }: Row, byVisitor = false): Promise<void> {
  const mine = ++asked;
  // On a phone it lies below the table.
  const goThere = () => {
    if (byVisitor && matchMedia('(max-width: 900px)').matches)
      element('details').scrollIntoView({ behavior: 'smooth' });
  };
  hideSpectrum();
  element('details').hidden = false;
  element('spectrum').hidden = true;
  element('waiting').hidden = report === undefined;
  if (!report) {
    element('details-title').textContent = entry.name;
    element('answer').textContent = error === undefined ? 'Not decided yet.' : 'No rank.';
    element('proof').textContent = error ?? '';
    return;
  }
  goThere();
  showAnswer(`${entry.name}, ${entry.matrix.join(' × ')} ${entry.dtype}`, report, fullRank(entry));
  const values = await spectrumOf(entry);
  if (mine !== asked) return;
  element('waiting').hidden = true;
  if (values instanceof Error) {
    if (values.message !== 'cancelled') complain(values.message);
    return;
  }
  element('spectrum').hidden = false;
  if (!showSpectrum(values, report.tolerance, report.rank)) element('spectrum').hidden = true;
  goThere();
}

async function spectrumOf(entry: Entry): Promise<Float64Array | Error> {
  try {
    const answer = await crew.ask({ do: 'spectrum', model: models[entry.model], entry }, [], true);
    if ('values' in answer) return answer.values;
    return new Error('error' in answer ? answer.error : 'no answer');
  } catch (error) {
    return error as Error;
  }
}

// ---- what the visitor does

element('choose').addEventListener('click', () => picker.click());
picker.addEventListener('change', () => {
  openFiles([...(picker.files ?? [])]);
  picker.value = '';
});
element('compute').addEventListener('click', compute);
text.addEventListener('keydown', (event) => {
  if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) compute();
});

for (const kind of ['model', 'adapter'] as const) {
  element(`sample-${kind}`).addEventListener('click', async () => openFiles([await SAMPLES[kind]()]));
}
const address = element<HTMLInputElement>('url');
element<HTMLFormElement>('address').addEventListener('submit', (event) => {
  event.preventDefault();
  const url = address.value.trim();
  if (/^(https?|hf):\/\//.test(url)) return openModels([{ url }]);
  address.focus();
  complain(`An address begins with https:// or hf://; got ${url === '' ? 'nothing' : `“${url}”`}.`);
});

const examples = element<HTMLSelectElement>('examples');
for (const name of Object.keys(EXAMPLES)) examples.add(new Option(name, name));
examples.addEventListener('change', () => {
  const make = EXAMPLES[examples.value];
  examples.value = '';
  if (!make) return;
  text.value = make();
  compute();
});

let depth = 0; // how many nested elements a dragged file is over
const dragging = (over: boolean) => document.body.classList.toggle('dropping', over);
addEventListener('dragenter', (event) => {
  if (!event.dataTransfer?.types.includes('Files')) return;
  depth++;
  dragging(true);
});
addEventListener('dragleave', () => {
  depth = Math.max(0, depth - 1);
  dragging(depth > 0);
});
addEventListener('dragover', (event) => {
  if (event.dataTransfer?.types.includes('Files')) event.preventDefault();
});
addEventListener('drop', (event) => {
  depth = 0;
  dragging(false);
  const files = [...(event.dataTransfer?.files ?? [])];
  if (files.length === 0) return;
  event.preventDefault();
  openFiles(files);
});

element('kernel').textContent =
  `Kernel: ${simd} SIMD, on ${plural(navigator.hardwareConcurrency || 1, 'core')}.`;
