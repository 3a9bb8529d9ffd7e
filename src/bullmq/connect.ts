// A queue's URL as what BullMQ connects with: redis:// (rediss://) by ioredis, postgres:// (postgresql://) by pg. The
// server is asked once before anything else, so that a wrong address is a sentence and not a loop;
// PostgreSQL gets BullMQ's tables here.
import { createPostgresBackend, DEFAULT_SCHEMA, type Queue, runMigrations } from 'bullmq';

type QueueSettings = ConstructorParameters<typeof Queue>;

export interface Connected {
  /** For the options of BullMQ's classes. */
  connection: NonNullable<QueueSettings[1]>['connection'];
  /** The last argument of their constructors. Its type is the one that BullMQ gives to Redis's, which is none. */
  factory: undefined;
  /** Host, port and database, without a password. */
  where: string;
  close(): Promise<void>;
}

/** How long a server may take to answer. */
const PATIENCE = 10_000;

/** @throws Error, a sentence, where there is no such server or none that lets us in */
export async function connect(text: string): Promise<Connected> {
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    throw new TypeError(`a queue is redis://HOST:PORT or postgres://USER@HOST:PORT/DATABASE; got '${text}'.`);
  }
  const where = `${url.protocol}//${url.host}${url.pathname}`;
  const scheme = url.protocol.slice(0, -1);
  if (!/^(rediss?|postgres(ql)?)$/.test(scheme)) {
    throw new TypeError(`a queue is a redis:// or a postgres:// URL; got '${where}'.`);
  }
  try {
    return await (scheme.startsWith('redis') ? connectRedis(text, where) : connectPostgres(text, where));
  } catch (error) {
    const { message, code, name } = error as NodeJS.ErrnoException;
    if (code === 'ERR_MODULE_NOT_FOUND') throw error;
    const why = message || code || name;
    throw new Error(`the queue ${where} cannot be used: ${why.replace(/\.$/, '')}.`, { cause: error });
  }
}

async function connectRedis(url: string, where: string): Promise<Connected> {
  const { Redis } = await import('ioredis');
  // ioredis tells of a failed connection by an event, and of the command by "Connection is closed".
  let why: Error | undefined;
  const probe = new Redis(url, { lazyConnect: true, retryStrategy: () => null, connectTimeout: PATIENCE });
  probe.on('error', (error) => {
    why = error;
  });
  try {
    await probe.connect();
    await probe.ping();
  } catch (error) {
    throw why ?? error;
  } finally {
    probe.disconnect();
  }
  const client = new Redis(url, { maxRetriesPerRequest: null });
  client.on('error', () => {}); // BullMQ's classes tell of it, and ioredis connects again
  return {
    connection: client as unknown as Connected['connection'],
    factory: undefined,
    where,
    close: async () => client.disconnect(),
  };
}

async function connectPostgres(connectionString: string, where: string): Promise<Connected> {
  const { default: pg } = (await import('pg' as string)) as {
    default: { Pool: new (options: object) => Pool };
  };
  const pool = new pg.Pool({
    connectionString,
    options: `-c search_path="${DEFAULT_SCHEMA}"`,
    max: 20,
    keepAlive: true,
    connectionTimeoutMillis: PATIENCE,
  });
  pool.on('error', () => {}); // of a connection that nobody uses; the next query opens another
  try {
    const client = await pool.connect();
    try {
      await runMigrations(client, DEFAULT_SCHEMA);
    } finally {
      client.release();
    }
  } catch (error) {
    await pool.end();
    throw error;
  }
  return {
    connection: pool as unknown as Connected['connection'],
    factory: createPostgresBackend as unknown as undefined,
    where,
    close: () => pool.end(),
  };
}

interface Pool {
  on(event: 'error', listener: (error: Error) => void): void;
  connect(): Promise<Parameters<typeof runMigrations>[0] & { release(): void }>;
  end(): Promise<void>;
}
