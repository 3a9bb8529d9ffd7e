// Conditions on a row, such as 'rank < 0.9 full' or 'margin < 2 and name ~ "attn"':
// read by this grammar, nothing else runs.
//   or         and {'or' and}
//   and        not {'and' not}
//   not        'not' not | comparison
//   comparison sum [('<' | '<=' | '>' | '>=' | '==' | '!=') sum | '~' "pattern"]
//   sum        product {('+' | '-') product}
//   product    value {['*' | '/'] value}              0.9 full: the sign may be left out
//   value      number ['%'] | "text" | column | '-' value | '(' or ')'
// What a row does not have (the rank of one that failed) makes a comparison neither true nor false (Kleene 1938).
import { closest } from 'fastest-levenshtein';
import { TimedPattern } from './name-filter.js';

type Type = 'number' | 'text' | 'truth';
type Value = number | string | boolean | undefined;

/** A column: what it holds, and its value in a row. */
export interface Operand<R> {
  type: Type;
  of(row: R): Value;
}

export interface Condition<R> {
  holds(row: R): boolean;
  /** The columns that it asks for. */
  columns: string[];
}

interface Token {
  kind: 'number' | 'word' | 'text' | 'sign' | 'end';
  text: string;
  at: number;
}

const NUMBER = /(\d+\.?\d*(?:e[+-]?\d+)?|\.\d+(?:e[+-]?\d+)?)/.source;
const OPERATOR = /(<=|>=|==|!=|&&|\|\||[<>=~!()+*/%-])/.source;
const TOKEN = new RegExp(`\\s*(?:${NUMBER}|([a-z_]\\w*)|"([^"]*)"|'([^']*)'|${OPERATOR})`, 'iy');
const SAME: Record<string, string> = { '&&': 'and', '||': 'or', '!': 'not', '=': '==' };
const LONGEST = 1000;
const KEYWORDS = ['and', 'or', 'not'];

/** Reads a condition over the columns; an Error says what is wrong and where. */
export function readCondition<R>(
  source: string,
  columns: Readonly<Record<string, Operand<R>>>,
): Condition<R> {
  if (source.length > LONGEST) throw new Error(`it has ${source.length} characters; ${LONGEST} are enough.`);
  return new Parser(tokens(source), columns).whole();
}

function tokens(source: string): Token[] {
  const list: Token[] = [];
  TOKEN.lastIndex = 0;
  while (source.slice(TOKEN.lastIndex).trim() !== '') {
    const start = TOKEN.lastIndex;
    const found = TOKEN.exec(source);
    if (!found) {
      const at = start + source.slice(start).search(/\S/);
      throw new Error(`${source[at]} at character ${at + 1} is no part of a condition.`);
    }
    const [whole, number, word, double, single, sign] = found;
    const text = number ?? word ?? double ?? single ?? sign;
    const at = start + whole.search(/\S/) + 1;
    if (number !== undefined) list.push({ kind: 'number', text, at });
    else if (double !== undefined || single !== undefined) list.push({ kind: 'text', text, at });
    else {
      const meant = Object.hasOwn(SAME, text) ? SAME[text] : text;
      list.push({ kind: word === undefined && !KEYWORDS.includes(meant) ? 'sign' : 'word', text: meant, at });
    }
  }
  list.push({ kind: 'end', text: '', at: source.trimEnd().length + 1 });
  return list;
}

class Parser<R> {
  private next = 0;
  private readonly used = new Set<string>();

  constructor(
    private readonly tokens: readonly Token[],
    private readonly columns: Readonly<Record<string, Operand<R>>>,
  ) {}

  whole(): Condition<R> {
    const { of } = this.truth(() => this.or());
    if (this.tokens[this.next].kind !== 'end') this.expected("'and', 'or' or the end");
    return { holds: (row) => of(row) === true, columns: [...this.used] };
  }

  private or = (): Operand<R> => this.chain(this.and, 'or', true);
  private and = (): Operand<R> => this.chain(this.not, 'and', false);

  /** One part that is `decisive` decides; else one that is not known leaves the whole unknown. */
  private chain(part: () => Operand<R>, word: string, decisive: boolean): Operand<R> {
    const first = part();
    if (this.tokens[this.next].text !== word || this.tokens[this.next].kind !== 'word') return first;
    const parts = [this.checked(first, 'truth')];
    while (this.take(word)) parts.push(this.truth(part));
    return {
      type: 'truth',
      of(row) {
        const values = parts.map((p) => p.of(row));
        return values.includes(decisive) ? decisive : values.includes(undefined) ? undefined : !decisive;
      },
    };
  }

  private not = (): Operand<R> => {
    if (!this.take('not')) return this.comparison();
    const { of } = this.truth(this.not);
    return {
      type: 'truth',
      of(row) {
        const known = of(row);
        return known === undefined ? undefined : !known;
      },
    };
  };

