// The plots of the report's page: bars of rank / full for all layers, and the spectrum of one. uPlot is a global there.
import type UPlot from 'uplot';
import type { Layer } from './data.js';

const Plot = (globalThis as unknown as { uPlot: typeof UPlot }).uPlot;

export const deficient = (l: Pick<Layer, 'rank' | 'full'>) => l.rank !== undefined && l.rank < l.full;
export const number = (x: number | null | undefined): string => {
  if (x === undefined) return '';
  if (x === null) return '∞';
  if (x === 0) return '0';
  return Math.abs(x) >= 1e-3 && Math.abs(x) < 1e6 ? String(Number(x.toPrecision(4))) : x.toExponential(2);
};
export const rankText = (l: Pick<Layer, 'rank' | 'full' | 'before' | 'proven'>) => {
  if (l.rank === undefined) return 'failed';
  const was = l.before ? `${l.before.rank} → ` : '';
  return `rank ${was}${l.proven === false ? '~' : ''}${l.rank} of ${l.full}`;
};

function colours() {
  const style = getComputedStyle(document.documentElement);
  const get = (name: string) => style.getPropertyValue(`--${name}`).trim();
  return {
    soft: get('soft'),
    line: get('line'),
    full: get('full'),
    low: get('low'),
    bad: get('bad'),
    ink: get('ink'),
    parts: [0, 1, 2, 3, 4].map((i) => get(`part${i}`)),
  };
}

function axis(label: string | undefined, more: Partial<UPlot.Axis> = {}): UPlot.Axis {
  const { soft, line } = colours();
  const grid = { stroke: line, width: 1 };
  return {
    label,
    stroke: soft,
    grid,
    ticks: grid,
    font: '12px system-ui',
    labelFont: '12px system-ui',
    labelSize: 18,
    ...more,
  };
}

/**
 * What the parts of a bar stand for, from its foot on:
 * how many singular values hold so much of the energy, and all of them.
 */
export const PARTS = ['50 %', '90 %', '95 %', '99 %', 'rank'];

/** Layers from which on the bars have no names below them. */
const NAMED = 60;

/** Between the numbers of many bars. */
const STEPS = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 10000];

/** The names of the layers, each below its bar. */
function namesAxis(layers: readonly Layer[]): UPlot.Axis {
  return axis(undefined, {
    size: 100,
    rotate: -60,
    gap: 2,
    font: '11px system-ui',
    grid: { show: false },
    splits: () => layers.map((_, i) => i + 1),
    values: (_, ticks) => ticks.map((t) => ending(layers[t - 1].name)),
  });
}

/**
 * One bar a layer: its rank and energy ranks as shares of full rank. `select` is told of the layer that was clicked.
 */
export function drawBars(
  host: HTMLElement,
  layers: readonly Layer[],
  point: (i: number | undefined) => void,
  select: (i: number) => void,
): UPlot {
  const { bad, parts } = colours();
  const paths = Plot.paths.bars!({ size: [0.8, 40], align: 0 });
  const bar = (label: string, colour: string): UPlot.Series => ({
    label,
    fill: colour,
    stroke: colour,
    width: 0,
    paths,
    points: { show: false },
  });
  const share = (l: Layer, part: number) => {
    const count = part === 4 ? l.rank : l.energy?.[part];
    return count === undefined ? null : l.full === 0 ? 1 : count / l.full;
  };
  // The longest first: each next one is drawn over it.
  const order = [4, 3, 2, 1, 0];
  const named = layers.length <= NAMED && host.clientWidth / layers.length > 11;
  const plot = new Plot(
    {
      width: host.clientWidth,
      height: named ? 300 : 220,
      scales: { x: { time: false, range: () => [0.4, layers.length + 0.6] }, y: { range: [0, 1] } },
      legend: { show: false },
      cursor: { y: false, drag: { x: false, y: false }, points: { show: false } },
      axes: [
        named ? namesAxis(layers) : axis('layer, in the order of the model', { size: 30, incrs: STEPS }),
        axis(undefined, { size: 56, values: (_, ticks) => ticks.map((t) => `${Math.round(t * 100)} %`) }),
      ],
      series: [{}, ...order.map((part) => bar(PARTS[part], parts[part])), bar('failed', bad)],
      hooks: {
        setCursor: [(u) => point(u.cursor.idx ?? undefined)],
      },
    },
    [
      layers.map((_, i) => i + 1),
      ...order.map((part) => layers.map((l) => share(l, part))),
      layers.map((l) => (l.rank === undefined ? 1 : null)),
    ],
    host,
  );
  plot.over.addEventListener('click', () => {
    if (typeof plot.cursor.idx === 'number') select(plot.cursor.idx);
  });
  return plot;
}

/** The end of a name, which tells layers apart, as long as there is room for. */
function ending(name: string): string {
  const text = name.replace(/[._/](weight|kernel|w_0)$/, '');
  return text.length > 18 ? `…${text.slice(-17)}` : text;
}

