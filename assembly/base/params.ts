// Every tuning constant of the kernel, each with the loop or the decision it governs.

/** Unit roundoff of float64. */
export const U: f64 = 1.1102230246251565e-16;

/** A bound decides only when it clears the tolerance by this factor (docs/certificates.md, "Guard"). */
export const GUARD: f64 = 4.0;

/**
 * A count must not be off by more than this times sqrt(n) u ||A||_F, all that was set aside included: what a backward
 * stable singular value decomposition keeps (docs/certificates.md, "Exactness").
 */
export const RESOLUTION: f64 = 8;

/** k reflectors round like the square root of k and this many more ("Slack"). */
export const MORE_REFLECTORS: i32 = 8;

/** The part of that which may be set aside before a count; the rest is left to rounding. */
export const LEFT_OUT_SHARE: f64 = 0.25;

/** Bytes of one streamed panel of rows: the working set of a pass over A stays in the L2 cache. */
export const PANEL_BYTES: i32 = 1 << 19;

/**
 * Panels (of 4 rows or columns) that share one pass over an operand in the Gram matrix, in Cholesky and in triangular
 * inverses: a block stays in the L2 cache. A multiple of 3, for madd412.
 */
export const BLOCK: i32 = 24;

/**
 * Products summed in one go in Gram and Cholesky (and rows of A gathered for one update of the Gram matrix): rounding
 * grows with it, and with the number of such sums (docs/certificates.md). Deep enough to hide the traffic of the sums.
 */
export const CHAIN: i32 = 128;

/** The same where what rounding leaves of sums of those is kept: at most a quarter of it in units of u. */
export const COMPENSATED_CHAIN: i32 = 64;

/** The same in residuals and triangular solves whose rounding comes near a tolerance. */
export const SHORT: i32 = 64;

/** Rows of up to so many elements, of a triangle: their Gram matrix spares more of its zeros by fewer in one go. */
export const SHORT_ROWS: i32 = 256;
export const SHORT_ROWS_CHAIN: i32 = 32;

/** Row panels of the first block of Cholesky; the next are as long as all before them, up to BLOCK. */
export const FIRST: i32 = 9;

/** Columns of a Householder panel, and of the sketch that chooses them: deep enough for the trailing update. */
export const QR_BLOCK: i32 = 16;

/** Rows of A that are reduced to a triangle at once, at least; five times as many as columns. */
export const REDUCTION_ROWS: i32 = 256;

/** Rows of the pivoting sketch beyond QR_BLOCK (Duersch & Gu advise about 8; 4 give pivots as good). */
export const OVERSAMPLE: i32 = 4;

/** Up to this many columns pivots come from exact column norms: a sketch costs more than it saves. */
export const CLASSICAL_COLUMNS: i32 = 320;

/**
 * Of columns that Cholesky has found independent, before a gap, so many less one in so many are taken as they stand:
 * for the last ones there is a choice, without which R12 would be large, and what is left with it.
 */
export const CHOSEN_LEAST: i32 = 32;
export const CHOSEN_SHARE: i32 = 8;

/** They end with a block of which this part of the mean square, of all columns, is left: those behind would be long. */
export const ORDERED_LEAST: f64 = 1.0 / 256;

/** Where a sketch has chosen small columns, exact norms go on to this part of the stop: one step at least. */
export const CLASSICAL_STOP: f64 = 0.99;

/** QR factorisations of the transposed triangle before Jacobi, beyond the first. */
export const MORE_TRIANGLES: i32 = 3;

/** One-sided Jacobi converges quadratically after about 4 sweeps; past this cap it is an error. */
export const MAX_SWEEPS: i32 = 40;

/** Columns of a block of Jacobi's sweeps; from so many columns on blocks are looked at before they are entered. */
export const JACOBI_BLOCK: i32 = 12;
export const JACOBI_LOOK_COLUMNS: i32 = 64;

/** So many elements of columns stay in the L1 cache while others are rotated with them. */
export const JACOBI_CACHED: i32 = 4096;

/**
 * Where all lines are even to so many bits, which is what scaling them could gain, and no value is below so much of the
 * largest, absolute accuracy is relative accuracy.
 */
export const EVEN_BITS: i64 = 6;
export const EVEN_LEAST: f64 = 1.0 / 65536;

