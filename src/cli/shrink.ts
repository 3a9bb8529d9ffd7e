// What can be made smaller: a matrix [m, n] of rank k as two factors, [m, k] and [k, n], has k (m + n) numbers for m n.
// Keeping a share e of the energy (of the sum of the squared singular values) leaves a relative error of at most
// sqrt(1 - e) in the Frobenius norm, and no factors of that rank can leave less (Eckart & Young 1936).

/** What has to be known of a weight. */
export interface Weight {
  name: string;
  matrix: readonly [number, number];
  /** Of an adapter, which is stored as two factors already: their inner dimension. */
  full?: number;
  /** Of min(m, n): the exact rank, and the fewest dimensions that hold a share of the energy. */
  rank: number;
  energyRank90?: number;
  energyRank95?: number;
  energyRank99?: number;
}

/** Shares of the energy, and what holds them. 1: the exact rank. */
export const ENERGIES = [1, 0.99, 0.95, 0.9] as const;
export type Energy = (typeof ENERGIES)[number];

export interface Suggestion {
  name: string;
  matrix: readonly [number, number];
  /** What it could have. */
  full: number;
  /** The rank to shrink to. */
  rank: number;
  /** Numbers that are no longer needed. */
  saves: number;
}

export interface Total {
  energy: Energy;
  /** Relative error in the Frobenius norm, at most. */
  error: number;
  /** Weights that get smaller. */
  layers: number;
  saves: number;
  /** Weights whose rank at this energy is known, and their numbers. */
  known: number;
  parameters: number;
}

export function rankAt(weight: Omit<Weight, 'name' | 'matrix'>, energy: Energy): number | undefined {
  switch (energy) {
    case 1:
      return weight.rank;
    case 0.99:
      return weight.energyRank99;
    case 0.95:
      return weight.energyRank95;
    case 0.9:
      return weight.energyRank90;
  }
}

/** Numbers of a weight as it is stored. */
export const numbers = ([m, n]: readonly [number, number], full = Math.min(m, n)) =>
  full < Math.min(m, n) ? full * (m + n) : m * n;

export const saves = (matrix: readonly [number, number], rank: number, full?: number) =>
  Math.max(0, numbers(matrix, full) - rank * (matrix[0] + matrix[1]));

/** The weights that get smaller, those that save most first. */
export function suggest(weights: readonly Weight[], energy: Energy): Suggestion[] {
  return weights
    .flatMap((weight) => {
      const { name, matrix } = weight;
      const rank = rankAt(weight, energy);
      return rank === undefined
        ? []
        : [
            {
              name,
              matrix,
              full: weight.full ?? Math.min(...matrix),
              rank,
              saves: saves(matrix, rank, weight.full),
            },
          ];
    })
    .filter((suggestion) => suggestion.saves > 0)
    .sort((a, b) => b.saves - a.saves);
}

/** What each share of the energy saves in all. */
export function totals(weights: readonly Weight[]): Total[] {
  return ENERGIES.map((energy) => {
    const total: Total = {
      energy,
      error: Math.sqrt(1 - energy),
      layers: 0,
      saves: 0,
      known: 0,
      parameters: 0,
    };
    for (const weight of weights) {
      const rank = rankAt(weight, energy);
      if (rank === undefined) continue;
      const saved = saves(weight.matrix, rank, weight.full);
      total.known++;
      total.parameters += numbers(weight.matrix, weight.full);
      total.saves += saved;
      if (saved > 0) total.layers++;
    }
    return total;
  });
}
