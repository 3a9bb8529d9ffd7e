// Seeded random numbers and the few dense operations that tests build matrices with. Matrices are row-major.

/** A matrix: m x n elements, row by row. */
export interface Matrix {
  m: number;
  n: number;
  a: Float64Array;
}

/** xorshift128: the same numbers on every machine. */
export class Random {
  private x = 123456789;
  private y: number;
  private z = 521288629;
  private w = 88675123;

  constructor(seed: number) {
    this.y = seed ^ 362436069;
    for (let i = 0; i < 20; i++) this.bits();
  }

  /** 32 random bits. */
  bits(): number {
    const t = this.x ^ (this.x << 11);
    this.x = this.y;
    this.y = this.z;
    this.z = this.w;
    this.w = (this.w ^ (this.w >>> 19) ^ (t ^ (t >>> 8))) >>> 0;
    return this.w;
  }

  /** Uniform in [0, 1). */
  uniform(): number {
    return this.bits() / 2 ** 32;
  }

  /** An integer in [0, n). */
  below(n: number): number {
    return Math.floor(this.uniform() * n);
  }

  normal(): number {
    return Math.sqrt(-2 * Math.log(1 - this.uniform())) * Math.cos(2 * Math.PI * this.uniform());
  }

  /** Gaussian elements. */
  matrix(m: number, n: number): Matrix {
    return matrix(m, n, () => this.normal());
  }

  permutation(n: number): number[] {
    const p = Array.from({ length: n }, (_, i) => i);
    for (let i = n - 1; i > 0; i--) {
      const j = this.below(i + 1);
      [p[i], p[j]] = [p[j], p[i]];
    }
    return p;
  }

  /** H A, H a random product of `count` Householder reflections; in place. */
  reflect(x: Matrix, count = x.m): Matrix {
    const { m, n, a } = x;
    for (let c = 0; c < count; c++) {
      const v = Float64Array.from({ length: m }, () => this.normal());
      const scale = 2 / v.reduce((s, t) => s + t * t, 0);
      const w = new Float64Array(n);
      for (let i = 0; i < m; i++) for (let j = 0; j < n; j++) w[j] += v[i] * a[i * n + j];
      for (let i = 0; i < m; i++) {
        const t = scale * v[i];
        for (let j = 0; j < n; j++) a[i * n + j] -= t * w[j];
      }
    }
    return x;
  }

  /** Q_1 diag(sigma) Q_2 with random orthogonal factors (a few reflections are as mixing as many). */
  withSpectrum(m: number, n: number, sigma: ArrayLike<number>, reflections = 6): Matrix {
    const d = matrix(m, n, (i, j) => (i === j ? sigma[i] : 0));
    return transpose(this.reflect(transpose(this.reflect(d, reflections)), reflections));
  }
}

export function matrix(m: number, n: number, element: (i: number, j: number) => number): Matrix {
  const a = new Float64Array(m * n);
  for (let i = 0; i < m; i++) for (let j = 0; j < n; j++) a[i * n + j] = element(i, j);
  return { m, n, a };
}

export function transpose({ m, n, a }: Matrix): Matrix {
  return matrix(n, m, (i, j) => a[j * n + i]);
}

export function multiply(x: Matrix, y: Matrix): Matrix {
  const a = new Float64Array(x.m * y.n);
  for (let i = 0; i < x.m; i++) {
    for (let k = 0; k < x.n; k++) {
      const t = x.a[i * x.n + k];
      for (let j = 0; j < y.n; j++) a[i * y.n + j] += t * y.a[k * y.n + j];
    }
  }
  return { m: x.m, n: y.n, a };
}

export function map({ m, n, a }: Matrix, f: (x: number) => number): Matrix {
  return { m, n, a: a.map(f) };
}

/** Both side by side. */
export function beside(x: Matrix, y: Matrix): Matrix {
  return matrix(x.m, x.n + y.n, (i, j) => (j < x.n ? x.a[i * x.n + j] : y.a[i * y.n + j - x.n]));
}

/** [[x, 0], [0, y]] */
export function blockDiagonal(x: Matrix, y: Matrix): Matrix {
  return matrix(x.m + y.m, x.n + y.n, (i, j) => {
    if (i < x.m && j < x.n) return x.a[i * x.n + j];
    return i >= x.m && j >= x.n ? y.a[(i - x.m) * y.n + j - x.n] : 0;
  });
}

export function permuted({ m, n, a }: Matrix, rows: number[], columns: number[]): Matrix {
  return matrix(m, n, (i, j) => a[rows[i] * n + columns[j]]);
}
