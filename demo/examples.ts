// Matrices to try, as text.

const rows = (n: number, m: number, f: (i: number, j: number) => number) =>
  `[${Array.from({ length: n }, (_, i) =>
    Array.from({ length: m }, (_, j) => Number(f(i, j).toPrecision(17))).join(' '),
  ).join(';\n')}]`;

/** Seeded, uniform on [-1, 1). */
function noise(seed: number): () => number {
  let s = seed;
  return () => {
    s = (Math.imul(s, 1664525) + 1013904223) | 0;
    return s / 2147483648;
  };
}

/** 24 x 16, rank 5, and noise of the given size on top. */
function lowRank(size: number): string {
  const next = noise(7);
  const left = Array.from({ length: 24 * 5 }, next);
  const right = Array.from({ length: 5 * 16 }, next);
  return rows(24, 16, (i, j) => {
    let sum = size * next();
    for (let k = 0; k < 5; k++) sum += left[i * 5 + k] * right[k * 16 + j];
    return sum;
  });
}

export const EXAMPLES: Record<string, () => string> = {
  'magic square, 4×4': () => '[16 2 3 13; 5 11 10 8; 9 7 6 12; 4 14 15 1]',
  'Hilbert, 12×12': () => rows(12, 12, (i, j) => 1 / (i + j + 1)),
  "Kahan's, 90×90": () => {
    const [s, c] = [Math.sin(1.2), Math.cos(1.2)];
    return rows(90, 90, (i, j) => (j < i ? 0 : s ** i * (j === i ? 1 : -c)));
  },
  'rank 5 under noise of 1e-6': () => lowRank(1e-6),
  'NumPy, float32': () => 'array([[1. , 2. ],\n       [0.5, 1. ]], dtype=float32)',
};
