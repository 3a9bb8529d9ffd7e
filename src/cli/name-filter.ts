// Patterns that people give: --filter, and ~ in --fail-if. One such as ^(a+)+$ can take longer than anyone waits, and
// nothing else runs meanwhile, not even the answer to Ctrl-C. So a pattern that repeats more than once, or a very long
// text, is tried under a time limit.
// Cost: nothing for most patterns, 0.15 ms a text for the others.
import { createContext, Script } from 'node:vm';
import { oneLine } from '../formats/errors.js';

const LIMIT = 1000; // ms
const LONG = 1000; // characters
const REPEATS = /[*+]|\{\d+,/g;

export class TimedPattern {
  private readonly risky: boolean;
  private readonly context: { pattern: RegExp; text: string };
  private script?: Script;

  /** `option`: where the pattern stands. */
  constructor(
    private readonly pattern: RegExp,
    private readonly option: string,
  ) {
    this.risky = (pattern.source.match(REPEATS)?.length ?? 0) > 1;
    this.context = { pattern, text: '' };
  }

  /** @throws Error where it takes too long */
  test(text: string): boolean {
    if (!this.risky && text.length <= LONG) return this.pattern.test(text);
    if (this.script === undefined) {
      createContext(this.context);
      this.script = new Script('pattern.test(text)');
    }
    this.context.text = text;
    try {
      return this.script.runInContext(this.context, { timeout: LIMIT }) as boolean;
    } catch {
      const what = `takes more than ${LIMIT / 1000} s on the name '${oneLine(text)}'; write it with fewer repetitions`;
      throw new Error(`the pattern of ${this.option} ${what}.`);
    }
  }
}

/** --filter: which names match. */
export class NameFilter {
  /** Why nothing matches any more. */
  problem?: string;
  private readonly pattern: TimedPattern;

  constructor(pattern: RegExp) {
    this.pattern = new TimedPattern(pattern, '--filter');
  }

  test(name: string): boolean {
    if (this.problem !== undefined) return false;
    try {
      return this.pattern.test(name);
    } catch (error) {
      this.problem = (error as Error).message;
      return false;
    }
  }
}