/** A level as a line across the plot, dashed or with what lies below it shaded. */
function level(value: number, colour: string, below: boolean): UPlot.Plugin {
  return {
    hooks: {
      drawAxes: (u) => {
        const { ctx, bbox } = u;
        const foot = bbox.top + bbox.height;
        const y = Math.min(foot, Math.max(bbox.top, u.valToPos(value, 'y', true)));
        ctx.save();
        if (below) {
          ctx.globalAlpha = 0.14;
          ctx.fillStyle = colour;
          ctx.fillRect(bbox.left, y, bbox.width, foot - y);
        } else {
          ctx.strokeStyle = colour;
          ctx.lineWidth = 1.5 * devicePixelRatio;
          ctx.setLineDash([6 * devicePixelRatio, 4 * devicePixelRatio]);
          ctx.beginPath();
          ctx.moveTo(bbox.left, y);
          ctx.lineTo(bbox.left + bbox.width, y);
          ctx.stroke();
        }
        ctx.restore();
      },
    },
  };
}

/** Both spectra of a layer over the positions that either has. */
function joined(
  layer: Layer,
  floor: number,
): { at: number[]; now: (number | null)[]; before: (number | null)[] } {
  const now = new Map((layer.at ?? []).map((i, k) => [i, layer.values![k]]));
  const then = new Map((layer.before?.at ?? []).map((i, k) => [i, layer.before!.values[k]]));
  const at = [...new Set([...now.keys(), ...then.keys()])].sort((a, b) => a - b);
  const value = (of: Map<number, number>) => at.map((i) => (of.has(i) ? Math.max(of.get(i)!, floor) : null));
  return { at, now: value(now), before: value(then) };
}

/** What the plot says without a pointer: the values at both ends, and beside the tolerance. */
function ends(layer: Layer): string {
  const { at = [], values = [], rank = 0 } = layer;
  const places = [...new Set([1, rank, rank + 1, at.at(-1) ?? 0])].filter((i) => at.includes(i));
  const text = places.map((i) => `σ${i} = ${number(values[at.indexOf(i)])}`);
  return layer.tolerance === undefined
    ? text.join(', ')
    : `${text.join(', ')}; tolerance ${number(layer.tolerance)}`;
}

/** The powers of ten around two values, and up to nine of them that are named. */
function powersBetween(low: number, high: number): { range: [number, number]; ticks: number[] } {
  const bottom = Math.floor(Math.log10(low));
  const top = Math.ceil(Math.log10(high));
  const step = Math.ceil((top - bottom) / 8);
  const power = (e: number) => Number(`1e${e}`);
  const ticks = Array.from({ length: Math.floor((top - bottom) / step) + 1 }, (_, i) =>
    power(bottom + i * step),
  );
  return { range: [power(bottom), power(top)], ticks };
}

function powersAxis(ticks: number[]): UPlot.Axis {
  return axis(undefined, {
    size: 56,
    splits: () => ticks,
    filter: (_, shown) => shown,
    values: (_, shown) => shown.map((t) => t.toExponential(0).replace('+', '')),
  });
}

/**
 * The spectrum of a layer; undefined when there is none to draw. `tell` gets what to read off it,
 * with a pointer or without.
 */
export function drawSpectrum(
  host: HTMLElement,
  layer: Layer,
  tell: (text: string) => void,
): UPlot | undefined {
  tell(ends(layer));
  const { tolerance = 0, noise = 0, before } = layer;
  const all = [...(layer.values ?? []), ...(before?.values ?? [])];
  if (all.length === 0) return undefined;
  const { full, low, soft, ink } = colours();
  const floor = tolerance > 0 ? tolerance * 1e-5 : Math.min(...all); // what is smaller is drawn there
  const { at, now, before: then } = joined(layer, floor);
  const lowest = Math.max(floor, Math.min(...all, tolerance > 0 ? tolerance / 4 : Infinity));
  const highest = Math.max(...all, tolerance);
  const dots = (label: string, colour: string): UPlot.Series => ({
    label,
    stroke: colour,
    width: 1.5,
    spanGaps: true,
    points: { show: at.length < 200, size: 5, fill: colour, stroke: colour },
  });
  const rank = layer.rank ?? 0;
  const side = (above: boolean) => now.map((v, k) => (at[k] <= rank === above ? v : null));
  const powers = powersBetween(lowest / 1.5, highest * 1.5);
  return new Plot(
    {
      width: host.clientWidth,
      height: 320,
      scales: {
        x: { time: false, range: () => [0.5, layer.full + 0.5] },
        y: { distr: 3, range: () => powers.range },
      },
      cursor: { drag: { x: false, y: false } },
      legend: { show: false },
      hooks: {
        setCursor: [
          ({ cursor: { idx } }) => {
            if (typeof idx !== 'number') return tell(ends(layer));
            const value = now[idx] === null ? '' : ` = ${number(now[idx])}`;
            tell(`σ${at[idx]}${value}${then[idx] == null ? '' : `, before ${number(then[idx])}`}`);
          },
        ],
      },
      axes: [axis('number of the singular value', { size: 30 }), powersAxis(powers.ticks)],
      series: [
        { label: 'number' },
        ...(before ? [{ ...dots('before', soft), dash: [4, 3], points: { show: false } }] : []),
        dots(before ? 'after, above the tolerance' : 'above the tolerance', full),
        dots('at or below', low),
      ],
      plugins: [
        ...(noise > 0 ? [level(noise, soft, true)] : []),
        ...(tolerance > 0 ? [level(tolerance, ink, false)] : []),
      ],
    },
    [at, ...(before ? [then] : []), side(true), side(false)],
    host,
  );
}
