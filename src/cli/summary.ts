// The last line: how many, how deficient, what it would save, how fast.
import type { Row } from '../files/types.js';
import { numbers, saves } from './shrink.js';
import { big, count, percent } from './text.js';

export class Summary {
  private readonly start = performance.now();
  private done = 0;
  private deficient = 0;
  private failed = 0;
  private parameters = 0;
  private saved = 0;

  add({ report, matrix, full = 0, error }: Row): void {
    if (error !== undefined) this.failed++;
    if (!report || !matrix) return;
    const { rank } = report;
    this.done++;
    this.parameters += numbers(matrix, full);
    if (rank < full) this.deficient++;
    // Two factors, rows x rank and rank x columns, where they are smaller than the matrix.
    this.saved += saves(matrix, rank, full);
  }

  text(): string {
    const seconds = (performance.now() - this.start) / 1000;
    const { done, deficient, parameters, saved, failed } = this;
    const parts = [
      `${count(done, 'tensor')}, ${deficient} deficient${failed > 0 ? `, ${failed} failed` : ''}`,
      `${count(parameters, 'parameter')}, exact low rank would save ${big(saved)} ` +
        `(${percent(parameters > 0 ? saved / parameters : 0)})`,
      `${seconds.toFixed(2)} s, ${rate(done / seconds)} tensors/s`,
    ];
    return parts.join('; ');
  }
}

const rate = (n: number) => (n < 10 ? n.toFixed(1) : String(Math.round(n)));
