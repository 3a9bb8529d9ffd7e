// 'cheap' metrics: those of matrices all of whose singular values take no longer than the rank did. That is so up to
// order SMALL, whatever decided (64: 0.7 of its time, 128: 0.8), and up to LARGE where the dear methods did, which read
// the whole matrix more than once (0.7 to 1.3 of their time). After Cholesky they take 1.5 to 3.5 times as long, and
// many times where a part of the matrix was enough to tell a low rank.
import type { RankReport } from '../types.js';
import type { Job } from './types.js';

export const SMALL = 128;
export const LARGE = 1024;
export const DEAR: readonly RankReport['method'][] = ['inertia', 'lq', 'bidiagonal'];

/** The order up to which all singular values may be computed, for the memory budget. */
export const spectrumUpTo = ({ metrics, spectra }: Pick<Job, 'metrics' | 'spectra'>): number =>
  metrics === true || spectra ? Number.POSITIVE_INFINITY : metrics === 'cheap' ? LARGE : 0;
