// The report as one page that needs no network: style, uPlot, the script and the data stand in it.
import { readFileSync } from 'node:fs';
import { printable } from '../formats/errors.js';
import type { Report } from './html/data.js';
import { GRID_STYLE, STYLE } from './html/style.js';
import { GENERATOR } from './output-file.js';
import { big, count, percent } from './text.js';

const escaped = (text: string) =>
  printable(text).replace(/[&<>"]/g, (c) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[c]!);

/** A file of the page; scripts/bundle.mjs puts uPlot's there. */
function besides(name: string): string {
  return readFileSync(new URL(`./html/${name}`, import.meta.url), 'utf8');
}

/** A module of the page without its imports and exports: all of them share one script. */
function inlined(name: string): string {
  const text = besides(`${name}.js`);
  return text.replace(/^import .*$/gm, '').replace(/^export (?=const|function)/gm, '');
}

/** A cell of numbers; the head of a table whose columns hold numbers but for the first. */
const cell = (text: string) => `<td class="number">${text}</td>`;
const head = (first: string, ...numbers: string[]) => {
  const rest = numbers.map((text) => `<th class="number">${text}</th>`);
  return `<thead><tr><th>${first}</th>${rest.join('')}<th></th></tr></thead>`;
};
/** An entry of a plot's key: a patch of the colour, and what it stands for. */
const key = (colour: string, text: string, kind = '') =>
  `<span><i${kind} style="background: ${colour}"></i>${text}</span>`;

const PARTS = ['50 % of the energy', '90 %', '95 %', '99 %', 'all that counts: the rank'];
const NAMED = 12;

/** Which layers to shrink to which rank, and what each share of the energy saves in all. */
function shrinkSection({ layers, totals, shrink }: Report): string {
  if (totals.every((t) => t.saves === 0)) return '';
  const rows = shrink.slice(0, NAMED).map(({ layer, rank, saves, share }) => {
    const { name, full } = layers[layer];
    const button = `<td class="name"><button type="button">${escaped(name)}</button></td>`;
    const numbers = [`${big(rank)} of ${big(full)}`, big(saves), percent(share)].map(cell);
    return `<tr data-layer="${layer}">${button}${numbers.join('')}</tr>`;
  });
  const where = layers.some((l) => l.before) ? '' : ': --ranks writes all of them';
  const left = shrink.length - NAMED;
  const more = left > 0 ? `<p>and ${count(left, 'more layer')}${where}.</p>` : '';
  const lines = totals.map((t) => {
    const share = percent(t.parameters > 0 ? t.saves / t.parameters : 0);
    const numbers = [percent(t.error), big(t.layers), big(t.saves), share].map(cell);
    return `<tr><td>${t.energy === 1 ? 'all (exact)' : percent(t.energy)}</td>${numbers.join('')}</tr>`;
  });
  return `<section id="shrink">
<h2>What to shrink</h2>
<p>A matrix of m × n as two factors of rank k has k (m + n) numbers. Energy is the share of
the sum of its squared singular values that is kept; the model's accuracy has to be measured after it.</p>
<div class="two">
<div><table class="plain">${head('layer, at 99 % of its energy', 'to rank', 'saves')}
<tbody>${rows.join('') || '<tr><td>None at 99 %.</td></tr>'}</tbody></table>${more}</div>
<div><table class="plain">${head('energy kept', 'error at most', 'layers', 'saved')}
<tbody>${lines.join('')}</tbody></table></div>
</div>
</section>`;
}

/** With --compare: the layers of another rank, those that changed most first. */
function changedSection({ layers }: Report): string {
  const changed = layers
    .map((l, layer) => ({ ...l, layer, by: l.before && l.rank !== undefined ? l.rank - l.before.rank : 0 }))
    .filter(({ by }) => by !== 0)
    .sort((a, b) => Math.abs(b.by) - Math.abs(a.by));
  if (changed.length === 0) return '';
  const rows = changed.slice(0, NAMED).map(({ layer, name, before, rank, full, by: more }) => {
    const button = `<td class="name"><button type="button">${escaped(name)}</button></td>`;
    const by = `${more > 0 ? '+' : '-'}${big(Math.abs(more))}`;
    const numbers = [big(before!.rank), `${big(rank!)} of ${big(full)}`, by].map(cell);
    return `<tr data-layer="${layer}">${button}${numbers.join('')}</tr>`;
  });
  const more = changed.length - NAMED;
  return `<section id="changed">
<h2>What changed</h2>
<table class="plain">${head('layer', 'before', 'after')}
<tbody>${rows.join('')}</tbody></table>
${more > 0 ? `<p>and ${count(more, 'more layer')}, in the table below.</p>` : ''}
</section>`;
}

/** Plots and tables, empty: the script of the page fills them. */
function mainSection(report: Report): string {
  return `<main>
<h1>${escaped(report.title)}</h1>
<p>${escaped(report.summary)}</p>
${changedSection(report)}
${shrinkSection(report)}
<section>
<h2>How much of full rank each layer uses</h2>
<p id="bar-hint">Point at a bar for its layer, click to see its spectrum.</p>
<div id="bars"></div>
<div class="key">${PARTS.map((text, i) => key(`var(--part${i})`, text)).join('')}${key('var(--bad)', 'failed')}</div>
<p class="key">A bar is as high as the rank; its stronger parts are the singular values that hold 50, 90, 95 and 99 % of
the energy, the sum of the squares. Where they are short, the layer can be shrunk.</p>
</section>
<section id="blocks" hidden>
<h2>Block by block</h2>
<div class="tools"><label>Percent of full rank for <select id="measure"></select></label>
<span>stronger: more of it in use; framed: deficient</span></div>
<div class="scroll"><table class="grid" id="grid"></table></div>
<p id="kinds-left"></p>
</section>
<section id="detail">
<h2 id="layer-name">No layers</h2>
<p id="layer-facts"></p>
<div id="spectrum"></div>
<p id="reading"></p>
<div class="key">
${key('var(--full)', 'above the tolerance', ' class="dot"')}
${key('var(--low)', 'at or below', ' class="dot"')}
<span><b></b>tolerance: the rank is the number of singular values above it</span>
<span id="noise-key"><i></i>below what rounding to the stored type can make</span>
<span id="before-key"><b class="solid"></b>before</span>
<span>What lies far below the tolerance is drawn at the lower edge.</span></div>
</section>
<section>
<div class="tools"><input id="filter" type="search" placeholder="Filter by name, matrix or method" aria-label="Filter">
<label><input id="low-only" type="checkbox"> deficient or failed only</label><span id="shown"></span></div>
<div class="scroll"><table class="layers"><thead><tr id="heads"></tr></thead><tbody id="rows"></tbody></table></div>
</section>
</main>`;
}

/** The page in pieces: a hundred thousand layers are more than one string can hold. */
export function* toHtml(report: Report): Generator<string> {
  const [uplot, uplotStyle, licence] = ['uPlot.iife.min.js', 'uPlot.min.css', 'uPlot.LICENSE'].map(besides);
  const script = inlined('plots') + inlined('heat') + inlined('page');
  yield `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
${GENERATOR}
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy"
  content="default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data:">
<title>${escaped(report.title)}: matrix-rank</title>
<link rel="icon" href="data:,">
<style>${uplotStyle}${STYLE}${GRID_STYLE}</style>
</head>
<body>
${mainSection(report)}
<script type="application/json" id="report">`;
  yield* dataOf(report);
  yield `</script>
<script>/*! uPlot
${licence}*/
${uplot}</script>
<script type="module">${script}</script>
</body>
</html>
`;
}

function* dataOf({ layers, ...rest }: Report): Generator<string> {
  const inHtml = (value: unknown) => JSON.stringify(value).replaceAll('<', '\\u003c');
  yield `${inHtml(rest).slice(0, -1)},"layers":[`;
  for (const [i, layer] of layers.entries()) yield (i > 0 ? ',' : '') + inHtml(layer);
  yield ']}';
}
