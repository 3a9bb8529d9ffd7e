// A stranger's project: the packed package installed in an empty folder, with whatever else it needs, and the blocks of
// docs/platforms.md that begin with a file's name.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../..', import.meta.url));
const guide = readFileSync(join(root, 'docs/platforms.md'), 'utf8');
const windows = process.platform === 'win32';

/** Whether what takes long to install is tested too: `npm run test:platforms`. */
export const SLOW = process.env.ALL_PLATFORMS === '1';

/** The environment without npm's and vitest's own variables. */
export function clean(): NodeJS.ProcessEnv {
  const ours = /^(npm_|VITEST|MATRIX_RANK|NODE_|JEST|TEST$)/;
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !ours.test(name)));
}

export interface App {
  folder: string;
  at(...path: string[]): string;
  write(file: string, text: string): void;
  /** Runs a program and returns what it prints; throws with all of it when it fails. */
  run(command: string, args: string[], env?: Record<string, string>): string;
  /** Runs a command of node_modules/.bin. */
  bin(name: string, args: string[], env?: Record<string, string>): string;
  remove(): void;
}

/** A project with the package and `packages` installed. */
export function createApp(packages: readonly string[] = [], about: object = {}): App {
  if (!existsSync(join(root, 'dist/index.js')))
    throw new Error('There is no dist/: npm run build comes first.');
  const folder = mkdtempSync(join(tmpdir(), 'matrix-rank-app-'));
  const run = (command: string, args: string[], env = {}, cwd = folder) => {
    try {
      return execFileSync(command, args, {
        cwd,
        env: { ...clean(), NO_COLOR: '1', ...env },
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'pipe'],
        shell: windows,
      });
    } catch (error) {
      const { stdout, stderr } = error as { stdout: string; stderr: string };
      throw new Error(`${command} ${args.join(' ')}\n${stdout}\n${stderr}`);
    }
  };
  const app: App = {
    folder,
    at: (...path) => join(folder, ...path),
    write(file, text) {
      mkdirSync(dirname(join(folder, file)), { recursive: true });
      writeFileSync(join(folder, file), text);
    },
    run: (command, args, env) => run(command, args, env),
    bin: (name, args, env) => run(join(folder, 'node_modules/.bin', name), args, env),
    remove: () => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }),
  };
  app.write('package.json', JSON.stringify({ name: 'stranger', private: true, ...about }));
  const pack = ['pack', '--ignore-scripts', '--silent', '--pack-destination', folder];
  const tarball = run('npm', pack, {}, root).trim().split('\n').pop()!;
  run('npm', [
    'install',
    '--prefer-offline',
    '--no-audit',
    '--no-fund',
    '--silent',
    app.at(tarball),
    ...packages,
  ]);
  return app;
}

/** The block of docs/platforms.md whose first line names this file. */
export function block(file: string): string {
  const name = file.replace(/[.[\]/]/g, '\\$&');
  const found = new RegExp(`^\`\`\`\\w+\\n// ${name}\\n([\\s\\S]*?)^\`\`\``, 'm').exec(guide);
  if (!found) throw new Error(`docs/platforms.md has no block that begins with '// ${file}'.`);
  return found[1];
}
