// Every section of docs/certificates.md names the code that cites it and the tests that hold it; all of these are
// there.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';

const root = join(import.meta.dirname, '../..');
const page = readFileSync(join(root, 'docs/certificates.md'), 'utf8');

/** Sections that are about others. */
const GENERAL = ['Contents', 'Notation', 'What is strict, and what is not', 'What no test sees'];

const sections = page
  .split(/^## /m)
  .slice(1)
  .map((text) => {
    const line = (label: string) => new RegExp(`^${label}: (.*?) *$`, 'm').exec(text)?.[1] ?? '';
    return { heading: text.split('\n')[0], code: line('Code'), tests: line('Test') };
  })
  .filter(({ heading }) => !GENERAL.includes(heading));

const paths = (line: string) => [...line.matchAll(/`([^`]*\/[^`]*)`/g)].map(([, path]) => path);
const read = (path: string) => readFileSync(join(root, path), 'utf8');

test('there are as many sections as there are certificates', () => {
  expect(sections.length).toBeGreaterThanOrEqual(15);
});

describe.each(sections.map((s) => [s.heading, s] as const))('%s', (heading, { code, tests }) => {
  test('its code is there, and what is named of it', () => {
    expect(paths(code).length).toBeGreaterThan(0);
    for (const [, path, names] of code.matchAll(/`([^`]*\/[^`]*)`(?: \(([^)]*)\))?/g)) {
      const text = read(path);
      for (const [, name] of (names ?? '').matchAll(/`([^`]*)`/g))
        expect(text).toMatch(new RegExp(`\\b${name}\\b`));
    }
    const all = paths(code).map(read);
    expect(all.some((text) => text.includes(`"${heading}"`) || text.includes('certificates.md'))).toBe(true);
  });

  test('it has a test of its own', () => {
    expect(paths(tests)[0]).toMatch(/^test\/certificate\/[a-z0-9-]+\.test\.ts$/);
    for (const path of paths(tests)) expect(existsSync(join(root, path)), path).toBe(true);
  });
});

test('every test of certificates is named', () => {
  const named = sections.flatMap(({ tests }) => paths(tests));
  for (const name of readdirSync(import.meta.dirname)) {
    if (name.endsWith('.test.ts') && name !== 'sections.test.ts')
      expect(named).toContain(`test/certificate/${name}`);
  }
});
