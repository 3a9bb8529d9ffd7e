// Names and numbers, made short for people.

/**
 * A name cut in its middle: layers differ at the end, models at the start. The layer's number, which lies between, is
 * kept where there is room: 'transformer.l….11.…key_value.weight'.
 */
export function shorten(text: string, width: number): string {
  if (text.length <= width) return text;
  const ends = (room: number) => {
    const tail = Math.ceil(room * 0.6);
    return [text.slice(0, room - tail), text.slice(text.length - tail)];
  };
  const [head, tail] = ends(width - 1);
  const number = /[._/-]\d+[._/-]/.exec(text)?.[0];
  if (!number || 3 * number.length > width || head.includes(number) || tail.includes(number))
    return `${head}…${tail}`;
  return ends(width - 2 - number.length).join(`…${number}…`);
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

/** A margin, which matters where it is near 1: '! 1.02', '1.4', '17', '>1000', '∞'. */
export function marginText(margin: number | undefined): string {
  if (margin === undefined) return '';
  if (margin === Number.POSITIVE_INFINITY) return '∞';
  if (margin < 1.1) return `! ${margin.toFixed(2)}`;
  if (margin < 9.95) return margin.toFixed(1);
  return margin <= 1000 ? String(Math.round(margin)) : '>1000';
}

/** Digits in groups of three. Intl does it too, but takes 20 ms to load. */
export const big = (n: number) => String(n).replace(/\B(?=(\d{3})+$)/g, ',');

export const count = (n: number, one: string, many = `${one}s`) => `${big(n)} ${n === 1 ? one : many}`;

/** A share as '0.7 %', '24 %', '<0.1 %'. */
export function percent(share: number): string {
  const value = 100 * share;
  if (value === 0) return '0 %';
  if (value < 0.05) return '<0.1 %';
  return `${value < 9.95 ? value.toFixed(1) : Math.round(value)} %`;
}

/** What decided, in words; in JSON and CSV it is the method's name. docs/reading.md explains each. */
export const METHOD_WORDS: Record<string, string> = {
  trivial: 'at sight',
  cholesky: 'Cholesky',
  inertia: 'counting',
  sample: 'a sample',
  qr: 'QR',
  lq: 'QR twice',
  bidiagonal: 'SVD',
};
