// The public types: what callers pass in, what comes back.
// Section order: arrays, matrices, objects of other libraries, options, results.

/**
 * A Float16Array, where the engine has one (described by structure, so that these types compile with any `lib`).
 */
export interface Float16ArrayLike {
  readonly [Symbol.toStringTag]: 'Float16Array';
  readonly BYTES_PER_ELEMENT: number;
  readonly buffer: ArrayBufferLike;
  readonly byteOffset: number;
  readonly length: number;
  [index: number]: number;
}

/**
 * Elements of a matrix. Integers and number[] are decided with float64's eps (2^-52), Float32Array and
 * Float16Array with float32's (2^-23). Arrays on a SharedArrayBuffer are fine. 64-bit integer arrays are not
 * accepted: a number cannot hold their values exactly.
 */
export type NumericArray =
  | Float64Array
  | Float32Array
  | Float16ArrayLike
  | Int8Array
  | Uint8Array
  | Uint8ClampedArray
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array
  | readonly number[];

/** What every tensor may carry beside its data and shape. */
interface TensorFields {
  /** The elements; never modified. */
  data: NumericArray;
  /** One step for each dimension, in elements (not bytes); may be negative or 0. Row-major if absent. */
  strides?: readonly number[];
  /** The same under the name that ndarray uses. */
  stride?: readonly number[];
  /** Index in `data` of element [0, 0, ...]. Default 0. */
  offset?: number;
  /**
   * 'float16' or 'bfloat16' says that a Uint16Array holds 16-bit patterns; 'complex64' that a Float32Array,
   * 'complex128' that a Float64Array holds real and imaginary parts in turn (shape, strides and offset then count
   * complex elements). Any other name may stand here, `data` itself tells its type; but integers under the name of
   * floating-point numbers ('BF16', 'float8_e4m3fn') are refused, as patterns that were not decoded.
   */
  dtype?: string;
  /**
   * The storage tolerance of the matrix, for elements that were decoded from a narrower type; `readTensors` knows it.
   * The default tolerance is then never below it.
   */
  noise?: number;
}

/**
 * A tensor: elements and a shape, row-major unless strides say otherwise. Without strides and offset the data is
 * exactly as long as the shape needs; with them, any longer array will do. Row-major and column-major (transposed)
 * matrices are read in place, other strides from a copy in order.
 */
export interface TensorLike extends TensorFields {
  /** The dimensions: [] is a scalar, [n] a vector, [m, n] a matrix, [..., m, n] a stack of matrices. */
  shape: readonly number[];
}

/** A tensor whose shape is called `dims`, as in onnxruntime. */
export interface DimsTensor extends TensorFields {
  dims: readonly number[];
}

/**
 * Rows of equal length. Float64 in the answer, unless every row is a Float32Array (or Float16Array): such rows are
 * float32.
 */
export type Rows = readonly NumericArray[];

/** A tf.Tensor, complex64 too. Read with dataSync(), never disposed; string tensors are refused. */
export interface TensorFlowTensor {
  readonly shape: readonly number[];
  readonly dtype: string;
  dataSync(): ArrayLike<unknown>;
}

/** An onnxruntime Tensor whose data is on the CPU; int64, uint64, int4, uint4 and string tensors are refused. */
export interface OnnxTensor {
  readonly dims: readonly number[];
  readonly type: string;
  readonly location: string;
  readonly data: unknown;
}

/** An NdArray of the package ndarray. */
export interface NdArrayLike {
  data: NumericArray | { get(index: number): number; readonly length: number };
  shape: readonly number[];
  stride: readonly number[];
  offset: number;
  dtype: string;
}

/** An ndarray of @stdlib. */
export interface StdlibArray {
  data: unknown;
  shape: ArrayLike<number>;
  strides: ArrayLike<number>;
  offset: number;
  order: string;
}

/** A Matrix, or any AbstractMatrix, of ml-matrix. */
export interface MlMatrix {
  readonly rows: number;
  readonly columns: number;
  to1DArray(): number[];
}

/** A DenseMatrix or SparseMatrix of mathjs; its elements must be plain numbers. */
export interface MathMatrix {
  size(): number[];
  storage(): string;
  valueOf(): unknown;
}

