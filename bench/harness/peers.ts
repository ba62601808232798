/**
 * The engines we are compared with. They live in bench/package.json, so that neither the product nor the checks need
 * them: types are declared here, as far as the suites use them.
 */
import { createRequire } from 'node:module';
import type { PeerPackage } from './measure.ts';
import { postgresqlPrograms } from './postgresql.ts';

const require = createRequire(new URL('../package.json', import.meta.url));

export type SqliteStatement = {
  run(...values: unknown[]): { changes: number };
  get(...values: unknown[]): Record<string, unknown> | undefined;
  all(...values: unknown[]): Record<string, unknown>[];
  iterate(...values: unknown[]): IterableIterator<Record<string, unknown>>;
  pluck(toggle?: boolean): SqliteStatement;
  raw(toggle?: boolean): SqliteStatement;
};

export type SqliteDatabase = {
  prepare(sql: string): SqliteStatement;
  exec(sql: string): void;
  pragma(text: string): unknown;
  transaction<Arguments extends unknown[]>(body: (...values: Arguments) => void): (...values: Arguments) => void;
  close(): void;
};

export type DuckdbResult = { getRows(): unknown[][] };
export type DuckdbPrepared = {
  bindInteger(parameter: number, value: number): void;
  bindDouble(parameter: number, value: number): void;
  bindVarchar(parameter: number, value: string): void;
  run(): Promise<unknown>;
  runAndReadAll(): Promise<{ getRowObjects(): Record<string, unknown>[] }>;
};
export type DuckdbConnection = {
  run(sql: string): Promise<unknown>;
  prepare(sql: string): Promise<DuckdbPrepared>;
  runAndReadAll(sql: string): Promise<DuckdbResult>;
  closeSync(): void;
};
export type DuckdbInstance = { connect(): Promise<DuckdbConnection>; closeSync(): void };

/** PostgreSQL as WebAssembly; a development dependency of the project itself. */
export type Pglite = {
  exec(sql: string): Promise<unknown>;
  query(
    sql: string,
    values?: unknown[],
    options?: { rowMode?: 'array' | 'object'; blob?: Blob; parsers?: Record<number, (text: string) => unknown> },
  ): Promise<{ rows: unknown[]; affectedRows?: number }>;
  close(): Promise<void>;
};

/** Whether all of them are installed (npm run bench:setup). */
export function areInstalled(packages: readonly PeerPackage[]): boolean {
  return packages.every((name) => {
    if (name === 'postgresql' && postgresqlPrograms() === null) return false;
    try {
      require.resolve(name === 'postgresql' ? 'pg' : name);
      return true;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'MODULE_NOT_FOUND') return false;
      throw error;
    }
  });
}

/** Opens a file, or ':memory:'. */
export function openSqlite(path: string): SqliteDatabase {
  const Database = require('better-sqlite3') as new (path: string) => SqliteDatabase;
  return new Database(path);
}

/** A database in memory. */
export async function openPglite(): Promise<Pglite> {
  const { PGlite } = require('@electric-sql/pglite') as { PGlite: { create(): Promise<Pglite> } };
  return PGlite.create();
}

/** Opens a file, or ':memory:', with the given number of threads. */
export async function openDuckdb(path: string, threads: number): Promise<DuckdbInstance> {
  const duckdb = require('@duckdb/node-api') as {
    DuckDBInstance: { create(path: string, options: Record<string, string>): Promise<DuckdbInstance> };
  };
  return duckdb.DuckDBInstance.create(path, { threads: String(threads) });
}
