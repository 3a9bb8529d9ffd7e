// --filter: which names match. A pattern such as ^(a+)+$ can take longer than anyone waits, and nothing else runs
// meanwhile, not even the answer to Ctrl-C. So a pattern that repeats more than once, or a very long name,
// is tried under a time limit.
// Cost: nothing for most patterns, 0.15 ms a name for the others.
import { createContext, Script } from 'node:vm';
import { oneLine } from '../formats/errors.js';

const LIMIT = 1000; // ms
const LONG = 1000; // characters
const REPEATS = /[*+]|\{\d+,/g;

export class NameFilter {
  /** Why nothing matches any more. */
  problem?: string;
  private readonly risky: boolean;
  private readonly context: { pattern: RegExp; name: string };
  private script?: Script;

  constructor(private readonly pattern: RegExp) {
    this.risky = (pattern.source.match(REPEATS)?.length ?? 0) > 1;
    this.context = { pattern, name: '' };
  }

  test(name: string): boolean {
    if (this.problem !== undefined) return false;
    return this.risky || name.length > LONG ? this.timed(name) : this.pattern.test(name);
  }

  private timed(name: string): boolean {
    if (this.script === undefined) {
      createContext(this.context);
      this.script = new Script('pattern.test(name)');
    }
    this.context.name = name;
    try {
      return this.script.runInContext(this.context, { timeout: LIMIT }) as boolean;
    } catch {
      const what = `takes more than ${LIMIT / 1000} s on the name '${oneLine(name)}'; write it with fewer repetitions`;
      this.problem = `the pattern of --filter ${what}.`;
      return false;
    }
  }
}
