// Tables and numbers for a terminal or a file.
import Table from 'cli-table3';
import pc from 'picocolors';

/** A printed table; columns whose name ends in '>' are right-aligned. */
export function table(head, rows) {
  const out = new Table({
    head: head.map((h) => h.replace(/>$/, '')),
    colAligns: head.map((h) => (h.endsWith('>') ? 'right' : 'left')),
    style: { head: [], border: [], compact: true },
  });
  out.push(...rows);
  return out.toString();
}

/** Three significant digits, no exponent. */
export function digits(x) {
  if (Number.isNaN(x)) return '-';
  if (!Number.isFinite(x)) return String(x);
  if (x === 0) return '0';
  const places = Math.max(0, 2 - Math.floor(Math.log10(Math.abs(x))));
  return x.toFixed(Math.min(places, 6));
}

/** A time given in milliseconds. */
export function time(ms) {
  if (Number.isNaN(ms)) return '-';
  if (ms >= 1000) return `${digits(ms / 1000)} s`;
  return ms >= 0.1 ? `${digits(ms)} ms` : `${digits(ms * 1000)} us`;
}

/** A ratio, green where it reaches `aim`, yellow below. */
export function ratio(x, aim) {
  if (Number.isNaN(x)) return '-';
  const text = `${x.toFixed(x >= 9.95 ? 0 : x >= 0.95 ? 1 : 2)}x`;
  if (aim === undefined) return text;
  return x >= aim ? pc.green(text) : pc.yellow(text);
}

/** The spread of a ratio. */
export function spread(least, most) {
  return Number.isNaN(least) ? '-' : `${ratio(least)} - ${ratio(most)}`;
}

/** A verdict that stands out where it is bad. */
export function verdict(text, good) {
  return good ? text : pc.red(text);
}
