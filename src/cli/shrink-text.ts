// The block below the table that says what to shrink.
import { bare, type Column, commonPrefix, Layout } from './layout.js';
import { type Energy, numbers, type Suggestion, suggest, type Total, totals, type Weight } from './shrink.js';
import { big, count, percent } from './text.js';
import type { Screen } from './writer.js';

/** Layers that are named; --ranks has all of them. */
const NAMED = 10;

const LAYERS: Column<Suggestion>[] = [
  { head: 'matrix', spare: 2, cell: (s) => s.matrix.join('x') },
  { head: 'to rank', right: true, cell: (s) => `${big(s.rank)} of ${big(s.full)}` },
  { head: 'saves', right: true, cell: (s) => big(s.saves) },
  { head: '', right: true, spare: 1, cell: (s) => percent(s.saves / numbers(s.matrix, s.full)) },
];

const kept = (energy: Energy) => (energy === 1 ? 'all (exact)' : `${Math.round(100 * energy)} %`);

const TOTALS: Column<Total>[] = [
  { head: 'error at most', right: true, cell: (t) => percent(t.error) },
  { head: 'layers', right: true, cell: (t) => big(t.layers) },
  { head: 'parameters saved', right: true, cell: (t) => big(t.saves) },
  { head: '', right: true, cell: (t) => percent(t.parameters > 0 ? t.saves / t.parameters : 0) },
];

/** The lines of the block; none where nothing can be saved. */
export function shrinkText(weights: readonly Weight[], energy: Energy, screen: Screen): string[] {
  const all = totals(weights);
  if (all.every((t) => t.saves === 0)) return [];
  const suggestions = suggest(weights, energy);
  const named = suggestions.slice(0, NAMED);
  const prefix = commonPrefix(named.map(({ name }) => name));
  const lines = [''];
  if (named.length > 0) {
    const error = energy === 1 ? 'no error' : `a relative error of at most ${percent(Math.sqrt(1 - energy))}`;
    lines.push(`What to shrink, keeping ${kept(energy)} of a layer's energy (${error})`);
    if (prefix) lines.push(`Names go on after '${bare(prefix, '')}'.`);
    lines.push(...table(named, LAYERS, (s) => bare(s.name, prefix), 'layer', screen));
    const more = suggestions.length - named.length;
    if (more > 0) lines.push(`and ${count(more, 'more layer')}: --ranks FILE writes all of them`);
    lines.push('');
  }
  const known = all.filter((t) => t.known > 0);
  lines.push(...table(known, TOTALS, (t) => kept(t.energy), 'energy kept', screen));
  const { known: some } = all[1];
  if (some < weights.length) {
    lines.push(
      `Energy is known of ${some} of ${weights.length} matrices, where it took no longer than the rank; ` +
        '--metrics finds all.',
    );
  }
  return [...lines, ''];
}

function table<R>(
  rows: readonly R[],
  columns: readonly Column<R>[],
  name: (r: R) => string,
  head: string,
  screen: Screen,
) {
  const lines = rows.map((row) => ({ name: name(row), cells: columns.map((c) => c.cell(row)) }));
  const layout = new Layout(screen, columns, lines, head);
  return [layout.head(), ...lines.map((line) => layout.text(line))].map((line) => `  ${line}`);
}
