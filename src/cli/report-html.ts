// The report as one page that needs no network: style, uPlot, the script and the data stand in it.
import { readFileSync } from 'node:fs';
import type { Report } from './html/data.js';
import { STYLE } from './html/style.js';
import { GENERATOR } from './output-file.js';

const escaped = (text: string) =>
  text.replace(/[&<>"]/g, (c) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[c]!);

/** A file of the page; scripts/bundle.mjs puts uPlot's there. */
function besides(name: string): string {
  return readFileSync(new URL(`./html/${name}`, import.meta.url), 'utf8');
}

/** A module of the page without its imports and exports: all of them share one script. */
function inlined(name: string): string {
  const text = besides(`${name}.js`);
  return text.replace(/^import .*$/gm, '').replace(/^export (?=const|function)/gm, '');
}

/** The page in pieces: a hundred thousand layers are more than one string can hold. */
export function* toHtml(report: Report): Generator<string> {
  const [uplot, uplotStyle, licence] = ['uPlot.iife.min.js', 'uPlot.min.css', 'uPlot.LICENSE'].map(besides);
  const script = inlined('plots') + inlined('page');
  yield `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
${GENERATOR}
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data:">
<title>${escaped(report.title)}: matrix-rank</title>
<link rel="icon" href="data:,">
<style>${uplotStyle}${STYLE}</style>
</head>
<body>
<main>
<h1>${escaped(report.title)}</h1>
<p>${escaped(report.summary)}</p>
<section>
<h2>Rank as a share of full rank</h2>
<p id="bar-hint">Point at a bar for its layer, click to see its spectrum.</p>
<div id="bars"></div>
<div class="key"><span><i style="background: var(--full)"></i>full rank</span><span><i style="background: var(--low)"></i>deficient</span><span><i style="background: var(--bad)"></i>failed</span></div>
</section>
<section id="detail">
<h2 id="layer-name">No layers</h2>
<p id="layer-facts"></p>
<div id="spectrum"></div>
<div class="key"><span>Dashed: the tolerance; rank is the number of singular values above it. Shaded: a factor of 4 on both sides, where a bound alone decides nothing. Values far below it are drawn at the lower edge.</span></div>
</section>
<section>
<div class="tools"><input id="filter" type="search" placeholder="Filter by name, matrix or method" aria-label="Filter"><label><input id="low-only" type="checkbox"> deficient or failed only</label><span id="shown"></span></div>
<div class="scroll"><table class="layers"><thead><tr id="heads"></tr></thead><tbody id="rows"></tbody></table></div>
</section>
</main>
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