/** What a column may lose at either end, of its length, before it is rotated or reflected (extent.ts): less than u. */
export const NEGLIGIBLE: f64 = 0.25 * U;

/** Sums of squares within these bounds can neither overflow nor lose what matters to underflow: no scaling. */
export const SAFE_MIN: f64 = 1e-140;
export const SAFE_MAX: f64 = 1e140;

/** The same where a norm is all that is wanted of the sum. */
export const NORM_SAFE_MIN: f64 = 1e-280;
export const NORM_SAFE_MAX: f64 = 1e280;

/**
 * Below this many columns a sample of rows saves nothing, but for so many rows a column; with fewer rows less than it
 * costs where it fails.
 */
export const SAMPLE_COLUMNS: i32 = 64;
export const SAMPLE_ROWS_A_COLUMN: i32 = 32;
export const SAMPLE_ROWS: i32 = 128;

/**
 * Where a sample shows singular values that end just below the tolerance, without a gap, one of so many times its rows
 * may show them above it: a matrix with a mean has smaller ones than a generic matrix of its norm.
 */
export const SAMPLE_AGAIN: i32 = 3;

/** Below this many columns QR costs less than to find a few dependent ones by passes over A. */
export const DEFLATE_COLUMNS: i32 = 64;

/** From this many columns on a step of elimination saves more of the Gram matrix than it costs. */
export const ELIMINATION_COLUMNS: i32 = 128;

/**
 * Past so many columns its bound is as likely as not below the tolerance.
 * Up to 2200 it fits the memory that a call may take.
 */
export const ELIMINATION_MOST: i32 = 1800;

/** One in so many columns is eliminated: fewer save less of the Gram matrix, more cost digits of the bound. */
export const ELIMINATED_SHARE: i32 = 5;

/** A pivot of elimination below this part of the mean leaves no bound: the columns are nearly dependent. */
export const LEAST_PIVOT: f64 = 1e-8;

/**
 * The shift of what elimination leaves: for so many times the norm, squared, that its first block of columns suggests,
 * with so much of it for what the formulas may lose. It is tried while its bound is likely to be above the tolerance,
 * which has to be below so much of the shift in any case.
 */
export const NORM_ROOM: f64 = 1.25;
export const SHIFT_SHARE: f64 = 0.15;
export const ELIMINATION_HOPE: f64 = 0.9;
export const ELIMINATION_DIGITS: f64 = 1e-5;

/** Shifts are for so many times the rounding of a Gram matrix, which is known once it is factored. */
export const ROUNDING_ROOM: f64 = 1.1;

/**
 * A matrix with no more than one nonzero in so many elements, as some rows show, is taken by its nonzeros: its Gram
 * matrix and products with it cost next to nothing.
 */
export const NONZERO_SHARE: i32 = 12;
export const NONZERO_ROWS: i32 = 8;

/**
 * A square matrix, so many rows of which are triangular, is looked at whole, from so many columns on; its inverse is
 * not formed where so many tolerances times its norm, as four solves show it, are more than 1.
 */
export const TRIANGLE_COLUMNS: i32 = 48;
export const TRIANGLE_ROWS: i32 = 4;
export const HOPELESS_INVERSE: f64 = 2;

/** Full rank reads A row by row from so many rows on, twice as many as columns, or past so many bytes of a call. */
export const PACKED_ROWS: i32 = 4096;
export const CALL_BYTES: u64 = 12 << 20;

/**
 * So many dependent columns, but no more than one in 11 of a factor,
 * cost less on their own than a pivoted QR of everything.
 */
export const SET_ASIDE: i32 = 24;
export const DEFLATED_SHARE: i32 = 11;

/** Matrices of up to this size (the longer side first) are decided in fixed scratch, with no arena. */
export const SMALL_ROWS: i32 = 64;
export const SMALL_COLUMNS: i32 = 32;

/** Of them, those of up to so many columns before anything else; the others where a Gram matrix shows no full rank. */
export const PAIR_COLUMNS: i32 = 16;

/**
 * A sample for rank k has k + min(k / 8, k^2 / SPARE) + 32 rows:
 * what rounding does to T must not grow faster than the tolerance.
 */
export const SPARE: f64 = 2560;

/**
 * A tolerance of less than so many sqrt(s) u ||A||_F is near the rounding of the QR of s rows,
 * and is to be known from all rows: a pass over A.
 */
