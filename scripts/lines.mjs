// Lines: code has at most 120 columns, Markdown has one sentence a line. Says where not, with status 1;
// `--write` mends the Markdown:
// what is rendered does not change; fences, tables, indented code and HTML stay as they are.
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';

const COLUMNS = 120;
const CODE = /\.(ts|as|mjs|js|py|css|html|yml|sh)$|^\.ci\/run$/; // a string of JSON cannot be broken
const DATA = /(^|\/)generated\/|^test\/(oracle|cases)\//;

// Points that end no sentence.
const ABBREVIATION = /(^|[\s([])(e\.g|i\.e|al|vs|cf|etc|no|pp?|eq|sec|fig|ch)\.$/i;
// What would be a list, a heading, a quotation or a table at the start of a line.
const BLOCK = /^([-+*]\s|[>|#=]|\d+[.)](\s|$))/;
const ITEM = /^(\s*)([-*+]|\d+[.)])\s+/;

/** The sentences of a paragraph that stands on one line. */
function sentences(paragraph) {
  // No line ends inside code, a link or an image.
  const masked = paragraph.replace(/(`+)[^`].*?\1|!?\[[^\]]*\]\([^)]*\)/g, (span) => '_'.repeat(span.length));
  const out = [];
  let start = 0;
  for (const end of masked.matchAll(/(?<![. ])[.!?][)\]"'*]*(?= \S)/g)) {
    const stop = end.index + end[0].length;
    if (ABBREVIATION.test(masked.slice(0, end.index + 1)) || BLOCK.test(paragraph.slice(stop + 1))) continue;
    out.push(paragraph.slice(start, stop));
    start = stop + 1;
  }
  return [...out, paragraph.slice(start)];
}

/** The text with one sentence a line. */
function sentenceLines(text) {
  const out = [];
  let paragraph; // { prefix, indent, words } while one is open
  let fence = '';
  let inside = 0; // where the text of the open list item starts
  let blank = true;
  const close = (end = '') => {
    if (!paragraph) return;
    const lines = sentences(paragraph.words.join(' '));
    lines.forEach((line, i) => {
      out.push((i ? paragraph.indent : paragraph.prefix) + line + (i === lines.length - 1 ? end : ''));
    });
    paragraph = undefined;
  };
  for (const line of text.split('\n')) {
    const indent = line.length - line.trimStart().length;
    const item = ITEM.exec(line);
    const after = blank;
    blank = line.trim() === '';
    if (after && !blank && !item && indent < inside) inside = 0;
    const verbatim =
      blank || /^\s*(```|\||#|<|!\[|\[[^\]]*\]: |---)/.test(line) || (after && indent >= inside + 4);
    if (fence || verbatim || (!paragraph && indent >= inside + 4)) {
      close();
      out.push(line);
      const mark = /^\s*```/.test(line);
      if (mark) fence = fence ? '' : '```';
    } else {
      if (item) {
        close();
        inside = item[0].length;
        paragraph = { prefix: item[0], indent: ' '.repeat(inside), words: [] };
      }
      paragraph ??= { prefix: line.slice(0, indent), indent: line.slice(0, indent), words: [] };
      paragraph.words.push((item ? line.slice(item[0].length) : line).trim());
      if (line.endsWith('  ')) close('  '); // a hard break
    }
  }
  close();
  return out.join('\n');
}

const write = process.argv.includes('--write');
const files = execFileSync('git', ['ls-files', '-co', '--exclude-standard'], { encoding: 'utf8' }).split(
  '\n',
);
let wrong = 0;
const report = (place, what) => {
  console.error(`${place}: ${what}`);
  wrong++;
};
for (const file of files.filter((name) => existsSync(name) && !DATA.test(name))) {
  if (CODE.test(file)) {
    readFileSync(file, 'utf8')
      .split('\n')
      .forEach((line, i) => {
        if (line.length > COLUMNS)
          report(`${file}:${i + 1}`, `${line.length} columns, of ${COLUMNS} at most`);
      });
  } else if (file.endsWith('.md')) {
    const text = readFileSync(file, 'utf8');
    const mended = sentenceLines(text);
    if (mended === text) continue;
    if (write) writeFileSync(file, mended);
    else report(file, 'not one sentence a line; `npm run format` makes it so');
  }
}
process.exitCode = wrong ? 1 : 0;
