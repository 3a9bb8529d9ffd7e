// The plots of the report's page: bars of rank / full for all layers, and the spectrum of one. uPlot is a global there.
import type UPlot from 'uplot';
import type { Layer } from './data.js';

const Plot = (globalThis as unknown as { uPlot: typeof UPlot }).uPlot;
const GUARD = 4; // a bound decides only when it clears the tolerance by this factor

export const deficient = (l: Layer) => l.rank !== undefined && l.rank < l.full;
export const number = (x: number | null | undefined): string => {
  if (x === undefined) return '';
  if (x === null) return '∞';
  if (x === 0) return '0';
  return Math.abs(x) >= 1e-3 && Math.abs(x) < 1e6 ? String(Number(x.toPrecision(4))) : x.toExponential(2);
};
export const rankText = (l: Layer) => (l.rank === undefined ? 'failed' : `rank ${l.rank} of ${l.full}`);

function colours() {
  const style = getComputedStyle(document.documentElement);
  const get = (name: string) => style.getPropertyValue(`--${name}`).trim();
  return {
    soft: get('soft'),
    line: get('line'),
    full: get('full'),
    low: get('low'),
    bad: get('bad'),
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

/** One bar a layer. `point` is told of the layer under the pointer, `select` of the one that was clicked. */
export function drawBars(
  host: HTMLElement,
  layers: readonly Layer[],
  point: (i: number | undefined) => void,
  select: (i: number) => void,
): UPlot {
  const { full, low, bad } = colours();
  const part = (want: (l: Layer) => boolean, value: (l: Layer) => number) =>
    layers.map((l) => (want(l) ? value(l) : null));
  const share = (l: Layer) => (l.full === 0 ? 1 : l.rank! / l.full);
  const paths = Plot.paths.bars!({ size: [0.8, 40], align: 0 });
  const bar = (label: string, colour: string): UPlot.Series => ({
    label,
    fill: colour,
    stroke: colour,
    width: 0,
    paths,
    points: { show: false },
  });
  const plot = new Plot(
    {
      width: host.clientWidth,
      height: 220,
      scales: { x: { time: false, range: () => [0.4, layers.length + 0.6] }, y: { range: [0, 1] } },
      legend: { show: false },
      cursor: { y: false, drag: { x: false, y: false }, points: { show: false } },
      axes: [
        axis('layer, in the order of the model', {
          size: 30,
          incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 10000],
        }),
        axis(undefined, { size: 56, values: (_, ticks) => ticks.map((t) => `${Math.round(t * 100)} %`) }),
      ],
      series: [{}, bar('full rank', full), bar('deficient', low), bar('failed', bad)],
      hooks: {
        setCursor: [(u) => point(u.cursor.idx ?? undefined)],
      },
    },
    [
      layers.map((_, i) => i + 1),
      part((l) => l.rank !== undefined && !deficient(l), share),
      part(deficient, share),
      part(
        (l) => l.rank === undefined,
        () => 1,
      ),
    ],
    host,
  );
  plot.over.addEventListener('click', () => {
    if (typeof plot.cursor.idx === 'number') select(plot.cursor.idx);
  });
  return plot;
}

/** The tolerance as a dashed line in its band. */
function toleranceHook(tolerance: number): UPlot.Plugin {
  return {
    hooks: {
      drawAxes: (u) => {
        const { ctx, bbox } = u;
        const { low, soft } = colours();
        const y = (value: number) =>
          Math.min(bbox.top + bbox.height, Math.max(bbox.top, u.valToPos(value, 'y', true)));
        const top = y(tolerance * GUARD);
        ctx.save();
        ctx.globalAlpha = 0.16;
        ctx.fillStyle = low;
        ctx.fillRect(bbox.left, top, bbox.width, y(tolerance / GUARD) - top);
        ctx.globalAlpha = 1;
        ctx.strokeStyle = soft;
        ctx.lineWidth = devicePixelRatio;
        ctx.setLineDash([6 * devicePixelRatio, 4 * devicePixelRatio]);
        ctx.beginPath();
        ctx.moveTo(bbox.left, y(tolerance));
        ctx.lineTo(bbox.left + bbox.width, y(tolerance));
        ctx.stroke();
        ctx.restore();
      },
    },
  };
}

/** The spectrum of a layer; undefined when there is none to draw. */
export function drawSpectrum(host: HTMLElement, layer: Layer): UPlot | undefined {
  const { at = [], values = [], tolerance = 0 } = layer;
  if (at.length === 0) return undefined;
  const { full, low } = colours();
  const floor = tolerance > 0 ? tolerance * 1e-5 : Math.min(...values); // what is smaller is drawn there
  const lowest = Math.max(floor, Math.min(...values, tolerance > 0 ? tolerance / GUARD : Infinity));
  const highest = Math.max(values[0], tolerance);
  const dots = (label: string, colour: string): UPlot.Series => ({
    label,
    stroke: colour,
    width: 1.5,
    points: { show: at.length < 200, size: 5, fill: colour, stroke: colour },
    value: (_, v, __, i) => (v === null || i === null ? '' : number(values[i])),
  });
  const side = (above: boolean) => values.map((v) => (v > tolerance === above ? Math.max(v, floor) : null));
  const bottom = Math.floor(Math.log10(lowest / 1.5));
  const top = Math.ceil(Math.log10(highest * 1.5));
  const step = Math.ceil((top - bottom) / 8);
  const powers = Array.from({ length: Math.floor((top - bottom) / step) + 1 }, (_, i) =>
    Number(`1e${bottom + i * step}`),
  );
  return new Plot(
    {
      width: host.clientWidth,
      height: 320,
      scales: {
        x: { time: false, range: () => [0.5, layer.full + 0.5] },
        y: { distr: 3, range: () => [Number(`1e${bottom}`), Number(`1e${top}`)] },
      },
      cursor: { drag: { x: false, y: false } },
      axes: [
        axis('number of the singular value', { size: 30 }),
        axis(undefined, {
          size: 56,
          splits: () => powers,
          filter: (_, ticks) => ticks,
          values: (_, ticks) => ticks.map((t) => t.toExponential(0).replace('+', '')),
        }),
      ],
      series: [{ label: 'number' }, dots('above the tolerance', full), dots('at or below', low)],
      plugins: tolerance > 0 ? [toleranceHook(tolerance)] : [],
    },
    [at, side(true), side(false)],
    host,
  );
}