export const SAMPLE_ROUNDS: f64 = 16;

/** Rows to spare where pivots go down to rounding level: 2 k and so many. */
export const SPARE_ROWS: i32 = 64;

/** A last pivot below so much of the mean column: the pivots of a sample fall all the time. */
export const FALLING: f64 = 0.1;

/** What a factorisation leaves is small beside the tolerance from so many times below it on. */
export const BELOW_TOLERANCE: f64 = 32;

/**
 * sigma_min^2 of s generic rows of n columns, in units of their mean square: this part of (sqrt(s) - sqrt(n))^2, and no
 * less than this part of 1 / n (s = n, where it is random).
 */
export const SAMPLE_GAP: f64 = 0.3;
export const SAMPLE_LEAST: f64 = 0.01;

/**
 * From this many columns on a bidiagonal form comes in two stages, which threads may share. Below, the matrix is in
 * cache, where one is faster, for longer with fused multiply-adds.
 */
export const TWO_STAGE_COLUMNS: i32 = ASC_FEATURE_RELAXED_SIMD ? 576 : 512;

/**
 * Up to so many columns a bidiagonal form does without a QR before it up to twice as many rows: in cache one row and
 * one column at a time are nearly as fast as blocks, above all with fused multiply-adds.
 */
export const WHOLE_COLUMNS: i32 = ASC_FEATURE_RELAXED_SIMD ? 256 : 128;

/**
 * Width of the band between the two, a multiple of 8: the second stage grows with it;
 * from so many columns on memory wants wider blocks.
 */
export const BAND_WIDTH: i32 = 16;
export const WIDE_BAND_WIDTH: i32 = 24;
export const WIDE_BAND_COLUMNS: i32 = 1400;

/**
 * Steps, an even number, after which a group of sweeps of the second stage tells how far it is, and the most sweeps of
 * a group.
 */
export const BULGE_STEPS: i32 = 4;
export const MOST_SWEEPS: i32 = 8;

/**
 * All singular values: a bidiagonal form ends where what is left is at most this part of sqrt(n) u ||A||_F. After a
 * look in vain an eighth of what is left (a shift) goes by.
 */
export const REST_SHARE: f64 = 0.5;
export const REST_LOOKS: i32 = 3;

/**
 * How closely sigma_1^2 is enclosed for a count: at first,
 * and for reports and where the spectrum is dense around the tolerance.
 */
export const SIGMA_COARSE: f64 = 0.01;
export const SIGMA_FINE: f64 = 1e-6;

/** Bounds of sigma_1 within this factor, squared, are close enough for a first count: few values lie between them. */
export const SIGMA_NEAR: f64 = 1.1;

/**
 * Lanczos iteration ends when it gains less than its accuracy, twice in a row where that is below LANCZOS_TWICE, or
 * when what it would add is below LANCZOS_END of the bound. At first 1e-3 will do; then it has a share of what sigma_1
 * is to be enclosed to, so that the enclosure is not what its Ritz value lacks.
 */
export const LANCZOS_FIRST: f64 = 1e-3;
export const LANCZOS_FIRST_STEPS: i32 = 60;
export const LANCZOS_SHARE: f64 = 0.01;
export const ENCLOSE_SHARE: f64 = 1e-5;
export const LANCZOS_STEPS: i32 = 400;
export const LANCZOS_TWICE: f64 = 1e-4;
export const LANCZOS_END: f64 = 1e-15;

/** The Ritz value is searched for up to this far above the bound, by at most so many halvings. */
export const RITZ_ROOM: f64 = 1e-14;
export const RITZ_HALVINGS: i32 = 80;

/**
 * From this many columns on a glance at some of them, before a square matrix is tried by a Gram matrix, costs 1 % of
 * the attempt and less. Singular values fall so much faster than its pivots (measured on geometric spectra); sigma_n
 * must be expected above so many tolerances for QR without pivots; where so many times its square is below rounding,
 * no Gram matrix is tried.
 */
export const GLANCE_COLUMNS: i32 = 128;
export const PIVOTS_FALL: f64 = 1.27;

/** Pivots go on falling where they fall at this part of the rate at which they fell before, at least. */
export const STEADY_FALL: f64 = 0.9;
export const EXPECTED_ABOVE: f64 = 30;
export const EXPECTED_HIDDEN: f64 = 64;

