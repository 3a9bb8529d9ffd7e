// The project's own code as text: files, what they import, the functions in them.
import { readdirSync, readFileSync } from 'node:fs';
import { posix } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = new URL('../../', import.meta.url);

/** The files of a folder whose names end so, as paths from it; what a build makes is left out. */
export function files(folder: string, ending: RegExp = /\.ts$/): string[] {
  return readdirSync(fileURLToPath(new URL(`${folder}/`, root)), { recursive: true, encoding: 'utf8' })
    .map((name) => name.replaceAll('\\', '/'))
    .filter((name) => ending.test(name) && !name.includes('generated/'));
}

export interface Source {
  /** The path from its folder on. */
  file: string;
  text: string[];
}

/** Every line of a folder's code. */
export function sources(folder: string, ending?: RegExp): Source[] {
  return files(folder, ending).map((file) => ({
    file,
    text: readFileSync(new URL(`${folder}/${file}`, root), 'utf8').split('\n'),
  }));
}

/** What each file of a folder imports from it; `all`: types, and what is loaded on first use, count too. */
export function imports(folder: string, all = false): Map<string, string[]> {
  const statement = all
    ? /(?:^(?:import|export)[^;]*? from |\bimport\()'(\.[^']*)'/gm
    : /^(?:import|export)(?! type)[^;]*? from '(\.[^']*)'/gm;
  return new Map(
    sources(folder).map(({ file, text }) => {
      const found = text.join('\n').matchAll(statement);
      return [file, [...found].map((m) => posix.join(posix.dirname(file), m[1]).replace(/(\.js)?$/, '.ts'))];
    }),
  );
}

/** A file without comments, imports and texts; its lines keep their numbers. */
export function codeOf(text: readonly string[]): string[] {
  const blank = (part: string) => part.replace(/[^\n]/g, ' ');
  return text
    .join('\n')
    .replace(/\/\*[\s\S]*?\*\//g, blank)
    .replace(/\/\/.*$/gm, blank)
    .replace(/^(import|export) [^;]*? from '[^']*';$/gm, blank)
    .replace(/'[^'\n]*'/g, blank)
    .split('\n');
}

/** Functions and methods of a file: their lines and the number of their parameters. */
export function functions(text: readonly string[]): { name: string; lines: number; parameters: number }[] {
  const head =
    /^(?<indent> {0,2})(?:export |default |private |async |static )*(?:function\*? )?(?<name>[\w#]+)(?:<[^(]*>)?\(/;
  return text.flatMap((line, from) => {
    const { indent, name } = head.exec(line)?.groups ?? {};
    if (name === undefined || /^ *(if|for|while|switch|catch|return)\b/.test(line)) return [];
    const open = text.findIndex((l, i) => i >= from && /[{;]$|\{\}$/.test(l)); // an empty body has no lines
    if (!text[open]?.endsWith('{')) return [];
    const to = text.findIndex((l, i) => i > open && l.startsWith(`${indent}}`));
    const signature = text.slice(from, open + 1).join(' ');
    const list = signature.slice(signature.indexOf('(') + 1, signature.lastIndexOf(')'));
    // Commas within brackets are those of types and defaults.
    let flat = list;
    for (let last = ''; last !== flat; )
      [last, flat] = [flat, flat.replace(/[([{<][^()[\]{}<>]*[)\]}>]/g, '')];
    return [{ name, lines: to - from + 1, parameters: flat.split(',').filter((part) => part.trim()).length }];
  });
}
