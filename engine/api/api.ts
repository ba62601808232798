/**
 * What a program imports:
 *
 *   import { open } from 'scratchbird';
 *   const db = open('shop.sbd');
 *
 * open() makes the calling thread the host of a database directory; attach() gives another thread of the program the same database,
 * over the same memory.
 */

import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { SqlError } from '../../shm/errors.ts';
import { SUPERUSER } from '../catalog/catalog.ts';
import { CACHED_STATEMENTS } from '../exec/statement-cache.ts';
import { Database, type DatabaseHandle } from './database.ts';
import { attachKernel, openKernel } from './kernel.ts';
import type { KernelOptions } from './kernel-options.ts';
import { facesOf, type OpenOptions, type SharedOptions } from './options.ts';

export { SqlError } from '../../shm/errors.ts';
export type { Notification } from '../session/notifications.ts';
export type { DatabaseBackupProgress, DatabaseCheckProgress, DatabaseNotice, DatabaseReport, ScriptResult } from './answers.ts';
export type { AsyncResult, AsyncSession, QueryOptions } from './async-session.ts';
export type { BackupOptions, DatabaseHandle, ExplainOptions } from './database.ts';
export { Database } from './database.ts';
export type { OpenOptions } from './options.ts';
export type { Rows } from './query-thread.ts';
export type { DatabaseStats } from './stats.ts';
export type { ColumnDescription, RunResult, Statement } from './statement.ts';
export type { TransactionFunction } from './transaction-function.ts';

const MEMORY = ':memory:';
/** Log files of a database that goes with its program: the first one is written whole before anything can be done. */
const MEMORY_LOG_SEGMENT = 8 << 20;

/**
 * Opens the database in a directory, and makes it if there is none; ':memory:' is one that is gone when it is closed. 55006 when
 * another process has it open, 3D000 with create: false where there is none.
 */
export function open(path: string, options: OpenOptions = {}): Database {
  if (path === MEMORY) return openTemporary(options);
  if (options.create === false && !existsSync(path)) {
    throw new SqlError('3D000', `there is no database in ${path}`, { hint: 'leave out create: false to make one' });
  }
  return openAt(path, options, null);
}

function openAt(path: string, options: OpenOptions, onClose: (() => void) | null): Database {
  const kernel = openKernel(path, kernelOptions(options));
  const shared: SharedOptions = {
    user: options.user ?? SUPERUSER,
    database: basename(path).replace(/\.[^.]*$/, '') || basename(path),
    durability: options.durability ?? 'commit',
    statementCache: options.statementCache ?? CACHED_STATEMENTS,
    faces: facesOf(options),
  };
  try {
    return new Database(kernel, shared, onClose);
  } catch (error) {
    kernel.close();
    throw error;
  }
}

/** In a directory of its own that goes with it; nothing is worth a wait for the disk. */
function openTemporary(options: OpenOptions): Database {
  const directory = mkdtempSync(join(tmpdir(), 'scratchbird-'));
  const remove = (): void => rmSync(directory, { recursive: true, force: true });
  const atExit = (): void => remove();
  process.once('exit', atExit);
  try {
    const given: OpenOptions = { logSegment: MEMORY_LOG_SEGMENT, ...options, durability: 'off' };
    return openAt(join(directory, 'memory'), given, () => {
      process.removeListener('exit', atExit);
      remove();
    });
  } catch (error) {
    remove();
    throw error;
  }
}

function kernelOptions(options: OpenOptions): KernelOptions {
  const { user, statementCache, int8, numeric, times, json, create, ...kernel } = options;
  return kernel;
}

/** The same database in another worker thread of the program: give it db.handle. Close it before the thread ends. */
export function attach(handle: DatabaseHandle): Database {
  const kernel = attachKernel(handle.kernel);
  return new Database(kernel, handle.options, null);
}