/**
 * Pivots end so many times above sigma_n^2, or more, in a straight line from the first half (10 to 30 for geometric
 * spectra, up to 1e8 for products of Gaussian matrices).
 */
export const LAST_PIVOT: f64 = 20;

/** Of fewer columns all are factored sooner than half of the pivots are judged. */
export const HALFWAY_COLUMNS: i32 = 56;

/**
 * Columns whose least square is below this part of ||A||_F^2 are graded; they are taken for independent but for their
 * lengths where Cholesky of some of them, of length 1, is complete with such a shift.
 */
export const GRADED: f64 = 1e-14;
export const GRADED_SHIFT: f64 = 1e-5;

/** Rows of R that come to so much of the resolution are left out of the count: rows that fall lose a quarter of it. */
export const ROWS_LEFT_OUT: f64 = 0.03125;

/** The shift of that glance, relative to ||A||_F^2: above rounding, below what a tolerance would count. */
export const ESTIMATE_SHIFT: f64 = 1e-12;

/** The part of the resolution that sigma_1 and what precedes a count may take of it. */
export const TIGHT: f64 = 0.9;

/**
 * A rank is taken for low where one in so many columns is independent: of matrices with many zeros, some rows show
 * one in four.
 */
export const LOW_SHARE: i32 = 5;

/** Up to this many columns a smooth spectrum is counted at once, by equilibrated rows or the bidiagonal form. */
export const DIRECT_COLUMNS: i32 = 128;

/**
 * Up to this order integers bound sigma_1 closely enough: beyond,
 * too many counts differ between its bounds and are to be repeated.
 */
export const SIGMA_COARSE_MOST: i32 = 5000;

/** Lanczos iterations for sigma_1, each from another start vector, before all of the matrix is reduced. */
export const SIGMA_STARTS: i32 = 3;

/** Factorisations that a report spends on each of its two bounds at most, up to so many columns and beyond. */
export const REACH_STEPS: i32 = 5;
export const REACH_COLUMNS: i32 = 1000;
export const REACH_LARGE_STEPS: i32 = 2;

/**
 * The first goes for so much of the distance to the nearest eigenvalue: Lanczos iteration with the inverse has found
 * that to this accuracy, or stopped after so many steps. Upwards what it has missed would cost a factorisation.
 */
export const NEAREST_ACCURACY: f64 = 1e-3;
export const NEAREST_STEPS: i32 = 24;
export const REACH_DOWN: f64 = 0.999;
export const REACH_UP: f64 = 0.9;

/** Bounds from a trailing matrix are moved until they are within this factor of a value that does not hold. */
export const WIDEN_UNTIL: f64 = 0.8;

/** sigma_1 comes from the leading rows of a pivoted R that leave no more than this part of it. */
export const LEFT_FOR_SIGMA: f64 = 1e-3;

/** A last pivot below so many tolerances: the spectrum runs through the tolerance without a gap. */
export const SMOOTH: f64 = 64;

/**
 * A squared length that has come down to this part of what it was when it was computed is computed anew: its rounding
 * is 1e-8 of it.
 */
export const CANCELLED: f64 = 1e-8;

/** Columns shorter than this have no reflector: its scale, 1 / length, would overflow. */
export const TINY: f64 = 1e-300;

/** A row shorter than this is made a unit vector before it is multiplied by A: the product might underflow. */
export const SMALL_ROW: f64 = 1e-150;

/**
 * Reports of matrices with at most so many columns, and so many rows a column,
 * take their bounds from QR: they are tight.
 */
export const REPORT_COLUMNS: i32 = 128;
export const REPORT_ROWS: i32 = 64;

/**
 * A factor L S L^T whose ||L||_F^2 exceeds this many ||A||_F^2 is thrown away;
 * few pivots are negative and it is near 1.
 */
export const GROWTH: f64 = 2;

/** Up to this many columns all of the QR costs less than a count from a trailing matrix. */
export const TRAILING_COLUMNS: i32 = 64;

/** A trailing matrix is counted once its norm is within so many tolerances: its Gram matrix has the digits for it. */
export const REACH: f64 = 1e5;

