// The singular values on a logarithmic scale, with the tolerance as a line that can be dragged. The count follows it.
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { short } from './format.js';

const element = <T extends HTMLElement>(id: string) => document.getElementById(id) as T;
const host = element('plot');
const slider = element<HTMLInputElement>('tolerance');
const output = element('count');
const list = element('values');

const HEIGHT = 300;

let values = new Float64Array(0); // empty: nothing is shown
let logs: number[] = []; // log10 of the values; zeros lie on the floor
let numbers: number[] = [];
let standard = 0; // the tolerance that decided, and its count
let standardRank = 0;
let tolerance = 0; // where the line is
let plot: uPlot | undefined;
let line: HTMLElement | undefined;
let ends: [bottom: number, top: number] = [0, 1]; // of the scale, log10
let frame = 0;

/** How many values are above t; they are descending. */
function countAbove(t: number): number {
  let low = 0;
  let high = values.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (values[middle] > t) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Shows the spectrum; false where there is nothing to draw. */
export function showSpectrum(sigma: Float64Array, decided: number, rank: number): boolean {
  hideSpectrum();
  if (sigma.length === 0 || !(sigma[0] > 0)) return false;
  values = sigma as Float64Array<ArrayBuffer>;
  standard = decided;
  standardRank = rank;
  const top = Math.ceil(Math.log10(sigma[0]) + 0.1);
  const least = Math.log10(sigma.findLast((x) => x > 0)!);
  // What is far below the tolerance is drawn on the floor.
  const floor = decided > 0 ? Math.max(Math.min(least, Math.log10(decided)), Math.log10(decided) - 6) : least;
  const bottom = Math.max(Math.floor(floor - 0.5), top - 40);
  logs = Array.from(sigma, (x) => Math.max(x > 0 ? Math.log10(x) : bottom, bottom));
  numbers = logs.map((_, i) => i + 1);
  slider.min = String(bottom);
  slider.max = String(top);
  ends = [bottom, top];
  fillList();
  if (!plot) make();
  setTolerance(decided);
  return true;
}

export function hideSpectrum(): void {
  values = new Float64Array(0);
  list.textContent = '';
}

function colours() {
  const style = getComputedStyle(document.documentElement);
  const get = (name: string) => style.getPropertyValue(`--${name}`).trim();
  return { soft: get('soft'), grid: get('line'), full: get('full'), low: get('low') };
}

/** The plot, empty. It is made once, ahead of time: that takes as long as to draw a spectrum into it. */
function make(): void {
  const { soft, grid, full, low } = colours();
  const axis = {
    stroke: soft,
    grid: { stroke: grid, width: 1 },
    ticks: { show: false },
    font: '12px system-ui',
  };
  const dots = (colour: string): uPlot.Series => ({
    stroke: colour,
    width: 1.5,
    points: { show: () => values.length <= 300, size: 5, fill: colour, stroke: colour },
  });
  plot = new uPlot(
    {
      width: host.clientWidth || 400,
      height: HEIGHT,
      scales: {
        x: { time: false, range: () => [0.5, values.length + 0.5] },
        y: { range: () => ends },
      },
      legend: { show: false },
      cursor: { show: false },
      axes: [
        { ...axis, size: 28, incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000] },
        { ...axis, size: 50, splits: powers, values: (_, ticks) => ticks.map((p) => `1e${p}`) },
      ],
      series: [{}, dots(full), dots(low)],
    },
    [[], [], []],
    host,
  );
  line = document.createElement('div');
  line.className = 'line';
  line.append(document.createElement('span'));
  line.addEventListener('pointerdown', grab);
  plot.over.append(line);
}

/** Seven powers of ten at most, of those on the scale. */
function powers(): number[] {
  const [bottom, top] = ends;
  const step = Math.max(1, Math.ceil((top - bottom) / 7));
  return Array.from({ length: Math.floor((top - bottom) / step) + 1 }, (_, i) => top - i * step).reverse();
}

/** The values into the plot, in the next frame: a task of its own. */
function draw(): void {
  if (frame !== 0) return;
  frame = requestAnimationFrame(() => {
    frame = 0;
    const width = host.clientWidth;
    if (!plot || values.length === 0 || width === 0) return;
    if (plot.width !== width) plot.setSize({ width, height: HEIGHT });
    plot.setData([numbers, ...halves(tolerance === standard ? standardRank : countAbove(tolerance))]);
  });
}

/** The line follows the pointer until it is let go. */
function grab(event: PointerEvent): void {
  event.preventDefault();
  const handle = event.currentTarget as HTMLElement;
  handle.setPointerCapture(event.pointerId);
  const move = ({ clientY }: PointerEvent) => {
    const { top, height } = plot!.over.getBoundingClientRect();
    const share = Math.min(1, Math.max(0, (clientY - top) / height));
    setTolerance(10 ** (ends[1] + share * (ends[0] - ends[1])));
  };
  handle.addEventListener('pointermove', move);
  handle.addEventListener('lostpointercapture', () => handle.removeEventListener('pointermove', move), {
    once: true,
  });
}

function halves(count: number): [(number | null)[], (number | null)[]] {
  return [logs.map((y, i) => (i < count ? y : null)), logs.map((y, i) => (i < count ? null : y))];
}

function setTolerance(t: number): void {
  if (values.length === 0 || !line) return;
  tolerance = t;
  const count = t === standard ? standardRank : countAbove(t);
  const [bottom, top] = ends;
  const at = t > 0 ? Math.min(top, Math.max(bottom, Math.log10(t))) : bottom;
  slider.value = String(at);
  slider.setAttribute('aria-valuetext', `${short(t)}, rank ${count}`);
  const share = (top - at) / (top - bottom);
  line.style.top = `${100 * share}%`;
  line.classList.toggle('low', share < 0.1);
  line.firstElementChild!.textContent = `${short(t)}`;
  const kind = t === standard ? ' (default)' : '';
  output.textContent = `rank ${count} of ${values.length} at tolerance ${short(t)}${kind}`;
  draw();
}

slider.addEventListener('input', () => setTolerance(10 ** Number(slider.value)));
element('reset').addEventListener('click', () => setTolerance(standard));

/** The values as text, once somebody opens them. */
function fillList(): void {
  const open = (list.parentElement as HTMLDetailsElement).open;
  list.textContent = open ? Array.from(values.subarray(0, 4096)).join('\n') : '';
}
list.parentElement!.addEventListener('toggle', fillList);

matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => {
  plot?.destroy();
  make();
  setTolerance(tolerance);
});
new ResizeObserver(draw).observe(host);
if ('requestIdleCallback' in window) requestIdleCallback(make);
else setTimeout(make);
