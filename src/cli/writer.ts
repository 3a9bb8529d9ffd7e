// Where rows go. table.ts writes for people, records.ts for programs.
import type { Row } from '../files/types.js';

export interface Writer {
  /** Rows of this file follow. */
  file(name: string): void;
  row(row: Row): void;
  /** No more rows follow. */
  end(): void;
  /** A line about all of them, to people: where rows go to a program, on the error stream. */
  text(text: string): void;
}

/** The terminal, or what stands for it. */
export interface Screen {
  out(text: string): void;
  err(text: string): void;
  /** Columns of the terminal; undefined when the output is none. */
  width?: number;
  colour: boolean;
}