/** Where no more than one in so many columns remains, it is counted before sigma_1 is enclosed. */
export const FEW_LEFT: i32 = 6;

/** What rounding may do to such a count, in squared tolerances. */
export const NOISE: f64 = 0.01;

/** Singular values of float32 matrices may be off by so much of sigma_1: a quarter of float32's unit roundoff. */
export const SINGLE_SHARE: f64 = 1.4901161193847656e-8; // 2^-26

/**
 * Singular values of a tall float64 matrix may come from a Gram matrix of columns with condition numbers of up to so
 * much, and so much more for each column; so many times as much where the Gram matrix is exact.
 */
export const TALL_CONDITION: f64 = 3;
export const TALL_CONDITION_COLUMN: f64 = 0.25;
export const EXACT_CONDITION: f64 = 4;

/** By the Frobenius norm of an inverse condition numbers are so much larger, where columns were chosen. */
export const INVERSE_ROOM: f64 = 5;

/**
 * With fewer columns their Gram matrix costs little more than a sketch, which tells beforehand, and little beside
 * reflectors from so many rows a column on.
 */
export const SKETCH_COLUMNS: i32 = 20;
export const GRAM_ROWS_A_COLUMN: i32 = 32;

/**
 * A sketch has half as many rows again as columns and so many more; so many times as many are rows enough for
 * one.
 */
export const SKETCH_SPARE: i32 = 32;
export const SKETCH_ROOM: i32 = 2;

/** Steps of conjugate residuals for dependent columns, at most: each gains a factor of 100 and more (decisions.md). */
export const RESIDUAL_STEPS: i32 = 12;

/** They go on while the square of one of the images becomes less than this part of what it was. */
export const STEP_GAIN: f64 = 0.25;

/** Of columns set aside, images longer than so many tolerances are taken for singular values of their own. */
export const SMALL_ABOVE: f64 = 8;

/** They end at this part of the bound that is asked for; where vectors had to be made longer, at this one. */
export const RESIDUAL_FIRST: f64 = 0.25;
export const RESIDUAL_AGAIN: f64 = 0.9;

/**
 * A vector that is made orthogonal to others, of which less than this is left, squared, is taken for dependent: in one
 * panel of four, and the second time among all.
 */
export const REMAINDER_LEAST: f64 = 1e-20;
export const SHORTENED_LEAST: f64 = 0.01;

/**
 * Steps of orthogonal iteration for a subspace, at least allowed: 30 leave 1e-16 of a ratio of 0.55. Where it is nearer
 * 1, so many more as cost at most SUBSPACE_FLOPS; then digits are left open.
 */
export const SUBSPACE_STEPS: i32 = 30;
export const SUBSPACE_MOST_STEPS: i32 = 400;
export const SUBSPACE_FLOPS: f64 = 1e9;

/** Up to so many products the residual of a subspace is computed in twice the working precision. */
export const COMPENSATED_PRODUCTS: u64 = 1 << 26;

/** Energy is compared with so much room: ten equal singular values hold 90 % of it in nine, whatever rounding says. */
export const ENERGY_ROUNDING: f64 = 1 + 1e-10;

/**
 * What a pivoted QR leaves is left out of singular vectors up to this part of sigma_k: it turns none of them by more
 * than its square.
 */
export const NEGLIGIBLE_REST: f64 = 1e-6;

/** Norms have sigma_1^2 to within this, relative, beside what rounding did to the Gram matrix. */
export const NORM_ACCURACY: f64 = 1e-10;

/**
 * Exchanges of columns go on while one gains more than this, squared: f^2 of a strong rank-revealing QR. sqrt(2) is
 * what is promised; random matrices then take up to 4 exchanges, with 1.12 up to 15, and what is left of a matrix that
 * lacks one rank is within 12 % of the least that any choice leaves.
 */
export const EXCHANGE_GAIN: f64 = 1.25;

/** The best columns are searched for up to this k^3 (n - k): beyond, the choice of largest volume stays. */
export const BEST_COLUMNS_MOST: f64 = 2e6;

/** An exchange among them must lower what is left by more than this share: less may be rounding. */
export const WORTH_EXCHANGE: f64 = 1e-6;

/** Steps of its power iterations for an eigenvalue: in the search, and where it decides. */
export const POWER_STEPS: i32 = 16;
export const POWER_MOST_STEPS: i32 = 100;

