// Real servers for the tests of the queue, on free ports of this machine; stopped by whoever started them.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { start as startCommand } from '../cli/command.js';

export interface Server {
  url: string;
  /** Kills it as a power cut would, and starts it on the same data. */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

export function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer();
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}

/** The child's end. */
export function ended(child: ChildProcess): Promise<number | null> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve(child.exitCode);
  return new Promise((resolve) => child.once('exit', (status) => resolve(status)));
}

/** Waits until the child has written text that matches. */
export function says(child: ChildProcess, pattern: RegExp): Promise<void> {
  return new Promise((resolve, reject) => {
    let all = '';
    const hear = (text: Buffer) => {
      all += text;
      if (pattern.test(all)) resolve();
    };
    child.stdout?.on('data', hear);
    child.stderr?.on('data', hear);
    child.once('exit', (status) =>
      reject(new Error(`ended with ${status} before it said ${pattern}: ${all}`)),
    );
  });
}

const find = (name: string, folders: string[]) => folders.map((f) => join(f, name)).find(existsSync);
const path = (process.env.PATH ?? '').split(':');

const redis = find('redis-server', path);
const versions = existsSync('/usr/lib/postgresql') ? readdirSync('/usr/lib/postgresql') : [];
const postgres = find('postgres', [...path, ...versions.map((v) => `/usr/lib/postgresql/${v}/bin`)]);

export async function startRedis(): Promise<Server> {
  const folder = mkdtempSync(join(tmpdir(), 'matrix-rank-redis-'));
  const port = await freePort();
  const args = `--port ${port} --bind 127.0.0.1 --save --appendonly yes --appendfsync always --dir ${folder}`;
  const run = async () => {
    const child = spawn(redis!, args.split(' '));
    await says(child, /Ready to accept connections/);
    return child;
  };
  let child = await run();
  return {
    url: `redis://127.0.0.1:${port}`,
    async restart() {
      child.kill('SIGKILL');
      await ended(child);
      child = await run();
    },
    async stop() {
      child.kill('SIGKILL');
      await ended(child);
      rmSync(folder, { recursive: true });
    },
  };
}

/** PostgreSQL refuses to run as root: there its own account runs it. */
function asUser(command: string, args: string[]): [string, string[]] {
  if (process.getuid?.() !== 0) return [command, args];
  return ['setpriv', ['--reuid=postgres', '--regid=postgres', '--clear-groups', command, ...args]];
}

export async function startPostgres(): Promise<Server> {
  const folder = mkdtempSync(join(tmpdir(), 'matrix-rank-postgres-'));
  if (process.getuid?.() === 0) {
    const id = (flag: string) => Number(execFileSync('id', [flag, 'postgres'], { encoding: 'utf8' }));
    chownSync(folder, id('-u'), id('-g'));
  }
  const data = join(folder, 'data');
  const port = await freePort();
  execFileSync(
    ...asUser(join(postgres!, '..', 'initdb'), ['-D', data, '-A', 'trust', '-U', 'postgres', '--no-sync']),
    {
      stdio: 'ignore',
      cwd: folder,
    },
  );
  const args = [
    '-D',
    data,
    '-p',
    String(port),
    '-k',
    folder,
    '-c',
    'listen_addresses=127.0.0.1',
    '-c',
    'fsync=off',
  ];
  const run = async () => {
    const child = spawn(...asUser(postgres!, args), { cwd: folder });
    await says(child, /ready to accept connections/);
    return child;
  };
  let child = await run();
  const end = async (signal: 'SIGQUIT' | 'SIGINT') => {
    child.kill(signal); // at once, or after its connections are cut
    await ended(child);
  };
  return {
    url: `postgres://postgres@127.0.0.1:${port}/postgres`,
    async restart() {
      await end('SIGQUIT');
      child = await run();
    },
    async stop() {
      await end('SIGINT');
      rmSync(folder, { recursive: true });
    },
  };
}

/** What can be tested here. */
export const SERVERS: { name: string; missing?: string; start(): Promise<Server> }[] = [
  { name: 'Redis', missing: redis ? undefined : 'redis-server is not installed', start: startRedis },
  { name: 'PostgreSQL', missing: postgres ? undefined : 'postgresql is not installed', start: startPostgres },
];

/** A worker of the command, ready. A job of a worker that is silent for four seconds goes to another. */
export async function startWorker(url: string, ...more: string[]): Promise<ChildProcess> {
  const child = startCommand(['worker', '--queue', url, '--threads', '1', '--lock', '4', ...more]);
  await says(child, /waiting for jobs/);
  return child;
}

export async function stop(child: ChildProcess | undefined): Promise<void> {
  if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGKILL');
  await ended(child);
}
