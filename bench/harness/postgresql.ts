/**
 * A PostgreSQL server of our own for one measure: made in a directory, reached by a socket there (no port is taken), stopped by its
 * process id. Its programs come with the system's package; they run as another user where we are root, for the server refuses root.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { chownSync, existsSync, mkdirSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { delimiter, join } from 'node:path';

const require = createRequire(new URL('../package.json', import.meta.url));

export type PgQuery = {
  text: string;
  rowMode: 'array';
  types?: { getTypeParser(): (text: string) => unknown };
};

export type PgClient = {
  connect(): Promise<void>;
  query(text: string | PgQuery): Promise<{ rows: unknown[][] }>;
  end(): Promise<void>;
};

export interface PostgresqlServer {
  readonly client: PgClient;
  /** Rows for COPY's text format: texts without tabs, line ends and backslashes. */
  copy(table: string, lines: Iterable<string>): Promise<void>;
  stop(): Promise<void>;
}

/** Directory of initdb and postgres; null: not installed. */
export function postgresqlPrograms(): string | null {
  const packaged = '/usr/lib/postgresql';
  const versions = existsSync(packaged) ? readdirSync(packaged).map((version) => join(packaged, version, 'bin')) : [];
  const places = [...versions, ...(process.env.PATH ?? '').split(delimiter)];
  return places.find((place) => existsSync(join(place, 'initdb')) && existsSync(join(place, 'postgres'))) ?? null;
}

const idOf = (flag: '-u' | '-g'): number => Number(execFileSync('id', [flag, 'postgres'], { encoding: 'utf8' }));

/** Whom its programs run as. */
function owner(): { uid: number; gid: number } | Record<string, never> {
  return process.getuid?.() === 0 ? { uid: idOf('-u'), gid: idOf('-g') } : {};
}

async function connected(directory: string, port: number, server: ChildProcess): Promise<PgClient> {
  const { Client } = require('pg') as { Client: new (options: object) => PgClient };
  for (let attempt = 0; ; attempt++) {
    const client = new Client({ host: directory, port, user: 'postgres', database: 'postgres' });
    try {
      await client.connect();
      return client;
    } catch (error) {
      if (attempt >= 100 || server.exitCode !== null) throw error;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}

/** Starts one with these settings. */
export async function startPostgresql(directory: string, settings: Record<string, string>): Promise<PostgresqlServer> {
  const programs = postgresqlPrograms();
  if (programs === null) throw new Error('PostgreSQL is not installed');
  const data = join(directory, 'postgresql');
  const who = owner();
  mkdirSync(data, { recursive: true });
  if ('uid' in who) {
    chownSync(directory, who.uid, who.gid);
    chownSync(data, who.uid, who.gid);
  }
  const initdb = ['-D', data, '-U', 'postgres', '--auth=trust', '--locale=C', '--encoding=UTF8', '--no-sync'];
  execFileSync(join(programs, 'initdb'), initdb, { ...who, cwd: data, stdio: 'pipe' });
  const given = Object.entries({ listen_addresses: '', unix_socket_directories: data, ...settings });
  const options = given.flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const server = spawn(join(programs, 'postgres'), ['-D', data, ...options], { ...who, cwd: data, stdio: 'ignore' });
  const ended = new Promise<void>((resolve) => server.once('exit', () => resolve()));
  const client = await connected(data, Number(settings.port ?? 5432), server);
  return {
    client,
    copy: (table, lines) => copyInto(data, table, lines),
    async stop() {
      await client.end();
      // Fast shutdown: it does not wait for others.
      server.kill('SIGINT');
      await ended;
    },
  };
}

const CHUNK = 1 << 20;

async function copyInto(directory: string, table: string, lines: Iterable<string>): Promise<void> {
  const psql = spawn('psql', ['-X', '-q', '-h', directory, '-U', 'postgres', '-c', `copy ${table} from stdin`], {
    stdio: ['pipe', 'inherit', 'inherit'],
  });
  const ended = new Promise<void>((resolve, reject) => {
    psql.once('error', reject);
    psql.once('exit', (code) => (code === 0 ? resolve() : reject(new Error(`psql ended with ${code}`))));
  });
  const write = async (text: string): Promise<void> => {
    if (!psql.stdin.write(text)) await new Promise<void>((resolve) => psql.stdin.once('drain', () => resolve()));
  };
  let chunk = '';
  for (const line of lines) {
    chunk += `${line}\n`;
    if (chunk.length < CHUNK) continue;
    await write(chunk);
    chunk = '';
  }
  await write(chunk);
  psql.stdin.end();
  await ended;
}
