// Patterns of module names in a stranger's adapter_config.json, and what each stands for. PEFT takes the first pattern
// that a name ends with, from its start or after a point (get_pattern_key: re.match of '(.*\.)?(pattern)$').
//
// A pattern such as (a+)+ can take longer than anyone waits, and nothing else runs meanwhile. So the ways in which a
// pattern can match are counted beforehand: names, escapes, classes, choices and repetitions of one character are tried
// while all names together cost a second or so; groups that repeat, references and what else Python has are not
// read. Nothing is guessed then: the answer says so.
// Cost: one comparison for a plain name.

/** Ways to match a name of length L: at most ways * L^stars. */
interface Effort {
  ways: number;
  stars: number;
  /** In characters, where every match has the same. */
  width?: number;
  /** Where it matches this alone. */
  text?: string;
}

interface ModulePattern<T> {
  key: string;
  value: T;
  /** Undefined where the pattern is not read. */
  read?: { regex: RegExp; effort: Effort };
}

export interface Match<T> {
  value?: T;
  /** A pattern that is not read and may have come first. */
  unread?: string;
}

const LONGEST = 1000; // characters of a pattern
const BUDGET = 1e7; // ways tried for all names, of some 100 ns
const TOKEN =
  /\((?:\?:)?|\)\?{0,2}|\||(?:\\[\WdDsSwW]|\[\^?(?:\\[\WdDsSwW]|[^[\]\\])+\]|[^\\[\](){}|*+?])([*+?]?)\??/gy;

export class ModulePatterns<T> {
  private readonly patterns: ModulePattern<T>[];
  private budget = BUDGET;

  constructor(entries: readonly (readonly [key: string, value: T])[]) {
    this.patterns = entries.map(([key, value]) => ({ key, value, read: compile(key) }));
  }

  first(name: string): Match<T> {
    let unread: string | undefined;
    const starts = [0, ...Array.from(name.matchAll(/\./g), ({ index }) => index + 1)];
    for (const { key, value, read } of this.patterns) {
      this.budget -= 1 / 16;
      if (this.budget < 0) return { unread: unread ?? key };
      const matches = read && this.test(read.regex, read.effort, name, starts);
      if (matches) return { value, unread };
      if (matches === undefined) unread ??= key;
    }
    return { unread };
  }

  /** Undefined where it would take too long. */
  private test(regex: RegExp, effort: Effort, name: string, starts: readonly number[]): boolean | undefined {
    const { ways, stars, width } = effort;
    const only = name.length - (width ?? 0);
    const at = width === undefined ? starts : only === 0 || name[only - 1] === '.' ? [only] : [];
    const cost = at.length * ways * name.length ** stars * (1 + name.length / 64);
    if (cost > this.budget) return undefined;
    this.budget -= cost;
    return at.some((start) => {
      regex.lastIndex = start;
      return regex.test(name);
    });
  }
}

function compile(key: string): ModulePattern<unknown>['read'] {
  const effort = key.length <= LONGEST ? effortOf(key) : undefined;
  if (effort === undefined) return undefined;
  try {
    return { regex: new RegExp(`(?:${key})$`, 'y'), effort };
  } catch {
    return undefined; // no pattern that this language knows
  }
}

const NOTHING: Effort = { ways: 1, stars: 0, width: 0, text: '' };

/** What a pattern can cost; undefined where it has more than is read. */
function effortOf(key: string): Effort | undefined {
  const outer: Effort[][] = [];
  let branches = [NOTHING]; // of the innermost group
  let end = 0;
  for (const { 0: token, 1: repeat, index } of key.matchAll(TOKEN)) {
    end = index + token.length;
    if (token[0] === '(') {
      outer.push(branches);
      branches = [NOTHING];
    } else if (token[0] === '|') {
      branches.push(NOTHING);
    } else {
      let part = effortOfAtom(token, repeat);
      if (token[0] === ')') {
        part = either(token === ')' ? branches : [...branches, NOTHING]);
        const around = outer.pop();
        if (around === undefined) return undefined;
        branches = around;
      }
      branches.push(both(branches.pop()!, part));
    }
  }
  return end === key.length && outer.length === 0 ? either(branches) : undefined;
}

function effortOfAtom(token: string, repeat: string): Effort {
  if (repeat === '?') return { ways: 2, stars: 0 };
  if (repeat) return { ways: 1, stars: 1 };
  if (token === '^' || token === '$') return NOTHING;
  const text = /^\\?[\W_]$|^\w$/.test(token) && token !== '.' ? token.at(-1) : undefined;
  return { ways: 1, stars: 0, width: 1, text };
}

const both = (a: Effort, b: Effort): Effort => ({
  ways: a.ways * b.ways,
  stars: a.stars + b.stars,
  ...(a.width !== undefined && b.width !== undefined && { width: a.width + b.width }),
  ...(a.text !== undefined && b.text !== undefined && { text: a.text + b.text }),
});

function either(branches: readonly Effort[]): Effort {
  if (branches.length === 1) return branches[0];
  const texts = branches.map(({ text }) => text).filter((text) => text !== undefined);
  if (texts.length === branches.length) return { ways: longestChain(texts), stars: 0 };
  return {
    ways: branches.reduce((sum, { ways }) => sum + ways, 0),
    stars: branches.reduce((most, { stars }) => Math.max(most, stars), 0),
  };
}

/** How many of some texts can begin at one place: each begins with the one before. */
function longestChain(texts: readonly string[]): number {
  const chain: string[] = [];
  let most = 0;
  for (const text of [...texts].sort()) {
    while (chain.length > 0 && !text.startsWith(chain[chain.length - 1])) chain.pop();
    most = Math.max(most, chain.push(text));
  }
  return most;
}
