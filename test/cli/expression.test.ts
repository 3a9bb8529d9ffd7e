// Conditions against their meaning in words; what is none is refused with its place.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Operand, readCondition } from '../../src/cli/expression.js';

interface Row {
  rank?: number;
  full: number;
  name: string;
  proven?: boolean;
}
const columns: Record<string, Operand<Row>> = {
  rank: { type: 'number', of: (r) => r.rank },
  full: { type: 'number', of: (r) => r.full },
  name: { type: 'text', of: (r) => r.name },
  proven: { type: 'truth', of: (r) => r.proven },
};
const row: Row = { rank: 90, full: 100, name: 'layers.0.attn', proven: true };
const holds = (text: string, of: Row = row) => readCondition(text, columns).holds(of);

describe('readCondition', () => {
  it.each([
    ['rank < 0.95 full', true],
    ['rank < 0.9 full', false],
    ['rank <= 90 % full', true],
    ['rank < 100% full', true],
    ['rank == 90 and full = 100', true],
    ['rank > 90 || full != 100', false],
    ['rank + 10 >= full', true],
    ['full - rank - 10 > 0', false],
    ['full / 2 * 3 == 150', true],
    ['2 + 3 * 4 == 14', true],
    ['(2 + 3) * 4 == 20', true],
    ['2 (1 + 1) == 4', true],
    ['-rank < -89.5', true],
    ['1e2 == full', true],
    ['.9 full == rank', true],
    ['name ~ "attn$"', true],
    ["name == 'layers.0.attn'", true],
    ['not name ~ "mlp"', true],
    ['!(rank < 100)', false],
    ['proven', true],
    ['not proven or rank < 5', false],
    ['rank < 5 or rank > 80 and full > 200', false],
    ['rank > 80 or rank < 5 and full > 200', true], // and binds closer
    ['not rank < 5 and full == 100', true],
  ])('%s', (text, expected) => {
    expect(holds(text)).toBe(expected);
  });

  it.each([
    ['rank < 5', false],
    ['not rank < 5', false],
    ['rank < 5 or full == 100', true],
    ['rank < 5 and full == 100', false],
    ['not (rank < 5 and full == 0)', true],
    ['rank == rank', false],
  ])('where a row has no rank: %s', (text, expected) => {
    expect(holds(text, { full: 100, name: 'x' })).toBe(expected);
  });

  it('says which columns it needs', () => {
    expect(readCondition('rank < full and rank > 3', columns).columns).toEqual(['rank', 'full']);
  });

  it.each([
    ['', 'it ends at character 1, where a number, a column or a text was expected.'],
    ['rank <', 'it ends at character 7, where a number, a column or a text was expected.'],
    ['rank < 3 4', "'4' stands at character 10, where 'and', 'or' or the end was expected."],
    ['(rank < 3', "it ends at character 10, where ')' was expected."],
    ['rank # 3', '# at character 6 is no part of a condition.'],
    ['rnk < 3', "there is no column 'rnk'; did you mean 'rank'? They are rank, full, name, proven."],
    ['constructor < 3', "there is no column 'constructor'; did you mean"],
    ['rank', 'before character 5, a comparison was expected; got a number.'],
    ['name < 3', 'before character 8, a number was expected; got a text.'],
    ['name == 3', 'before character 10, a text was expected; got a number.'],
    ['rank and full', 'a comparison was expected; got a number.'],
    ['name ~ 3', "'3' stands at character 8, where a pattern in quotes was expected."],
    ['name ~ "("', 'the pattern at character 8 cannot be used'],
    ['"', '" at character 1 is no part of a condition.'],
    ['('.repeat(5000), 'it has 5000 characters; 1000 are enough.'],
  ])('refuses %j', (text, message) => {
    expect(() => readCondition(text, columns)).toThrow(message);
  });

  it('anything else is a condition or an Error that is ours', () => {
    const piece = fc.constantFrom(
      'rank',
      'full',
      'name',
      '3',
      '%',
      '"a"',
      '<',
      '~',
      '(',
      ')',
      'and',
      'not',
      '-',
      ' ',
      '§',
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
        try {
          expect(typeof holds(pieces.join(' '))).toBe('boolean');
        } catch (error) {
          expect((error as Error).message).toMatch(/character \d|no column/);
        }
      }),
    );
  });
});