/** A matrix, or a stack of them, that knows its own shape. Objects of other libraries are told by their structure. */
export type MatrixInput =
  | TensorLike
  | DimsTensor
  | Rows
  | TensorFlowTensor
  | OnnxTensor
  | NdArrayLike
  | StdlibArray
  | MlMatrix
  | MathMatrix;

/**
 * Where the line between zero and nonzero singular values lies: rank is the number of them strictly greater than the
 * tolerance. Default: sigma_1 * max(m, n) * eps, eps = 2^-52 for float64 and integers, 2^-23 for float32 (as
 * numpy.linalg.matrix_rank). float16, bfloat16 and tensors with a `noise`: the larger of that of float32 and the
 * storage tolerance, what rounding to 16 bits (or fewer) can do to singular values:
 * a rank-10 product saved as bfloat16 has rank 10.
 *
 * `tol` cannot be combined with `rtol` or `atol` (TypeError). A negative or NaN tolerance is a RangeError, Infinity
 * gives rank 0. A name that is none of these is a TypeError.
 */
export interface RankOptions {
  /**
   * Absolute tolerance, in the units of the elements; as `tol` in NumPy. Or 'storage': each stored number stands for
   * all reals that round to it, h_ij on either side (half a unit in its last place, 0 for integers), and the tolerance
   * is max_i sqrt(sum_j h_ij^2 / 3) + max_j sqrt(sum_i h_ij^2 / 3), the spectral norm that independent rounding errors
   * have (Bandeira & van Handel 2016, leading term); never less than float64's default.
   */
  tol?: number | 'storage';
  /** Tolerance relative to sigma_1. */
  rtol?: number;
  /**
   * Absolute tolerance: with rtol the larger of atol and rtol * sigma_1 holds (as in PyTorch), alone it is rtol = 0.
   */
  atol?: number;
  /** The matrix is symmetric: only its lower triangle is read, |eigenvalues| are counted. Default false. */
  hermitian?: boolean;
}

export interface SingularValuesOptions {
  /**
   * 'absolute' (default): every value to about n 2^-53 sigma_1, fast. 'relative': small values to their own digits
   * where scaling rows or columns makes the matrix well conditioned, at a multiple of the time.
   */
  accuracy?: 'absolute' | 'relative';
}

/** Rank of one matrix, with the proof's two sides. */
export interface RankReport {
  rank: number;
  /** [rows, columns] as the caller gave them. */
  shape: [number, number];
  /** The absolute tolerance that decided. */
  tolerance: number;
  /** The step that decided: 'trivial', 'cholesky', 'inertia', 'sample', 'qr', 'lq', 'bidiagonal' (docs/reading.md). */
  method: string;
  /** Proven: sigma_rank >= lower. Infinity when rank = 0. */
  lower: number;
  /** Proven: sigma_{rank+1} <= upper. 0 when rank = min(m, n). */
  upper: number;
  /** sigma_1, to a relative 1e-6 or better. */
  sigmaMax: number;
  /**
   * min(lower / tolerance, tolerance / upper): how far the nearest singular value is from the tolerance, as a factor.
   * 29 means that any tolerance from 1 / 29 of this one to 29 times it gives the same rank; 1 is on the edge.
   * Infinity where nothing can change the rank.
   */
  margin: number;
  /** The storage tolerance, where the default took it into account or `tol: 'storage'` asked for it. */
  noise?: number;
  /**
   * Both bounds clear the tolerance. Where they do not, a singular value may be so close to the tolerance that float64
   * cannot tell on which side it lies: the rank is then that of some matrix within 8 sqrt(min(m, n)) 2^-53 ||A||_F.
   */
  proven: boolean;
}

/** Column-pivoted QR of an m x n matrix A: A[:, permutation] = Q R; k = min(m, n). */
export interface PivotedQR {
  /**
   * R, upper triangular (trapezoidal), k x n, row-major. Its diagonal descends in absolute value, but for a factor of
   * at most 1.12 behind place `rank` where columns were exchanged. Of a complex matrix pairs of real and imaginary
   * parts.
   */
  r: Float64Array;
  /** permutation[j] is the column of A that stands at place j; n entries. */
  permutation: Int32Array;
  /** Rank of A; the first `rank` entries of `permutation` are independent columns. */
  rank: number;
}

