// The command line: what is read from it, and what is refused, with exit status 2 and one line.
import { describe, expect, it } from 'vitest';
import { readArguments } from '../../src/cli/args.js';
import { UsageError } from '../../src/cli/usage-error.js';
import { command } from './command.js';

describe('readArguments', () => {
  it('reads every option', () => {
    const args = readArguments(
      'a b - --json --html out.html --filter ^l[0-9] --metrics --atol 1e-8 --rtol 0 --threads 3 --memory 1.5G'.split(
        ' ',
      ),
    );
    expect(args).toMatchObject({
      files: ['a', 'b', '-'],
      output: 'json',
      html: 'out.html',
      filter: /^l[0-9]/,
      metrics: true,
      tolerance: { atol: 1e-8, rtol: 0 },
      threads: 3,
      memory: 1.5 * 2 ** 30,
    });
  });

  it.each([
    ['1', 1],
    ['1000000', 1e6],
    ['512M', 2 ** 29],
    ['64k', 2 ** 16],
    ['2 GiB', 2 ** 31],
    ['1T', 2 ** 40],
  ])('--memory %s', (text, bytes) => {
    expect(readArguments(['x', '--memory', text]).memory).toBe(bytes);
  });

  it.each<[string, string[], RegExp]>([
    ['no file', [], /no FILE/],
    ['an unknown option', ['x', '--jason'], /unknown option '--jason'/],
    ['an option spelt almost so', ['x', '--metric'], /unknown option '--metric'\. Did you mean --metrics\?$/],
    ['another', ['x', '--jsno'], /Did you mean --json\?$/],
    ['an option in capitals', ['x', '--HTML', 'y'], /Did you mean --html\?$/],
    ['an option like no other', ['x', '--quantum'], /unknown option '--quantum'\.$/],
    ['an option without its value', ['x', '--tol'], /--tol/],
    ['a flag with a value', ['x', '--json=1'], /--json/],
    [
      'a tolerance that is no number',
      ['x', '--tol', 'small'],
      /--tol takes a number, 0 or more; got 'small'/,
    ],
    ['an empty tolerance', ['x', '--tol', ''], /--tol takes a number/],
    ['a negative tolerance', ['x', '--rtol=-1'], /--rtol takes a number, 0 or more; got '-1'/],
    ['NaN', ['x', '--atol', 'NaN'], /--atol takes a number/],
    ['tol with rtol', ['x', '--tol', '1', '--rtol', '1'], /--tol and --rtol exclude/],
    ['a broken pattern', ['x', '--filter', '('], /--filter takes a regular expression/],
    ['no threads', ['x', '--threads', '0'], /--threads takes a whole number/],
    ['half a thread', ['x', '--threads', '1.5'], /--threads takes a whole number/],
    ['no memory', ['x', '--memory', '0'], /--memory takes bytes/],
    ['memory in words', ['x', '--memory', 'lots'], /--memory takes bytes/],
    ['two outputs', ['x', '--json', '--csv'], /exclude each other/],
    ['--diff alone', ['x', '--diff'], /--diff needs --compare/],
    ['two files to compare', ['x', 'y', '--compare', 'z'], /one FILE/],
    [
      'a gate that would not be looked at',
      ['x', '--compare', 'y', '--fail-if', 'rank < 1'],
      /--compare and --fail-if/,
    ],
    ['the standard input twice', ['-', '--compare', '-'], /once only/],
  ])('refuses %s', (_, argv, why) => {
    expect(() => readArguments(argv)).toThrow(UsageError);
    expect(() => readArguments(argv)).toThrow(why);
  });
});

describe('the command', () => {
  it('ends with 2 and one line on bad usage', async () => {
    const { status, out, err } = await command(['x.npy', '--threads', 'many']);
    expect({ status, out }).toEqual({ status: 2, out: '' });
    expect(err).toMatch(/^matrix-rank: --threads .*--help.*\n$/);
  });

  it('shows how it is used when it is given nothing, with 2', async () => {
    const { status, out, err } = await command([]);
    expect({ status, out }).toEqual({ status: 2, out: '' });
    expect(err).toMatch(/Usage: matrix-rank FILE.*matrix-rank --help/s);
    expect(err.split('\n').length).toBeLessThan(12);
  });

  it('says at once that the page cannot be written', async () => {
    const { status, err } = await command(['x.npy', '--html', '/nowhere/at/all.html']);
    expect(status).toBe(2);
    expect(err).toContain("the folder of '/nowhere/at/all.html'");
  });

  it('--help and --version', async () => {
    const help = await command(['--help']);
    expect(help).toMatchObject({ status: 0, err: '' });
    for (const word of ['Usage:', '--json', '--compare', 'Exit status', 'Examples'])
      expect(help.out).toContain(word);
    const version = await command(['--version']);
    expect(version.out).toMatch(/^\d+\.\d+\.\d+\n$/);
  });
});
