// Files of known truth: what the built command says of each. README.md explains the fields.
import { readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { command, records } from '../cli/command.js';
import { PENDING } from './pending.js';

interface Want {
  name: string | null;
  aka?: string[];
  matrix?: [number, number];
  rank?: number | null;
  full?: number;
  frobeniusNorm?: number;
  note?: string;
}
interface Case {
  id: string;
  source: string;
  args?: string[];
  expect: {
    exit?: number | number[];
    rows?: Want[];
    only?: boolean;
    ranks?: number;
    error?: string;
  };
}
type Row = Record<string, unknown> & { name: string; rank: number | null; matrix: number[] | null };

const here = fileURLToPath(new URL('.', import.meta.url));

/** A regular expression that may begin with Python's (?i). */
const pattern = (text: string) =>
  new RegExp(text.replace(/^\(\?i\)/, ''), text.startsWith('(?i)') ? 'i' : '');

const plain = (name: string) => name.replace(/\.(weight|qweight)$|_blocks$/, '');

/** Whether a row is meant by this name: it begins with it, ends with it or holds it, `.weight` apart. */
function named(row: Row, want: Want): boolean {
  if (!want.name) return true;
  return [want.name, ...(want.aka ?? [])].some((name) => row.name.includes(plain(name)));
}

function explains(row: Row, note: string): boolean {
  const { name, ...rest } = row;
  return pattern(note).test(JSON.stringify(rest));
}

for (const folder of ['quantised', 'files', 'wide']) {
  const cases: Case[] = JSON.parse(readFileSync(join(here, folder, 'cases.json'), 'utf8'));
  describe(folder, () => {
    for (const { id, source, args = [], expect: want } of cases) {
      const run = PENDING.has(`${folder}/${id}`) ? test.skip : test;
      run.concurrent(id, () => check(join(here, folder, source), args, want));
    }
  });
}

async function check(source: string, args: string[], want: Case['expect']): Promise<void> {
  const { status, out, err } = await command([source, ...args, '--json', '--metrics']);
  const rows: Row[] = records(out);
  const said = `${out}\n${err}`;
  if (want.exit !== undefined) expect([want.exit].flat(), said).toContain(status);
  if (want.ranks !== undefined)
    expect(
      rows.map((r) => r.rank),
      said,
    ).toContain(want.ranks);
  if (want.error !== undefined) {
    const text = err.replaceAll(source, '').replaceAll(basename(source), '');
    expect(text).toMatch(pattern(want.error));
    expect(rows.filter((r) => r.rank !== null)).toEqual([]);
  }
  const met = new Set<Row>();
  for (const one of want.rows ?? []) {
    const row = rows.find((r) => named(r, one) && !met.has(r) && fits(r, one));
    expect(row, `${JSON.stringify(one)} in\n${said}`).toBeDefined();
    met.add(row as Row);
  }
  if (want.only) expect(rows.filter((r) => !met.has(r) && r.rank !== null)).toEqual([]);
}

function fits(row: Row, want: Want): boolean {
  const { matrix, rank, full, frobeniusNorm, note } = want;
  if (matrix !== undefined) {
    const [m, n] = row.matrix ?? [];
    if (!(m === matrix[0] && n === matrix[1]) && !(n === matrix[0] && m === matrix[1])) return false;
  }
  if (note !== undefined && (row.rank !== null || !explains(row, note))) return false;
  if (rank !== undefined && row.rank !== rank) return false;
  if (full !== undefined && row.full !== full) return false;
  if (frobeniusNorm === undefined) return true;
  const norm = Number(row.frobeniusNorm);
  return Math.abs(norm - frobeniusNorm) <= 1e-5 * frobeniusNorm;
}
