// Names and numbers, made short for people.

/** A name cut in its middle: layers differ at the end, models at the start. */
export function shorten(text: string, width: number): string {
  if (text.length <= width) return text;
  const tail = Math.ceil((width - 1) * 0.6);
  return `${text.slice(0, width - 1 - tail)}…${text.slice(text.length - tail)}`;
}

/** Three digits: 0.00123, 1.23e-7, ∞. */
export function short(value: number | undefined): string {
  if (value === undefined) return '';
  if (value === Number.POSITIVE_INFINITY) return '∞';
  if (value === 0) return '0';
  const size = Math.abs(value);
  if (size >= 1e-3 && size < 1e5)
    return size >= 100 ? String(Math.round(value)) : String(Number(value.toPrecision(3)));
  return value.toExponential(1);
}
