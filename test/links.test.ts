// Every relative link of the documentation leads to a file that is there, and to a heading that is in it.
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { expect, it } from 'vitest';
import { root } from './cli/command.js';

const pages = ['README.md', 'CONTRIBUTING.md', 'CHANGELOG.md', 'bench/README.md', 'test/oracle/README.md']
  .concat(
    readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.md') && !name.includes('node_modules'))
      .map((name) => join('docs', name)),
  )
  .filter((page) => existsSync(join(root, page)));

/** Without code, in which brackets are no links. */
const prose = (page: string) =>
  readFileSync(join(root, page), 'utf8')
    .replace(/^```.*?^```/gms, '')
    .replace(/`[^`\n]*`/g, '');

/** Headings as GitHub makes anchors of them. */
function anchors(page: string): string[] {
  const text = readFileSync(join(root, page), 'utf8').replace(/^```.*?^```/gms, '');
  return [...text.matchAll(/^#{1,6} +(.*)$/gm)].map(([, heading]) =>
    heading
      .trim()
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, '')
      .replace(/ /g, '-'),
  );
}

it.each(pages)('%s', (page) => {
  const broken: string[] = [];
  for (const [, target] of prose(page).matchAll(/\]\(([^)\s]+)\)/g)) {
    if (/^(https?|mailto):/.test(target)) continue;
    const [path, anchor] = target.split('#');
    const file = path === '' ? page : relative(root, join(root, dirname(page), decodeURIComponent(path)));
    const there = existsSync(join(root, file));
    const heading =
      anchor === undefined ||
      !there ||
      statSync(join(root, file)).isDirectory() ||
      anchors(file).includes(anchor);
    if (!there || !heading) broken.push(target);
  }
  expect(broken).toEqual([]);
});