/** f^2 that is promised of them, on average. */
export const BEST_COLUMNS_FACTOR: f64 = 2;

/** An exchange with a larger factor, squared, changes the inverse by so much that an update would have no digits. */
export const EXCHANGE_UPDATE: f64 = 1e4;

/**
 * Solves of inverse iteration for each singular vector: the first leaves other vectors at n roundings over their
 * distance, the second at what the solve itself rounds.
 */
export const INVERSE_ITERATIONS: i32 = 2;

/** Shifts of inverse iteration are this part of the norm off the values: equal values are all about as far away. */
export const SHIFT_AWAY: f64 = 64 * U;

/** Singular values less than this part of the norm apart stand together, and take one more solve; 2^-30. */
export const TOGETHER: f64 = 9.313225746154785e-10;

/** Sturm's count: values below this part of the norm are zero, and elements below it as large; 2^-100. */
export const STURM_LEAST: f64 = 7.888609052210118e-31;

/** Its values are found to an ulp or to this part of the norm, 2^-58, the smaller ones to 1 in 256. */
export const STURM_ACCURACY: f64 = 3.469446951953614e-18;

/** From so many steps in one interval on it is bisected. */
export const STURM_STEPS: i32 = 40;

/** Its polynomials are scaled before they may have grown or shrunk by this factor; 2^500. */
export const GROUP_MOST: f64 = 3.273390607896142e150;

/** Of the first look's intervals, sixes that are a turn of a parallel loop: some 72 values. */
export const STURM_TASK: i32 = 3;

/** A pivot of padding, so large that its inverse vanishes beside any number that is not padding. */
export const PAD: f64 = 1e300;

/** Matrices of up to so many elements are not reduced by rows before Jacobi: 128 MiB of them. */
export const RELATIVE_ELEMENTS: u64 = 1 << 24;

// What one task of a parallel loop takes (parallel.ts): enough that its claim costs little, few enough that threads end
// together. They decide the order of some sums, and so the last bits of a result; never the number of threads.

/** elimination: column panels of W that a task forms, in a block of row groups. */
export const COMPLEMENT_TASK: i32 = 8;

/** syrk: row panels that a task takes, of BLOCK columns panels each. */
export const GRAM_TASK: i32 = 12;

/** symv: from this many row panels on they are cut into so many parts, each with a sum of its own. */
export const SYMV_PARTS_FROM: i32 = 128;
export const SYMV_PARTS: i32 = 16;

/** trsm: column panels of the inverse that a task takes: they share one pass over L. */
export const INVERSE_TASK: i32 = 12;

/** cholesky: row panels that a task takes. */
export const CHOLESKY_TASK: i32 = 8;

/** cholesky16: column panels whose diagonal goes on one thread, and row panels that a task takes. */
export const CHOLESKY16_DIAGONAL: i32 = 8;
export const CHOLESKY16_TASK: i32 = 8;

/**
 * compact-wy: rows that are packed; columns, applied from the left, and row panels, from the right: whole lines of
 * memory.
 */
export const REFLECT_ROWS_TASK: i32 = 128;
export const REFLECT_COLUMNS_TASK: i32 = 8;
export const REFLECT_PANELS_TASK: i32 = 16;

/** qrcp: columns that a task takes. */
export const SKETCH_TASK: i32 = 16;

/** cholesky-solve: row panels of L that are substituted on one thread before all others take what they give. */
export const SOLVE_STEP: i32 = 64;

/** cholesky-solve: row panels, or tiles of a row panel, that a task takes. */
export const SOLVE_TASK: i32 = 8;

/** power: rows, and columns, that a task takes of a product with a matrix by columns. */
export const PRODUCT_ROWS_TASK: i32 = 128;
export const PRODUCT_COLUMNS_TASK: i32 = 32;

/** power: row groups that a task takes. */
export const PRODUCT_GROUPS_TASK: i32 = 4;

/** triangle: bytes of a triangle that a task passes over. */
export const COPY_TASK_BYTES: usize = 1 << 17;

/** pack: elements that a task packs, about. */
export const PACK_TASK: i32 = 8192;

/** columns: those that a task copies. */
export const READ_TASK: i32 = 64;

/** scan: columns that a task takes; a multiple of 2. */
export const SCAN_TASK: i32 = 256;