/** An orthonormal basis of a subspace, from `nullSpace` or `columnSpace`. */
export interface SubspaceBasis {
  /** Orthonormal columns, stored row-major; of a complex matrix pairs of real and imaginary parts. */
  basis: Float64Array;
  /** [dimension of the space, number of basis vectors] */
  shape: [number, number];
  /**
   * Of a null space a bound of ||A basis||_2, of a column space of ||A - P A||_2,
   * P the projection on the basis; rounding is counted.
   */
  residual: number;
}

/** One column as a combination of independent ones, from `dependencies`. */
export interface Dependency {
  /** Index of the column that depends on others. */
  column: number;
  /** Indices of the columns it depends on, ascending; none for a column that is zero. */
  columns: Int32Array;
  /** Their coefficients, in the same order. */
  coefficients: Float64Array;
  /** ||A[:, column] - A[:, columns] coefficients||_2 */
  residual: number;
  /** In words: "column 4 = 2 column 0 - column 2". */
  text: string;
}

/** What the singular values s_1 >= ... >= s_k of a matrix say; all are 0 for a zero matrix except conditionNumber. */
export interface SpectralMetrics {
  /** As `matrixRank` has it, with the same options. */
  rank: number;
  /** sqrt(sum s_i^2) */
  frobeniusNorm: number;
  /** s_1 */
  spectralNorm: number;
  /** sum s_i */
  nuclearNorm: number;
  /** s_1 / s_k, k = min(m, n), for centered data k = min(m - 1, n); Infinity when s_k = 0. */
  conditionNumber: number;
  /** sum s_i^2 / s_1^2 (Rudelson & Vershynin 2007) */
  stableRank: number;
  /**
   * exp of the entropy of p_i = s_i / sum s (Roy & Vetterli 2007); with the option `epsilon` of p_i + epsilon, which is
   * RankMe (Garrido et al. 2023; they take 1e-7 for float32).
   */
  effectiveRank: number;
  /** exp of the entropy of s_i^2 / sum s^2: for centered data, of the shares of the variance (PCA). */
  spectralEntropyRank: number;
  /** (sum s_i^2)^2 / sum s_i^4 (Gao et al. 2017): of centered data, of the covariance's eigenvalues. */
  participationRatio: number;
  /** The fewest singular values whose squares hold 90 % of the sum (to 1e-12, so that rounding adds none). */
  energyRank90: number;
  /** The same for 95 %. */
  energyRank95: number;
  /** The same for 99 %. */
  energyRank99: number;
  /** sum s_i / s_1: of a covariance matrix its intrinsic dimension (Vershynin 2018, 5.6; Tropp 2015, 7.1). */
  intrinsicRank: number;
  /**
   * (sum s_i)^2 / sum s_i^2, the nuclear over the Frobenius norm, squared:
   * from 1 to the rank (numerical sparsity of s; Lopes 2013).
   */
  nuclearRank: number;
  /**
   * srank: the fewest singular values that hold a share 1 - delta of their sum (Kumar et al. 2021, "Implicit
   * under-parameterization inhibits data-efficient deep reinforcement learning"); delta is an option,
   * 0.01 by default as theirs.
   */
  energyRankLinear: number;
  /**
   * The entropy of s_i^2 / sum s^2 over log min(m, n), its largest value: from 0 to 1 (Alter, Brown & Botstein 2000).
   */
  normalizedEntropy: number;
  /**
   * exp of Renyi's entropy of order q of s_i^2 / sum s^2 (Renyi 1961; of matrices Sanchez Giraldo, Rao & Principe
   * 2015); q is an option: 2, the default, gives participationRatio, 1 spectralEntropyRank,
   * 0 the rank, Infinity stableRank.
   */
  renyiRank: number;
  /**
   * The exponent a of s_i^2 ~ i^-a over the first `rank` values, by least squares of the logarithms: alpha-ReQ of
   * centered features (Agrawal et al. 2022), who leave out some values at both ends of long spectra.
   * 0 where the rank is below 2.
   */
  alphaReQ: number;
}