  private comparison(): Operand<R> {
    const left = this.sum();
    const sign = this.take('<', '<=', '>', '>=', '==', '!=', '~');
    if (!sign) return left;
    if (sign === '~') {
      const pattern = this.pattern();
      const { of } = this.checked(left, 'text');
      return {
        type: 'truth',
        of: (row) => (of(row) === undefined ? undefined : pattern.test(String(of(row)))),
      };
    }
    const type = sign === '==' || sign === '!=' ? left.type : 'number';
    const { of } = this.checked(left, type);
    const right = this.checked(this.sum(), type);
    return { type: 'truth', of: (row) => compare(of(row), sign, right.of(row)) };
  }

  private sum(): Operand<R> {
    let left = this.product();
    for (let sign = this.take('+', '-'); sign; sign = this.take('+', '-'))
      left = this.arithmetic(left, sign, this.product());
    return left;
  }

  private product(): Operand<R> {
    let left = this.value();
    for (;;) {
      const { kind, text } = this.tokens[this.next];
      const factor = (kind === 'word' && !KEYWORDS.includes(text)) || (kind === 'sign' && text === '(');
      const sign = this.take('*', '/');
      if (!sign && !factor) return left;
      left = this.arithmetic(left, sign ?? '*', this.value());
    }
  }

  private value(): Operand<R> {
    const { kind, text } = this.tokens[this.next];
    if (this.take('-')) return this.arithmetic(constant(0), '-', this.value());
    if (this.take('(')) {
      const inner = this.or();
      if (!this.take(')')) this.expected("')'");
      return inner;
    }
    if (kind === 'sign' || kind === 'end' || (kind === 'word' && KEYWORDS.includes(text)))
      this.expected('a number, a column or a text');
    this.next++;
    if (kind === 'number') return constant(Number(text) / (this.take('%') ? 100 : 1));
    return kind === 'text' ? constant(text) : this.column(text);
  }

  private column(name: string): Operand<R> {
    const names = Object.keys(this.columns);
    if (!names.includes(name)) {
      throw new Error(
        `there is no column '${name}'; did you mean '${closest(name, names)}'? They are ${names.join(', ')}.`,
      );
    }
    this.used.add(name);
    return this.columns[name];
  }

  private pattern(): TimedPattern {
    const { kind, text, at } = this.tokens[this.next];
    if (kind !== 'text') this.expected('a pattern in quotes');
    this.next++;
    try {
      return new TimedPattern(new RegExp(text), '--fail-if');
    } catch (error) {
      throw new Error(`the pattern at character ${at} cannot be used: ${(error as Error).message}.`);
    }
  }

  private arithmetic(left: Operand<R>, sign: string, right: Operand<R>): Operand<R> {
    const [{ of: x }, { of: y }] = [this.checked(left, 'number'), this.checked(right, 'number')];
    return { type: 'number', of: (row) => calculate(x(row), sign, y(row)) };
  }

  private truth(part: () => Operand<R>): Operand<R> {
    return this.checked(part(), 'truth');
  }

  private checked(operand: Operand<R>, type: Type): Operand<R> {
    const name = { number: 'a number', text: 'a text', truth: 'a comparison' };
    if (operand.type !== type) {
      const { at } = this.tokens[this.next];
      throw new Error(`before character ${at}, ${name[type]} was expected; got ${name[operand.type]}.`);
    }
    return operand;
  }

  private take(...texts: string[]): string | undefined {
    const { kind, text } = this.tokens[this.next];
    if ((kind !== 'sign' && kind !== 'word') || !texts.includes(text)) return undefined;
    this.next++;
    return text;
  }

  private expected(what: string): never {
    const { kind, text, at } = this.tokens[this.next];
    const got = kind === 'end' ? 'it ends' : `'${text}' stands`;
    throw new Error(`${got} at character ${at}, where ${what} was expected.`);
  }
}

const constant = <R>(value: number | string): Operand<R> => ({
  type: typeof value === 'number' ? 'number' : 'text',
  of: () => value,
});

function calculate(x: Value, sign: string, y: Value): number | undefined {
  if (typeof x !== 'number' || typeof y !== 'number') return undefined;
  return sign === '+' ? x + y : sign === '-' ? x - y : sign === '*' ? x * y : x / y;
}

function compare(x: Value, sign: string, y: Value): boolean | undefined {
  if (x === undefined || y === undefined || Number.isNaN(x) || Number.isNaN(y)) return undefined;
  if (sign === '==') return x === y;
  if (sign === '!=') return x !== y;
  const order = (x as number) - (y as number) || (x === y ? 0 : Number.NaN);
  return sign === '<' ? order < 0 : sign === '<=' ? order <= 0 : sign === '>' ? order > 0 : order >= 0;
}