/** SpectralMetrics after the mean of each column was removed: of samples (rows) of features (columns). */
export interface CenteredMetrics extends SpectralMetrics {
  /** The largest rank that m centered rows can have: min(m - 1, n). */
  maxRank: number;
  /** The ranks as shares of maxRank, from 0 to 1; 0 where maxRank is 0. */
  normalized: {
    rank: number;
    stableRank: number;
    effectiveRank: number;
    spectralEntropyRank: number;
    participationRatio: number;
  };
}

/** What `spectralMetrics` takes. */
export interface MetricsOptions extends RankOptions {
  /** Remove the mean of each column first. Default false. Not for `hermitian`, nor for a vector. */
  centered?: boolean;
  /** Added to each share in `effectiveRank`, which makes it RankMe. Default 0. */
  epsilon?: number;
  /** The share of the sum that `energyRankLinear` may leave out, from 0 to less than 1. Default 0.01. */
  delta?: number;
  /** The order of `renyiRank`, from 0 to Infinity. Default 2. */
  q?: number;
}

/** How much `rankFactors` keeps, and how. */
export interface FactorOptions extends RankOptions {
  /** Keep so many, or the matrix's rank if that is less. Not with `energy`. */
  rank?: number;
  /** Keep the fewest that leave an error of at most (1 - energy) ||A||_F^2, squared: a share from 0 to 1. */
  energy?: number;
  /**
   * 'columns' (default): `left` is k columns of A. 'svd': k singular triplets, with the least error that factors of
   * this rank can have, at the price of a singular value decomposition.
   */
  method?: 'columns' | 'svd';
}

/** A ~ left * right, from `rankFactors`. Both are row-major. */
export interface RankFactors {
  /**
   * m x k: the columns A[:, columns], in this order; with 'svd' left singular vectors times singular values. Of a
   * complex matrix both factors are pairs of real and imaginary parts.
   */
  left: Float64Array;
  /** k x n: what each column of A takes of them, the identity at `columns`; with 'svd' rows of singular vectors. */
  right: Float64Array;
  /** Indices of the k columns, the most important first; empty with 'svd'. */
  columns: Int32Array;
  /** [m, n], as the caller gave them. */
  shape: [number, number];
  /** k */
  rank: number;
  /** ||A - left * right||_F, computed from these factors. */
  residual: number;
}

/** RankReport and SpectralMetrics of a product of two factors. */
export interface ProductReport extends RankReport, SpectralMetrics {
  /** The min(m, n, r) singular values that need not be zero, descending. */
  singularValues: Float64Array;
}

/** Of `productFactors`: how many terms to keep, and the tolerance. */
export type ProductOptions = Pick<FactorOptions, 'rank' | 'energy' | 'tol' | 'rtol' | 'atol'>;

/** The best factors of a smaller rank, from `productFactors`. Both are row-major. */
export interface ProductFactors {
  /** m x k */
  left: Float64Array;
  /** k x n */
  right: Float64Array;
  /** k */
  rank: number;
  /** The Frobenius norm of what is left out. */
  residual: number;
}

/** What `new RankAccumulator` takes. */
export interface AccumulatorOptions {
  /**
   * Whose eps the default tolerance has. Without it float32 while all rows pushed are, else float64.
   * With a complex type rows are complex.
   */
  dtype?: 'float32' | 'float64' | 'complex64' | 'complex128';
}

/** An AbortSignal, described by structure, so that these types compile with any `lib`. */
export interface AbortSignalLike {
  readonly aborted: boolean;
  readonly reason?: unknown;
  throwIfAborted(): void;
  addEventListener(type: 'abort', listener: () => void, options?: { once?: boolean }): void;
  removeEventListener(type: 'abort', listener: () => void): void;
}

/** A URL, described by structure. */
export interface UrlLike {
  readonly href: string;
}

/** A Blob, or a File, described by structure. */
export interface BlobLike {
  readonly size: number;
  readonly type: string;
  slice(start?: number, end?: number): BlobLike;
  arrayBuffer(): Promise<ArrayBuffer>;
}
